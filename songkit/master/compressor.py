"""Compressor: feed-forward, gain computed in dB, soft knee, smooth branching ballistics."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from songkit.blocks import SourceInfo, Stage
from songkit.master.processor import ReportingMapStage, StreamProcessor


class Compressor(StreamProcessor):
    """Turns down what is louder than the threshold; times are those in which 63 % of a change in dB has happened."""

    about: ClassVar[str] = "compressor"

    threshold_db: float = Field(-18.0, ge=-80.0, le=0.0, description="level in dBFS from which on it works, -80 to 0")
    ratio: float = Field(2.0, ge=1.0, le=100.0, description="dB in per dB out above the threshold, 1 to 100; 1 is off")
    knee_db: float = Field(
        6.0, ge=0.0, le=40.0, description="width of the soft bend around the threshold in dB, 0 to 40"
    )
    attack_ms: float = Field(20.0, ge=0.0, le=500.0, description="time to 63 % of a rise in reduction, 0 to 500 ms")
    release_ms: float = Field(150.0, ge=5.0, le=5_000.0, description="time to 63 % of its fall, 5 to 5000 ms")
    makeup_db: float | Literal["auto"] = Field(
        0.0, description="gain after compression in dB; auto: half of what a level of 0 dBFS is turned down by"
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

    def is_identity(self, info: SourceInfo) -> bool:
        return self.ratio == 1.0 and self.makeup_db in (0.0, "auto")

    def start(self, info: SourceInfo) -> Stage:
        from songkit.dsp.compression import Compression

        compression = Compression(
            info.format.sample_rate,
            info.format.channels,
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
        return ReportingMapStage(info.format, compression.push, compression.facts)

    @property
    def resolved_makeup_db(self) -> float:
        """Make-up gain in dB with `auto` worked out."""
        if self.makeup_db == "auto":
            return -self.threshold_db * (1.0 - 1.0 / self.ratio) / 2.0
        return self.makeup_db
