"""Gate and downward expander: what lies below the threshold is turned down further."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from songkit.blocks import SourceInfo, Stage
from songkit.master.processor import ReportingMapStage, StreamProcessor


class Gate(StreamProcessor):
    """Closes below the threshold and opens above it; a small ratio is an expander, a large one a gate."""

    about: ClassVar[str] = "turn down what is quieter than a threshold"

    threshold_db: float = Field(-50.0, ge=-100.0, le=0.0, description="level in dBFS below which it closes, -100 to 0")
    ratio: float = Field(2.0, ge=1.0, le=100.0, description="dB out per dB in below the threshold, 1 to 100; 1 is off")
    range_db: float = Field(24.0, ge=0.0, le=120.0, description="most that is taken away in dB, 0 to 120; 0 is off")
    attack_ms: float = Field(
        1.0, ge=0.0, le=500.0, description="time in which 63 % of an opening has happened, 0 to 500 ms"
    )
    hold_ms: float = Field(50.0, ge=1.0, le=2_000.0, description="time it stays open after the last peak, 1 to 2000 ms")
    release_ms: float = Field(
        150.0, ge=1.0, le=5_000.0, description="time in which 63 % of a closing has happened, 1 to 5000 ms"
    )

    def is_identity(self, info: SourceInfo) -> bool:
        return self.ratio == 1.0 or self.range_db == 0.0

    def start(self, info: SourceInfo) -> Stage:
        from songkit.dsp.expander import Expander

        expander = Expander(
            info.format.sample_rate,
            threshold_db=self.threshold_db,
            ratio=self.ratio,
            range_db=self.range_db,
            attack_ms=self.attack_ms,
            hold_ms=self.hold_ms,
            release_ms=self.release_ms,
        )
        return ReportingMapStage(info.format, expander.push, expander.facts)
