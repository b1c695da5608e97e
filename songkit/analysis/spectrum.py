"""The long-term spectrum: where its weight lies, how it falls, and where it ends.

Frames of about 90 ms (4096 at 44.1 and 48 kHz), Hann window, half overlapped; the power of the channels is averaged.
Centroid, roll-off (85 %) and flatness are librosa's definitions: of the magnitudes or the power per frame, then the
mean over the frames; frames of digital silence are left out. Tilt is the slope of the power density, a straight line
through third-octave bands from 50 Hz to 16 kHz: white noise has 0, pink noise -3.01 dB per octave.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from songkit.analysis.change import change_db, repetition
from songkit.analysis.cutoff import find_cutoff
from songkit.audio import Format, Samples
from songkit.dsp.framing import Frames
from songkit.units import power_to_db

FRAME_SECONDS = 0.09
ROLLOFF_SHARE = 0.85
FLATNESS_FLOOR = 1e-10  # librosa's `amin`, so that an empty band does not pull the geometric mean to zero
OCTAVES_HZ = (31.5, 63.0, 125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0, 16_000.0)
TILT_RANGE_HZ = (50.0, 16_000.0)
_NAMES = (
    "centroid_hz",
    "rolloff_hz",
    "flatness",
    "tilt_db_per_octave",
    "cutoff_hz",
    "bands_db",
    "change_db",
    "repetition",
)


@dataclass(frozen=True, slots=True)
class Spectrum:
    """`bands_db` is the level of each octave in dBFS (RMS over the file) under its centre in Hz, None if it is empty;
    `cutoff_hz` is where a lossy codec or a resampler cut, None without evidence of it;
    `change_db` and `repetition` (0 to 1) tell how the octaves move over time: see `songkit.analysis.change`."""

    centroid_hz: float | None = None
    rolloff_hz: float | None = None
    flatness: float | None = None
    tilt_db_per_octave: float | None = None
    cutoff_hz: float | None = None
    cutoff_confidence: float | None = None
    bands_db: Mapping[str, float | None] | None = None
    change_db: float | None = None
    repetition: float | None = None
    undefined: Mapping[str, str] = field(default_factory=dict)


class SpectrumMeter:
    def __init__(self, format: Format) -> None:
        length = 2 ** round(np.log2(FRAME_SECONDS * format.sample_rate))
        self._frames = Frames(length, format.channels, length // 2)
        self._hop_seconds = length / 2 / format.sample_rate
        self._window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)).astype(np.float32)
        self._hz = np.arange(length // 2 + 1, dtype=np.float64) * (format.sample_rate / length)
        self._power = np.zeros(len(self._hz))
        self._sums = np.zeros(3)
        self._count = 0
        self._all = 0
        self._octaves: list[npt.NDArray[np.float32]] = []
        self._octave_edges = np.searchsorted(self._hz, [hz / 2**0.5 for hz in OCTAVES_HZ if hz < self._hz[-1]])

    def push(self, block: Samples) -> None:
        self._add(self._frames.push(block))

    def result(self) -> Spectrum:
        rest = self._frames.rest()
        # What was not yet in a full frame goes in once more, filled up with zeros; the figures stay those of the file.
        fresh = rest.shape[1] - (self._frames.hop if self._all else 0)
        if fresh > 0:
            self._add(np.pad(rest, ((0, 0), (0, self._frames.length - rest.shape[1])))[np.newaxis])
        if not self._count:
            return Spectrum(undefined=dict.fromkeys(_NAMES, "digital silence" if self._all else "no audio"))
        centroid, rolloff, flatness = (float(value) for value in self._sums / self._count)
        scale = 2.0 / (self._all * self._frames.length * float(np.sum(self._window.astype(np.float64) ** 2)))
        density = Density(self._hz, self._power * scale)
        tilt = density.tilt_db_per_octave()
        cutoff = find_cutoff(self._hz, self._power * scale)
        octaves = np.concatenate(self._octaves)
        change, again = change_db(octaves, self._hop_seconds), repetition(octaves, self._hop_seconds)
        undefined = {}
        if change is None:
            undefined["change_db"] = "needs 10 s of sound"
        if again is None:
            undefined["repetition"] = "needs 10 s of sound that changes"
        if tilt is None:
            undefined["tilt_db_per_octave"] = "fewer than three third-octave bands hold power"
        if cutoff.hz is None:
            undefined["cutoff_hz"] = cutoff.reason
        return Spectrum(
            centroid_hz=centroid,
            rolloff_hz=rolloff,
            flatness=flatness,
            tilt_db_per_octave=tilt,
            cutoff_hz=cutoff.hz,
            cutoff_confidence=cutoff.confidence,
            bands_db=density.octaves_db(),
            change_db=change,
            repetition=again,
            undefined=undefined,
        )

    def _add(self, frames: Samples) -> None:
        from scipy import fft

        if not len(frames):
            return
        spectra = fft.rfft(frames * self._window, axis=2)
        power: npt.NDArray[np.float32] = (spectra.real**2 + spectra.imag**2).mean(axis=1)
        self._all += len(power)
        self._power += power.sum(axis=0, dtype=np.float64)
        self._octaves.append(np.add.reduceat(power, self._octave_edges, axis=1))
        power = power[power.any(axis=1)]
        if len(power):
            self._count += len(power)
            self._sums += np.sum(frame_figures(power, self._hz), axis=1)


def frame_figures(power: npt.NDArray[np.float32], hz: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Centroid, roll-off and flatness of each power spectrum `(frames, bins)`: float64 `(3, frames)`."""
    magnitude = np.sqrt(power)
    running = np.cumsum(magnitude, axis=1)
    total = running[:, -1]
    centroid = (magnitude @ hz.astype(np.float32)) / total
    rolloff = hz[np.argmax(running >= ROLLOFF_SHARE * total[:, np.newaxis], axis=1)]
    floored = np.maximum(power, FLATNESS_FLOOR)
    flatness = np.exp(np.log(floored).mean(axis=1)) / floored.mean(axis=1)
    return np.stack([centroid, rolloff, flatness]).astype(np.float64)


