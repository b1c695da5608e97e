"""The inter-sample peak: one interpolator for the meter and for the limiter, so that both mean the same by "over".

A windowed sinc of 48 taps (Kaiser, ripple below 0.02 dB up to 20 kHz at 44.1 kHz) evaluated on a grid of 4 points per
sample, and around each local maximum that matters on a grid of 16, with a parabola through the three highest points.
Source: ITU-R BS.1770-5 Annex 2, whose own 4x filter is not used: it never passes the sample itself and under-reads.

What is left out is left out by proof. (1) An interpolated value is at most `REACH` times the largest sample under its
48 taps. (2) Around its largest maximum S a signal band-limited to f stays above S cos(2 pi f t) for a quarter period
(Duffin and Schaeffer 1938), so on the grid of 4 a point next to it reaches S cos(pi f / 4 fs) > 0.9 S.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from songkit.audio import Samples

Floats = npt.NDArray[np.float32]

TAPS = 48
HALF = TAPS // 2
PHASES = 16
KAISER_BETA = 5.7  # about 60 dB: the transition then begins at 0.462 of the sample rate, 20.4 kHz at 44.1 kHz

# cos(pi f / 4 fs) at f = 0.55 fs is 0.908: the filter lets images pass up to there.
NEAR = 0.9

PROBE_WIDTH = 0.04
PROBE_STEP = 8
UNDOUBTED = 0.004

CHUNK = 120  # intervals that are judged at once
LANES = CHUNK + 8  # with one interval more on both sides, rounded up to whole vectors
PAD = LANES + TAPS  # what a window holds beyond its intervals, so that the last chunk may read on

HOP_FRAMES = 16_384
SPAN = HOP_FRAMES + TAPS + 1  # the samples that a hop of intervals looks at


def _phases() -> Floats:
    """The interpolator's taps for each sixteenth of a sample: float32 `(16, 48)`, each row of sum 1."""
    distance = np.arange(TAPS) - (HALF - 1) - np.arange(PHASES)[:, np.newaxis] / PHASES
    window = np.i0(KAISER_BETA * np.sqrt(np.maximum(0.0, 1 - (distance / HALF) ** 2))) / np.i0(KAISER_BETA)
    taps = np.sinc(distance) * window
    rows: Floats = (taps / taps.sum(axis=1, keepdims=True)).astype(np.float32)
    return rows


def _quarters(table: Floats) -> Floats:
    """Taps of the grid of 4, folded at the middle: `(3, 24)`, the half, and the even and odd part of the quarters."""
    right, left = table[:, HALF:], table[:, HALF - 1 :: -1]
    return np.stack([right[8], (left[4] + right[4]) / 2, (left[4] - right[4]) / 2])


def _probe() -> Floats:
    """Taps of a high-pass: half at 0.46 of the sample rate, below -60 dB under 0.42, 1 at half the rate."""
    distance = np.arange(TAPS) - (TAPS - 1) / 2
    taps = 2 * PROBE_WIDTH * np.sinc(2 * PROBE_WIDTH * distance) * np.kaiser(TAPS, KAISER_BETA)
    probe: Floats = (taps * (-1.0) ** np.arange(TAPS)).astype(np.float32)
    return probe


TABLE = _phases()
PROBE = _probe()
QUARTERS = _quarters(TABLE)
REACH = float(np.abs(TABLE).sum(axis=1).max()) * 1.0001

# No flag that promises finite samples: a NaN must stay where it is.
_FLAGS = {"contract", "reassoc", "nsz"}


