"""Width: the difference between left and right, turned up or down by band."""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar

import numpy as np
from pydantic import Field, field_validator, model_validator

from songkit.audio import Format, Samples
from songkit.blocks import SourceInfo, Stage
from songkit.master.filters import above_nyquist
from songkit.master.processor import MapStage, StreamProcessor
from songkit.units import db_to_gain

_NO_PAIR = "a signal without a front left and right (mono) stays as it is; of surround only the front pair changes"


class Width(StreamProcessor):
    """Widens or narrows by band: each band's side signal is multiplied, its mid stays, and so does the mono sum.

    Bands part at Linkwitz-Riley crossovers; with every width at 1 the magnitude is flat. A signal without a front left
    and right (mono) stays as it is; of surround only the front pair changes, the rest keeps step through the all-pass.
    """

    about: ClassVar[str] = f"stereo width by band ({_NO_PAIR})"

    widths: tuple[float, ...] = Field(
        (1.0,),
        min_length=1,
        max_length=6,
        description="width of each band from the lowest on, 0 (mono) to 2 (twice the side); 1 leaves it",
    )
    crossovers_hz: tuple[float, ...] = Field(
        (), max_length=5, description="where bands meet in Hz, rising, 20 to 20000; one less than there are widths"
    )

    @field_validator("widths")
    @classmethod
    def _in_range(cls, widths: tuple[float, ...]) -> tuple[float, ...]:
        if not all(0.0 <= width <= 2.0 for width in widths):
            raise ValueError("widths must lie between 0 and 2")
        return widths

    @model_validator(mode="after")
    def _bands_fit_crossovers(self) -> Width:
        if not all(20.0 <= frequency_hz <= 20_000.0 for frequency_hz in self.crossovers_hz):
            raise ValueError("crossovers_hz must lie between 20 and 20000")
        if any(lower >= upper for lower, upper in pairwise(self.crossovers_hz)):
            raise ValueError("crossovers_hz must rise")
        if len(self.widths) != len(self.crossovers_hz) + 1:
            raise ValueError(f"{len(self.crossovers_hz)} crossovers make {len(self.crossovers_hz) + 1} widths")
        return self

    def is_identity(self, info: SourceInfo) -> bool:
        return all(width == 1.0 for width in self.widths) or not has_front_pair(info.format)

    def check(self, info: SourceInfo) -> str | None:
        return above_nyquist("crossovers_hz", max(self.crossovers_hz, default=0.0), info.format)

    def dry(self, info: SourceInfo) -> Stage | None:
        return all_passed(info.format, self.crossovers_hz)

    def start(self, info: SourceInfo) -> Stage:
        return _banded(info.format, self.widths, self.crossovers_hz)


class MonoBass(StreamProcessor):
    """Takes the difference between left and right away below a frequency, 24 dB per octave; above it all stays wide.

    The sum keeps its magnitude, so no bass is lost but what would cancel in mono. A signal without a front left and
    right stays as it is; of surround only the front pair changes, the rest keeps step through the all-pass.
    """

    about: ClassVar[str] = f"the bass in mono ({_NO_PAIR})"

    frequency_hz: float = Field(
        120.0, ge=20.0, le=1_000.0, description="where mono ends in Hz, 20 to 1000 (the side is at -6 dB there)"
    )

    def is_identity(self, info: SourceInfo) -> bool:
        return not has_front_pair(info.format)

    def dry(self, info: SourceInfo) -> Stage | None:
        return all_passed(info.format, (self.frequency_hz,))

    def start(self, info: SourceInfo) -> Stage:
        return _banded(info.format, (0.0, 1.0), (self.frequency_hz,))


class MidSide(StreamProcessor):
    """Turns what left and right share (mid) and what they differ in (side) up or down.

    A signal without a front left and right (mono) stays as it is; of surround only the front pair changes.
    """

    about: ClassVar[str] = f"gain of mid and side ({_NO_PAIR})"

    mid_gain_db: float = Field(0.0, ge=-60.0, le=24.0, description="gain of the mid in dB, -60 to 24")
    side_gain_db: float = Field(0.0, ge=-60.0, le=24.0, description="gain of the side in dB, -60 to 24")

    def is_identity(self, info: SourceInfo) -> bool:
        return (self.mid_gain_db == 0.0 and self.side_gain_db == 0.0) or not has_front_pair(info.format)

    def start(self, info: SourceInfo) -> Stage:
        left, right = info.format.layout.index("FL"), info.format.layout.index("FR")
        mid_gain, side_gain = db_to_gain(self.mid_gain_db), db_to_gain(self.side_gain_db)
        own, other = np.float32((mid_gain + side_gain) / 2.0), np.float32((mid_gain - side_gain) / 2.0)

        def push(block: Samples) -> Samples:
            out = block.copy()
            out[left] = own * block[left] + other * block[right]
            out[right] = own * block[right] + other * block[left]
            return out

        return MapStage(info.format, push)


def has_front_pair(format: Format) -> bool:
    """Whether there is a left and a right to differ."""
    return "FL" in format.layout and "FR" in format.layout


def all_passed(format: Format, crossovers_hz: tuple[float, ...]) -> Stage | None:
    """What crossovers make of a signal whose bands are left alone."""
    if not crossovers_hz:
        return None
    from songkit.dsp.biquad import Cascade
    from songkit.dsp.crossover import sum_sections

    return MapStage(format, Cascade(sum_sections(crossovers_hz, format.sample_rate), format.channels).push)


def _banded(format: Format, widths: tuple[float, ...], crossovers_hz: tuple[float, ...]) -> Stage:
    from songkit.dsp.width import BandWidth

    return MapStage(format, BandWidth(format, widths, crossovers_hz).push)
