"""A look-ahead true-peak limiter: linked channels, a release that adapts, and an output that is verified.

    peaks     inter-sample peaks of the input, highest channel                        truepeak.Scanner
    gain      what is needed ahead, held, released and smoothed                       gain_follower.GainFollower
    verify    peaks of the output; where moving gain made a new one, a small dip      TruePeakLimiter._verify_output

The drive belongs to the limiter: gains are those from input to output, and at most `drive`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from songkit.audio import Samples
from songkit.dsp.gain_follower import GainFollower, Pace
from songkit.dsp.native import Fixed
from songkit.dsp.reduction import Reduction, ReductionMeter
from songkit.dsp.truepeak import HALF, PAD, TAPS, Floats, Scanner

# The meter sums the same products in other vectors: the ceiling holds beyond their rounding (0.00002 dB).
AIM = 1 - 2e-6
VERIFIED = 1 - 1e-6

# How much of the content above 0.46 of the rate is reserved for interpolators longer or shorter than ours.
DOUBT = 0.8

HOP_FRAMES = 16_384
DIP = 24  # half-width of the flanks of a dip
DIP_REACH = HALF + 2 * DIP  # how far from its interval a dip begins
ROUNDS = 12  # twice what noise and clipped squares were seen to take


class TruePeakLimiter:
    """Blocks of any size in, limited blocks out, late but in line: the first frame out is the first frame in.

    Works in hops at fixed places of the signal, so that the size of the blocks makes no difference. Buffers hold, from
    old to new: verified output that a dip may still reach, output to verify, input whose gain waits for what is ahead.
    `keep` gets the gain of every frame that comes out, float32 `(frames,)`: block times gain is the output again.
    """

    def __init__(
        self,
        channels: int,
        sample_rate: int,
        *,
        ceiling: float,
        drive: float = 1.0,
        pace: Pace,
        keep: Callable[[Floats], None] | None = None,
    ) -> None:
        self._ceiling, self._drive, self._keep = ceiling, drive, keep
        self._follower = GainFollower(sample_rate, aim=ceiling * AIM, drive=drive, pace=pace)
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
        self._scanner = Scanner()
        self._fixed_x, self._fixed_y = Fixed(self._x), Fixed(self._y)
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
            self._peaks(self._fixed_x, self._peak, self._ceiling / self._drive), self._gains[first:last]
        )
        np.multiply(
            self._x[:, first:last], self._gains[first:last] * self._trim[first:last], out=self._y[:, first:last]
        )
        # With a gain that stands still over the taps the output is verified with the input.
        self._moving = 2 if moving else max(0, self._moving - 1)
        if self._moving:
            self._verify_output()

    def _peaks(self, samples: Fixed, start: int, threshold: float, frames: int = HOP_FRAMES) -> Floats:
        """Peaks of the intervals from `start` on, highest channel, what interpolators may differ by included."""
        peaks = np.zeros(frames, np.float32)
        self._scanner.raise_intervals(samples, threshold, peaks, start=start - HALF, doubt=DOUBT)
        return peaks

    def _verify_output(self) -> None:
        """Lower the gain around each peak over the ceiling, and look again at all that this may have changed."""
        first, last = self._verify, self._verify + HOP_FRAMES
        limit = self._ceiling * VERIFIED
        for turn in range(ROUNDS):
            peaks = self._peaks(self._fixed_y, first, limit, last - first)
            over = np.flatnonzero(peaks > limit)
            if not len(over):
                return
            near = peaks[over[0] : over[-1] + 1]
            factors = np.where(near > limit, limit * (1 - min(0.5, 1e-5 * 4**turn)) / np.maximum(near, limit), 1.0)
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
        final = slice(self._out + skip, self._out + stop)
        self._meter.push(self._gains[final])
        if self._keep is not None:
            self._keep(self._gains[final] * self._trim[final])
        return self._y[:, final].copy()

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
