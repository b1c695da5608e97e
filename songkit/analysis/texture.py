"""What a sound is made of, tones or noise, whatever its colour; and lines that ring through all of it.

Noisiness is the flatness of each frame's spectrum against its own third-octave outline: noise reads 0.56 (a single
channel) to 0.76 (two unrelated ones) whether it is white, pink or brown; music hardly above 0.4, most of it below 0.25.
A resonance is a line that stands out of its neighbourhood in three of four frames. Both are read from every k-th frame,
so that memory does not grow with length.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from songkit.analysis.events import Span
from songkit.units import power_to_db

Floats = npt.NDArray[np.float32]

RANGE_HZ = (100.0, 12_000.0)
MOST_FRAMES = 512
OUTLINE = 2.0 ** (1.0 / 6.0)  # half a third-octave to either side
QUIETEST_SHARE = 1e-5  # of the loudest frame's power: what is quieter is the room's or the converter's own noise
QUIETEST_OUTLINE = 1e-4  # of its highest point: a soft hiss between loud tones is not what the sound is made of
NOISE = 0.5
SHORTEST_NOISE_SECONDS = 3.0
STEADY_PERCENTILE = 25.0
RESONANCE_DB = 15.0
MOST_RESONANCES = 5


@dataclass(frozen=True, slots=True)
class Resonance:
    """A line that is there most of the time: its frequency and how far it stands above its neighbourhood."""

    hz: float
    above_db: float


@dataclass(frozen=True, slots=True)
class Texture:
    """`noisiness` 0 to 1 over the file, None without sound; stretches of noise of 3 s and more; the strongest lines."""

    noisiness: float | None = None
    noise: tuple[Span, ...] = ()
    resonances: tuple[Resonance, ...] = ()


class TextureFrames:
    """Keeps at most MOST_FRAMES power spectra, spread evenly over the file."""

    def __init__(self, hz: npt.NDArray[np.float64], hop_seconds: float) -> None:
        self._hz = hz
        self._bins = slice(*np.searchsorted(hz, [RANGE_HZ[0], min(RANGE_HZ[1], 0.9 * hz[-1])]).tolist())
        self._hop_seconds = hop_seconds
        self._every = 1
        self._seen = 0
        self._kept: list[Floats] = []

    def push(self, power: Floats) -> None:
        """Power spectra `(frames, bins)`, in order."""
        first = -self._seen % self._every
        self._kept.extend(power[first :: self._every, self._bins].copy())
        self._seen += len(power)
        while len(self._kept) > MOST_FRAMES:
            self._kept = self._kept[::2]
            self._every *= 2

    def result(self) -> Texture:
        if not self._kept:
            return Texture()
        power = np.stack(self._kept).astype(np.float64)
        total = power.sum(axis=1)
        sounding = total > QUIETEST_SHARE * total.max()
        if power.shape[1] < 8 or not sounding.any():
            return Texture()
        hz = self._hz[self._bins]
        noisiness, local = np.zeros(len(power)), np.zeros(len(power))
        noisiness[sounding] = _noisiness(power[sounding], hz, power[sounding].mean(axis=0))
        # Noise within a song need not have the song's colour: there each second is held against its own.
        local[sounding] = _noisiness(power[sounding], hz, _running_mean(power, self._frames_per_second())[sounding])
        return Texture(
            noisiness=float(noisiness[sounding].mean()),
            noise=self._stretches(np.maximum(noisiness, local)),
            resonances=_resonances(power[sounding], hz),
        )

    def _frames_per_second(self) -> int:
        return max(1, round(1.0 / (self._hop_seconds * self._every)))

    def _stretches(self, noisiness: npt.NDArray[np.float64]) -> tuple[Span, ...]:
        step = self._hop_seconds * self._every
        smooth = self._frames_per_second()
        course = np.convolve(noisiness, np.ones(smooth) / smooth, "same") > NOISE
        edges = np.flatnonzero(np.diff(np.concatenate([[0], course.astype(np.int8), [0]]))).tolist()
        spans = [Span(start * step, end * step) for start, end in list(pairwise(edges))[::2]]
        return tuple(span for span in spans if span.end_seconds - span.start_seconds >= SHORTEST_NOISE_SECONDS)


def _noisiness(
    power: npt.NDArray[np.float64], hz: npt.NDArray[np.float64], colour: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Flatness of each frame `(frames, bins)` over the outline of `colour`, one for all or one each: `(frames,)`."""
    colours = np.atleast_2d(colour)
    running = np.pad(np.cumsum(colours, axis=1), ((0, 0), (1, 0)))
    low = np.searchsorted(hz, hz / OUTLINE)
    high = np.searchsorted(hz, hz * OUTLINE, "right")
    outline = (running[:, high] - running[:, low]) / (high - low)
    heard = outline > QUIETEST_OUTLINE * outline.max(axis=1, keepdims=True)
    flattened = np.where(heard, power / np.where(heard, outline, 1.0), 0.0)
    bins = heard.sum(axis=1)
    mean = np.maximum(flattened.sum(axis=1) / bins, 1e-30)
    floored = np.maximum(flattened, 1e-9 * mean[:, np.newaxis])
    logarithm = np.sum(np.log(floored), axis=1, where=np.broadcast_to(heard, floored.shape)) / bins
    flatness: npt.NDArray[np.float64] = np.exp(logarithm) / mean
    return flatness


def _running_mean(power: npt.NDArray[np.float64], frames: int) -> npt.NDArray[np.float64]:
    """The mean over so many frames around each one."""
    from scipy.ndimage import uniform_filter1d

    smooth: npt.NDArray[np.float64] = uniform_filter1d(power, frames, axis=0, mode="nearest")
    return smooth


def _resonances(power: npt.NDArray[np.float64], hz: npt.NDArray[np.float64]) -> tuple[Resonance, ...]:
    """The strongest steady lines, each the highest within a third-octave."""
    steady = np.percentile(power, STEADY_PERCENTILE, axis=0)
    levels = 10.0 * np.log10(np.maximum(steady, 1e-30))
    found: list[Resonance] = []
    for peak in np.argsort(levels)[::-1]:
        beside = levels[(hz >= hz[peak] / OUTLINE) & (hz <= hz[peak] * OUTLINE)]
        above_db = float(levels[peak] - np.median(beside))
        if levels[peak] < beside.max() or above_db < RESONANCE_DB or len(beside) < 9:
            continue
        if power_to_db(float(steady[peak])) < power_to_db(float(steady.max())) - 60.0:
            break
        found.append(Resonance(float(hz[peak]), above_db))
    return tuple(sorted(found, key=lambda line: -line.above_db)[:MOST_RESONANCES])
