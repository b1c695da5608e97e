"""High-pass and low-pass: Butterworth filters of 6 to 48 dB per octave."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from songkit.audio import Format
from songkit.blocks import SourceInfo, Stage
from songkit.master.processor import MapStage, StreamProcessor

SlopeDbPerOctave = Literal[6, 12, 18, 24, 30, 36, 42, 48]


class HighPass(StreamProcessor):
    """Cuts what lies below `cutoff_hz` (there -3.01 dB), maximally flat above."""

    about: ClassVar[str] = "cut the lows (Butterworth)"

    cutoff_hz: float = Field(
        30.0, ge=5.0, lt=96_000.0, description="frequency of -3 dB in Hz, 5 to below half the sample rate"
    )
    slope_db_per_octave: SlopeDbPerOctave = Field(12, description="steepness in dB per octave, 6 to 48 in steps of 6")

    def check(self, info: SourceInfo) -> str | None:
        return above_nyquist("cutoff_hz", self.cutoff_hz, info.format)

    def start(self, info: SourceInfo) -> Stage:
        from songkit.dsp.biquad import Cascade
        from songkit.dsp.filter_design import butterworth_highpass

        sections = butterworth_highpass(self.cutoff_hz, self.slope_db_per_octave // 6, info.format.sample_rate)
        return MapStage(info.format, Cascade(sections, info.format.channels).push)


class LowPass(StreamProcessor):
    """Cuts what lies above `cutoff_hz` (there -3.01 dB), maximally flat below."""

    about: ClassVar[str] = "cut the highs (Butterworth)"

    cutoff_hz: float = Field(
        20_000.0, ge=5.0, lt=96_000.0, description="frequency of -3 dB in Hz, 5 to below half the sample rate"
    )
    slope_db_per_octave: SlopeDbPerOctave = Field(12, description="steepness in dB per octave, 6 to 48 in steps of 6")

    def check(self, info: SourceInfo) -> str | None:
        return above_nyquist("cutoff_hz", self.cutoff_hz, info.format)

    def start(self, info: SourceInfo) -> Stage:
        from songkit.dsp.biquad import Cascade
        from songkit.dsp.filter_design import butterworth_lowpass

        sections = butterworth_lowpass(self.cutoff_hz, self.slope_db_per_octave // 6, info.format.sample_rate)
        return MapStage(info.format, Cascade(sections, info.format.channels).push)


def above_nyquist(field: str, frequency_hz: float, format: Format) -> str | None:
    """The line for a frequency at or above half the sample rate, or None."""
    nyquist_hz = format.sample_rate / 2
    if frequency_hz < nyquist_hz:
        return None
    return f"{field} {frequency_hz:g} is not below half the sample rate ({nyquist_hz:g} Hz)"
