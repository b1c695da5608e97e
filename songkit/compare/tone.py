"""How the tone of two long-term spectra differs, in third octaves."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from songkit.compare.result import Curve

if TYPE_CHECKING:
    from songkit.dsp.long_term import Spectrum

Floats = npt.NDArray[np.float64]

LOWEST_HZ, HIGHEST_HZ = 25.0, 20_000.0
FLOOR_DB = 80.0  # a band that far below the strongest one holds nothing to compare


def tone(before: Spectrum, after: Spectrum) -> tuple[float | None, Curve | None]:
    """The gain that most third octaves share (their median), and what each of them adds to it."""
    top = min(HIGHEST_HZ, 0.45 * before.sample_rate)
    steps = np.arange(math.ceil(3 * math.log2(LOWEST_HZ / 1000)), math.floor(3 * math.log2(top / 1000)) + 1)
    centres = 1000.0 * 2.0 ** (steps / 3.0)
    first, second = _levels(before, centres), _levels(after, centres)
    there = _above_floor(first) & _above_floor(second)
    if not there.any():
        return None, None
    difference_db = 10.0 * np.log10(np.where(there, second, 1.0) / np.where(there, first, 1.0))
    gain_db = float(np.median(difference_db[there]))
    beyond_db = difference_db - gain_db
    gains = tuple(float(value) if known else None for value, known in zip(beyond_db, there, strict=True))
    return gain_db, Curve(tuple(round(float(hz), 1) for hz in centres), gains)


def _levels(spectrum: Spectrum, centres: Floats) -> Floats:
    from songkit.dsp.long_term import band_powers

    power = spectrum.mid if spectrum.side is None else spectrum.mid + spectrum.side
    half = 2.0 ** (1.0 / 6.0)
    return band_powers(power, spectrum.sample_rate, centres / half, centres * half)


def _above_floor(levels: Floats) -> npt.NDArray[np.bool_]:
    return np.asarray(levels > levels.max(initial=0.0) * 10.0 ** (-FLOOR_DB / 10.0))
