"""Trim: the dead head and tail of the programme go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from songkit.audio import Samples
from songkit.blocks import Meter, SourceInfo, Stage
from songkit.errors import SignalError
from songkit.master.processor import MeasuredProcessor, ReportingMapStage
from songkit.units import db_to_gain, frames_to_seconds


@dataclass(frozen=True, slots=True)
class Extent:
    """First and last frame above the threshold (None: there is none) of how many."""

    first: int | None
    last: int | None
    frames: int


class ExtentMeter:
    """Finds the first and last frame in which any channel is above the threshold."""

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._first: int | None = None
        self._last: int | None = None
        self._frames = 0

    def push(self, block: Samples) -> None:
        heard = np.flatnonzero(np.max(np.abs(block), axis=0) > self._threshold)
        if heard.size:
            if self._first is None:
                self._first = self._frames + int(heard[0])
            self._last = self._frames + int(heard[-1])
        self._frames += block.shape[1]

    def result(self) -> Extent:
        return Extent(self._first, self._last, self._frames)


class Trim(MeasuredProcessor):
    """Cuts what lies before the first and after the last frame above the threshold; margins stay.

    Raises SignalError where nothing is above the threshold: a trim never leaves nothing.
    """

    about: ClassVar[str] = "cut the dead head and tail"
    changes_length: ClassVar[bool] = True
    mixable: ClassVar[bool] = False

    threshold_db: float = Field(
        -60.0, ge=-120.0, le=-20.0, description="peak level in dBFS that counts as sound, -120 to -20"
    )
    keep_head_ms: float = Field(
        20.0, ge=0.0, le=60_000.0, description="what stays before the first sound, 0 to 60000 ms"
    )
    keep_tail_ms: float = Field(
        200.0, ge=0.0, le=60_000.0, description="what stays after the last sound, 0 to 60000 ms"
    )

    def meter(self, info: SourceInfo) -> Meter:
        return ExtentMeter(db_to_gain(self.threshold_db))

    def start(self, info: SourceInfo, measured: Extent) -> Stage:
        if measured.first is None or measured.last is None:
            raise SignalError(
                f"trim: the whole programme is below {self.threshold_db:g} dBFS",
                "lower threshold_db, or leave trim out",
            )
        rate = info.format.sample_rate
        begin = max(0, measured.first - round(self.keep_head_ms / 1000 * rate))
        end = min(measured.frames, measured.last + 1 + round(self.keep_tail_ms / 1000 * rate))

        def report() -> Mapping[str, Any]:
            return {
                "head_removed_seconds": frames_to_seconds(begin, rate),
                "tail_removed_seconds": frames_to_seconds(measured.frames - end, rate),
            }

        return ReportingMapStage(info.format, Window(begin, end).push, report)


@dataclass(slots=True)
class Window:
    """Lets frames `begin` to `end` (not included) through."""

    begin: int
    end: int
    position: int = 0

    def push(self, block: Samples) -> Samples:
        frames = block.shape[1]
        left = min(max(self.begin - self.position, 0), frames)
        right = min(max(self.end - self.position, left), frames)
        self.position += frames
        return np.ascontiguousarray(block[:, left:right])
