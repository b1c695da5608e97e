"""Loudness: the programme ends at a loudness and below a ceiling, both at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from songkit.audio import Samples
from songkit.blocks import Reporting, Source, Stage
from songkit.master.known_gain import KnownGainStage
from songkit.master.processor import SolvedProcessor
from songkit.progress import Progress

if TYPE_CHECKING:
    from songkit.master.measures import Measure


class Loudness(SolvedProcessor):
    """Gain, and where peaks would pass the ceiling a true-peak limiter, set so that the integrated loudness is met.

    The limiter works at its cleanest; where that does not reach the target, or only with more than 10 dB of reduction,
    it becomes faster step by step, and `facts` says how fast it was.
    What gated loudness is not defined for (a clip under 400 ms) is set by the energy of the whole, and said. Where
    the deepest reduction allowed, or a gate, comes before the target, the result is as near as it can be, below the
    ceiling, and `facts` says how far it is short. Raises SignalError for digital silence.
    """

    about: ClassVar[str] = "loudness and true-peak ceiling, both met"

    target_lufs: float = Field(-14.0, ge=-70.0, le=0.0, description="loudness in LUFS, -70 to 0")
    measure: Literal["integrated", "short_term_max"] = Field(
        "integrated",
        description="integrated: the whole programme; short_term_max: its loudest 3 seconds, for spots and trailers",
    )
    ceiling_dbtp: float = Field(-1.0, ge=-60.0, le=0.0, description="highest inter-sample peak in dBTP, -60 to 0")
    max_reduction_db: float = Field(
        8.0, ge=0.0, le=60.0, description="deepest gain reduction allowed, in dB after 50 ms smoothing, 0 to 60"
    )
    fastest_release_ms: float = Field(
        2.0,
        ge=2.0,
        le=60.0,
        description="how short the limiter's release (60 ms, clean) may become where the target is out of its reach, "
        "2 to 60 ms",
    )
    mode: Literal["limit", "linear"] = Field(
        "limit", description="limit: peaks that stand in the way are limited; linear: nothing but gain"
    )

    def solve(self, source: Source, progress: Progress) -> Stage:
        from songkit.master.loudness_solver import Asked, solve

        asked = Asked(
            self.target_lufs,
            self.ceiling_dbtp,
            self.max_reduction_db,
            self.fastest_release_ms,
            linear=self.mode == "linear",
            measure=self.measured_by(),
        )
        stage, facts = solve(source, asked, progress)
        return LoudnessStage(stage, facts)

    def measured_by(self) -> Measure:
        """How the loudness of the programme is found."""
        from songkit.master.measures import MEASURES

        return MEASURES[self.measure]


class AlbumLoudness(Loudness):
    """The same for tracks that follow one another: the loudest is to meet the target, all get the same gain."""

    ends_seconds: tuple[float, ...] = Field(description="where each track ends")

    def measured_by(self) -> Measure:
        from songkit.master.measures import of_the_loudest

        return of_the_loudest(super().measured_by(), self.ends_seconds)


class LoudnessStage:
    """Gain and limiter in one, and what solving found: blocks in, blocks out, in line."""

    def __init__(self, stage: Stage, facts: Mapping[str, Any]) -> None:
        self._stage = stage
        self._facts = facts
        self.format = stage.format
        self.latency_frames = stage.latency_frames

    def push(self, block: Samples) -> Samples:
        return self._stage.push(block)

    def finish(self) -> Samples:
        return self._stage.finish()

    def close(self) -> None:
        """Gives back what the stage holds."""
        if isinstance(self._stage, KnownGainStage):
            self._stage.close()

    def facts(self) -> Mapping[str, Any]:
        """What was measured, what was set, how far the result is from the target, and what the limiter did."""
        return {**self._facts, **(self._stage.facts() if isinstance(self._stage, Reporting) else {})}
