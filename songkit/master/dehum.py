"""Dehum: the lines of the mains go, what lies between them stays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import Field

from songkit.audio import Format, Samples
from songkit.blocks import Meter, SourceInfo, Stage
from songkit.master.filters import above_nyquist
from songkit.master.processor import MeasuredProcessor, ReportingLateStage, ReportingMapStage


@dataclass(frozen=True, slots=True)
class Mains:
    """The exact frequency of the hum, or None and why none is named."""

    frequency_hz: float | None
    reason: str = ""


class MainsMeter:
    """Finds hum as analysis does, then its exact frequency."""

    def __init__(self, format: Format) -> None:
        from songkit.analysis.hum import MAINS_HZ, HumMeter
        from songkit.dsp.dehum import MainsFrequency

        self._hum = HumMeter(format)
        self._frequency = MainsFrequency(format.sample_rate, MAINS_HZ)

    def push(self, block: Samples) -> None:
        self._hum.push(block)
        self._frequency.push(block)

    def result(self) -> Mains:
        hum = self._hum.result()
        if hum.frequency_hz is None:
            return Mains(None, hum.reason)
        return Mains(self._frequency.near(hum.frequency_hz))


class Dehum(MeasuredProcessor):
    """Cuts mains hum and its harmonics with notches so narrow that music 4 Hz beside a line changes by under 0.1 dB.

    Without `frequency_hz` the hum is looked for in the whole programme (which takes 10 s and more of it), and its
    frequency measured to thousandths of a Hz; where there is none, every bit stays. A note held on a line loses that
    line too: no filter can tell them apart.
    """

    about: ClassVar[str] = "remove mains hum (50 or 60 Hz) and its harmonics"

    frequency_hz: float | None = Field(
        None, ge=10.0, le=1_000.0, description="fundamental of the hum in Hz, 10 to 1000; none: found near 50 or 60"
    )
    harmonics: int = Field(8, ge=1, le=40, description="lines that are cut, the fundamental among them, 1 to 40")
    bandwidth_hz: float = Field(
        1.0, ge=0.5, le=10.0, description="width of each notch between its points of -3 dB in Hz, 0.5 to 10"
    )

    def check(self, info: SourceInfo) -> str | None:
        return None if self.frequency_hz is None else above_nyquist("frequency_hz", self.frequency_hz, info.format)

    def meter(self, info: SourceInfo) -> Meter | None:
        return MainsMeter(info.format) if self.frequency_hz is None else None

    def start(self, info: SourceInfo, measured: Mains | None) -> Stage:
        mains = measured if measured is not None else Mains(self.frequency_hz)

        def report() -> Mapping[str, Any]:
            facts: dict[str, Any] = {"hum_hz": mains.frequency_hz}
            return {**facts, "warnings": [f"hum was not looked for: {mains.reason}"]} if mains.reason else facts

        if mains.frequency_hz is None:
            return ReportingMapStage(info.format, lambda block: block, report)
        from songkit.dsp.dehum import HumNotches

        rate, channels = info.format.sample_rate, info.format.channels
        hum = HumNotches(rate, channels, mains.frequency_hz, self.harmonics, self.bandwidth_hz)
        return ReportingLateStage(info.format, 0, hum.push, hum.finish, report)
