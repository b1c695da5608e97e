"""A look-ahead true-peak limiter: linked channels, a release that adapts, and an output that is verified.

    peaks     inter-sample peaks of the input, highest channel                           truepeak.interval_peaks
    gain      the smallest needed in the window ahead, released, smoothed by two boxes   `_follow`
    verify    peaks of the output; where gain that moves made a new one, a dip           `TruePeakLimiter._verify`

The drive belongs to the limiter: everything below speaks of the whole gain T from input to output, at most `drive`.
Needed is min(drive, ceiling / peak); minimum, release and smoothing are each monotone and leave a constant as it is,
so at every sample more drive never means less gain, and never less energy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from songkit.audio import Samples
from songkit.dsp.truepeak import HALF, PAD, TAPS, Floats, interval_peaks

# The needed gain is held this long, so that half a period of 60 Hz fits between hold and look-ahead and the gain does
# not follow the wave: what moves within a period is distortion.
HOLD_MS = 6.5

# After sustained reduction the release is this much slower than after a transient; "sustained" is what fills an
# average that needs this much longer than a transient's release to follow.
SUSTAIN_ATTACK, SUSTAIN_RELEASE = 4.0, 10.0

# Reductions below this (0.0005 dB) are none: a release ends, and the samples are the input's own again.
NOTHING = 5e-5

# The meter sums the same products in other vectors: the ceiling holds beyond their rounding (0.00002 dB).
AIM = 1 - 2e-6
VERIFIED = 1 - 1e-6

# How much of the content above 0.46 of the rate is reserved for interpolators longer or shorter than ours.
DOUBT = 0.8

HOP_FRAMES = 8_192
DIP = 24  # half-width of the flanks of a dip
DIP_REACH = HALF + 2 * DIP  # how far from its interval a dip begins
ROUNDS = 12

CELL_MS = 10.0
SMOOTHED_CELLS = 5  # reductions are told after 50 ms of smoothing
HISTORY_CELLS = 10  # and as a history with one value per 100 ms
AUDIBLE_DB = 0.1  # what counts as "limited"


@njit(cache=True)
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
            head = (head + 1) % window
            size -= 1
        if peak * drive > aim:
            excess = drive - aim / peak
            while size > 0 and held[(head + size - 1) % window] <= excess:
                size -= 1
            held[(head + size) % window] = excess
            held_at[(head + size) % window] = at
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


class GainFollower:
    """The gain of the limiter from inter-sample peaks, `lookahead_frames` late."""

    def __init__(self, sample_rate: int, *, aim: float, drive: float, lookahead_ms: float, release_ms: float) -> None:
        self.lookahead_frames = max(1, round(lookahead_ms / 1000 * sample_rate))
        self._aim, self._drive = aim, drive
        times = np.array([1.0, SUSTAIN_ATTACK, SUSTAIN_RELEASE]) * release_ms / 1000
        self._release = -np.expm1(-1.0 / (times * sample_rate))
        window = self.lookahead_frames + 1 + round(HOLD_MS / 1000 * sample_rate)
        one = max(1, self.lookahead_frames // 2)
        two = self.lookahead_frames + 2 - one  # both boxes together reach from a peak back to where it was first seen
        self._lengths = np.array([window, one, two])
        self._state = np.zeros(5)
        self._marks = np.array([0, 0, 0, 0, 0, one + two])
        self._held = np.zeros(window)
        self._held_at = np.zeros(window, np.int64)
        self._boxes = np.zeros((2, max(one, two)))

    def follow(self, peaks: Floats, gains: Floats) -> bool:
        """Fill `gains` from `peaks`, both float32 `(frames,)`; whether any is not the drive itself."""
        limited = _follow(
            peaks, self._aim, self._drive, self._release, self._lengths, self._state, self._marks, self._held,
            self._held_at, self._boxes, gains,
        )  # fmt: skip
        return bool(limited)


@dataclass(frozen=True, slots=True)
class Reduction:
    """What a limiter did, in dB of 0 or more.

    `history_db` has the deepest reduction (after 50 ms smoothing) of each 100 ms; `limited_share` is the share of the
    time with more than 0.1 dB; `deepest_dip_db` is what verifying took away beyond that, for some 100 samples.
    """

    max_reduction_db: float
    limited_share: float
    history_db: tuple[float, ...]
    deepest_dip_db: float


class ReductionMeter:
    """Watches the gains of a limiter."""

    def __init__(self, sample_rate: int, drive: float) -> None:
        self._cell = max(1, round(CELL_MS / 1000 * sample_rate))
        self._drive = drive
        self._means: list[Floats] = []
        self._rest = np.zeros(0, np.float32)
        self._limited = 0
        self._frames = 0

    def push(self, gains: Floats) -> None:
        """Take in the gains of the next frames, float32 `(frames,)`."""
        self._frames += len(gains)
        self._limited += int(np.count_nonzero(gains < self._drive * 10 ** (-AUDIBLE_DB / 20)))
        gains = np.concatenate([self._rest, gains])
        whole = len(gains) // self._cell * self._cell
        self._means.append(gains[:whole].reshape(-1, self._cell).mean(axis=1))
        self._rest = gains[whole:]

    def result(self, deepest_dip: float) -> Reduction:
        """`deepest_dip` is the smallest factor that verifying applied."""
        rest = [self._rest.mean(keepdims=True)] if len(self._rest) else []
        cells = np.concatenate([*self._means, *rest, np.full(SMOOTHED_CELLS - 1, self._drive, np.float32)])
        smooth = np.convolve(cells.astype(np.float64), np.full(SMOOTHED_CELLS, 1 / SMOOTHED_CELLS), "valid")
        reduction = np.maximum(0.0, -20 * np.log10(smooth / self._drive))
        reduction[reduction < 1e-4] = 0.0
        history = np.append(reduction, np.zeros(-len(reduction) % HISTORY_CELLS)).reshape(-1, HISTORY_CELLS).max(axis=1)
        return Reduction(
            max_reduction_db=round(float(reduction.max(initial=0.0)), 3),
            limited_share=round(self._limited / max(1, self._frames), 4),
            history_db=tuple(round(float(value), 2) for value in history),
            deepest_dip_db=round(-20 * float(np.log10(deepest_dip)), 3),
        )


class TruePeakLimiter:
    """Blocks of any size in, limited blocks out, late but in line: the first frame out is the first frame in.

    Works in hops at fixed places of the signal, so that the size of the blocks makes no difference. Buffers hold, from
    old to new: verified output that a dip may still reach, output to verify, input whose gain waits for what is ahead.
    `verify=False` leaves the last step out, for those who only want to know how loud it will be.
    """

    def __init__(
        self,
        channels: int,
        sample_rate: int,
        *,
        ceiling: float,
        drive: float = 1.0,
        lookahead_ms: float = 3.0,
        release_ms: float = 60.0,
        verify: bool = True,
    ) -> None:
        self._ceiling, self._drive, self._verifies = ceiling, drive, verify
        self._follower = GainFollower(
            sample_rate, aim=ceiling * AIM, drive=drive, lookahead_ms=lookahead_ms, release_ms=release_ms
        )
        self._meter = ReductionMeter(sample_rate, drive)
        # Where in the buffer the next hop lies for each of the steps, from the last to the first.
        self._out = TAPS
        self._verify = self._out + ROUNDS * (DIP_REACH + HALF)
        self._gain = self._verify + HALF + 1
        self._peak = self._gain + self.lookahead_frames
        self._input = self._peak + HALF + 1
        self._length = self._input + HOP_FRAMES
        self._x = np.zeros((channels, self._length + PAD), np.float32)
        self._y = np.zeros((channels, self._length + PAD), np.float32)
        self._gains = np.full(self._length, drive, np.float32)
        self._trim = np.ones(self._length + DIP_REACH, np.float32)  # what verifying takes away; a dip may reach ahead
        self._filled = self._input
        self._frames = 0
        self._position = self._out - self._input  # of the first frame of the next hop that comes out
        self._moving = 0
        self._deepest_dip = 1.0

    @property
    def lookahead_frames(self) -> int:
        return self._follower.lookahead_frames

    def push(self, block: Samples) -> Samples:
        """Take in float32 `(channels, frames)`; what is final by now."""
        self._frames += block.shape[1]
        return self._advance(block, self._frames)

    def finish(self) -> Samples:
        """What was held back; after it as many frames came out as went in."""
        silence = np.zeros((self._x.shape[0], self._length), np.float32)
        return self._advance(silence, self._frames)

    def reduction(self) -> Reduction:
        return self._meter.result(self._deepest_dip)

    def _advance(self, block: Samples, end: int) -> Samples:
        ready = [self._x[:, :0]]
        done = 0
        while done < block.shape[1]:
            take = min(block.shape[1] - done, self._length - self._filled)
            self._x[:, self._filled : self._filled + take] = block[:, done : done + take]
            self._filled += take
            done += take
            if self._filled == self._length:
                self._hop()
                ready.append(self._hand_out(end))
                self._shift()
        return np.concatenate(ready, axis=1)

    def _hop(self) -> None:
        first, last = self._gain, self._gain + HOP_FRAMES
        moving = self._follower.follow(
            self._peaks(self._x, self._peak, self._ceiling / self._drive), self._gains[first:last]
        )
        np.multiply(
            self._x[:, first:last], self._gains[first:last] * self._trim[first:last], out=self._y[:, first:last]
        )
        # With a gain that stands still over the taps the output is verified with the input.
        self._moving = 2 if moving else max(0, self._moving - 1)
        if self._moving and self._verifies:
            self._verify_output()

    def _peaks(self, samples: Samples, start: int, threshold: float, frames: int = HOP_FRAMES) -> Floats:
        """Peaks of the intervals from `start` on, highest channel, what interpolators may differ by included."""
        peaks = np.zeros(frames, np.float32)
        for channel in samples:
            interval_peaks(channel[start - HALF :], threshold, peaks, doubt=DOUBT)
        return peaks

    def _verify_output(self) -> None:
        """Lower the gain around each peak over the ceiling, and look again at all that this may have changed."""
        first, last = self._verify, self._verify + HOP_FRAMES
        limit = self._ceiling * VERIFIED
        for turn in range(ROUNDS):
            peaks = self._peaks(self._y, first, limit, last - first)
            over = np.flatnonzero(peaks > limit)
            if not len(over):
                return
            near = peaks[over[0] : over[-1] + 1]
            factors = np.where(near > limit, limit * (1 - 1e-5 * 4**turn) / np.maximum(near, limit), 1.0)
            begin, end = first + int(over[0]) - DIP_REACH, first + int(over[-1]) + 1 + DIP_REACH
            dip = _dips(factors)
            self._deepest_dip = min(self._deepest_dip, float(dip.min()))
            self._trim[begin:end] *= dip
            known = min(end, self._gain + HOP_FRAMES)
            self._y[:, begin:known] = self._x[:, begin:known] * (self._gains[begin:known] * self._trim[begin:known])
            first, last = begin - HALF, min(known + HALF, self._verify + HOP_FRAMES)

    def _hand_out(self, end: int) -> Samples:
        skip = min(HOP_FRAMES, max(0, -self._position))
        stop = min(HOP_FRAMES, max(skip, end - self._position))
        self._meter.push(self._gains[self._out + skip : self._out + stop])
        return self._y[:, self._out + skip : self._out + stop].copy()

    def _shift(self) -> None:
        for buffer in (self._x, self._y, self._gains[np.newaxis], self._trim[np.newaxis]):
            buffer[:, :-HOP_FRAMES] = buffer[:, HOP_FRAMES:].copy()
        self._trim[-HOP_FRAMES:] = 1.0
        self._filled -= HOP_FRAMES
        self._position += HOP_FRAMES


def _dips(factors: npt.NDArray[np.float64]) -> Floats:
    """A smooth gain, `DIP_REACH` longer than `factors` on both sides: at every tap of interval i at most `factors[i]`.

    The minimum over the taps and a flank, smoothed by a box as wide as two flanks; 1 at both ends.
    """
    span = 2 * (DIP_REACH - DIP) + 1
    low = np.pad(factors, 2 * DIP_REACH, constant_values=1.0)
    width = 1
    while width < span:  # each turn at most doubles what the minimum covers
        step = min(width, span - width)
        low = np.minimum(low[:-step], low[step:])
        width += step
    smooth = np.convolve(low, np.full(2 * DIP + 1, 1 / (2 * DIP + 1)), "valid")
    return np.minimum(smooth, 1.0).astype(np.float32)
