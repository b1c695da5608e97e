"""Blocks of any size cut into frames of one size."""

from __future__ import annotations

import numpy as np

from songkit.audio import Samples


class Frames:
    """Hands out every complete frame of `length` samples, one every `hop`; what is incomplete waits for more."""

    def __init__(self, length: int, channels: int, hop: int | None = None) -> None:
        self.length = length
        self.hop = hop or length
        self._waiting = np.zeros((channels, 0), np.float32)

    def push(self, block: Samples) -> Samples:
        """Frames `(frames, channels, length)`: a view where hops overlap, so nobody writes into it."""
        joined = np.concatenate([self._waiting, block], axis=1)
        count = max(0, (joined.shape[1] - self.length) // self.hop + 1)
        self._waiting = joined[:, count * self.hop :].copy()
        if not count:
            return np.zeros((0, joined.shape[0], self.length), np.float32)
        if self.hop == self.length:
            return joined[:, : count * self.hop].reshape(joined.shape[0], count, self.length).transpose(1, 0, 2)
        views = np.lib.stride_tricks.sliding_window_view(joined, self.length, axis=1)[:, :: self.hop]
        return views[:, :count].transpose(1, 0, 2)

    def rest(self) -> Samples:
        """What is left after the last complete frame (with overlap: from the next hop on), `(channels, frames)`."""
        return self._waiting
