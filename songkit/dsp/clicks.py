"""Clicks: samples that linear prediction did not expect, alone in their neighbourhood.

Every window of 4096 samples is predicted from itself (order 16, autocorrelation method); music follows the prediction,
an impulse does not. What tells a click from a drum is that the error is over at once, and from the edges of a bass
waveform that it does not come again.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit, types

WINDOW = 4096
CORE = 2048
ORDER = 16
ABOVE_MEAN = 10.0  # times the mean prediction error without its outliers (Gaussian noise reaches 6)
ABOVE_RMS = 1.2  # times the signal's RMS nearby: a click is loud, a corner in a quiet wave is not
LEAST = 2e-3
NEAR, FAR = 48, 440  # samples: about 1 and 10 ms
ALONE = 0.4
ONSET = 3.0  # times the error before: what stays louder afterwards was the beginning of a sound
MOST_ALIKE = 3  # peaks of half the height and more in the window

_SIGNATURE = types.int64(types.Array(types.float32, 1, "C", readonly=True), types.float64[::1], types.int64[::1])


@njit(_SIGNATURE, cache=True, fastmath={"contract", "reassoc", "nsz"})
def find_clicks(window: npt.NDArray[np.float32], shape: npt.NDArray[np.float64], found: npt.NDArray[np.int64]) -> int:
    """Positions of clicks in the middle CORE samples of a window; `shape` is a Hann window of WINDOW values."""
    tapered = np.empty(WINDOW, np.float32)
    for index in range(WINDOW):
        tapered[index] = window[index] * shape[index]
    correlation = np.zeros(ORDER + 1)
    for lag in range(ORDER + 1):
        product = np.float32(0.0)
        for index in range(WINDOW - lag):
            product += tapered[index] * tapered[index + lag]
        correlation[lag] = product
    if correlation[0] < 1e-6:
        return 0
    # Levinson and Durbin, with a floor of 90 dB under the signal so that a pure tone stays solvable.
    error = correlation[0] * (1.0 + 1e-9)
    taps = np.zeros(ORDER + 1)
    taps[0] = 1.0
    for order in range(1, ORDER + 1):
        total = correlation[order]
        for index in range(1, order):
            total += taps[index] * correlation[order - index]
        reflection = -total / error
        for index in range(1, order // 2 + 1):
            a, b = taps[index], taps[order - index]
            taps[index] = a + reflection * b
            taps[order - index] = b + reflection * a
        taps[order] = reflection
        error *= 1.0 - reflection * reflection
        if error <= correlation[0] * 1e-12:
            break
    residual = np.zeros(WINDOW, np.float32)
    for tap in range(ORDER + 1):
        weight = np.float32(taps[tap])
        for index in range(ORDER, WINDOW):
            residual[index] += weight * window[index - tap]
    mean = 0.0
    for index in range(WINDOW):
        residual[index] = abs(residual[index])
        mean += float(residual[index]) / WINDOW
    kept, total = 0, 0.0
    for index in range(WINDOW):
        if residual[index] < 4.0 * mean:
            total += residual[index]
            kept += 1
    limit = max(LEAST, ABOVE_MEAN * total / max(1, kept))
    count = 0
    index = (WINDOW - CORE) // 2
    end = index + CORE
    while index < end:
        if residual[index] < limit:
            index += 1
            continue
        peak_at = index
        for near in range(max(ORDER, index - NEAR), min(WINDOW, index + NEAR)):
            if residual[near] > residual[peak_at]:
                peak_at = near
        height = residual[peak_at]
        around, frames = 0.0, 0
        before, after = 1e-12, 1e-12
        loudest = np.float32(0.0)
        for far in range(max(ORDER, peak_at - FAR), min(WINDOW, peak_at + FAR)):
            if abs(far - peak_at) > NEAR:
                loudest = max(loudest, residual[far])
                if far < peak_at:
                    before += residual[far] * residual[far]
                else:
                    after += residual[far] * residual[far]
                around += window[far] * window[far]
                frames += 1
        alike = 0
        far = ORDER
        while far < WINDOW:
            if residual[far] > 0.5 * height:
                alike += 1
                far += NEAR
            far += 1
        if (
            loudest < ALONE * height
            and (loudest < ALONE / 2 * height or after < ONSET * ONSET * before)
            and alike <= MOST_ALIKE
            and height > ABOVE_RMS * np.sqrt(around / max(1, frames))
            and (WINDOW - CORE) // 2 <= peak_at < end
            and count < found.shape[0]
        ):
            found[count] = peak_at
            count += 1
        index = max(index, peak_at) + NEAR
    return count
