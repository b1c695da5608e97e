"""Upsampling by a whole factor: windowed-sinc polyphase, delay removed, blocks of any size."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from songkit.audio import Samples

# 32 input frames each side under a Kaiser window of 100 dB: flat to 0.45 of the input rate, images beyond 0.55 gone.
HALF_FRAMES = 32
KAISER_BETA = 10.06


def polyphase(factor: int) -> npt.NDArray[np.float64]:
    """Filters `(factor, 2 * HALF_FRAMES + 1)`, row p giving output frame `n * factor + p`; each row sums to 1."""
    length = 2 * HALF_FRAMES * factor + 1
    time = (np.arange(length) - HALF_FRAMES * factor) / factor
    prototype = np.zeros((2 * HALF_FRAMES + 1) * factor)
    prototype[:length] = np.sinc(time) * np.kaiser(length, KAISER_BETA)
    phases = prototype.reshape(-1, factor).T
    return np.ascontiguousarray(phases / phases.sum(axis=1, keepdims=True))


class Upsampler:
    """`push` and `finish` together return `factor` frames for each frame that came in, lined up with the input."""

    def __init__(self, factor: int, channels: int) -> None:
        self.factor = factor
        self._phases = polyphase(factor)
        self._history = np.zeros((channels, 2 * HALF_FRAMES), np.float64)
        self._skip = HALF_FRAMES * factor

    def push(self, block: Samples) -> Samples:
        """Upsampled frames that are final by now, float32 `(channels, frames)`."""
        joined = np.concatenate([self._history, block], axis=1)
        self._history = joined[:, joined.shape[1] - 2 * HALF_FRAMES :]
        out = np.empty((block.shape[0], block.shape[1], self.factor), np.float32)
        if block.shape[1]:
            for channel, signal in enumerate(joined):
                for phase, taps in enumerate(self._phases):
                    out[channel, :, phase] = np.convolve(signal, taps, mode="valid")
        flat = out.reshape(block.shape[0], -1)
        cut = min(self._skip, flat.shape[1])
        self._skip -= cut
        return np.ascontiguousarray(flat[:, cut:])

    def finish(self) -> Samples:
        """The frames that the filter's delay held back; called once."""
        return self.push(np.zeros((self._history.shape[0], HALF_FRAMES), np.float32))
