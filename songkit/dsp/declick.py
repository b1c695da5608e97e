"""Clicks are cut out and the gap is filled by linear prediction; where there are none, every bit stays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from songkit.audio import Samples
from songkit.dsp.clicks import CORE, WINDOW, find_clicks
from songkit.dsp.healing import Healing
from songkit.dsp.interpolation import ORDER, interpolate, predictor

Floats = npt.NDArray[np.float64]

MARGIN = (WINDOW - CORE) // 2
REACH = 64  # samples around its peak in which a click may begin and end
CUT_SECONDS = 0.005  # a programme that begins or ends in full swing was cut: that is no click
MOST_PER_WINDOW = 32
ABOVE_NOISE = 4.0  # times the spread of the prediction error: what stands out belongs to the click
BEFORE, AFTER = 2, 2  # samples more on both sides: one bad neighbour would be carried all through the gap
OF_PEAK = 0.02  # ... and reaches this share of its height
ROUNDS = 3


class Declicker:
    """Finds clicks as analysis does, each channel for itself."""

    def __init__(self, sample_rate: int, channels: int) -> None:
        self._shape = np.hanning(WINDOW)
        self._found = np.empty(MOST_PER_WINDOW, np.int64)
        self._cut = round(CUT_SECONDS * sample_rate)
        self._healing = Healing(channels, self._mend, length=WINDOW, margin=MARGIN, slack=REACH)
        self.push, self.finish = self._healing.push, self._healing.finish
        self._clicks = self._samples = 0

    def facts(self) -> dict[str, int]:
        """Clicks removed, counted in every channel, and the samples that were filled in."""
        return {"clicks": self._clicks, "filled_samples": self._samples}

    def _mend(self, window: Samples, channel: int, first_frame: int) -> None:
        count = find_clicks(window, self._shape, self._found)
        clicks = [int(at) for at in self._found[:count] if first_frame + at >= self._cut]
        if not clicks:
            return
        values = window.astype(np.float64)
        lost = np.zeros(WINDOW, np.bool_)
        for begin, end in _extents(values, clicks, self._shape):
            lost[begin:end] = True
            values[begin:end] = np.linspace(values[begin - 1], values[end], end - begin + 2)[1:-1]
        interpolate(values, lost, rounds=ROUNDS)
        window[lost] = values[lost]
        self._clicks += len(clicks)
        self._samples += int(np.count_nonzero(lost))


def _extents(window: Floats, clicks: list[int], shape: Floats) -> list[tuple[int, int]]:
    """From where to where each click goes: it begins where prediction forwards fails, and ends where backwards does.

    The predictor is that of the window with the neighbourhoods of the clicks faded out.
    """
    calm = window.copy()
    for at in clicks:
        calm[at - REACH : at + REACH] = np.linspace(calm[at - REACH], calm[at + REACH], 2 * REACH)
    taps = np.empty(ORDER + 1)
    predictor(calm, shape, taps)
    forwards = np.abs(np.convolve(window, taps)[:WINDOW])
    backwards = np.abs(np.convolve(window, taps[::-1])[ORDER:])
    spread = 1.4826 * float(np.median(forwards))  # of a Gaussian with that median
    extents = []
    for at in clicks:
        near = slice(at - REACH + 1, at + REACH)
        limit = max(ABOVE_NOISE * spread, OF_PEAK * float(forwards[near].max()))
        begin = at - REACH + 1 + int(np.argmax(forwards[near] > limit))
        end = at + REACH - int(np.argmax(backwards[near][::-1] > limit))
        extents.append((min(begin, at) - BEFORE, max(end, at + 1) + AFTER))
    return extents
