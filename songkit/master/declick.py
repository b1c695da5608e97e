"""Declick: impulses that do not belong to the sound are cut out and filled in."""

from __future__ import annotations

from typing import ClassVar

from songkit.blocks import SourceInfo, Stage
from songkit.master.processor import ReportingLateStage, StreamProcessor


class Declick(StreamProcessor):
    """Removes clicks up to some 2 ms long, as `analyze` finds them; what holds none passes bit for bit.

    A click is an impulse that linear prediction did not expect, alone in its neighbourhood and over at once; drums
    and bass have corners too, but not such ones. The gap is filled by prediction from both sides. Crackle without
    pause, where nothing stands alone, is a matter for a denoiser.
    """

    about: ClassVar[str] = "remove single clicks; sound without any passes bit for bit"

    def start(self, info: SourceInfo) -> Stage:
        from songkit.dsp.declick import Declicker

        declicker = Declicker(info.format.sample_rate, info.format.channels)
        return ReportingLateStage(info.format, 0, declicker.push, declicker.finish, declicker.facts)
