"""What an equaliser must do so that one long-term spectrum comes near others: curves of mid and side.

1. Per reference and part, the difference of the levels in bands `smoothing_octaves` wide, on a grid of twelfth octaves.
2. Weighted mean of the differences over the references, in dB; smoothed once more over the same width.
3. The level difference is taken out: an offset is found with which the limited curve, times its strength, keeps the
   K-weighted energy of the part. So a louder reference does not make louder, and the limit holds for what is applied.
4. Width: the side as a whole moves towards the references' ratio of side to mid; the energy of both is kept.

Bands that one of the spectra does not have (above its cut-off or half its rate, or 80 dB below its strongest band)
take the value of the nearest band that both have: the hole of a lossy codec is no tone to be matched.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from songkit.dsp.long_term import Spectrum, band_powers

Floats = npt.NDArray[np.float64]

BANDS_PER_OCTAVE = 12
LOWEST_HZ, HIGHEST_HZ = 20.0, 20_000.0
FLOOR_DB = 80.0
# A side that far below the mid is rounding and dither, not width.
NO_SIDE_DB = 60.0
_BISECTIONS = 40


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """A spectrum to come near to; `cutoff_hz` is where a codec cut it, None without evidence of that."""

    spectrum: Spectrum
    cutoff_hz: float | None
    weight: float


@dataclass(frozen=True, slots=True)
class Strength:
    """How much of the difference is made up for (0 to 1), how finely, and how far at most."""

    spectrum: float
    width: float
    smoothing_octaves: float
    limit_db: float


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Gains in dB at `frequencies_hz`; `side_db` is None without a side, `width_db` what the side as a whole moved."""

    frequencies_hz: Floats
    mid_db: Floats
    side_db: Floats | None
    width_db: float


def curves(own: Reference, references: Sequence[Reference], strength: Strength, weighting: Floats) -> Curves:
    """The curves for `own`; `weighting` is the power gain of the K-weighting in each of its bins."""
    rate = own.spectrum.sample_rate
    centres = grid(rate)
    weighted = _Energies(own.spectrum, centres, weighting)
    mid_db = _part_curve(own, references, centres, strength, weighted.mid, lambda spectrum: spectrum.mid)
    if own.spectrum.side is None:
        return Curves(centres, mid_db, None, 0.0)
    sided = [each for each in references if _has_side(each.spectrum)]
    if not _has_side(own.spectrum) or not sided:
        return Curves(centres, mid_db, mid_db, 0.0)
    side_db = _part_curve(own, sided, centres, strength, weighted.side, _side)
    plain = _Energies(own.spectrum, centres, np.ones(len(own.spectrum.mid)))
    width_now_db = _db(_energy(plain.side, side_db)) - _db(_energy(plain.mid, mid_db))
    wanted_db = np.average([_width_db(each.spectrum) for each in sided], weights=[each.weight for each in sided])
    width_db = strength.width * float(np.clip(wanted_db - width_now_db, -strength.limit_db, strength.limit_db))
    before = float(np.sum(weighted.mid) + np.sum(weighted.side))
    after = _energy(weighted.mid, mid_db) + _energy(weighted.side, side_db + width_db)
    level_db = _db(before) - _db(after)
    return Curves(centres, mid_db + level_db, side_db + width_db + level_db, width_db)


def grid(sample_rate: int) -> Floats:
    """Centres of twelfth octaves from 20 Hz to 20 kHz, as far as half the sample rate goes."""
    top = min(HIGHEST_HZ, 0.95 * sample_rate / 2)
    return np.asarray(
        LOWEST_HZ * 2.0 ** (np.arange(0.0, math.log2(top / LOWEST_HZ) * BANDS_PER_OCTAVE) / BANDS_PER_OCTAVE)
    )


def response(curve_hz: Floats, curve_db: Floats, points: int, sample_rate: int) -> Floats:
    """The curve as gains at `points` frequencies from 0 to half the rate, both included; its ends are held."""
    hz = np.linspace(0.0, sample_rate / 2, points)
    return np.asarray(10.0 ** (np.interp(np.log2(np.maximum(hz, 1.0)), np.log2(curve_hz), curve_db) / 20.0))


