"""The tops of a wave: how high each is, and how wide in its upper part."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from songkit.audio import Samples
from songkit.dsp.native import native

COLUMNS = ("height", "upper_samples", "whole_samples")
WHOLE, UPPER = 0.8, 0.92  # of a top's own height
LONGEST = 4096  # samples; what is longer is no wave that is heard


@native("int64(const float32[:,:], float64[:,:], float64[:,:], float64[:,:])")
def _find(
    block: Samples,
    state: npt.NDArray[np.float64],
    open_tops: npt.NDArray[np.float64],
    found: npt.NDArray[np.float64],
) -> int:
    """Write the tops that ended.

    `state` per channel: the last two samples, the peak so far, and how many samples of a top stand in its row.
    """
    count = 0
    for channel in range(block.shape[0]):
        before, last, peak, held = state[channel]
        length = int(held)
        for index in range(block.shape[1]):
            sample = np.float64(block[channel, index])
            level = abs(0.25 * before + 0.5 * last + 0.25 * sample)
            before = last
            last = sample
            peak = max(peak, level)
            if level > 0.5 * peak:
                if length < open_tops.shape[1]:
                    open_tops[channel, length] = level
                    length += 1
            elif length > 0:
                if length < open_tops.shape[1] and count < found.shape[0]:
                    height = 0.0
                    for place in range(length):
                        height = max(height, open_tops[channel, place])
                    upper = 0
                    whole = 0
                    for place in range(length):
                        if open_tops[channel, place] >= UPPER * height:
                            upper += 1
                        if open_tops[channel, place] >= WHOLE * height:
                            whole += 1
                    found[count, 0] = height
                    found[count, 1] = upper
                    found[count, 2] = whole
                    count += 1
                length = 0
        state[channel, 0] = before
        state[channel, 1] = last
        state[channel, 2] = peak
        state[channel, 3] = length
    return count


class TopFinder:
    """Finds the stretches of each channel above half of its peak so far, seen through a [1 2 1] / 4 smoothing.

    The smoothing takes away the ripple that a codec leaves on a top, and hardly anything below 8 kHz.
    """

    def __init__(self, channels: int) -> None:
        self._state = np.zeros((channels, 4))
        self._open = np.zeros((channels, LONGEST))

    def push(self, block: Samples) -> npt.NDArray[np.float64]:
        """Rows of COLUMNS for the tops that ended."""
        found = np.empty((block.size // 2 + block.shape[0], len(COLUMNS)))
        count = _find(np.ascontiguousarray(block), self._state, self._open, found)
        return found[:count]
