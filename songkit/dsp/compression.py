"""A compressor in one piece: side-chain filter, detector, curve, ballistics, gain."""

from __future__ import annotations

from typing import Any, TypedDict, Unpack

import numpy as np

from songkit.audio import Samples
from songkit.dsp.biquad import Cascade
from songkit.dsp.dynamics import (
    DETECTOR_MS,
    Ballistics,
    Floats,
    HeldPeak,
    MeanSquare,
    compression,
    gains,
    linked,
)
from songkit.dsp.filter_design import butterworth_highpass

SIDECHAIN_ORDER = 2


class Settings(TypedDict):
    """Parameters of a compressor as its model names them."""

    threshold_db: float
    ratio: float
    knee_db: float
    attack_ms: float
    release_ms: float
    makeup_db: float
    rms: bool
    sidechain_highpass_hz: float | None
    link: float


class Compression:
    """Turns down what is above the threshold; no latency."""

    def __init__(self, sample_rate: int, channels: int, **settings: Unpack[Settings]) -> None:
        self._settings = settings
        self._one_lane = settings["link"] == 1.0
        lanes = 1 if self._one_lane else channels
        # The time for which the detector holds a peak is part of the release, so that the whole takes what was asked.
        hold_ms = min(DETECTOR_MS, settings["release_ms"] / 2.0)
        self._peak = HeldPeak(sample_rate, lanes, hold_ms)
        self._mean_square = MeanSquare(sample_rate, channels) if settings["rms"] else None
        release_ms = settings["release_ms"] - (0.0 if settings["rms"] else self._peak.hold_ms)
        self._ballistics = Ballistics(sample_rate, lanes, settings["attack_ms"], release_ms)
        cutoff_hz = settings["sidechain_highpass_hz"]
        self._highpass = (
            None
            if cutoff_hz is None
            else Cascade(butterworth_highpass(cutoff_hz, SIDECHAIN_ORDER, sample_rate), channels)
        )

    def push(self, block: Samples) -> Samples:
        """The block compressed; float32 `(channels, frames)` in and out."""
        settings = self._settings
        level_db = self._level_db(block if self._highpass is None else self._highpass.push(block))
        targets_db = compression(level_db, settings["threshold_db"], settings["ratio"], settings["knee_db"])
        reductions_db = self._ballistics.smooth(linked(targets_db, settings["link"]))
        return block * gains(reductions_db, settings["makeup_db"])

    def facts(self) -> dict[str, Any]:
        """Largest and mean reduction in dB."""
        return {"max_reduction_db": self._ballistics.max_db, "mean_reduction_db": self._ballistics.mean_db}

    def _level_db(self, key: Samples) -> Floats:
        if self._mean_square is not None:
            return self._mean_square.level_db(key, self._one_lane)
        magnitudes = np.abs(key)
        return self._peak.level_db(np.max(magnitudes, axis=0, keepdims=True) if self._one_lane else magnitudes)
