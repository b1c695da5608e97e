"""Filters of minimum phase from a magnitude, by the folded real cepstrum (Oppenheim and Schafer)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_LOWEST_GAIN = 1e-6  # -120 dB: the logarithm of nothing has no cepstrum


def minimum_phase(response: Floats, taps: int) -> Floats:
    """FIR `(taps,)` of a real response from 0 to half the rate, both included; its outer half is faded out."""
    logarithm = np.log(np.maximum(response, _LOWEST_GAIN))
    cepstrum = np.fft.irfft(logarithm)
    half = len(cepstrum) // 2
    cepstrum[1:half] *= 2.0
    cepstrum[half + 1 :] = 0.0
    kernel = np.fft.irfft(np.exp(np.fft.rfft(cepstrum)))[:taps]
    time = np.arange(taps) / taps
    return np.asarray(kernel * (0.5 + 0.5 * np.cos(np.pi * np.clip(2.0 * time - 1.0, 0.0, 1.0))))
