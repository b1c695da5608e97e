"""Dry and wet: the untouched signal waits until the processed one of the same frames is there."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np

from songkit.audio import Samples
from songkit.blocks import Source
from songkit.errors import SignalError


class Waiting:
    """Frames in the order in which they came."""

    def __init__(self) -> None:
        self._blocks: deque[Samples] = deque()
        self.frames = 0

    def put(self, block: Samples) -> None:
        if block.shape[1]:
            self._blocks.append(block)
            self.frames += block.shape[1]

    def take(self, frames: int) -> Samples:
        """The next `frames` (at least 1, at most `self.frames`)."""
        self.frames -= frames
        parts = []
        while frames > 0:
            block = self._blocks.popleft()
            if block.shape[1] > frames:
                self._blocks.appendleft(block[:, frames:])
                block = block[:, :frames]
            parts.append(block)
            frames -= block.shape[1]
        return np.concatenate(parts, axis=1)


class Mixer:
    """`mix` parts of the processed signal to `1 - mix` parts of the dry one; whichever is ahead waits."""

    def __init__(self, mix: float) -> None:
        self._wet_share = np.float32(mix)
        self._dry_share = np.float32(1.0) - self._wet_share
        self._wet = Waiting()
        self.dry = Waiting()

    def blended(self, wet: Samples) -> Samples:
        """As many frames as both paths have given by now."""
        self._wet.put(wet)
        frames = min(self._wet.frames, self.dry.frames)
        if frames == 0:
            return wet[:, :0]
        return self.dry.take(frames) * self._dry_share + self._wet.take(frames) * self._wet_share


def blended(dry: Source, wet: Iterable[Samples], mix: float) -> Iterator[Samples]:
    """The blocks of `wet`, blended with the same frames of `dry`. Raises SignalError where `wet` is the longer one."""
    mixer = Mixer(mix)
    fresh = dry.blocks()
    for block in wet:
        while mixer.dry.frames < block.shape[1]:
            more = next(fresh, None)
            if more is None:
                raise SignalError("mix: the processed signal is longer than the untouched one")
            mixer.dry.put(more)
        yield mixer.blended(block)