class Density:
    """A power density on a grid of frequencies, summed between any two of them."""

    def __init__(self, hz: npt.NDArray[np.float64], power: npt.NDArray[np.float64]) -> None:
        step = hz[1]
        self._edges = np.append(hz - step / 2, hz[-1] + step / 2)
        self._running = np.concatenate([[0.0], np.cumsum(power)])
        self._nyquist = float(hz[-1])

    def between(self, low_hz: float, high_hz: float) -> float:
        """Mean square between two frequencies."""
        low, high = np.interp([low_hz, min(high_hz, self._nyquist)], self._edges, self._running)
        return max(0.0, float(high - low))

    def octaves_db(self) -> dict[str, float | None]:
        """Level of each octave that begins below the Nyquist frequency."""
        levels: dict[str, float | None] = {}
        for centre in OCTAVES_HZ:
            if centre / 2**0.5 < self._nyquist:
                power = self.between(centre / 2**0.5, centre * 2**0.5)
                levels[f"{centre:g}"] = power_to_db(power) if power > 0.0 else None
        return levels

    def tilt_db_per_octave(self) -> float | None:
        low, high = TILT_RANGE_HZ
        edges = low * 2.0 ** (np.arange(0, 3 * np.log2(high / low) + 0.5) / 3.0)
        rows: list[tuple[float, float]] = []
        for left, right in pairwise(edges):
            power = self.between(left, right)
            if power > 0.0 and right < self._nyquist:
                rows.append((float(np.log2(left * right)) / 2, power_to_db(power / float(right - left))))
        if len(rows) < 3:
            return None
        octaves, levels_db = np.array(rows).T
        return float(np.polyfit(octaves, levels_db, 1)[0])
