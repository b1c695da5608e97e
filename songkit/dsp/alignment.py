"""How far one signal is behind another, and one signal moved by a part of a frame.

The shift is the peak of the whitened cross-correlation (generalised cross-correlation with phase transform: Knapp and
Carter 1976), whose cross-spectra are summed over long chunks: memory does not grow with the length.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from songkit.audio import Samples

# Bins that far below the strongest one hold noise, whose phase says nothing.
_LEAST_SHARE = 1e-7
_SMOOTH_BINS = 512
_STEPS = 100  # of a frame
_HALF_TAPS = 32


@dataclass(frozen=True, slots=True)
class Shift:
    """Frames by which the second signal is late (negative: early), and how far its peak stands out of the rest."""

    frames: int
    fraction: float
    prominence: float


class Correlator:
    """Finds shifts of up to `most_frames`; takes pairs of chunks of `chunk_frames` from the same place of both."""

    def __init__(self, channels: int, most_frames: int, longest_frames: int) -> None:
        self.chunk_frames = 1 << math.ceil(math.log2(max(1024, min(longest_frames, 2 * most_frames))))
        self._most = min(most_frames, self.chunk_frames - 1)
        self._cross = np.zeros((channels, self.chunk_frames + 1), np.complex128)

    def push(self, first: Samples, second: Samples) -> None:
        """Chunks `(channels, frames)`; the last one may be shorter."""
        from scipy import fft

        size = 2 * self.chunk_frames
        self._cross += fft.rfft(second, size) * np.conj(fft.rfft(first, size))

    def result(self) -> Shift:
        from scipy import fft

        strength = np.abs(self._cross)
        white = np.where(strength > _LEAST_SHARE * strength.max(), self._cross / np.maximum(strength, 1e-300), 0.0)
        lags = np.abs(fft.irfft(white, 2 * self.chunk_frames)).sum(axis=0)  # a channel may be inverted
        lags = np.concatenate([lags[-self._most :], lags[: self._most + 1]])
        peak = int(np.argmax(lags))
        if not lags[peak] > 0.0:
            return Shift(0, 0.0, 0.0)
        frames = peak - self._most
        return Shift(frames, _fraction(white, frames), float(lags[peak] / np.median(lags)))


def _fraction(white: npt.NDArray[np.complex128], frames: int) -> float:
    """The part of a frame, -0.5 to 0.5, at which the peak is highest; in steps of a hundredth."""
    bins = white.shape[1] - 1
    turns = np.arange(bins) / (2 * bins)
    straight = white[:, :bins] * np.exp(2j * np.pi * turns * frames)
    bands = straight.reshape(len(white), -1, max(1, bins // _SMOOTH_BINS)).sum(axis=2)
    middle = turns.reshape(bands.shape[1], -1).mean(axis=1)
    tried = np.arange(-_STEPS // 2, _STEPS // 2 + 1) / _STEPS
    heights = np.abs((bands @ np.exp(2j * np.pi * np.outer(middle, tried))).real).sum(axis=0)
    return float(tried[np.argmax(heights)])


class Delay:
    """A stream late by `LATENCY_FRAMES` and the fraction of a frame, by a sinc under a Kaiser window."""

    LATENCY_FRAMES = _HALF_TAPS

    def __init__(self, fraction: float, channels: int) -> None:
        at = np.arange(-_HALF_TAPS, _HALF_TAPS + 1) - fraction
        kernel = np.sinc(at) * np.kaiser(len(at), 10.0)
        self._kernel = kernel / kernel.sum()
        self._past = np.zeros((channels, 2 * _HALF_TAPS))

    def push(self, block: Samples) -> npt.NDArray[np.float64]:
        """As many frames as came in."""
        joined = np.concatenate([self._past, block], axis=1)
        self._past = joined[:, joined.shape[1] - 2 * _HALF_TAPS :]
        rows: list[Any] = [np.convolve(row, self._kernel, "valid") for row in joined]
        return np.stack(rows)
