"""The inter-sample peak: one interpolator for the meter and for the limiter, so that both mean the same by "over".

A windowed sinc of 48 taps (Kaiser, ripple below 0.02 dB up to 20 kHz at 44.1 kHz) evaluated on a grid of 4 points per
sample, and around each local maximum that matters on a grid of 16, with a parabola through the three highest points.
Source: ITU-R BS.1770-5 Annex 2, whose own 4x filter is not used: it never passes the sample itself and under-reads.

What is left out is left out by proof. (1) An interpolated value is at most `REACH` times the largest sample under its
48 taps. (2) Around its largest maximum S a signal band-limited to f stays above S cos(2 pi f t) for a quarter period
(Duffin and Schaeffer 1938), so on the grid of 4 a point next to it reaches S cos(pi f / 4 fs) > 0.9 S. (3) Taps minus
a straight line between the two samples beside the point are a combination of second differences `x[n-1] - 2 x[n] +
x[n+1]`: what is interpolated exceeds the two samples by at most `BENT` times the largest one under the taps, and the
grid of 4 misses at most `MISSED` times as much. In music most of the time is ruled out that way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from songkit.audio import Samples
from songkit.dsp.native import Fixed, inlined, native

Floats = npt.NDArray[np.float32]

TAPS = 48
HALF = TAPS // 2
PHASES = 16
KAISER_BETA = 5.7  # about 60 dB: the transition then begins at 0.462 of the sample rate, 20.4 kHz at 44.1 kHz

# cos(pi f / 4 fs) at f = 0.55 fs is 0.908: the filter lets images pass up to there.
NEAR = 0.9

# Per second difference of 1: how far a point exceeds the samples beside it, what the probe makes of it, and how far the
# top, at most an eighth of a sample away, exceeds the grid of 4. Each a little above what the taps give.
BENT = 0.54
BENT_PROBE = 0.28
MISSED = 0.04
ROUNDED = 1.0005  # what rounding may add to a sum over taps

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
_TAPS: Any = (Fixed(TABLE), Fixed(QUARTERS), Fixed(PROBE))


@inlined
def _bits(sample: Any) -> np.int32:
    """A magnitude as bits: without their sign they sort like the floats; NaN sorts on top."""
    return np.float32(sample).view(np.int32) & np.int32(0x7FFFFFFF)


@inlined
def _amplitude(bits: Any) -> np.float64:
    """The number behind a magnitude's bits."""
    return np.float64(np.int32(bits).view(np.float32))


@inlined
def _most_bent(window: Floats, begin: int, end: int) -> np.int32:
    """The largest magnitude of the second differences around `begin` to `end`, as bits like `_loudest`."""
    before, here, after = window[begin - 1 : end - 1], window[begin:end], window[begin + 1 : end + 1]
    most = np.int32(0)
    for index in range(end - begin):
        bend = _bits(before[index] - np.float32(2.0) * here[index] + after[index])
        most = bend if bend > most else most
    return most


@inlined
def _margin(window: Floats, first: int, count: int, doubt: float, loudest: float, probe: Floats) -> float:
    """What interpolators may differ by over these intervals."""
    top = 0.0
    for start in range(first, first + count, PROBE_STEP):
        under = window[start : start + TAPS]
        total = np.float32(0.0)
        for tap in range(TAPS):
            total += probe[tap] * under[tap]
        top = max(top, float(abs(total)))
    return doubt * max(0.0, top - UNDOUBTED * loudest)


