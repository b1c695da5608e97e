"""DC removal: the mean of each channel, measured over the whole programme, is taken off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from songkit.audio import Samples
from songkit.blocks import Meter, SourceInfo, Stage
from songkit.master.processor import MeasuredProcessor, ReportingMapStage


@dataclass(frozen=True, slots=True)
class Offsets:
    """Mean of each channel, full scale at 1.0."""

    offsets: tuple[float, ...]


class OffsetMeter:
    """Mean of each channel; summed frame by frame, so that blocks of any size give the same last bit."""

    def __init__(self, channels: int) -> None:
        self._sums = np.zeros((channels, 1))
        self._frames = 0

    def push(self, block: Samples) -> None:
        running = np.concatenate([self._sums, block], axis=1)
        self._sums = np.cumsum(running, axis=1, out=running)[:, -1:].copy()
        self._frames += block.shape[1]

    def result(self) -> Offsets:
        return Offsets(tuple(float(total) / max(1, self._frames) for total in self._sums[:, 0]))


class RemoveDC(MeasuredProcessor):
    """Centres each channel on zero. A constant is all that goes: no filter, no phase shift."""

    about: ClassVar[str] = "remove a constant offset"

    def meter(self, info: SourceInfo) -> Meter:
        return OffsetMeter(info.format.channels)

    def start(self, info: SourceInfo, measured: Offsets) -> Stage:
        offsets = np.array(measured.offsets)[:, np.newaxis]

        def report() -> Mapping[str, Any]:
            return {"dc_offset": list(measured.offsets)}

        return ReportingMapStage(info.format, lambda block: (block - offsets).astype(np.float32), report)
