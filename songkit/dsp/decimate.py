"""Decimation by a whole factor for looking at low frequencies: windowed-sinc, one output per `factor` inputs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from songkit.audio import Samples
from songkit.dsp.framing import Frames

TAPS_PER_OUTPUT = 8


class Decimator:
    """One channel down by `factor`; flat to about 0.3 of the new rate, aliases into that range 60 dB down."""

    def __init__(self, factor: int) -> None:
        length = TAPS_PER_OUTPUT * factor
        time = (np.arange(length) - (length - 1) / 2) / factor
        taps = np.sinc(0.9 * time) * np.kaiser(length, 5.65)
        self._taps = (taps / taps.sum()).astype(np.float32)
        self._frames = Frames(length, 1, factor)

    def push(self, signal: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Takes `(frames,)`, returns `(frames // factor,)` or so; the filter's delay is not removed."""
        block: Samples = signal[np.newaxis]
        out: npt.NDArray[np.float32] = self._frames.push(block)[:, 0] @ self._taps
        return out
