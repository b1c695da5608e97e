"""Limiter: a look-ahead true-peak limiter whose ceiling holds between the samples too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from songkit.audio import Format, Samples
from songkit.blocks import SourceInfo, Stage
from songkit.master.processor import StreamProcessor
from songkit.units import db_to_gain

if TYPE_CHECKING:
    from songkit.dsp.gain_follower import Pace
    from songkit.dsp.reduction import Reduction


class Limiter(StreamProcessor):
    """Holds the inter-sample peak of all channels below the ceiling, with one gain for all or one for each.

    While nothing exceeds the ceiling every sample stays as it is. The release adapts: what is reduced for long comes
    back up to ten times slower than after a single transient.
    """

    about: ClassVar[str] = "true-peak limiter with look-ahead"

    ceiling_dbtp: float = Field(-1.0, ge=-60.0, le=0.0, description="highest inter-sample peak in dBTP, -60 to 0")
    gain_db: float = Field(0.0, ge=-100.0, le=100.0, description="drive in dB before limiting, -100 to 100")
    lookahead_ms: float = Field(
        3.0, ge=0.5, le=20.0, description="time over which the gain comes down ahead of a peak, 0.5 to 20 ms"
    )
    hold_ms: float = Field(
        6.5, ge=0.0, le=100.0, description="time for which the gain stays down, so that it does not follow low notes"
    )
    release_ms: float = Field(
        60.0, ge=1.0, le=2000.0, description="time constant of the release after a transient, 1 to 2000 ms"
    )
    linked: bool = Field(True, description="one gain for all channels, so that the image stands still")

    @property
    def pace(self) -> Pace:
        """How fast the gain moves."""
        from songkit.dsp.gain_follower import Pace

        return Pace(self.lookahead_ms, self.hold_ms, self.release_ms)

    def start(self, info: SourceInfo) -> Stage:
        return LimiterStage(self, info.format)


class LimiterStage:
    """The running limiter: its look-ahead is made up for, what comes out lines up with what went in."""

    latency_frames = 0

    def __init__(self, limiter: Limiter, format: Format) -> None:
        from songkit.dsp.limit import TruePeakLimiter

        self.format = format
        groups = 1 if limiter.linked else format.channels
        self._limiters = [
            TruePeakLimiter(
                format.channels // groups,
                format.sample_rate,
                ceiling=db_to_gain(limiter.ceiling_dbtp),
                drive=db_to_gain(limiter.gain_db),
                pace=limiter.pace,
            )
            for _ in range(groups)
        ]
        self._pace = limiter.pace

    def push(self, block: Samples) -> Samples:
        return self._join([one.push(part) for one, part in zip(self._limiters, self._split(block), strict=True)])

    def finish(self) -> Samples:
        return self._join([one.finish() for one in self._limiters])

    def facts(self) -> Mapping[str, Any]:
        """What was reduced: of several unlinked channels the one that was reduced deepest."""
        deepest = max((one.reduction() for one in self._limiters), key=lambda reduction: reduction.max_reduction_db)
        return limiter_facts(deepest, self._pace)

    def _split(self, block: Samples) -> list[Samples]:
        return [block] if len(self._limiters) == 1 else [block[index : index + 1] for index in range(len(block))]

    def _join(self, parts: list[Samples]) -> Samples:
        import numpy as np

        return parts[0] if len(parts) == 1 else np.concatenate(parts)


def limiter_facts(reduction: Reduction, pace: Pace) -> dict[str, Any]:
    """What a limiter did, as plain JSON values."""
    return {
        "max_reduction_db": reduction.max_reduction_db,
        "limited_share": reduction.limited_share,
        **asdict(pace),
        "reduction_history_db": list(reduction.history_db),
    }
