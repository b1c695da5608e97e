"""Transient shaping: onsets and tails are told from the rest by two envelopes that differ in one time only.

Attack: an envelope that rises in 1 ms over one that rises in 30 ms. Sustain: one that falls in 400 ms over one that
falls in 40 ms. The differences are in dB, so a quiet hit counts as much as a loud one; on a steady tone both are zero.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from songkit.audio import Samples
from songkit.dsp.dynamics import Ballistics, Floats, HeldPeak, gains

_FLOOR_DB = 80.0  # what lies below -80 dBFS is one level: noise has no transients
_FULL_DB = 12.0  # a difference of so much gets all of the gain that was asked for
_HOLD_MS = 10.0
_FAST_RISE_MS, _SLOW_RISE_MS, _RISE_FALL_MS = 1.0, 30.0, 100.0
_FALL_RISE_MS, _FAST_FALL_MS, _SLOW_FALL_MS = 0.3, 40.0, 400.0


class TransientShaper:
    """Gain in dB on onsets and on tails, the same for all channels; no latency."""

    def __init__(self, sample_rate: int, *, attack_db: float, sustain_db: float) -> None:
        self._attack_db, self._sustain_db = attack_db, sustain_db
        self._peak = HeldPeak(sample_rate, 1, _HOLD_MS)
        self._fast_rise = Ballistics(sample_rate, 1, _FAST_RISE_MS, _RISE_FALL_MS)
        self._slow_rise = Ballistics(sample_rate, 1, _SLOW_RISE_MS, _RISE_FALL_MS)
        self._fast_fall = Ballistics(sample_rate, 1, _FALL_RISE_MS, _FAST_FALL_MS)
        self._slow_fall = Ballistics(sample_rate, 1, _FALL_RISE_MS, _SLOW_FALL_MS)
        self._lowest_db = self._highest_db = 0.0

    def push(self, block: Samples) -> Samples:
        """The block shaped; float32 `(channels, frames)` in and out."""
        level_db = self._peak.level_db(np.max(np.abs(block), axis=0, keepdims=True))
        height_db = np.maximum(level_db + _FLOOR_DB, 0.0)
        onset = _share(self._fast_rise.smooth(height_db) - self._slow_rise.smooth(height_db))
        tail = _share(self._slow_fall.smooth(height_db) - self._fast_fall.smooth(height_db))
        gain_db = self._attack_db * onset + self._sustain_db * tail
        self._lowest_db = min(self._lowest_db, float(np.min(gain_db, initial=0.0)))
        self._highest_db = max(self._highest_db, float(np.max(gain_db, initial=0.0)))
        return block * gains(-gain_db)

    def facts(self) -> dict[str, Any]:
        """Lowest and highest gain in dB."""
        return {"min_gain_db": self._lowest_db, "max_gain_db": self._highest_db}


def _share(difference_db: Floats) -> Floats:
    return np.clip(difference_db / _FULL_DB, 0.0, 1.0)
