"""The gain of a limiter: what the peaks ahead need, held, released, and smoothed so that it still gets there in time.

    needed    min(drive, aim / peak), the smallest over look-ahead, hold and the sample itself
    release   rises towards what is needed now, and no further than a slow average of what was needed lately
    smooth    two boxes, together as long as the look-ahead: under them lies nothing above what a peak needs

Each of the three is monotone and leaves a constant as it is. So at every sample more drive never means less gain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from songkit.dsp.native import Fixed, native
from songkit.dsp.truepeak import Floats

# "Sustained" is what fills an average that follows this many times slower than the release after a transient; from
# there it comes back that many times slower.
SUSTAIN_ATTACK, SUSTAIN_RELEASE = 4.0, 10.0

# Reductions below this (0.0005 dB) are none: a release ends, and the samples are the input's own again.
NOTHING = 5e-5


@native(
    "int64(const float32[:], float64, float64, float64[:], int64[:], float64[:], int64[:], float64[:], int64[:], "
    "float64[:,:], float32[:])"
)
def _follow(
    peaks: Floats,
    aim: float,
    drive: float,
    release: npt.NDArray[np.float64],
    lengths: npt.NDArray[np.int64],
    state: npt.NDArray[np.float64],
    marks: npt.NDArray[np.int64],
    held: npt.NDArray[np.float64],
    held_at: npt.NDArray[np.int64],
    boxes: npt.NDArray[np.float64],
    gains: Floats,
) -> int:  # pragma: no cover (compiled)
    """Write the gain of each sample to `gains`, `look-ahead` samples late; returns how many are below `drive`.

    Works on what is taken away, `drive - T`, because nothing taken away is exactly zero. `held` is the queue of a
    sliding maximum, `boxes` the two rings of the smoothing, `marks` their positions.
    """
    fast, attack, slow = release[0], release[1], release[2]
    window, one, two = lengths[0], lengths[1], lengths[2]
    before, taken, sustained, sum_one, sum_two = state[0], state[1], state[2], state[3], state[4]
    at, head, size, turn_one, turn_two, quiet = marks[0], marks[1], marks[2], marks[3], marks[4], marks[5]
    nothing = drive * NOTHING
    limited = 0
    for index in range(peaks.shape[0]):
        # A sample answers for the intervals on both of its sides.
        here = np.float64(peaks[index])
        peak = max(before, here)
        before = here
        if size > 0 and held_at[head] <= at - window:
            head = head + 1 if head + 1 < window else 0
            size -= 1
        if peak * drive > aim:
            excess = drive - aim / peak
            tail = head + size - 1
            tail = tail - window if tail >= window else tail
            while size > 0 and held[tail] <= excess:
                tail = tail - 1 if tail > 0 else window - 1
                size -= 1
            tail = tail + 1 if tail + 1 < window else 0
            held[tail] = excess
            held_at[tail] = at
            size += 1
        needed = held[head] if size > 0 else 0.0
        at += 1

        sustained += (needed - sustained) * (attack if needed > sustained else slow)
        taken = max(needed, taken + (max(needed, sustained) - taken) * fast)
        if needed == 0.0 and taken < nothing:
            taken = 0.0
            sustained = 0.0
        if taken > 0.0:
            quiet = 0
        else:
            quiet += 1
            if quiet >= one + two:
                # The rings hold nothing but zeros: their sums are freed of rounding.
                sum_one = 0.0
                sum_two = 0.0
                gains[index] = drive
                continue
        sum_one += taken - boxes[0, turn_one]
        boxes[0, turn_one] = taken
        turn_one = turn_one + 1 if turn_one + 1 < one else 0
        smooth = sum_one / one
        sum_two += smooth - boxes[1, turn_two]
        boxes[1, turn_two] = smooth
        turn_two = turn_two + 1 if turn_two + 1 < two else 0
        gains[index] = drive - sum_two / two
        limited += 1
    state[0], state[1], state[2], state[3], state[4] = before, taken, sustained, sum_one, sum_two
    marks[0], marks[1], marks[2], marks[3], marks[4], marks[5] = at, head, size, turn_one, turn_two, quiet
    return limited


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the gain moves: slow is clean, fast lets more of the programme stand near the ceiling.

    The needed gain is held for `hold_ms`. By default half a period of 60 Hz fits between hold and look-ahead, and the
    gain does not follow the wave: what moves within a period is distortion.
    """

    lookahead_ms: float = 3.0
    hold_ms: float = 6.5
    release_ms: float = 60.0


class GainFollower:
    """The gain of the limiter from inter-sample peaks, `lookahead_frames` late."""

    def __init__(self, sample_rate: int, *, aim: float, drive: float, pace: Pace) -> None:
        self.lookahead_frames = max(1, round(pace.lookahead_ms / 1000 * sample_rate))
        self._aim, self._drive = aim, drive
        times = np.array([1.0, SUSTAIN_ATTACK, SUSTAIN_RELEASE]) * pace.release_ms / 1000
        release = -np.expm1(-1.0 / (times * sample_rate))
        window = self.lookahead_frames + 1 + round(pace.hold_ms / 1000 * sample_rate)
        one = max(1, self.lookahead_frames // 2)
        two = self.lookahead_frames + 2 - one  # both boxes together reach from a peak back to where it was first seen
        lengths = np.array([window, one, two])
        state = np.zeros(5)
        marks = np.array([0, 0, 0, 0, 0, one + two])
        held, held_at = np.zeros(window), np.zeros(window, np.int64)
        boxes = np.zeros((2, max(one, two)))
        self._kept: Any = [Fixed(array) for array in (release, lengths, state, marks, held, held_at, boxes)]

    def follow(self, peaks: Floats, gains: Floats) -> bool:
        """Fill `gains` from `peaks`, both float32 `(frames,)`; whether any is not the drive itself."""
        return bool(_follow(peaks, self._aim, self._drive, *self._kept, gains))