@njit(cache=True, fastmath=_FLAGS)
def _scan(
    window: Floats,
    threshold: float,
    rising: bool,
    doubt: float,
    peaks: Floats,
    table: Floats,
    quarters: Floats,
    probe: Floats,
) -> tuple[float, float]:  # pragma: no cover (compiled)
    """The work of `interval_peaks`. Lane g of a chunk is interval `first + g - 1`, whose taps begin at `first + g`."""
    bits = window.view(np.int32)
    points = np.empty(4 * LANES, np.float32)  # the grid of 4, one row of lanes per point
    highest = np.empty(LANES, np.float32)
    best = 0.0
    best_at = 0.0
    for first in range(0, peaks.shape[0], CHUNK):
        count = min(CHUNK, peaks.shape[0] - first)
        # The bits of a float without its sign sort like the float; NaN sorts on top and is not skipped.
        loudest = np.int32(0)
        for word in bits[first : first + count + TAPS + 2]:
            loudest = max(loudest, word & np.int32(0x7FFFFFFF))
        if loudest < np.float32(threshold / (REACH + doubt)).view(np.int32):
            for index in range(first, first + count):
                peaks[index] = max(peaks[index], abs(window[index + HALF]))
            continue

        margin = 0.0
        if doubt > 0.0:
            top = 0.0
            for start in range(first, first + count, PROBE_STEP):
                under = window[start : start + TAPS]
                total = np.float32(0.0)
                for tap in range(TAPS):
                    total += probe[tap] * under[tap]
                top = max(top, float(abs(total)))
            loud = np.array([loudest], dtype=np.int32).view(np.float32)[0]
            margin = doubt * max(0.0, top - UNDOUBTED * loud)
        near = (threshold - margin) * NEAR

        points[:] = 0.0
        for tap in range(HALF):
            left = window[first + HALF - 1 - tap : first + HALF - 1 - tap + LANES]
            right = window[first + HALF + tap : first + HALF + tap + LANES]
            half, even, odd = quarters[0, tap], quarters[1, tap], quarters[2, tap]
            for lane in range(LANES):
                both = left[lane] + right[lane]
                points[2 * LANES + lane] += half * both
                points[LANES + lane] += even * both
                points[3 * LANES + lane] += odd * (left[lane] - right[lane])
        here = window[first + HALF - 1 : first + HALF - 1 + LANES]
        for lane in range(LANES):
            one = points[LANES + lane] + points[3 * LANES + lane]
            three = points[LANES + lane] - points[3 * LANES + lane]
            points[lane] = here[lane]
            points[LANES + lane] = one
            points[3 * LANES + lane] = three
            highest[lane] = max(max(abs(here[lane]), abs(points[2 * LANES + lane])), max(abs(one), abs(three)))

        for lane in range(1, count + 1):
            peak = highest[lane]
            at = 0.0
            if peak >= near:
                for point in range(4):
                    value = points[point * LANES + lane]
                    before = points[(point - 1) * LANES + lane] if point > 0 else points[3 * LANES + lane - 1]
                    after = points[(point + 1) * LANES + lane] if point < 3 else points[lane + 1]
                    if value < 0.0:
                        value, before, after = -value, -before, -after
                    if value < near or value < before or value < after:
                        continue
                    # Which sixteenth is nearest to the top of the parabola, and the two beside it.
                    bend = before - 2.0 * value + after
                    step = 4 * point + (round(2.0 * (before - after) / bend) if bend < 0.0 else 0)
                    a = b = c = 0.0
                    for phase in range(step - 1, step + 2):
                        shift = -1 if phase < 0 else (1 if phase >= PHASES else 0)
                        taps = table[phase - PHASES * shift]
                        under = window[first + lane + shift : first + lane + shift + TAPS]
                        total = np.float32(0.0)
                        for tap in range(TAPS):
                            total += taps[tap] * under[tap]
                        a, b, c = b, c, float(abs(total))
                    top = max(max(value, b), max(a, c))
                    bend = a - 2.0 * b + c
                    slide = 0.5 * (a - c) / bend if bend < 0.0 else 0.0
                    if abs(slide) <= 1.0:
                        top = max(top, b - 0.25 * (a - c) * slide)
                    if top >= peak:
                        peak = top
                        at = (step + slide) / PHASES
            index = first + lane - 1
            peaks[index] = max(peaks[index], np.float32(peak + margin))
            if peak > best:
                best = peak
                best_at = index + at
                if rising:
                    threshold = max(threshold, best)
                    near = threshold * NEAR
    return best, best_at


