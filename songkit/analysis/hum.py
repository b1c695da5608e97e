"""Mains hum: steady lines at 50 or 60 Hz and their multiples that stand out of the quiet parts.

What sounds all the time is what remains in the quieter quarter of all 4 s spectra, taken for each frequency by itself:
notes come and go, hum stays. A line counts when it stands 10 dB above its neighbours; hum is two lines and more of one
series, or one that stands 20 dB above.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from songkit.audio import Format, Samples
from songkit.dsp.decimate import Decimator
from songkit.dsp.framing import Frames
from songkit.units import power_to_db

WINDOW_SECONDS = 4.0
LEAST_SECONDS = 10.0
LEAST_RATE = 2000
QUIET_PERCENTILE = 25.0
MAINS_HZ = (50.0, 60.0)
HARMONICS = 8
LINE_DB, LONE_LINE_DB = 10.0, 20.0
QUIETEST_DBFS = -80.0
MOST_SPECTRA = 512


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
        length = round(WINDOW_SECONDS * self._rate)
        self._decimator = Decimator(factor)
        self._frames = Frames(length, 1, length // 2)
        self._window = np.hanning(length).astype(np.float32)
        self._spectra: list[npt.NDArray[np.float32]] = []
        self._every = 1
        self._seen = 0

    def push(self, block: Samples) -> None:
        mono = block[0] if block.shape[0] == 1 else block.mean(axis=0)
        for frame in self._frames.push(self._decimator.push(mono)[np.newaxis])[:, 0]:
            if self._seen % self._every == 0:
                self._spectra.append(self._spectrum(frame))
            self._seen += 1
            if len(self._spectra) > MOST_SPECTRA:
                self._spectra = self._spectra[::2]
                self._every *= 2

    def result(self) -> Hum:
        if len(self._spectra) * WINDOW_SECONDS / 2 + WINDOW_SECONDS / 2 < LEAST_SECONDS - WINDOW_SECONDS / 2:
            return Hum(reason=f"needs {LEAST_SECONDS:g} s")
        steady = np.percentile(np.stack(self._spectra).astype(np.float64), QUIET_PERCENTILE, axis=0)
        hz = np.arange(len(steady)) / WINDOW_SECONDS
        best = Hum()
        for mains in MAINS_HZ:
            found = _series(steady, hz, mains)
            if found.above_db is not None and found.above_db > (best.above_db or 0.0):
                best = found
        return best

    def _spectrum(self, frame: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Mean square of a line in each bin, up to the highest harmonic."""
        bins = round((MAINS_HZ[-1] * HARMONICS + 20.0) * WINDOW_SECONDS)
        magnitude = np.abs(np.fft.rfft(frame * self._window))[:bins]
        power: npt.NDArray[np.float32] = (2.0 * (magnitude / self._window.sum()) ** 2).astype(np.float32)
        return power


def _series(steady: npt.NDArray[np.float64], hz: npt.NDArray[np.float64], mains_hz: float) -> Hum:
    """The lines of one mains frequency in the steady spectrum."""
    lines = []
    for harmonic in range(1, HARMONICS + 1):
        distance = np.abs(hz - harmonic * mains_hz)
        # A Hann window spreads a line over two bins to each side.
        line = float(steady[distance <= 0.5].max())
        beside = float(np.median(steady[(distance >= 2.0) & (distance <= 8.0)]))
        above_db = power_to_db(line) - power_to_db(max(beside, 1e-20))
        peak_here = line >= float(steady[(distance > 0.5) & (distance <= 2.0)].max())
        if line > 0.0 and above_db >= LINE_DB and peak_here:
            lines.append((line, above_db))
    if not lines:
        return Hum()
    level_dbfs = power_to_db(sum(line for line, _ in lines))
    above_db = max(above for _, above in lines)
    if level_dbfs < QUIETEST_DBFS or (len(lines) < 2 and above_db < LONE_LINE_DB):
        return Hum()
    return Hum(mains_hz, level_dbfs, above_db)
