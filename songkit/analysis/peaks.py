"""The highest sample and the highest point between samples (BS.1770-5 Annex 2), with their times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from songkit.audio import Format, Samples
from songkit.units import gain_to_db

_NAMES = ("sample_peak_dbfs", "true_peak_dbtp")


@dataclass(frozen=True, slots=True)
class Peaks:
    """Peaks over all channels, and where they stand in seconds; `samples_over` counts samples beyond full scale."""

    sample_peak_dbfs: float | None = None
    true_peak_dbtp: float | None = None
    sample_peak_seconds: float | None = None
    true_peak_seconds: float | None = None
    channel_true_peaks_dbtp: tuple[float | None, ...] = ()
    samples_over: int = 0
    undefined: Mapping[str, str] = field(default_factory=dict)


class PeakMeter:
    def __init__(self, format: Format) -> None:
        from songkit.dsp.truepeak import TruePeakMeter

        self._rate = format.sample_rate
        self._interpolated = TruePeakMeter(format.channels)
        self._frames = 0
        self._peak = 0.0
        self._peak_at = 0
        self._over = 0

    def push(self, block: Samples) -> None:
        self._interpolated.push(block)
        if block.size:
            peak = max(float(block.max()), -float(block.min()))
            if peak > self._peak:
                self._peak = peak
                self._peak_at = self._frames + int(np.abs(block).max(axis=0).argmax())
            if peak > 1.0:
                self._over += int(np.count_nonzero(np.abs(block) > 1.0))
        self._frames += block.shape[1]

    def result(self) -> Peaks:
        found = self._interpolated.result()
        if self._peak == 0.0:
            return Peaks(undefined=dict.fromkeys(_NAMES, "digital silence" if self._frames else "no audio"))
        loudest = int(np.argmax(found.peaks))
        return Peaks(
            sample_peak_dbfs=gain_to_db(self._peak),
            true_peak_dbtp=gain_to_db(max(found.peaks[loudest], self._peak)),
            sample_peak_seconds=self._peak_at / self._rate,
            true_peak_seconds=min(self._frames, max(0.0, found.frames[loudest])) / self._rate,
            channel_true_peaks_dbtp=tuple(gain_to_db(peak) if peak > 0.0 else None for peak in found.peaks),
            samples_over=self._over,
        )
