"""Linkwitz-Riley crossovers of 24 dB per octave whose bands add up to an all-pass: magnitude flat, phase common.

A split at one frequency gives LP + HP = AP (S. Linkwitz, "Active crossover networks for noncoincident drivers",
JAES 24, 1976). With several, each band also goes through the all-passes of the splits that it did not take part in.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from songkit.dsp.filter_design import Sections, butterworth_highpass, butterworth_lowpass
from songkit.dsp.matched import bilinear


def band_sections(crossovers_hz: Sequence[float], sample_rate: int) -> list[Sections]:
    """Sections of each band from the lowest on: one more than there are crossovers, which rise."""
    bands = []
    for band in range(len(crossovers_hz) + 1):
        parts = [np.zeros((0, 5))]
        for index, frequency_hz in enumerate(crossovers_hz):
            if index < band:
                parts += [butterworth_highpass(frequency_hz, 2, sample_rate)] * 2
            elif index == band:
                parts += [butterworth_lowpass(frequency_hz, 2, sample_rate)] * 2
            else:
                parts.append(allpass(frequency_hz, sample_rate))
        bands.append(np.concatenate(parts))
    return bands


def allpass(frequency_hz: float, sample_rate: int) -> Sections:
    """(s^2 - sqrt(2) s + 1) / (s^2 + sqrt(2) s + 1): what a split at that frequency adds up to."""
    unit = math.tan(math.pi * frequency_hz / sample_rate)
    return bilinear((1.0, -math.sqrt(2.0), 1.0), (1.0, math.sqrt(2.0), 1.0), unit)[np.newaxis]


def sum_sections(crossovers_hz: Sequence[float], sample_rate: int) -> Sections:
    """The all-pass that all bands add up to."""
    return np.concatenate([np.zeros((0, 5)), *(allpass(frequency_hz, sample_rate) for frequency_hz in crossovers_hz)])
