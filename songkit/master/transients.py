"""Transient shaper: onsets and tails louder or quieter, whatever their level."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from songkit.blocks import SourceInfo, Stage
from songkit.master.processor import ReportingMapStage, StreamProcessor


class Transients(StreamProcessor):
    """Turns onsets and what follows them up or down; steady sound stays as it is."""

    about: ClassVar[str] = "onsets and tails up or down"

    attack_db: float = Field(0.0, ge=-15.0, le=15.0, description="gain on onsets in dB, -15 to 15")
    sustain_db: float = Field(0.0, ge=-15.0, le=15.0, description="gain on what dies away after them in dB, -15 to 15")

    def is_identity(self, info: SourceInfo) -> bool:
        return self.attack_db == 0.0 and self.sustain_db == 0.0

    def start(self, info: SourceInfo) -> Stage:
        from songkit.dsp.transients import TransientShaper

        shaper = TransientShaper(info.format.sample_rate, attack_db=self.attack_db, sustain_db=self.sustain_db)
        return ReportingMapStage(info.format, shaper.push, shaper.facts)
