"""Mains hum: steady lines at 50 or 60 Hz and their multiples that stand out of the quiet parts.

What sounds all the time is what remains in the quieter spectra, taken for each frequency by itself: notes come and go,
hum stays. Two looks complete each other: windows of 2 s find the gaps between notes (the lowest twentieth), windows of
8 s find a thin line under music that never pauses (the lowest quarter). A line is compared with the strongest tenth of
what lies beside it, because a steady beat leaves lines of its own; hum is two lines of one series, or a strong one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from songkit.audio import Format, Samples
from songkit.dsp.decimate import Decimator
from songkit.dsp.framing import Frames
from songkit.units import power_to_db

LEAST_SECONDS = 10.0
LEAST_RATE = 2000
MAINS_HZ = (50.0, 60.0)
HARMONICS = 8
LONE_HARMONICS = 4  # the 7th of 50 Hz is a semitone's breath away from the note F4: no proof by itself
DRIFT_HZ, DRIFT_PER_HARMONIC_HZ = 0.083, 0.03  # how far a line may be off: mains wander by 0.05 Hz
DRIFT_BINS = 0.13  # and how exactly a peak between two bins is found
BESIDE_HZ, BESIDE_PERCENTILE = 6.0, 90.0
QUIETEST_DBFS = -80.0
MOST_SPECTRA = 512


@dataclass(frozen=True, slots=True)
class Look:
    """One way to look. Clean music (67 files) reached 14.2, 3.9 and 0.6, 2.1 dB where the limits are 16, 6 and 4, 4."""

    window_seconds: float
    percentile: float
    beside_from_hz: float
    lone_line_db: float
    second_line_db: float


LOOKS = (Look(8.0, 25.0, 1.0, 6.0, 4.0), Look(2.0, 5.0, 2.0, 16.0, 4.0))


@dataclass(frozen=True, slots=True)
class Hum:
    """The mains frequency (50 or 60), the level of its lines together (RMS) and how far the strongest stands out."""

    frequency_hz: float | None = None
    level_dbfs: float | None = None
    above_db: float | None = None
    reason: str = field(default="", metadata={"hidden": True})
    """Why nothing could be said; empty where it could."""


class HumMeter:
    def __init__(self, format: Format) -> None:
        factor = max(1, format.sample_rate // LEAST_RATE)
        self._rate = format.sample_rate / factor
        self._decimator = Decimator(factor)
        self._frames = 0
        self._steady = [_SteadySpectrum(look, self._rate) for look in LOOKS]

    def push(self, block: Samples) -> None:
        mono = block[0] if block.shape[0] == 1 else block.mean(axis=0)
        low = self._decimator.push(mono)
        self._frames += len(low)
        for steady in self._steady:
            steady.push(low)

    def result(self) -> Hum:
        if self._frames < (LEAST_SECONDS - 0.1) * self._rate:
            return Hum(reason=f"needs {LEAST_SECONDS:g} s")
        spectra = [(look, steady.result()) for look, steady in zip(LOOKS, self._steady, strict=True)]
        found = [_series(power, mains_hz, look) for look, power in spectra for mains_hz in MAINS_HZ]
        strongest = max(found, key=lambda hum: hum.above_db or 0.0)
        # A look that misses a line says too little of the level, none says too much.
        levels = [hum.level_dbfs or QUIETEST_DBFS for hum in found if hum.frequency_hz == strongest.frequency_hz]
        return strongest if strongest.frequency_hz is None else replace(strongest, level_dbfs=max(levels))


class _SteadySpectrum:
    """Mean square of a line in each bin that is there all the time; memory is bounded by thinning out."""

    def __init__(self, look: Look, rate: float) -> None:
        length = round(look.window_seconds * rate)
        self._frames = Frames(length, 1, length // 4)
        self._window = np.blackman(length).astype(np.float32)
        self._bins = round((MAINS_HZ[-1] * HARMONICS + 20.0) * look.window_seconds)
        self._percentile = look.percentile
        self._spectra: list[npt.NDArray[np.float32]] = []
        self._every = 1
        self._seen = 0

    def push(self, signal: npt.NDArray[np.float32]) -> None:
        for frame in self._frames.push(signal[np.newaxis])[:, 0]:
            if self._seen % self._every == 0:
                magnitude = np.abs(np.fft.rfft(frame * self._window))[: self._bins]
                self._spectra.append((2.0 * (magnitude / self._window.sum()) ** 2).astype(np.float32))
            self._seen += 1
            if len(self._spectra) > MOST_SPECTRA:
                self._spectra = self._spectra[::2]
                self._every *= 2

    def result(self) -> npt.NDArray[np.float64]:
        steady: npt.NDArray[np.float64] = np.percentile(
            np.stack(self._spectra).astype(np.float64), self._percentile, axis=0
        )
        return steady


def _series(power: npt.NDArray[np.float64], mains_hz: float, look: Look) -> Hum:
    """The lines of one mains frequency in a steady spectrum."""
    lines = [_line(power, harmonic, mains_hz, look) for harmonic in range(1, HARMONICS + 1)]
    above = [line[1] for line in lines]
    second = sorted(above)[-2]
    if max(above[:LONE_HARMONICS]) < look.lone_line_db and second < look.second_line_db:
        return Hum()
    level_dbfs = power_to_db(sum(line for line, above_db in lines if above_db >= look.second_line_db))
    return Hum(mains_hz, level_dbfs, max(above)) if level_dbfs >= QUIETEST_DBFS else Hum()


def _line(power: npt.NDArray[np.float64], harmonic: int, mains_hz: float, look: Look) -> tuple[float, float]:
    """Mean square of a harmonic's line and how far it stands above its neighbours in dB; (0, 0) where none peaks."""
    hz = np.arange(len(power)) / look.window_seconds
    wanted = harmonic * mains_hz
    distance = np.abs(hz - wanted)
    near = np.flatnonzero(distance <= 0.5 + 0.02 * harmonic)
    peak = int(near[np.argmax(power[near])])
    before, here, after = np.log(power[peak - 1 : peak + 2] + 1e-20)
    bend = before - 2.0 * here + after
    if here < before or here < after or bend >= 0.0:
        return 0.0, 0.0
    found = (peak + 0.5 * (before - after) / bend) / look.window_seconds
    allowed = DRIFT_HZ + DRIFT_PER_HARMONIC_HZ * harmonic + DRIFT_BINS / look.window_seconds
    if abs(found - wanted) > allowed:
        return 0.0, 0.0
    beside = power[(distance >= look.beside_from_hz) & (distance <= BESIDE_HZ)]
    above_db = power_to_db(float(power[peak])) - power_to_db(
        max(float(np.percentile(beside, BESIDE_PERCENTILE)), 1e-20)
    )
    return float(power[peak]), max(0.0, above_db)
