"""Levels by band: octaves, third-octaves (IEC 61260-1 nominal centres), and the bands that ears complain about.

Sibilance is the power of 5 to 10 kHz, where s and sh lie, harshness that of 2 to 5 kHz, where the ear is most
sensitive, each against the power of 200 Hz to 2 kHz: level and loudness do not move them.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from songkit.units import power_to_db

OCTAVES_HZ = (31.5, 63.0, 125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0, 16_000.0)
THIRDS_HZ = (
    20.0, 25.0, 31.5, 40.0, 50.0, 63.0, 80.0, 100.0, 125.0, 160.0, 200.0, 250.0, 315.0, 400.0, 500.0, 630.0, 800.0,
    1000.0, 1250.0, 1600.0, 2000.0, 2500.0, 3150.0, 4000.0, 5000.0, 6300.0, 8000.0, 10_000.0, 12_500.0, 16_000.0,
    20_000.0,
)  # fmt: skip
THIRD_FACTOR = 10.0**0.05  # half of a third-octave of base ten
TILT_RANGE_HZ = (50.0, 16_000.0)
BODY_HZ, HARSH_HZ, SIBILANT_HZ = (200.0, 2000.0), (2000.0, 5000.0), (5000.0, 10_000.0)


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
        return self._levels_db((centre, centre / 2**0.5, centre * 2**0.5) for centre in OCTAVES_HZ)

    def thirds_db(self) -> dict[str, float | None]:
        """Level of each third-octave that begins below the Nyquist frequency; edges about the exact centres."""
        exact = [(centre, 1000.0 * 10.0 ** (round(10.0 * np.log10(centre / 1000.0)) / 10.0)) for centre in THIRDS_HZ]
        return self._levels_db((centre, mid / THIRD_FACTOR, mid * THIRD_FACTOR) for centre, mid in exact)

    def against_body_db(self, band_hz: tuple[float, float]) -> float | None:
        """Level of a band against that of 200 Hz to 2 kHz; None where one is empty or above Nyquist."""
        band, body = self.between(*band_hz), self.between(*BODY_HZ)
        if band <= 0.0 or body <= 0.0 or band_hz[1] > self._nyquist:
            return None
        return power_to_db(band) - power_to_db(body)

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

    def _levels_db(self, bands: Iterable[tuple[float, float, float]]) -> dict[str, float | None]:
        levels: dict[str, float | None] = {}
        for centre, low, high in bands:
            if low < self._nyquist:
                power = self.between(low, high)
                levels[f"{centre:g}"] = power_to_db(power) if power > 0.0 else None
        return levels


def width_bands_db(
    hz: npt.NDArray[np.float64], pair_power: npt.NDArray[np.float64], cross: npt.NDArray[np.float64]
) -> dict[str, float | None]:
    """Side against mid in each octave, from |L|^2 + |R|^2 and Re(L R*) per bin; None where one of them is empty."""
    mid = Density(hz, np.maximum(0.0, pair_power + 2.0 * cross)).octaves_db()
    side = Density(hz, np.maximum(0.0, pair_power - 2.0 * cross)).octaves_db()
    return {
        centre: level - other if (level := side[centre]) is not None and (other := mid[centre]) is not None else None
        for centre in mid
    }