def interval_peaks(
    window: Floats, threshold: float, peaks: Floats, *, rising: bool = False, doubt: float = 0.0
) -> tuple[float, float]:
    """Inter-sample peaks of one channel, interval by interval, exact wherever they reach `threshold`.

    Interval i lies between the samples `window[i + 24]` and `window[i + 25]` and needs the 48 samples around it;
    `window` is contiguous float32 of at least `len(peaks) + PAD` samples, of which the first `len(peaks) + 49` count.
    `peaks[i]` is raised, never lowered, so that channels are linked by calling this for one after the other. With
    `rising` the threshold follows the highest peak seen, which is all that a meter needs. Returns the highest peak
    and where it is, in intervals from the first.

    Between 0.46 and 0.5 of the sample rate interpolators differ by what their length makes of the transition band;
    `doubt` adds that share of what the signal has there to each peak (nothing below -48 dB of its loudest sample).
    """
    peak, at = _scan(window, float(threshold), rising, doubt, peaks, TABLE, QUARTERS, PROBE)
    return float(peak), float(at)


class Hops:
    """Blocks of any size cut into the windows that `interval_peaks` wants, at fixed places of the signal.

    The first interval lies half a filter before the first sample and the last one behind the last: what starts or
    ends abruptly rings in both directions.
    """

    def __init__(self, channels: int) -> None:
        self._window = np.zeros((channels, SPAN + PAD), np.float32)
        self._filled = TAPS
        self._first = -HALF

    def push(self, block: Samples) -> Iterator[tuple[int, int, Floats]]:
        """For each hop that is complete: first interval (in frames), number of intervals, windows of all channels."""
        done = 0
        while done < block.shape[1]:
            take = min(block.shape[1] - done, SPAN - self._filled)
            self._window[:, self._filled : self._filled + take] = block[:, done : done + take]
            self._filled += take
            done += take
            if self._filled == SPAN:
                yield self._first, HOP_FRAMES, self._window
                self._filled = SPAN - HOP_FRAMES
                self._window[:, : self._filled] = self._window[:, HOP_FRAMES:SPAN].copy()
                self._first += HOP_FRAMES

    def finish(self) -> tuple[int, int, Floats]:
        """The hop that is left, with silence behind it."""
        self._window[:, self._filled :] = 0.0
        return self._first, self._filled, self._window


@dataclass(frozen=True, slots=True)
class TruePeaks:
    """Highest inter-sample peak of each channel: amplitude (1.0 is full scale) and where it is, in frames."""

    peaks: tuple[float, ...]
    frames: tuple[float, ...]

    @property
    def peak(self) -> float:
        return max(self.peaks)


class TruePeakMeter:
    """Watches blocks of any size for their inter-sample peak; never reads below the sample peak.

    Flat up to 0.46 of the sample rate: within +0.05/-0.1 dB up to 20 kHz at 44.1 kHz and above. Samples that are not
    finite are not the business of this meter; they spoil the 48 intervals around them and nothing else.
    """

    def __init__(self, channels: int) -> None:
        self._hops = Hops(channels)
        self._peaks = np.zeros(SPAN, np.float32)
        self._found = [0.0] * channels
        self._at = [0.0] * channels

    def push(self, block: Samples) -> None:
        """Take in float32 `(channels, frames)`."""
        for hop in self._hops.push(block):
            self._scan(*hop)

    def result(self) -> TruePeaks:
        """Flush the interpolator and tell; called once, after the last block."""
        self._scan(*self._hops.finish())
        return TruePeaks(tuple(self._found), tuple(self._at))

    def _scan(self, first: int, intervals: int, windows: Floats) -> None:
        for channel, window in enumerate(windows):
            peaks = self._peaks[:intervals]
            peaks[:] = 0.0
            peak, at = interval_peaks(window, self._found[channel], peaks, rising=True)
            if peak > self._found[channel]:
                self._found[channel] = peak
                self._at[channel] = first + at