@inlined
def _interpolate(window: Floats, first: int, quarters: Floats, points: Floats, highest: Floats) -> None:
    """The grid of 4 of a chunk into `points`, one row of lanes per point, and each lane's highest into `highest`."""
    for index in range(4 * LANES):
        points[index] = 0.0
    # Four taps at once: sums are fetched and put back a quarter as often.
    for tap in range(0, HALF, 4):
        left = window[first + HALF - 4 - tap : first + HALF - 1 - tap + LANES]
        right = window[first + HALF + tap : first + HALF + 3 + tap + LANES]
        half, even, odd = quarters[0, tap : tap + 4], quarters[1, tap : tap + 4], quarters[2, tap : tap + 4]
        half_0, half_1, half_2, half_3 = half[0], half[1], half[2], half[3]
        even_0, even_1, even_2, even_3 = even[0], even[1], even[2], even[3]
        odd_0, odd_1, odd_2, odd_3 = odd[0], odd[1], odd[2], odd[3]
        for lane in range(LANES):
            l_0, l_1, l_2, l_3 = left[lane + 3], left[lane + 2], left[lane + 1], left[lane]
            r_0, r_1, r_2, r_3 = right[lane], right[lane + 1], right[lane + 2], right[lane + 3]
            both_0, both_1, both_2, both_3 = l_0 + r_0, l_1 + r_1, l_2 + r_2, l_3 + r_3
            points[2 * LANES + lane] += half_0 * both_0 + half_1 * both_1 + half_2 * both_2 + half_3 * both_3
            points[LANES + lane] += even_0 * both_0 + even_1 * both_1 + even_2 * both_2 + even_3 * both_3
            points[3 * LANES + lane] += (
                odd_0 * (l_0 - r_0) + odd_1 * (l_1 - r_1) + odd_2 * (l_2 - r_2) + odd_3 * (l_3 - r_3)
            )
    here = window[first + HALF - 1 : first + HALF - 1 + LANES]
    for lane in range(LANES):
        one = points[LANES + lane] + points[3 * LANES + lane]
        three = points[LANES + lane] - points[3 * LANES + lane]
        points[lane] = here[lane]
        points[LANES + lane] = one
        points[3 * LANES + lane] = three
        highest[lane] = max(max(abs(here[lane]), abs(points[2 * LANES + lane])), max(abs(one), abs(three)))


@inlined
def _top(highest: Floats, peaks: Floats, margin: np.float32) -> float:
    """The highest point of a chunk's grid; raises `peaks` to each interval's, `margin` added."""
    top = np.int32(0)
    for lane in range(highest.shape[0]):
        bits = _bits(highest[lane])
        top = bits if bits > top else top
        peaks[lane] = max(peaks[lane], highest[lane] + margin)
    return _amplitude(top)


@inlined
def _refine(
    window: Floats, first: int, lane: int, points: Floats, table: Floats, near: float, peak: float
) -> tuple[float, float]:
    """The peak of an interval from its grid of 16, at least `peak`, and where in the interval it is."""
    at = 0.0
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
    return peak, at


@inlined
def _loudest(window: Floats, begin: int, end: int) -> np.int32:
    """The largest magnitude as bits."""
    loudest = np.int32(0)
    for sample in window[begin:end]:
        bits = _bits(sample)
        loudest = bits if bits > loudest else loudest
    return loudest


@native(
    "void(const float32[:,:], int64, int64, const int64[:], float64, int64, float64, float32[:], float64[:,:,:], "
    "const float32[:,:], const float32[:,:], const float32[:], float32[:])",
    fastmath=frozenset({"contract", "reassoc", "nsz"}),  # nothing that promises finite samples: a NaN stays where it is
)
def _scan(
    windows: Floats,
    start: int,
    position: int,
    ends: npt.NDArray[np.int64],
    threshold: float,
    rising: int,
    doubt: float,
    peaks: Floats,
    found: npt.NDArray[np.float64],
    table: Floats,
    quarters: Floats,
    probe: Floats,
    scratch: Floats,
) -> None:  # pragma: no cover (compiled)
    """The work of `interval_peaks` and of the meters; `ends` are where pieces of the intervals end, the last of all.

    `found` has the highest peak of each piece and channel, and its place; `position` is that of interval 0. With
    `rising` the threshold is the highest peak of the piece so far, which is all that a meter needs.
    Lane g of a chunk is interval `first + g - 1`, whose taps begin at `first + g`.
    """
    points, highest = scratch[: 4 * LANES], scratch[4 * LANES :]
    for channel in range(windows.shape[0]):
        window = windows[channel, start:]
        first: Any = np.int64(0)  # a literal 0 would be a type of its own, and everything called compiled for it, too
        for piece in range(ends.shape[0]):
            end = ends[piece]
            best = found[piece, channel, 0]
            if rising:
                loudest = _loudest(window, first + HALF, end + HALF + 1)
                sample = _amplitude(loudest)
                if sample > best:
                    at_sample = first
                    while at_sample < end and _bits(window[at_sample + HALF]) != loudest:
                        at_sample += 1
                    best = sample
                    found[piece, channel, 1] = position + at_sample
                threshold = best
            while first < end:
                count = min(CHUNK, end - first)
                inner = _amplitude(_loudest(window, first + HALF - 1, first + count + HALF + 1))
                bend = _amplitude(_most_bent(window, first + 1, first + count + TAPS))
                bound = ROUNDED * inner + BENT * bend
                if bound + doubt * BENT_PROBE * bend < threshold:
                    for index in range(first, first + count):
                        peaks[index] = max(peaks[index], abs(window[index + HALF]))
                    first += count
                    continue
                margin = 0.0
                if doubt > 0.0:
                    loudest = _loudest(window, first, first + count + TAPS + 2)
                    margin = _margin(window, first, count, doubt, _amplitude(loudest), probe)
                slack = min(MISSED * bend, (1.0 - NEAR) * (threshold - margin))
                near = threshold - margin - slack
                _interpolate(window, first, quarters, points, highest)
                if _top(highest[1 : count + 1], peaks[first : first + count], np.float32(margin)) >= near:
                    for lane in range(1, count + 1):
                        if highest[lane] < near:
                            continue
                        peak, at = _refine(window, first, lane, points, table, near, float(highest[lane]))
                        index = first + lane - 1
                        peaks[index] = max(peaks[index], np.float32(peak + margin))
                        if peak > best:
                            best = peak
                            found[piece, channel, 1] = position + index + at
                            if rising:
                                threshold = best
                                near = threshold - min(MISSED * bend, (1.0 - NEAR) * threshold)
                first += count
            found[piece, channel, 0] = best


