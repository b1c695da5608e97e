"""Lost samples from those around them: the values with which linear prediction fits best.

A. J. E. M. Janssen, R. N. J. Veldhuis, L. B. Vries, "Adaptive interpolation of discrete-time signals that can be
modeled as autoregressive processes", IEEE Trans. ASSP 34 (1986): the predictor is fitted to the window, the lost
samples to the predictor, and again. With c the autocorrelation of the predictor's taps, the error is least where
    sum over lost j of c(|i - j|) x_j  =  - sum over kept k of c(|i - k|) x_k     for each lost i,
a banded system, as c ends at the predictor's order. A lost sample may be known to lie between two bounds (a clipped
one does): what falls outside is set on its bound, and the others are solved once more.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from songkit.dsp.native import native

Floats = npt.NDArray[np.float64]

ORDER = 64
_SETTLINGS = 4  # solutions in which more and more samples stand on their bounds


def predictor(window: Floats, shape: Floats, taps: Floats) -> None:
    """Prediction error filter `taps` (the first is 1) of a window, by autocorrelation (Levinson and Durbin)."""
    _predict(window * shape, np.zeros(len(taps)), taps)


@native("void(const float64[:], float64[:], float64[:])", frozenset({"contract", "reassoc", "nsz"}))
def _predict(tapered: Floats, correlation: Floats, taps: Floats) -> None:  # pragma: no cover (compiled)
    order = len(taps) - 1
    for lag in range(order + 1):
        total = 0.0
        for index in range(len(tapered) - lag):
            total += tapered[index] * tapered[index + lag]
        correlation[lag] = total
    for index in range(order + 1):
        taps[index] = 0.0
    taps[0] = 1.0
    error = correlation[0] * (1.0 + 1e-9)  # a floor of -90 dB: a pure tone stays solvable
    for step in range(1, order + 1):
        if error <= correlation[0] * 1e-12:
            return
        total = correlation[step]
        for index in range(1, step):
            total += taps[index] * correlation[step - index]
        reflection = -total / error
        for index in range(1, step // 2 + 1):
            a, b = taps[index], taps[step - index]
            taps[index] = a + reflection * b
            taps[step - index] = b + reflection * a
        taps[step] = reflection
        error *= 1.0 - reflection * reflection


def _solve(window: Floats, lost: npt.NDArray[np.int8], taps: Floats) -> None:
    """Puts the best values where `lost` is 1."""
    at = np.flatnonzero(lost)
    band = np.zeros((len(at), len(taps)))  # row i: factors of i with i, i - 1, i - 2, ... of the lost
    _solve_band(window, lost, at, taps, np.zeros(len(taps)), band, np.zeros(len(at)))


@native("void(float64[:], const int8[:], const int64[:], const float64[:], float64[:], float64[:,:], float64[:])")
def _solve_band(
    window: Floats,
    lost: npt.NDArray[np.int8],
    at: npt.NDArray[np.int64],
    taps: Floats,
    weights: Floats,
    band: Floats,
    values: Floats,
) -> None:  # pragma: no cover (compiled)
    """A Cholesky factorisation of the band; `weights`, `band` and `values` come in as zeros."""
    order = len(taps) - 1
    for lag in range(order + 1):
        for index in range(order + 1 - lag):
            weights[lag] += taps[index] * taps[index + lag]
    for i in range(len(at)):
        here = at[i]
        for k in range(max(0, here - order), min(len(window), here + order + 1)):
            if lost[k] == 0:
                values[i] -= weights[abs(here - k)] * window[k]
        for back in range(min(i, order), -1, -1):
            j = i - back
            distance = here - at[j]
            total = weights[distance] if distance <= order else 0.0
            if back == 0:
                total *= 1.0 + 1e-9
            for k in range(max(0, i - order), j):
                if j - k <= order:
                    total -= band[i, i - k] * band[j, j - k]
            band[i, back] = np.sqrt(max(total, 1e-12)) if back == 0 else total / band[j, 0]
    for i in range(len(at)):
        for back in range(1, min(i, order) + 1):
            values[i] -= band[i, back] * values[i - back]
        values[i] /= band[i, 0]
    for i in range(len(at) - 1, -1, -1):
        for ahead in range(1, min(len(at) - 1 - i, order) + 1):
            values[i] -= band[i + ahead, ahead] * values[i + ahead]
        values[i] /= band[i, 0]
    for i in range(len(at)):
        window[at[i]] = values[i]


def interpolate(window: Floats, lost: npt.NDArray[np.bool_], *, rounds: int) -> None:
    """Replaces the lost samples of a window in place; what stands there is the first guess.

    Good for some stretches of ten samples and more; what is lost for longer comes back weaker than it was.
    """
    taps, shape, marks = np.empty(ORDER + 1), np.hanning(len(window)), lost.astype(np.int8)
    for _ in range(rounds):
        predictor(window, shape, taps)
        _solve(window, marks, taps)


def interpolate_beyond(
    window: Floats, lost: npt.NDArray[np.bool_], bounds: Floats, *, most: float, rounds: int
) -> None:
    """Like `interpolate`, where each lost sample lies at or beyond its bound, at most `most` times as far from zero."""
    taps, shape = np.empty(ORDER + 1), np.hanning(len(window))
    side, least = np.sign(bounds), np.abs(bounds)
    for _ in range(rounds):
        predictor(window, shape, taps)
        marks = lost.astype(np.int8)
        for _ in range(_SETTLINGS):
            _solve(window, marks, taps)
            outside = lost & ((side * window < least) | (side * window > most * least))
            if not outside.any():
                break
            window[outside] = (side * np.clip(side * window, least, most * least))[outside]
            marks[outside] = 0
        window[lost] = (side * np.clip(side * window, least, most * least))[lost]
