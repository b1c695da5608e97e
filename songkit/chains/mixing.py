"""Dry and wet: the untouched signal waits until the processed one of the same frames is there."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np

from songkit.audio import Samples
from songkit.blocks import Source
from songkit.errors import SignalError


class Waiting:
    """Frames in the order in which they came; as many wait as the wet path is late."""

    def __init__(self) -> None:
        self._blocks: deque[Samples] = deque()
        self.frames = 0

    def put(self, block: Samples) -> None:
        self._blocks.append(block)
        self.frames += block.shape[1]

    def take(self, frames: int) -> Samples:
        """The next `frames`, of which at least so many wait; one block at least has been put."""
        parts = [self._blocks[0][:, :0]] if self._blocks else []
        while frames > 0:
            block = self._blocks.popleft()
            if block.shape[1] > frames:
                self._blocks.appendleft(block[:, frames:])
                block = block[:, :frames]
            parts.append(block)
            frames -= block.shape[1]
            self.frames -= block.shape[1]
        return np.concatenate(parts, axis=1)


def blend(dry: Samples, wet: Samples, mix: float) -> Samples:
    """`mix` parts of the processed signal to `1 - mix` parts of the untouched one."""
    share = np.float32(mix)
    return np.ascontiguousarray(dry * (np.float32(1.0) - share) + wet * share)


def blended(dry: Source, wet: Iterable[Samples], mix: float) -> Iterator[Samples]:
    """The blocks of `wet`, blended with the same frames of `dry`. Raises SignalError where `wet` is the longer one."""
    waiting = Waiting()
    fresh = dry.blocks()
    for block in wet:
        while waiting.frames < block.shape[1]:
            more = next(fresh, None)
            if more is None:
                raise SignalError("mix: the processed signal is longer than the untouched one")
            waiting.put(more)
        if block.shape[1]:
            yield blend(waiting.take(block.shape[1]), block, mix)
