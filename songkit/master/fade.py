"""Fades at the head and the tail of the programme."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from songkit.audio import Samples
from songkit.blocks import Meter, SourceInfo, Stage
from songkit.errors import SignalError
from songkit.master.processor import MapStage, MeasuredProcessor
from songkit.units import frames_to_seconds, seconds_to_frames

Curve = Literal["linear", "cosine", "equal_power"]


class LengthMeter:
    """Counts frames, for programmes whose length is not known before."""

    def __init__(self) -> None:
        self._frames = 0

    def push(self, block: Samples) -> None:
        self._frames += block.shape[1]

    def result(self) -> int:
        return self._frames


class Fade(MeasuredProcessor):
    """Rises from zero at the first frame, falls to zero at the last."""

    about: ClassVar[str] = "fade in and out"

    in_seconds: float = Field(0.0, ge=0.0, le=600.0, description="length of the fade-in in seconds, 0 to 600")
    out_seconds: float = Field(0.0, ge=0.0, le=600.0, description="length of the fade-out in seconds, 0 to 600")
    curve: Curve = Field(
        "cosine", description="linear (in gain), cosine (soft at both ends) or equal_power (quarter sine)"
    )

    def is_identity(self, info: SourceInfo) -> bool:
        return self.in_seconds == 0.0 and self.out_seconds == 0.0

    def check(self, info: SourceInfo) -> str | None:
        return None if info.frames is None else self._too_long(info.frames, info.format.sample_rate)

    def meter(self, info: SourceInfo) -> Meter | None:
        return LengthMeter() if info.frames is None and self.out_seconds > 0.0 else None

    def start(self, info: SourceInfo, measured: Any) -> Stage:
        rate = info.format.sample_rate
        frames: int | None = info.frames if measured is None else measured
        if frames is not None and (problem := self._too_long(frames, rate)):
            raise SignalError(f"fade: {problem}", "shorten in_seconds or out_seconds")
        fader = Fader(
            seconds_to_frames(self.in_seconds, rate), seconds_to_frames(self.out_seconds, rate), frames, self.curve
        )
        return MapStage(info.format, fader.push)

    def _too_long(self, frames: int, rate: int) -> str | None:
        asked, there = self.in_seconds + self.out_seconds, frames_to_seconds(frames, rate)
        return f"fades of {asked:g} s do not fit into {there:g} s" if asked > there else None


@dataclass(slots=True)
class Fader:
    """The gain of each frame, from its distance to both ends."""

    in_frames: int
    out_frames: int
    frames: int | None
    curve: Curve
    position: int = 0

    def push(self, block: Samples) -> Samples:
        at = np.arange(self.position, self.position + block.shape[1])
        self.position += block.shape[1]
        gain = np.ones(at.size)
        if self.in_frames:
            gain *= rise(at / self.in_frames, self.curve)
        if self.out_frames and self.frames is not None:
            gain *= rise((self.frames - 1 - at) / self.out_frames, self.curve)
        return (block * gain).astype(np.float32)


def rise(time: npt.NDArray[np.float64], curve: Curve) -> npt.NDArray[np.float64]:
    """Gain from 0 at time 0 to 1 at time 1 and after."""
    time = np.clip(time, 0.0, 1.0)
    if curve == "linear":
        return time
    if curve == "cosine":
        return np.asarray(0.5 - 0.5 * np.cos(np.pi * time))
    return np.asarray(np.sin(np.pi / 2 * time))
