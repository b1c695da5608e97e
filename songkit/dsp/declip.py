"""Clipped tops are given back: what stands at the clip level is replaced by what prediction says stood there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from songkit.audio import Samples
from songkit.dsp.healing import Healing
from songkit.dsp.interpolation import interpolate_beyond
from songkit.units import db_to_gain, gain_to_db

WINDOW, MARGIN = 2_048, 512
FLAT = 2.0**-14  # two steps of 16 bits: so near to the level a clipped and then quantised sample stands
ROUNDS = 2


class Declipper:
    """Rebuilds samples at the clip levels; never below the level, at most `max_lift_db` above it.

    `levels` has for each channel the level of its upper and of its lower tops (positive amplitudes; infinite where
    there are none).
    """

    def __init__(self, levels: Sequence[tuple[float, float]], max_lift_db: float) -> None:
        self._levels = levels
        self._most = db_to_gain(max_lift_db)
        self._healing = Healing(len(levels), self._mend, length=WINDOW, margin=MARGIN)
        self.push, self.finish = self._healing.push, self._healing.finish
        self._rebuilt = 0
        self._peak = 0.0

    def facts(self) -> dict[str, float | None]:
        """Samples rebuilt, and the highest of them in dBFS."""
        return {"rebuilt_samples": self._rebuilt, "highest_dbfs": gain_to_db(self._peak) if self._peak else None}

    def _mend(self, window: Samples, channel: int, first_frame: int) -> None:
        upper, lower = self._levels[channel]
        lost = (np.abs(window - upper) <= FLAT) | (np.abs(window + lower) <= FLAT)
        lost[:MARGIN] = False
        core = slice(MARGIN, WINDOW - MARGIN)
        if not lost[core].any():
            return
        values = window.astype(np.float64)
        interpolate_beyond(values, lost, values.copy(), most=self._most, rounds=ROUNDS)
        here = np.flatnonzero(lost[core]) + MARGIN
        window[here] = values[here]
        self._rebuilt += len(here)
        self._peak = max(self._peak, float(np.max(np.abs(window[here]))))
