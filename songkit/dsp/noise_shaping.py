"""Rounding errors moved to where the ear is deaf: error feedback through a filter with the threshold of hearing.

    y = round(v + dither)     v = x + a1 e[n-1] + ... + aN e[n-N]     e = y - v     so that     y = x + (A * e)

A is monic and minimum phase: what it takes away around 3 kHz comes back elsewhere, with the mean of its decibels at
zero (Gerzon and Craven, "Optimal noise shaping and dither of digital signals", AES preprint 2822, 1989). Linear
prediction finds it from the inverse of the threshold (Terhardt, "Calculating virtual pitch", Hearing Research 1, 1979).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from songkit.audio import Samples
from songkit.dsp.native import native

ORDER = 10
# The threshold above 14 kHz would let noise grow without bound; so much above its lowest point it ends.
MOST_DB = 34.0
LONGEST_HZ = 20_000.0

_POINTS = 2048
_MAX_ERROR = 1.5  # rounding and triangular dither, in steps


def shaping_filter(sample_rate: int) -> npt.NDArray[np.float64]:
    """`a1 ... aN` for a rate."""
    khz = np.clip(np.linspace(0.0, sample_rate / 2, _POINTS), 50.0, LONGEST_HZ) / 1000
    threshold_db = 3.64 * khz**-0.8 - 6.5 * np.exp(-0.6 * (khz - 3.3) ** 2) + 1e-3 * khz**4
    threshold_db = np.minimum(threshold_db, threshold_db.min() + MOST_DB)
    correlation = np.fft.irfft(10.0 ** (-threshold_db / 10))[: ORDER + 1]
    rows = np.abs(np.arange(ORDER)[:, np.newaxis] - np.arange(ORDER))
    return -np.linalg.solve(correlation[rows], correlation[1:])


def reach_steps(coefficients: npt.NDArray[np.float64]) -> float:
    """The most that a sample can move, in steps of the grid."""
    return _MAX_ERROR * (1.0 + float(np.abs(coefficients).sum()))


@native("void(const float32[:,:], const float32[:,:], const float64[:], float64[:,:], float64, float32[:,:])")
def _shape(
    block: Samples,
    dither: Samples,
    coefficients: npt.NDArray[np.float64],
    errors: npt.NDArray[np.float64],
    scale: float,
    out: Samples,
) -> None:  # pragma: no cover (compiled)
    """Round to the grid; `errors` is `(channels, order)`, the newest first, `dither` `(channels, frames)` in steps."""
    order = coefficients.shape[0]
    for channel in range(block.shape[0]):
        for frame in range(block.shape[1]):
            x = np.float64(block[channel, frame]) * scale
            v = x
            for tap in range(order):
                v += coefficients[tap] * errors[channel, tap]
            y = np.rint(v + dither[channel, frame])
            if -scale <= np.rint(x) <= scale - 1.0:  # what fits the grid still fits it with its noise
                y = min(max(y, -scale), scale - 1.0)
            for tap in range(order - 1, 0, -1):
                errors[channel, tap] = errors[channel, tap - 1]
            errors[channel, 0] = min(max(y - v, -_MAX_ERROR), _MAX_ERROR)
            out[channel, frame] = y / scale


class NoiseShaper:
    """Rounds blocks to the grid of `scale` steps, its errors shaped."""

    def __init__(self, sample_rate: int, channels: int, scale: float) -> None:
        self._coefficients = shaping_filter(sample_rate)
        self._errors = np.zeros((channels, ORDER))
        self._scale = scale

    def round(self, block: Samples, dither: Samples) -> Samples:
        """`block` on the grid; `dither` is of its shape, in steps."""
        out = np.empty_like(block, order="C")
        _shape(
            np.ascontiguousarray(block),
            np.ascontiguousarray(dither, np.float32),
            self._coefficients,
            self._errors,
            self._scale,
            out,
        )
        return out
