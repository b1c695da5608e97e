"""What a page shows of a file beyond its figures, from one pass: outline, spectrogram, stereo image, third-octaves.

Memory does not grow with length: a column of the spectrogram is the mean power of at most a few frames.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from songkit.analysis.bands import Density
from songkit.analysis.waveform import Waveform, WaveformMeter
from songkit.audio import Format, Samples
from songkit.dsp.framing import Frames
from songkit.report.axes import HIGHEST_HZ, LOWEST_HZ

Floats = npt.NDArray[np.float64]

COLUMNS, ROWS = 960, 200
FRAMES_PER_COLUMN = 8
FRAME_SECONDS = 0.17
LEAST_DB = -160.0
FIELD = 141
"""Points along an edge of the stereo image; odd, so that silence and mono have a middle."""
FIELD_POINTS = 4_000_000
FIELD_POWER = 0.6
"""Distances from the middle are raised to it, so that quiet passages show beside loud ones."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """`spectrogram_db` is `(ROWS, columns)`, the highest frequency first: 0 dB is a sine at full scale.

    `field` counts samples of the front pair, `(FIELD, FIELD)`: left to right and bottom to top as heard (None without
    such a pair), out to `reach`, a gain. `thirds_db` is the level of each third-octave in dBFS.
    """

    seconds: float
    waveform: Waveform
    spectrogram_db: Floats
    thirds_db: Mapping[str, float | None]
    field: Floats | None
    reach: float


class LookMeter:
    """Watches `frames` frames of a stream; `peak` is their highest sample, where known, and scales the field."""

    def __init__(self, format: Format, frames: int, peak: float | None = None) -> None:
        rate = format.sample_rate
        self._length = 2 ** round(math.log2(FRAME_SECONDS * rate))
        self._hop = max(self._length // 8, math.ceil(frames / (COLUMNS * FRAMES_PER_COLUMN)))
        self._seconds = frames / rate
        self._columns = max(1, min(COLUMNS, frames // self._hop))
        self._per_sample = self._columns / max(1, frames)
        # with a hop longer than a frame, what lies between two frames is looked at by no one
        self._frames = Frames(max(self._length, self._hop), format.channels, self._hop)
        self._kept = [index for index, name in enumerate(format.layout) if name != "LFE"] or [0]
        self._window = np.hanning(self._length + 1)[:-1].astype(np.float32)
        self._hz = np.arange(self._length // 2 + 1) * (rate / self._length)
        self._sums = np.zeros((self._columns, ROWS))
        self._counts = np.zeros(self._columns)
        self._power = np.zeros(len(self._hz))
        self._done = 0
        self._rows = _Rows(self._hz)
        self._wave = WaveformMeter(format)
        self._field = _Field(format, frames, peak)

    def push(self, block: Samples) -> None:
        self._wave.push(block)
        self._field.push(block)
        self._add(self._frames.push(block))

    def result(self) -> Look:
        if not self._done:
            rest = self._frames.rest()
            self._add(np.pad(rest, ((0, 0), (0, self._frames.length - rest.shape[1])))[np.newaxis])
        window = self._window.astype(np.float64)
        # the first and last half frame, and gaps of rounding, show the frame next to them
        filled = np.flatnonzero(self._counts)
        nearest = filled[np.rint(np.interp(np.arange(self._columns), filled, np.arange(len(filled)))).astype(int)]
        sine = self._sums[nearest] / self._counts[nearest, np.newaxis] * (2.0 / float(window.sum())) ** 2
        density = Density(self._hz, self._power * (2.0 / (self._done * self._length * float(np.sum(window**2)))))
        return Look(
            seconds=self._seconds,
            waveform=self._wave.result(),
            spectrogram_db=_decibels(sine).T[::-1],
            thirds_db=density.thirds_db(),
            field=self._field.counts,
            reach=self._field.reach,
        )

    def _add(self, frames: Samples) -> None:
        from scipy import fft

        for frame in frames:  # one at a time: a block may hold very many
            spectrum = fft.rfft(frame[self._kept, : self._length] * self._window)
            power: Floats = (spectrum.real**2 + spectrum.imag**2).astype(np.float64).mean(axis=0)
            middle = self._done * self._hop + self._length / 2
            column = min(self._columns - 1, int(middle * self._per_sample))
            self._sums[column] += self._rows.of(power)
            self._counts[column] += 1
            self._power += power
            self._done += 1


class _Rows:
    """Bins of a spectrum on ROWS steps of equal ratio: between bins below, the strongest of a step above."""

    def __init__(self, hz: Floats) -> None:
        edges = np.geomspace(LOWEST_HZ, HIGHEST_HZ, ROWS + 1)
        self._hz, self._centres = hz, np.sqrt(edges[:-1] * edges[1:])
        self._starts = np.searchsorted(hz, edges[:-1])
        self._wide = np.diff(np.searchsorted(hz, edges)) > 1
        self._inside = self._centres <= hz[-1]

    def of(self, power: Floats) -> Floats:
        strongest = np.maximum.reduceat(power, np.minimum(self._starts, len(power) - 1))
        between = np.interp(self._centres, self._hz, power)
        return np.asarray(np.where(self._wide, strongest, between) * self._inside)


class _Field:
    """Where the samples of the front pair lie: mid upwards, left to the left."""

    def __init__(self, format: Format, frames: int, peak: float | None) -> None:
        pair = [format.layout.index(name) for name in ("FL", "FR") if name in format.layout]
        self._pair = pair if len(pair) == 2 else None
        self._stride = max(1, frames // FIELD_POINTS)
        self._skip = 0
        self.reach = min(1.0, max(peak or 1.0, 1e-4))
        self.counts: Floats | None = np.zeros((FIELD, FIELD)) if self._pair else None

    def push(self, block: Samples) -> None:
        if self._pair is None or self.counts is None:
            return
        left, right = block[self._pair, self._skip :: self._stride]
        self._skip = (self._skip - block.shape[1]) % self._stride
        across, up = (right - left) / (2.0 * self.reach), (left + right) / (2.0 * self.reach)
        distance = np.maximum(np.hypot(across, up), 1e-6)
        scale = np.minimum(distance, 1.0) ** FIELD_POWER / distance
        half = (FIELD - 1) / 2
        columns = np.rint(half + half * across * scale).astype(np.intp)
        rows = np.rint(half - half * up * scale).astype(np.intp)
        sounding = (left != 0.0) | (right != 0.0)
        places = (rows * FIELD + columns)[sounding]
        self.counts += np.bincount(places, minlength=FIELD * FIELD).reshape(FIELD, FIELD)


def _decibels(power: Floats) -> Floats:
    return np.asarray(10.0 * np.log10(np.maximum(power, 10.0 ** (LEAST_DB / 10.0))))
