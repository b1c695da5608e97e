"""Coefficients of the filters: Butterworth passes, bells, shelves, tilts, notches as second-order sections.

A design is an array `(sections, 5)` of rows `b0 b1 b2 a1 a2` (a0 is 1); no rows are the identity. Nothing here needs
scipy, whose import costs a second. Frequencies lie between 0 and half the sample rate.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from songkit.dsp.matched import Prototype, bilinear, matched_section

Sections = npt.NDArray[np.float64]


def butterworth_lowpass(cutoff_hz: float, order: int, sample_rate: int) -> Sections:
    """Low-pass of 6 dB per octave and order, -3.01 dB at `cutoff_hz` (bilinear transform, warped to the cut-off)."""
    return _butterworth(cutoff_hz, order, sample_rate, highpass=False)


def butterworth_highpass(cutoff_hz: float, order: int, sample_rate: int) -> Sections:
    """High-pass of 6 dB per octave and order, -3.01 dB at `cutoff_hz` (bilinear transform, warped to the cut-off)."""
    return _butterworth(cutoff_hz, order, sample_rate, highpass=True)


def _butterworth(cutoff_hz: float, order: int, sample_rate: int, *, highpass: bool) -> Sections:
    unit = math.tan(math.pi * cutoff_hz / sample_rate)
    rows = []
    if order % 2:
        rows.append(_first_order(unit, highpass=highpass))
    for pair in range(order // 2):
        # Poles on the unit circle at angles (2k + 1) pi / 2n: s^2 + 2 sin(angle) s + 1.
        damping = 2.0 * math.sin(math.pi * (2 * pair + 1) / (2 * order))
        rows.append(bilinear((1.0, 0.0, 0.0) if highpass else (0.0, 0.0, 1.0), (1.0, damping, 1.0), unit))
    return np.array(rows)


def _first_order(unit: float, *, highpass: bool) -> Sections:
    """s / (s + 1) or 1 / (s + 1); as a second-order transform it would leave a pole on the unit circle."""
    numerator = [1.0, -1.0, 0.0] if highpass else [unit, unit, 0.0]
    return np.array([*numerator, unit - 1.0, 0.0]) / (1.0 + unit)


def notch(frequency_hz: float, q: float, sample_rate: int) -> Sections:
    """Zero at `frequency_hz`, -3.01 dB over a bandwidth of `frequency_hz / q` (bilinear transform)."""
    unit = math.tan(math.pi * frequency_hz / sample_rate)
    return bilinear((1.0, 0.0, 1.0), (1.0, 1.0 / q, 1.0), unit)[np.newaxis]


def bell(frequency_hz: float, gain_db: float, q: float, sample_rate: int) -> Sections:
    """(s^2 + s A/Q + 1) / (s^2 + s/(A Q) + 1), A = 10^(gain/40): half the gain in dB over `frequency_hz / q`, about."""
    return _matched(bell_prototype(abs(gain_db), q), frequency_hz, gain_db, sample_rate)


def low_shelf(frequency_hz: float, gain_db: float, q: float, sample_rate: int) -> Sections:
    """`gain_db` below, 0 dB above, half of it at `frequency_hz`; maximally steep without overshoot at q = 0.7071."""
    return _matched(low_shelf_prototype(abs(gain_db), q), frequency_hz, gain_db, sample_rate)


def high_shelf(frequency_hz: float, gain_db: float, q: float, sample_rate: int) -> Sections:
    """`gain_db` above, 0 dB below, half of it at `frequency_hz`; maximally steep without overshoot at q = 0.7071."""
    return _matched(high_shelf_prototype(abs(gain_db), q), frequency_hz, gain_db, sample_rate)


def tilt(frequency_hz: float, gain_db: float, sample_rate: int) -> Sections:
    """-gain/2 in the lows, +gain/2 in the highs, 0 dB at `frequency_hz`; first order."""
    return _matched(tilt_prototype(abs(gain_db)), frequency_hz, gain_db, sample_rate)


# The analogue prototypes are those of R. Bristow-Johnson's "Cookbook formulae for audio EQ biquad filter coefficients".


def bell_prototype(gain_db: float, q: float) -> Prototype:
    a = 10.0 ** (gain_db / 40.0)
    return Prototype((1.0, a / q, 1.0), (1.0, 1.0 / (a * q), 1.0))


def low_shelf_prototype(gain_db: float, q: float) -> Prototype:
    a = 10.0 ** (gain_db / 40.0)
    return Prototype((a, a * math.sqrt(a) / q, a * a), (a, math.sqrt(a) / q, 1.0))


def high_shelf_prototype(gain_db: float, q: float) -> Prototype:
    a = 10.0 ** (gain_db / 40.0)
    return Prototype((a * a, a * math.sqrt(a) / q, a), (1.0, math.sqrt(a) / q, a))


def tilt_prototype(gain_db: float) -> Prototype:
    """(A s + 1) / (s + A) with a factor (s + 1) above and below, which gives the fit its second order."""
    a = 10.0 ** (gain_db / 40.0)
    return Prototype((a, a + 1.0, 1.0), (1.0, a + 1.0, a))


def _matched(boost: Prototype, frequency_hz: float, gain_db: float, sample_rate: int) -> Sections:
    """The boost fitted; a cut is its exact mirror image, numerator and denominator exchanged."""
    if gain_db == 0.0:
        return np.zeros((0, 5))
    section = matched_section(boost, frequency_hz, sample_rate)
    if gain_db < 0.0:
        b0, b1, b2, a1, a2 = section
        section = np.array([1.0, a1, a2, b1, b2]) / b0
    return section[np.newaxis]
