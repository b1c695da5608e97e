"""The outline of the waveform for pictures: lowest and highest sample of 1000 to 2000 slices."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from songkit.audio import Format, Samples
from songkit.dsp.framing import Frames

MOST_POINTS = 2000
FIRST_SLICE_FRAMES = 64


@dataclass(frozen=True, slots=True)
class Waveform:
    """Lowest and highest sample over all channels in each slice of `slice_seconds` (the last may be shorter)."""

    slice_seconds: float = 0.0
    lowest: tuple[float, ...] = field(default=(), repr=False, metadata={"series": True})
    highest: tuple[float, ...] = field(default=(), repr=False, metadata={"series": True})


class WaveformMeter:
    """The length is not known beforehand: slices begin small and are joined two by two when there are too many."""

    def __init__(self, format: Format) -> None:
        self._sample_rate = format.sample_rate
        self._frames = Frames(FIRST_SLICE_FRAMES, format.channels)
        self._slice_frames = FIRST_SLICE_FRAMES
        self._joined = np.zeros((0, 2), np.float32)
        self._waiting = np.zeros((0, 2), np.float32)

    def push(self, block: Samples) -> None:
        self._add(_extremes(self._frames.push(block)))

    def result(self) -> Waveform:
        parts = [self._joined]
        if len(self._waiting):
            parts.append(_join(self._waiting, len(self._waiting)))
        rest = self._frames.rest()
        if rest.shape[1]:
            parts.append(_extremes(rest[np.newaxis]))
        points = np.concatenate(parts)
        if len(parts) == 3:
            points = np.concatenate([points[:-2], _join(points[-2:], 2)])
        return Waveform(
            self._slice_frames / self._sample_rate, tuple(points[:, 0].tolist()), tuple(points[:, 1].tolist())
        )

    def _add(self, extremes: npt.NDArray[np.float32]) -> None:
        self._waiting = np.concatenate([self._waiting, extremes])
        factor = self._slice_frames // FIRST_SLICE_FRAMES
        ready = len(self._waiting) // factor * factor
        self._joined = np.concatenate([self._joined, _join(self._waiting[:ready], factor)])
        self._waiting = self._waiting[ready:]
        while len(self._joined) >= MOST_POINTS:
            if len(self._joined) % 2:
                # The odd slice goes back to wait, as one: it stands at the head of the next joined slice.
                odd = np.repeat(self._joined[-1:], self._slice_frames // FIRST_SLICE_FRAMES, axis=0)
                self._waiting = np.concatenate([odd, self._waiting])
                self._joined = self._joined[:-1]
            self._joined = _join(self._joined, 2)
            self._slice_frames *= 2


def _extremes(frames: Samples) -> npt.NDArray[np.float32]:
    """Lowest and highest sample of each of `(frames, channels, length)`."""
    return np.stack([frames.min(axis=(1, 2)), frames.max(axis=(1, 2))], axis=1)


def _join(points: npt.NDArray[np.float32], factor: int) -> npt.NDArray[np.float32]:
    grouped = points.reshape(-1, factor, 2)
    return np.stack([grouped[:, :, 0].min(axis=1), grouped[:, :, 1].max(axis=1)], axis=1)
