"""The long-term spectrum: where its weight lies, how it falls, and where it ends.

Frames of about 90 ms (4096 at 44.1 and 48 kHz), Hann window, half overlapped; the power of the channels is averaged.
Centroid, roll-off (85 %) and flatness are librosa's definitions: of the magnitudes or the power per frame, then the
mean over the frames; frames of digital silence are left out. Tilt is the slope of the power density, a straight line
through third-octave bands from 50 Hz to 16 kHz: white noise has 0, pink noise -3.01 dB per octave.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from songkit.analysis.bands import HARSH_HZ, OCTAVES_HZ, SIBILANT_HZ, Density, width_bands_db
from songkit.analysis.change import change_db, repetition
from songkit.analysis.cutoff import find_cutoff
from songkit.analysis.events import Span
from songkit.analysis.held import held_stretches
from songkit.analysis.texture import Resonance, TextureFrames
from songkit.audio import Format, Samples
from songkit.dsp.framing import Frames

FRAME_SECONDS = 0.09
ROLLOFF_SHARE = 0.85
FLATNESS_FLOOR = 1e-10  # librosa's `amin`, so that an empty band does not pull the geometric mean to zero
_NAMES = (
    "centroid_hz",
    "rolloff_hz",
    "flatness",
    "tilt_db_per_octave",
    "cutoff_hz",
    "bands_db",
    "third_octaves_db",
    "sibilance_db",
    "harshness_db",
    "noisiness",
    "change_db",
    "repetition",
    "late_repetition",
    "width_bands_db",
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
    third_octaves_db: Mapping[str, float | None] | None = None
    """Like `bands_db`, in thirds of an octave."""
    sibilance_db: float | None = None
    """5 to 10 kHz against 200 Hz to 2 kHz."""
    harshness_db: float | None = None
    """2 to 5 kHz against 200 Hz to 2 kHz."""
    noisiness: float | None = None
    """Noise of any colour reads above 0.5, music below: see `songkit.analysis.texture`."""
    noise: tuple[Span, ...] = ()
    """Stretches of 3 s and more that are nothing but noise."""
    held: tuple[Span, ...] = ()
    """Stretches of 5 s and more in which nothing moves."""
    resonances: tuple[Resonance, ...] = ()
    """Lines that ring through all of it, the strongest five."""
    change_db: float | None = None
    repetition: float | None = None
    late_repetition: float | None = None
    """The same of the last third alone: a generator that got stuck."""
    width_bands_db: Mapping[str, float | None] | None = None
    """Side against mid of the front pair in each octave, None where one of them is empty."""
    undefined: Mapping[str, str] = field(default_factory=dict)


class SpectrumMeter:
    def __init__(self, format: Format) -> None:
        length = 2 ** round(np.log2(FRAME_SECONDS * format.sample_rate))
        self._frames = Frames(length, format.channels, length // 2)
        self._hop_seconds = length / 2 / format.sample_rate
        self._window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)).astype(np.float32)
        self._hz = np.arange(length // 2 + 1, dtype=np.float64) * (format.sample_rate / length)
        self._power = np.zeros(len(self._hz))
        front = [format.layout.index(name) for name in ("FL", "FR") if name in format.layout]
        self._pair = front if len(front) == 2 else None
        self._pair_power, self._cross = np.zeros(len(self._hz)), np.zeros(len(self._hz))
        self._sums = np.zeros(3)
        self._count = 0
        self._all = 0
        self._texture = TextureFrames(self._hz, self._hop_seconds)
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
        texture = self._texture.result()
        sibilance, harshness = density.against_body_db(SIBILANT_HZ), density.against_body_db(HARSH_HZ)
        late = repetition(octaves[2 * len(octaves) // 3 :], self._hop_seconds)
        undefined = {}
        if late is None:
            undefined["late_repetition"] = "needs 10 s of sound that changes in the last third"
        if self._pair is None:
            undefined["width_bands_db"] = "no left and right front channel"
        for name, value in (("sibilance_db", sibilance), ("harshness_db", harshness), ("noisiness", texture.noisiness)):
            if value is None:
                undefined[name] = "no power in these bands"
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
            third_octaves_db=density.thirds_db(),
            sibilance_db=sibilance,
            harshness_db=harshness,
            noisiness=texture.noisiness,
            noise=texture.noise,
            held=held_stretches(octaves, self._hop_seconds),
            resonances=texture.resonances,
            change_db=change,
            repetition=again,
            late_repetition=late,
            width_bands_db=None if self._pair is None else width_bands_db(self._hz, self._pair_power, self._cross),
            undefined=undefined,
        )

    def _add(self, frames: Samples) -> None:
        from scipy import fft

        if not len(frames):
            return
        spectra = fft.rfft(frames * self._window, axis=2)
        powers = spectra.real**2 + spectra.imag**2
        if self._pair is not None:
            left, right = (spectra[:, channel] for channel in self._pair)
            self._pair_power += powers[:, self._pair].sum(axis=(0, 1), dtype=np.float64)
            self._cross += np.sum(left.real * right.real + left.imag * right.imag, axis=0, dtype=np.float64)
        power: npt.NDArray[np.float32] = powers.mean(axis=1)
        self._all += len(power)
        self._power += power.sum(axis=0, dtype=np.float64)
        self._texture.push(power)
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
