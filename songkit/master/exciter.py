"""Exciter: highs that a codec or a generator left out, made from what lies below."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from songkit.blocks import Meter, SourceInfo, Stage
from songkit.master.filters import above_nyquist
from songkit.master.processor import MeasuredProcessor, ReportingLateStage, ReportingMapStage

if TYPE_CHECKING:
    from songkit.analysis.spectrum import Spectrum


class Exciter(MeasuredProcessor):
    """Adds harmonics of the upper band above the frequency where a lossy codec or a song generator stopped.

    It stands where the mission's guide had a placeholder for neural super-resolution, and like that it brings nothing
    back: the highs are invented, plausible and in tune with what lies below, but not the original ones. Everything
    below `from_hz` stays as it is.
    """

    about: ClassVar[str] = (
        "bandwidth extension for dull lossy or generated audio: invents plausible, not original, highs from the band "
        "below (in place of the neural super-resolution that the mission's guide had as a placeholder)"
    )

    amount_db: float = Field(
        -6.0,
        ge=-40.0,
        le=12.0,
        description="level of the new highs against what lies just below them in dB, -40 to 12; 0 goes on as it ended",
    )
    from_hz: float | None = Field(
        None,
        ge=1_000.0,
        le=20_000.0,
        description="where the new highs begin in Hz, 1000 to 20000; none: where the programme's spectrum is found "
        "to be cut off, and nothing is added if it is not",
    )

    def check(self, info: SourceInfo) -> str | None:
        return None if self.from_hz is None else above_nyquist("from_hz", self.from_hz, info.format)

    def meter(self, info: SourceInfo) -> Meter | None:
        if self.from_hz is not None:
            return None
        from songkit.analysis.spectrum import SpectrumMeter

        return SpectrumMeter(info.format)

    def start(self, info: SourceInfo, measured: Spectrum | None) -> Stage:
        from_hz = measured.cutoff_hz if measured is not None else self.from_hz

        def report() -> Mapping[str, Any]:
            if from_hz is None:
                return {
                    "from_hz": None,
                    "warnings": ["no cut-off was found, so no highs were added (from_hz sets one)"],
                }
            return {"from_hz": from_hz}

        if from_hz is None:
            return ReportingMapStage(info.format, lambda block: block, report)
        from songkit.dsp.excite import Exciter as Harmonics

        harmonics = Harmonics(info.format.sample_rate, info.format.channels, from_hz=from_hz, amount_db=self.amount_db)
        return ReportingLateStage(info.format, 0, harmonics.push, harmonics.finish, report)
