"""De-esser: sharp s and t sounds are turned down where they stand out of the signal."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from songkit.blocks import SourceInfo, Stage
from songkit.master.filters import above_nyquist
from songkit.master.processor import ReportingMapStage, StreamProcessor


class Deesser(StreamProcessor):
    """Cuts a band around `frequency_hz` while its level comes close to that of the whole signal, loud or quiet."""

    about: ClassVar[str] = "turn down sibilance"

    frequency_hz: float = Field(6_500.0, ge=2_000.0, le=16_000.0, description="centre of the band in Hz, 2000 to 16000")
    q: float = Field(0.8, ge=0.3, le=5.0, description="centre over bandwidth, 0.3 to 5")
    threshold_db: float = Field(
        -9.0, ge=-40.0, le=0.0, description="level of the band against the whole signal in dB, -40 to 0"
    )
    ratio: float = Field(4.0, ge=1.0, le=100.0, description="dB in per dB out above the threshold, 1 to 100; 1 is off")
    range_db: float = Field(8.0, ge=0.0, le=24.0, description="deepest cut in dB, 0 to 24; 0 is off")
    attack_ms: float = Field(2.0, ge=0.0, le=100.0, description="time to 63 % of a rise in reduction, 0 to 100 ms")
    release_ms: float = Field(60.0, ge=5.0, le=1_000.0, description="time to 63 % of its fall, 5 to 1000 ms")

    def is_identity(self, info: SourceInfo) -> bool:
        return self.ratio == 1.0 or self.range_db == 0.0

    def check(self, info: SourceInfo) -> str | None:
        return above_nyquist("frequency_hz", self.frequency_hz, info.format)

    def start(self, info: SourceInfo) -> Stage:
        from songkit.dsp.dynamic_band import DynamicBand, bandpass

        band = DynamicBand(
            info.format.sample_rate,
            info.format.channels,
            bandpass(self.frequency_hz, self.q, info.format.sample_rate),
            threshold_db=self.threshold_db,
            ratio=self.ratio,
            range_db=self.range_db,
            attack_ms=self.attack_ms,
            release_ms=self.release_ms,
            relative=True,
        )
        return ReportingMapStage(info.format, band.push, band.facts)
