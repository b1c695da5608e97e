"""The highest sample and the highest point between samples (BS.1770-5 Annex 2), with their times.

What exceeds full scale between samples is counted in regions: one over of a kick drum is one, however many samples of
it stand above. The series of true peaks per 100 ms lets others set peaks against loudness over time (PSR).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from songkit.analysis.events import Events, Span
from songkit.audio import Format, Samples
from songkit.units import gain_to_db, seconds_to_frames

PIECE_SECONDS = 0.1
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
    overs: Events = field(default_factory=Events)
    """Regions over 0 dBTP (by 0.02 dB and more), a millisecond and less apart taken as one."""
    true_peak_series_dbtp: tuple[float | None, ...] = field(default=(), repr=False, metadata={"series": True})
    """Highest point of each 100 ms, None where there is silence."""
    undefined: Mapping[str, str] = field(default_factory=dict)


class PeakMeter:
    def __init__(self, format: Format) -> None:
        from songkit.dsp.truepeak_pieces import TruePeakPieces

        self._rate = format.sample_rate
        self._interpolated = TruePeakPieces(format.channels, seconds_to_frames(PIECE_SECONDS, format.sample_rate))
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
        pieces = self._interpolated.result()
        found = pieces.whole
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
            overs=Events.of(
                Span(max(0, start) / self._rate, min(self._frames, end) / self._rate)
                for start, end in pieces.overs.tolist()
            ),
            true_peak_series_dbtp=tuple(gain_to_db(peak) if peak > 0.0 else None for peak in pieces.pieces.tolist()),
        )
