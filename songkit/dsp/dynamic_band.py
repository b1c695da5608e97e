"""A band whose gain moves with the level inside it: y = x + (g - 1) band(x).

With a band-pass of unit gain this is a bell of gain g that keeps its bandwidth, with a first-order low- or high-pass a
shelf; g = 1 gives the input back bit for bit, and no coefficient ever changes.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from songkit.audio import Samples
from songkit.dsp.biquad import Cascade
from songkit.dsp.dynamics import Ballistics, Floats, HeldPeak, compression, gains
from songkit.dsp.filter_design import Sections, butterworth_highpass, butterworth_lowpass
from songkit.dsp.matched import bilinear

BandShape = Literal["bell", "low_shelf", "high_shelf"]

_KNEE_DB = 6.0
_UNHEARD_DBFS = -70.0  # below this a band that is judged against the whole signal is left alone


class DynamicBand:
    """Turns the band down where it is above the threshold, all channels by one gain; no latency.

    With `relative` the threshold is the band's level against that of the whole signal, so that it holds at any level.
    """

    def __init__(
        self,
        sample_rate: int,
        channels: int,
        sections: Sections,
        *,
        threshold_db: float,
        ratio: float,
        range_db: float,
        attack_ms: float,
        release_ms: float,
        relative: bool = False,
    ) -> None:
        self._threshold_db, self._ratio, self._range_db = threshold_db, ratio, range_db
        self._band = Cascade(sections, channels)
        hold_ms = min(10.0, release_ms / 2.0)
        self._peak = HeldPeak(sample_rate, 1, hold_ms)
        self._whole_peak = HeldPeak(sample_rate, 1, hold_ms) if relative else None
        self._ballistics = Ballistics(sample_rate, 1, attack_ms, release_ms - self._peak.hold_ms)

    def push(self, block: Samples) -> Samples:
        """The block with the band turned down; float32 `(channels, frames)` in and out."""
        band = self._band.push(block)
        level_db = self._peak.level_db(_loudest(band))
        if self._whole_peak is not None:
            level_db = self._against_whole(level_db, self._whole_peak.level_db(_loudest(block)))
        targets_db = np.minimum(compression(level_db, self._threshold_db, self._ratio, _KNEE_DB), self._range_db)
        return block + (gains(self._ballistics.smooth(targets_db)) - np.float32(1.0)) * band

    def facts(self) -> dict[str, Any]:
        """Largest and mean reduction of the band in dB."""
        return {"max_reduction_db": self._ballistics.max_db, "mean_reduction_db": self._ballistics.mean_db}

    def _against_whole(self, level_db: Floats, whole_db: Floats) -> Floats:
        return np.where(level_db > _UNHEARD_DBFS, level_db - whole_db, -200.0)


def bandpass(frequency_hz: float, q: float, sample_rate: int) -> Sections:
    """(s / Q) / (s^2 + s / Q + 1): unit gain at the centre (bilinear transform)."""
    unit = math.tan(math.pi * frequency_hz / sample_rate)
    return bilinear((0.0, 1.0 / q, 0.0), (1.0, 1.0 / q, 1.0), unit)[np.newaxis]


def band(shape: BandShape, frequency_hz: float, q: float, sample_rate: int) -> Sections:
    """What is taken from the signal, worked on and given back; `q` is the bell's alone."""
    if shape == "bell":
        return bandpass(frequency_hz, q, sample_rate)
    build = butterworth_lowpass if shape == "low_shelf" else butterworth_highpass
    return build(frequency_hz, 1, sample_rate)


def _loudest(block: Samples) -> Samples:
    loudest: Samples = np.max(np.abs(block), axis=0, keepdims=True)
    return loudest
