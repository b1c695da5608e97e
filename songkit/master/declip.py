"""Declip: tops that were cut flat are rebuilt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import Field

from songkit.audio import Format, Samples
from songkit.blocks import Meter, SourceInfo, Stage
from songkit.master.processor import MeasuredProcessor, ReportingLateStage, ReportingMapStage
from songkit.units import db_to_gain

if TYPE_CHECKING:
    from songkit.analysis.clipping import Clipping

_NEAR = 0.98  # a channel whose own peak lies lower than this part of the clip level was not clipped


@dataclass(frozen=True, slots=True)
class Tops:
    """What analysis says about clipping, and the highest and lowest sample of each channel."""

    clipping: Clipping
    highest: tuple[float, ...]
    lowest: tuple[float, ...]

    def levels(self) -> list[tuple[float, float]]:
        """Per channel the level of its upper and lower flat tops, infinite where it has none."""
        least = _NEAR * db_to_gain(self.clipping.level_dbfs) if self.clipping.level_dbfs is not None else np.inf
        pairs = zip(self.highest, self.lowest, strict=True)
        return [(high if high >= least else np.inf, -low if -low >= least else np.inf) for high, low in pairs]


class TopsMeter:
    """Finds flat tops as analysis does, and what each channel reaches."""

    def __init__(self, format: Format) -> None:
        from songkit.analysis.clipping import ClippingMeter

        self._clipping = ClippingMeter(format)
        self._highest = np.zeros(format.channels)
        self._lowest = np.zeros(format.channels)

    def push(self, block: Samples) -> None:
        self._clipping.push(block)
        self._highest = np.maximum(self._highest, block.max(axis=1, initial=0.0))
        self._lowest = np.minimum(self._lowest, block.min(axis=1, initial=0.0))

    def result(self) -> Tops:
        return Tops(self._clipping.result(), tuple(self._highest.tolist()), tuple(self._lowest.tolist()))


class Declip(MeasuredProcessor):
    """Rebuilds clipped tops from the sound around them by linear prediction; a programme without them stays as it is.

    Clipping is what `analyze` calls so: flat tops with corners, at full scale or at the file's own peak. The rebuilt
    peaks stand above that level, and so above full scale: keep a `gain` down, a `limiter` or `loudness` behind it. A
    lossy codec blurs flat tops, and what was blurred cannot be found.
    """

    about: ClassVar[str] = "rebuild tops that were clipped (peaks rise; put a limiter or loudness behind it)"

    max_lift_db: float = Field(
        6.0, ge=0.0, le=24.0, description="most that a peak may rise above the clip level in dB, 0 (off) to 24"
    )

    def is_identity(self, info: SourceInfo) -> bool:
        return self.max_lift_db == 0.0

    def meter(self, info: SourceInfo) -> Meter:
        return TopsMeter(info.format)

    def start(self, info: SourceInfo, measured: Tops) -> Stage:
        if measured.clipping.level_dbfs is None:
            return ReportingMapStage(info.format, lambda block: block, lambda: {"clip_level_dbfs": None})
        from songkit.dsp.declip import Declipper

        declipper = Declipper(measured.levels(), self.max_lift_db)

        def report() -> Mapping[str, Any]:
            return {"clip_level_dbfs": measured.clipping.level_dbfs, **declipper.facts()}

        return ReportingLateStage(info.format, 0, declipper.push, declipper.finish, report)
