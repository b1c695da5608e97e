"""A downward expander in one piece: the loudest channel's held peak, curve, ballistics, gain."""

from __future__ import annotations

from typing import Any

import numpy as np

from songkit.audio import Samples
from songkit.dsp.dynamics import Ballistics, HeldPeak, expansion, gains


class Expander:
    """Turns all channels down together while the loudest one is below the threshold; no latency.

    It is open at the start, and holds that: the first note is never cut.
    """

    def __init__(
        self,
        sample_rate: int,
        *,
        threshold_db: float,
        ratio: float,
        range_db: float,
        attack_ms: float,
        hold_ms: float,
        release_ms: float,
    ) -> None:
        self._threshold_db, self._ratio, self._range_db = threshold_db, ratio, range_db
        self._peak = HeldPeak(sample_rate, 1, hold_ms, before=1.0)
        # A reduction that rises is the gate closing: the release of a gate is the attack of its reduction.
        self._ballistics = Ballistics(sample_rate, 1, attack_ms=release_ms, release_ms=attack_ms)

    def push(self, block: Samples) -> Samples:
        """The block expanded; float32 `(channels, frames)` in and out."""
        level_db = self._peak.level_db(np.max(np.abs(block), axis=0, keepdims=True))
        targets_db = expansion(level_db, self._threshold_db, self._ratio, self._range_db)
        return block * gains(self._ballistics.smooth(targets_db))

    def facts(self) -> dict[str, Any]:
        """Largest and mean reduction in dB."""
        return {"max_reduction_db": self._ballistics.max_db, "mean_reduction_db": self._ballistics.mean_db}
