"""Clipper: what stands over the ceiling is cut off, hard or over a knee."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from songkit.blocks import SourceInfo, Stage
from songkit.master.processor import ReportingLateStage, StreamProcessor


class Clipper(StreamProcessor):
    """Cuts peaks off, oversampled and without aliasing to speak of; samples below the knee stay as they are.

    A clipper is no limiter: what it cuts it cuts with edges, and the part of them beyond the hearing range, which is
    filtered away, leaves peaks somewhat above the ceiling. A `limiter` or `loudness` behind it holds a ceiling.
    """

    about: ClassVar[str] = "cut peaks off, hard or soft"

    ceiling_dbfs: float = Field(-1.0, ge=-24.0, le=0.0, description="level in dBFS that nothing is let over, -24 to 0")
    knee_db: float = Field(
        1.5, ge=0.0, le=24.0, description="how far below the ceiling bending begins in dB, 0 (hard) to 24"
    )
    drive_db: float = Field(0.0, ge=0.0, le=24.0, description="gain in front of the ceiling in dB, 0 to 24")

    def start(self, info: SourceInfo) -> Stage:
        from songkit.dsp.clip import Clipper as Curve

        curve = Curve(
            info.format.sample_rate,
            info.format.channels,
            drive_db=self.drive_db,
            ceiling_dbfs=self.ceiling_dbfs,
            knee_db=self.knee_db,
        )
        return ReportingLateStage(info.format, 0, curve.push, curve.finish, curve.facts)
