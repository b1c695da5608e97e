"""Runs of samples that stand still, with the steps that lead in and out of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from songkit.audio import Samples
from songkit.dsp.native import native

COLUMNS = ("start", "length", "level", "step_in", "step_out")


@native("int64(const float32[:,:], float64[:,:], int64, float64, float64, float64, int64, float64[:,:])")
def _find(
    block: Samples,
    state: npt.NDArray[np.float64],
    first: int,
    tolerance: float,
    low: float,
    high: float,
    shortest: int,
    found: npt.NDArray[np.float64],
) -> int:
    """Write the runs that ended in this block; `state` per channel: start, level, step in, last sample."""
    count = 0
    for channel in range(block.shape[0]):
        start, level, step_in, last = state[channel]
        for index in range(block.shape[1]):
            sample = np.float64(block[channel, index])
            if abs(sample - level) > tolerance:
                length = first + index - start
                if length >= shortest and low <= abs(level) <= high and count < found.shape[0]:
                    found[count, 0] = start
                    found[count, 1] = length
                    found[count, 2] = level
                    found[count, 3] = step_in
                    found[count, 4] = abs(sample - last)
                    count += 1
                start = first + index
                step_in = abs(sample - last)
                level = sample
            last = sample
        state[channel, 0] = start
        state[channel, 1] = level
        state[channel, 2] = step_in
        state[channel, 3] = last
    return count


class RunFinder:
    """Finds runs of at least `shortest` samples that stay within `tolerance` of their first one."""

    def __init__(self, channels: int, tolerance: float, shortest: int) -> None:
        self._tolerance = tolerance
        self._shortest = shortest
        self._frames = 0
        # Nothing is as near to infinity as `tolerance`: the first sample begins the first run.
        self._state = np.zeros((channels, 4))
        self._state[:, 1] = np.inf

    def push(self, block: Samples, low: float, high: float) -> npt.NDArray[np.float64]:
        """Rows of COLUMNS (start and length in frames) for the runs that ended, whose level lies in `low` to `high`."""
        found = np.empty((block.size // self._shortest + block.shape[0], len(COLUMNS)))
        count = _find(
            np.ascontiguousarray(block),
            self._state,
            self._frames,
            self._tolerance,
            low,
            high,
            self._shortest,
            found,
        )
        self._frames += block.shape[1]
        return found[:count].copy()
