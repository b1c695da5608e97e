"""Parametric equaliser: bells, shelves, tilts, notches and passes in series, of minimum or linear phase."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from songkit.blocks import SourceInfo, Stage
from songkit.master.filters import SlopeDbPerOctave, above_nyquist
from songkit.master.processor import LateStage, MapStage, StreamProcessor

if TYPE_CHECKING:
    from songkit.dsp.filter_design import Sections

Target = Literal["stereo", "mid", "side", "left", "right"]


class _Band(BaseModel):
    """What every band has: where it works and on what."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)

    frequency_hz: float = Field(
        ge=5.0, lt=96_000.0, description="centre, corner or pivot in Hz, 5 to below half the sample rate"
    )
    target: Target = Field("stereo", description="stereo (every channel), mid, side, left or right")

    @property
    def flat(self) -> bool:
        """Whether this setting changes nothing."""
        return False

    @abstractmethod
    def sections(self, sample_rate: int) -> Sections:
        """Second-order sections (n, 5) at that rate."""


class _GainBand(_Band):
    gain_db: float = Field(0.0, ge=-24.0, le=24.0, description="boost or cut in dB, -24 to 24; 0 is the identity")

    @property
    def flat(self) -> bool:
        return self.gain_db == 0.0


class Bell(_GainBand):
    """Boost or cut around the centre; boost and cut of one size are mirror images."""

    shape: Literal["bell"]
    q: float = Field(
        1.0, ge=0.1, le=40.0, description="centre over bandwidth (between the points of half the gain in dB)"
    )

    def sections(self, sample_rate: int) -> Sections:
        from songkit.dsp.filter_design import bell

        return bell(self.frequency_hz, self.gain_db, self.q, sample_rate)


class LowShelf(_GainBand):
    """Boost or cut below the corner, where half the gain in dB is reached."""

    shape: Literal["low_shelf"]
    q: float = Field(0.7071, ge=0.1, le=2.0, description="steepness; above 0.7071 the shelf overshoots")

    def sections(self, sample_rate: int) -> Sections:
        from songkit.dsp.filter_design import low_shelf

        return low_shelf(self.frequency_hz, self.gain_db, self.q, sample_rate)


class HighShelf(_GainBand):
    """Boost or cut above the corner, where half the gain in dB is reached."""

    shape: Literal["high_shelf"]
    q: float = Field(0.7071, ge=0.1, le=2.0, description="steepness; above 0.7071 the shelf overshoots")

    def sections(self, sample_rate: int) -> Sections:
        from songkit.dsp.filter_design import high_shelf

        return high_shelf(self.frequency_hz, self.gain_db, self.q, sample_rate)


class Tilt(_GainBand):
    """Rises by `gain_db` from the lows to the highs: half of it is taken below the pivot, half is added above."""

    shape: Literal["tilt"]

    def sections(self, sample_rate: int) -> Sections:
        from songkit.dsp.filter_design import tilt

        return tilt(self.frequency_hz, self.gain_db, sample_rate)


class Notch(_Band):
    """Takes one frequency out."""

    shape: Literal["notch"]
    q: float = Field(10.0, ge=0.1, le=200.0, description="centre over bandwidth between the points of -3 dB")

    def sections(self, sample_rate: int) -> Sections:
        from songkit.dsp.filter_design import notch

        return notch(self.frequency_hz, self.q, sample_rate)


class HighPassBand(_Band):
    """Butterworth high-pass."""

    shape: Literal["highpass"]
    slope_db_per_octave: SlopeDbPerOctave = Field(12, description="steepness in dB per octave, 6 to 48 in steps of 6")

    def sections(self, sample_rate: int) -> Sections:
        from songkit.dsp.filter_design import butterworth_highpass

        return butterworth_highpass(self.frequency_hz, self.slope_db_per_octave // 6, sample_rate)


class LowPassBand(_Band):
    """Butterworth low-pass."""

    shape: Literal["lowpass"]
    slope_db_per_octave: SlopeDbPerOctave = Field(12, description="steepness in dB per octave, 6 to 48 in steps of 6")

    def sections(self, sample_rate: int) -> Sections:
        from songkit.dsp.filter_design import butterworth_lowpass

        return butterworth_lowpass(self.frequency_hz, self.slope_db_per_octave // 6, sample_rate)


Band = Annotated[Bell | LowShelf | HighShelf | Tilt | Notch | HighPassBand | LowPassBand, Field(discriminator="shape")]


class Eq(StreamProcessor):
    """Bands in series; bells and shelves keep their analogue shape up to the top of the band."""

    about: ClassVar[str] = "parametric equaliser"

    bands: tuple[Band, ...] = Field(
        min_length=1,
        max_length=64,
        description="list of bands, each with a shape, frequency_hz and the shape's own fields",
    )

    phase: Literal["minimum", "linear"] = Field(
        "minimum", description="minimum (no latency) or linear (no phase shift; rings before what it acts on)"
    )

    def is_identity(self, info: SourceInfo) -> bool:
        return all(band.flat for band in self.bands)

    def check(self, info: SourceInfo) -> str | None:
        for index, band in enumerate(self.bands):
            where = f"bands[{index}]"
            if problem := above_nyquist(f"{where}.frequency_hz", band.frequency_hz, info.format):
                return problem
            if band.target != "stereo" and info.format.layout != ("FL", "FR"):
                return f"{where}.target {band.target}: only stereo has it, and this is {info.format.channels} channels"
        return None

    def start(self, info: SourceInfo) -> Stage:
        from songkit.dsp.routing import Routed

        rate = info.format.sample_rate
        parts = [(band.target, band.sections(rate)) for band in self.bands if not band.flat]
        if self.phase == "linear":
            from songkit.dsp.linear_phase import LinearPhase

            linear = LinearPhase(parts, info.format.channels, rate)
            return LateStage(info.format, linear.latency_frames, linear.push, linear.finish)
        return MapStage(info.format, Routed(parts, info.format.channels).push)