class _Energies:
    """Energy of mid and side in bands that lie side by side and leave nothing out."""

    def __init__(self, spectrum: Spectrum, centres: Floats, weighting: Floats) -> None:
        edges = np.concatenate([[0.0], np.sqrt(centres[1:] * centres[:-1]), [float(spectrum.sample_rate)]])

        def energies(power: Floats) -> Floats:
            return band_powers(power * weighting, spectrum.sample_rate, edges[:-1], edges[1:])

        self.mid = energies(spectrum.mid)
        self.side = energies(spectrum.side) if spectrum.side is not None else np.zeros(len(centres))


def _part_curve(
    own: Reference,
    references: Sequence[Reference],
    centres: Floats,
    strength: Strength,
    energies: Floats,
    part: Callable[[Spectrum], Floats],
) -> Floats:
    differences = []
    own_db = _levels_db(own, part, centres, strength.smoothing_octaves)
    for each in references:
        difference = _levels_db(each, part, centres, strength.smoothing_octaves) - own_db
        known = np.isfinite(difference)
        if not known.any():  # nothing in common, a bass and a whistle: there is nothing to learn
            return np.zeros(len(centres))
        held = np.interp(np.log2(centres), np.log2(centres[known]), difference[known])
        differences.append(held - np.average(held, weights=energies + np.finfo(float).tiny))
    mean = np.average(differences, axis=0, weights=[each.weight for each in references])
    return _levelled(_smoothed(np.asarray(mean), strength.smoothing_octaves), strength, energies)


def _levels_db(source: Reference, part: Callable[[Spectrum], Floats], centres: Floats, octaves: float) -> Floats:
    """Level of each band in dB; NaN where the spectrum has none."""
    spectrum, half = source.spectrum, 2.0 ** (octaves / 2.0)
    powers = band_powers(part(spectrum), spectrum.sample_rate, centres / half, centres * half)
    top_hz = min(spectrum.sample_rate / 2, source.cutoff_hz or np.inf)
    there = (powers > powers.max(initial=0.0) * 10.0 ** (-FLOOR_DB / 10.0)) & (centres * half <= top_hz)
    return np.asarray(np.where(there, 10.0 * np.log10(np.where(there, powers, 1.0)), np.nan))


def _smoothed(curve_db: Floats, octaves: float) -> Floats:
    """Mean over the bands within half the width to both sides; the ends are held."""
    reach = round(octaves * BANDS_PER_OCTAVE / 2.0)
    padded = np.pad(curve_db, reach, mode="edge")
    return np.convolve(padded, np.full(2 * reach + 1, 1.0 / (2 * reach + 1)), "valid")


def _levelled(difference_db: Floats, strength: Strength, energies: Floats) -> Floats:
    """The limited curve, times its strength, with the offset that keeps the energy."""

    def applied(offset_db: float) -> Floats:
        limited = np.clip(difference_db - offset_db, -strength.limit_db, strength.limit_db)
        return np.asarray(strength.spectrum * limited)

    low, high = float(difference_db.min()), float(difference_db.max())
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2.0
        if _energy(energies, applied(middle)) > float(np.sum(energies)):
            low = middle
        else:
            high = middle
    return applied((low + high) / 2.0)


def _energy(energies: Floats, gains_db: Floats) -> float:
    return float(np.sum(energies * 10.0 ** (gains_db / 10.0)))


def _db(power: float) -> float:
    return 10.0 * math.log10(power) if power > 0.0 else -math.inf


def _side(spectrum: Spectrum) -> Floats:
    return np.zeros_like(spectrum.mid) if spectrum.side is None else spectrum.side


def _width_db(spectrum: Spectrum) -> float:
    """Side to mid in dB, both over all frequencies."""
    return _db(float(np.sum(_side(spectrum)))) - _db(float(np.sum(spectrum.mid)))


def _has_side(spectrum: Spectrum) -> bool:
    return bool(spectrum.mid.any()) and _width_db(spectrum) > -NO_SIDE_DB
