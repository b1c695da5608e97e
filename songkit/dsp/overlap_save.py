"""Convolution with long filters in whole stretches of the programme, by overlap-save."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from songkit.audio import Samples

Floats = npt.NDArray[np.float64]


class OverlapSave:
    """A stream through `kernel`: `(taps,)` for every channel alike, or `(out, in, taps)` from channel to channel.

    Frames are worked on in stretches one frame longer than the filter, counted from the first frame, so that blocks
    of any size give the same samples. `latency_frames` of the filter's own tail come out in `finish` beyond as many
    frames as came in: half its length for a symmetric filter, none for one of minimum phase.
    """

    def __init__(self, kernel: Floats, channels: int, latency_frames: int) -> None:
        self.latency_frames = latency_frames
        self._stretch = kernel.shape[-1] + 1
        self._spectrum = np.fft.rfft(kernel, 2 * self._stretch)
        self._past = np.zeros((channels, self._stretch))
        self._waiting = np.zeros((channels, 0))
        self._owed = latency_frames

    def push(self, block: Samples) -> Samples:
        """What is ready of the output; float32 `(channels, frames)`."""
        self._owed += block.shape[1]
        waiting = np.concatenate([self._waiting, block], axis=1)
        ready = [np.zeros((len(waiting), 0), np.float32)]
        while waiting.shape[1] >= self._stretch:
            ready.append(self._convolve(waiting[:, : self._stretch]))
            waiting = waiting[:, self._stretch :]
        self._waiting = waiting
        out = np.concatenate(ready, axis=1)
        self._owed -= out.shape[1]
        return out

    def finish(self) -> Samples:
        """The rest: as many frames as came in, and the latency."""
        owed = self._owed
        silence = np.zeros((len(self._past), owed - self._waiting.shape[1] + self._stretch), np.float32)
        return np.ascontiguousarray(self.push(silence)[:, :owed])

    def _convolve(self, stretch: Floats) -> Samples:
        spectrum = np.fft.rfft(np.concatenate([self._past, stretch], axis=1))
        self._past = stretch
        if self._spectrum.ndim == 1:
            answer = spectrum * self._spectrum
        else:
            answer = np.einsum("oif,if->of", self._spectrum, spectrum)
        return np.fft.irfft(answer)[:, self._stretch :].astype(np.float32)
