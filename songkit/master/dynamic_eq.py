"""Dynamic equaliser: bands that turn themselves down when they get too loud."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from songkit.audio import Samples
from songkit.blocks import SourceInfo, Stage
from songkit.master.filters import above_nyquist
from songkit.master.processor import ReportingMapStage, StreamProcessor


class _DynamicBand(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)

    frequency_hz: float = Field(
        ge=5.0, lt=96_000.0, description="centre or corner in Hz, 5 to below half the sample rate"
    )
    threshold_db: float = Field(-30.0, ge=-80.0, le=0.0, description="level inside the band in dBFS, -80 to 0")
    ratio: float = Field(2.0, ge=1.0, le=100.0, description="dB in per dB out above the threshold, 1 to 100; 1 is off")
    range_db: float = Field(6.0, ge=0.0, le=24.0, description="deepest cut in dB, 0 to 24; 0 is off")
    attack_ms: float = Field(10.0, ge=0.0, le=500.0, description="time to 63 % of a rise in reduction, 0 to 500 ms")
    release_ms: float = Field(120.0, ge=5.0, le=5_000.0, description="time to 63 % of its fall, 5 to 5000 ms")


class DynamicBell(_DynamicBand):
    """A cut around the centre."""

    shape: Literal["bell"]
    q: float = Field(1.0, ge=0.1, le=20.0, description="centre over bandwidth, 0.1 to 20")


class DynamicShelf(_DynamicBand):
    """A cut below or above the corner, of 6 dB per octave."""

    shape: Literal["low_shelf", "high_shelf"]


DynamicBandModel = Annotated[DynamicBell | DynamicShelf, Field(discriminator="shape")]


class DynamicEq(StreamProcessor):
    """Bands in series, each cut by as much as its own level asks for."""

    about: ClassVar[str] = "equaliser whose bands act on their own level"

    bands: tuple[DynamicBandModel, ...] = Field(
        min_length=1, max_length=16, description="list of bands, each with a shape, frequency_hz and its dynamics"
    )

    def is_identity(self, info: SourceInfo) -> bool:
        return all(band.ratio == 1.0 or band.range_db == 0.0 for band in self.bands)

    def check(self, info: SourceInfo) -> str | None:
        problems = (
            above_nyquist(f"bands[{index}].frequency_hz", band.frequency_hz, info.format)
            for index, band in enumerate(self.bands)
        )
        return next(filter(None, problems), None)

    def start(self, info: SourceInfo) -> Stage:
        from songkit.dsp.dynamic_band import DynamicBand, band

        rate, channels = info.format.sample_rate, info.format.channels
        bands = [
            DynamicBand(
                rate,
                channels,
                band(model.shape, model.frequency_hz, model.q if isinstance(model, DynamicBell) else 1.0, rate),
                threshold_db=model.threshold_db,
                ratio=model.ratio,
                range_db=model.range_db,
                attack_ms=model.attack_ms,
                release_ms=model.release_ms,
            )
            for model in self.bands
        ]

        def push(block: Samples) -> Samples:
            for one in bands:
                block = one.push(block)
            return block

        def report() -> Mapping[str, Any]:
            return {"bands": [one.facts() for one in bands]}

        return ReportingMapStage(info.format, push, report)
