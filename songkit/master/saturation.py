"""Saturation: harmonics and softer peaks, the level kept."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from songkit.blocks import SourceInfo, Stage
from songkit.master.processor import LateStage, MapStage, StreamProcessor


class Saturation(StreamProcessor):
    """Bends the signal by a soft curve, oversampled: harmonics come, peaks go, loudness stays about the same.

    A sine at -12 dBFS keeps its RMS level at any drive; what is louder gets softer, what is quieter up to `drive_db`
    louder.
    """

    about: ClassVar[str] = "harmonic colour (soft, tube or tape)"

    drive_db: float = Field(
        6.0, ge=0.0, le=24.0, description="gain into the curve in dB, 0 to 24, taken back behind it"
    )
    character: Literal["soft", "tube", "tape"] = Field(
        "soft",
        description="soft (odd harmonics), tube (even ones too) or tape (highs bend before lows do)",
    )

    def dry(self, info: SourceInfo) -> Stage | None:
        from songkit.dsp.biquad import Cascade
        from songkit.dsp.saturate import blocker

        if self.character != "tube":
            return None
        sections = blocker(self.character, info.format.sample_rate)
        return MapStage(info.format, Cascade(sections, info.format.channels).push)

    def start(self, info: SourceInfo) -> Stage:
        from songkit.dsp.saturate import Saturation as Curve

        curve = Curve(info.format.sample_rate, info.format.channels, drive_db=self.drive_db, character=self.character)
        return LateStage(info.format, 0, curve.push, curve.finish)