class Scanner:
    """`_scan` with its buffers, for those who call it hop after hop."""

    def __init__(self) -> None:
        self._peaks = np.zeros(SPAN, np.float32)
        self._scratch = Fixed(np.empty(5 * LANES, np.float32))
        self._ends = Fixed(np.zeros(1, np.int64))
        self._found: Fixed | None = None

    def raise_highest(
        self, windows: Floats, position: int, ends: npt.NDArray[np.int64], found: npt.NDArray[np.float64]
    ) -> None:
        """Raise `found`, `(pieces, channels, 2)`, to the highest inter-sample peak of each piece, and set its place.

        `ends` are the intervals behind each piece, `position` is the place of interval 0, in frames.
        """
        peaks = self._peaks[: ends[-1]]
        _scan(windows, 0, position, ends, 0.0, 1, 0.0, peaks, found, *_TAPS, self._scratch)

    def raise_intervals(
        self, windows: Floats | Fixed, threshold: float, peaks: Floats, *, start: int = 0, doubt: float = 0.0
    ) -> None:
        """Raise `peaks` as `interval_peaks` does; `windows` has as many channels in every call."""
        if self._found is None:
            channels = len(windows.array if isinstance(windows, Fixed) else windows)
            self._found = Fixed(np.zeros((1, channels, 2)))
        self._ends.array[0] = len(peaks)
        _scan(windows, start, 0, self._ends, threshold, 0, doubt, peaks, self._found, *_TAPS, self._scratch)


def interval_peaks(windows: Floats, threshold: float, peaks: Floats, *, start: int = 0, doubt: float = 0.0) -> None:
    """Inter-sample peaks, interval by interval, of the highest channel, exact wherever they reach `threshold`.

    Interval i lies between the samples `windows[:, start + i + 24]` and `windows[:, start + i + 25]` and needs the 48
    samples around it; `windows` is contiguous float32 `(channels, frames)` with at least `len(peaks) + PAD` frames from
    `start` on, of which the first `len(peaks) + 49` count. `peaks[i]` is raised, never lowered.

    Between 0.46 and 0.5 of the sample rate interpolators differ by what their length makes of the transition band;
    `doubt` adds that share of what the signal has there to each peak (nothing below -48 dB of its loudest sample).
    """
    Scanner().raise_intervals(windows, threshold, peaks, start=start, doubt=doubt)


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
        self._scanner = Scanner()
        self._found = np.zeros((1, channels, 2))

    def push(self, block: Samples) -> None:
        """Take in float32 `(channels, frames)`."""
        for hop in self._hops.push(block):
            self._scan(*hop)

    def result(self) -> TruePeaks:
        """Flush the interpolator and tell; called once, after the last block."""
        self._scan(*self._hops.finish())
        peaks, places = self._found[0].T.tolist()
        return TruePeaks(tuple(peaks), tuple(places))

    def _scan(self, first: int, intervals: int, windows: Floats) -> None:
        self._scanner.raise_highest(windows, first, np.array([intervals]), self._found)
