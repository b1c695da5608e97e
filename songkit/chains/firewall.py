"""No sample that is not finite gets past: the source and every stage are watched, and the first bad sample is named.

One NaN grows to thousands in a high-pass, hides behind a limiter, and becomes a full-scale click in a 16-bit file.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from songkit.audio import Format, Samples
from songkit.blocks import BLOCK_FRAMES, Source
from songkit.errors import SignalError
from songkit.units import clock, frames_to_seconds


class Firewall:
    """Passes blocks of one format on as C-contiguous, writable float32; `where` is the name that errors carry.

    Read-only arrays are copied: to compiled kernels they are another type, compiled a second time. `lead_frames` of
    latency come before time zero.
    """

    def __init__(self, where: str, format: Format, lead_frames: int = 0) -> None:
        self._where = where
        self._format = format
        self._frames = -lead_frames

    def passed(self, block: npt.NDArray[Any]) -> Samples:
        """The block, or SignalError with the name of the stage and the time of the first bad sample."""
        if block.ndim != 2 or block.shape[0] != self._format.channels:
            raise SignalError(
                f"{self._where}: a block of shape {block.shape} where {self._format.channels} channels were announced"
            )
        if block.dtype != np.float32:
            with np.errstate(over="ignore", invalid="ignore"):  # what does not fit becomes Inf, and is found below
                block = block.astype(np.float32)
        checked: Samples = np.require(block, requirements=["C", "W"])
        if not is_finite(checked):
            raise SignalError(self._located(checked), "nothing was written; the samples before this stage were fine")
        self._frames += checked.shape[1]
        return checked

    def _located(self, block: Samples) -> str:
        bad = ~np.isfinite(block)
        frame = int(np.argmax(bad.any(axis=0)))
        value = block[int(np.argmax(bad[:, frame])), frame]
        kind = "NaN" if math.isnan(value) else "Inf"
        seconds = frames_to_seconds(max(0, self._frames + frame), self._format.sample_rate)
        return f"{self._where}: {kind} at {clock(seconds)}"


def is_finite(block: Samples) -> bool:
    """Whether every sample is finite: twice as fast as a sum that would tell, too."""
    return bool(np.isfinite(block).all())


@dataclass(frozen=True, slots=True)
class CheckedSource:
    """A source behind the firewall, in every pass."""

    source: Source
    where: str = "input"

    @property
    def format(self) -> Format:
        return self.source.format

    @property
    def frames(self) -> int | None:
        return self.source.frames

    def blocks(self, frames: int = BLOCK_FRAMES) -> Iterator[Samples]:
        firewall = Firewall(self.where, self.format)
        for block in self.source.blocks(frames):
            yield firewall.passed(block)
