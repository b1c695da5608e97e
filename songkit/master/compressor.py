"""Compressor: feed-forward, gain computed in dB, soft knee, smooth branching ballistics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from songkit.audio import Format
from songkit.blocks import SourceInfo, Stage
from songkit.master.processor import ReportingMapStage, StreamProcessor

if TYPE_CHECKING:
    from songkit.dsp.compression import Compression


class CompressorSettings(BaseModel):
    """The parameters of one compressor, of a whole signal or of a band."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)

    threshold_db: float = Field(-18.0, ge=-80.0, le=0.0, description="level in dBFS from which on it works, -80 to 0")
    ratio: float = Field(2.0, ge=1.0, le=100.0, description="dB in per dB out above the threshold, 1 to 100; 1 is off")
    knee_db: float = Field(
        6.0, ge=0.0, le=40.0, description="width of the soft bend around the threshold in dB, 0 to 40"
    )
    attack_ms: float = Field(20.0, ge=0.0, le=500.0, description="time to 63 % of a rise in reduction, 0 to 500 ms")
    release_ms: float = Field(150.0, ge=5.0, le=5_000.0, description="time to 63 % of its fall, 5 to 5000 ms")
    makeup_db: Annotated[float, Field(ge=-60.0, le=60.0)] | Literal["auto"] = Field(
        0.0,
        description="gain after compression in dB, -60 to 60; auto: half of what a level of 0 dBFS is turned down by",
    )
    detector: Literal["peak", "rms"] = Field(
        "peak",
        description="peak: highest sample of the last 10 ms; rms: root mean square over 10 ms (a sine reads 3 dB less)",
    )
    sidechain_highpass_hz: float | None = Field(
        None,
        ge=5.0,
        le=2_000.0,
        description="what lies below is not heard by the detector (12 dB per octave), 5 to 2000 Hz",
    )
    link: float = Field(1.0, ge=0.0, le=1.0, description="how far channels share the loudest one's reduction, 0 to 1")

    @property
    def idle(self) -> bool:
        """Whether nothing is ever turned up or down."""
        return self.ratio == 1.0 and self.makeup_db in (0.0, "auto")

    @property
    def resolved_makeup_db(self) -> float:
        """Make-up gain in dB with `auto` worked out."""
        if self.makeup_db == "auto":
            return -self.threshold_db * (1.0 - 1.0 / self.ratio) / 2.0
        return self.makeup_db

    def compression(self, format: Format) -> Compression:
        """What does it."""
        from songkit.dsp.compression import Compression

        return Compression(
            format.sample_rate,
            format.channels,
            threshold_db=self.threshold_db,
            ratio=self.ratio,
            knee_db=self.knee_db,
            attack_ms=self.attack_ms,
            release_ms=self.release_ms,
            makeup_db=self.resolved_makeup_db,
            rms=self.detector == "rms",
            sidechain_highpass_hz=self.sidechain_highpass_hz,
            link=self.link,
        )


class Compressor(CompressorSettings, StreamProcessor):
    """Turns down what is louder than the threshold; times are those in which 63 % of a change in dB has happened."""

    about: ClassVar[str] = "turn down what is louder than a threshold"

    def is_identity(self, info: SourceInfo) -> bool:
        return self.idle

    def start(self, info: SourceInfo) -> Stage:
        compression = self.compression(info.format)

        def report() -> Mapping[str, Any]:
            facts = compression.facts()
            if self.ratio > 1.0 and facts["max_reduction_db"] == 0.0:
                facts["warnings"] = [_idle(self.threshold_db)]
            return facts

        return ReportingMapStage(info.format, compression.push, report)


def _idle(threshold_db: float) -> str:
    return (
        f"compressor: nothing reached its threshold of {threshold_db:g} dBFS; a step `level` before it sets the level"
    )
