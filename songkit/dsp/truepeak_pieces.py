"""Inter-sample peaks piece by piece: what a peak-to-loudness ratio over time and a count of overs need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from songkit.audio import Samples
from songkit.dsp.truepeak import _TAPS, HALF, LANES, SPAN, Floats, Hops, TruePeaks, _scan, interval_peaks

FULL_SCALE = 1.0
# What rounds to full scale is not over it: the interpolator's own error is 0.02 dB.
OVER = FULL_SCALE * 1.0023


@dataclass(frozen=True, slots=True)
class PeakPieces:
    """The whole signal's peaks, the highest peak of each piece (all channels), and the regions over full scale."""

    whole: TruePeaks
    pieces: npt.NDArray[np.float64]
    overs: npt.NDArray[np.int64]
    """First frame and the one behind the last, `(regions, 2)`; regions nearer than `JOIN_FRAMES` are one."""


JOIN_FRAMES = 32


class TruePeakPieces:
    """Watches blocks of any size; a piece is `piece_frames` long, the last one may be shorter.

    Only what exceeds the samples of its own piece is interpolated finely, so the series costs little more than one
    maximum. Never reads below the sample peak.
    """

    def __init__(self, channels: int, piece_frames: int) -> None:
        self._hops = Hops(channels)
        self._piece_frames = piece_frames
        self._scratch = np.empty(5 * LANES, np.float32)
        self._peaks = np.zeros(SPAN, np.float32)
        self._highest = np.zeros((channels, 2))
        self._open = 0.0
        self._pieces: list[float] = []
        self._overs: list[tuple[int, int]] = []
        self._frames = 0

    def push(self, block: Samples) -> None:
        """Take in float32 `(channels, frames)`."""
        self._frames += block.shape[1]
        for hop in self._hops.push(block):
            self._split(*hop)

    def result(self) -> PeakPieces:
        """Flush the interpolator and tell; called once, after the last block."""
        self._split(*self._hops.finish())
        if self._frames > len(self._pieces) * self._piece_frames:
            self._pieces.append(self._open)
        elif self._pieces:
            self._pieces[-1] = max(self._pieces[-1], self._open)  # what rings behind the last sample
        whole = TruePeaks(tuple(self._highest[:, 0].tolist()), tuple(self._highest[:, 1].tolist()))
        return PeakPieces(whole, np.array(self._pieces), np.array(self._overs, np.int64).reshape(-1, 2))

    def _split(self, first: int, intervals: int, windows: Floats) -> None:
        """One hop, cut where pieces end; what lies before the first sample belongs to the first piece."""
        start = 0
        while start < intervals:
            piece_end = (len(self._pieces) + 1) * self._piece_frames
            stop = min(intervals, piece_end - first)
            if stop > start:
                self._measure(first, start, stop, windows)
            if first + stop >= piece_end:
                self._pieces.append(self._open)
                self._open = 0.0
            start = stop

    def _measure(self, first: int, start: int, stop: int, windows: Floats) -> None:
        found: Any = np.zeros((len(windows), 2))
        under = windows[:, start + HALF - 1 : stop + HALF]
        for channel, samples in enumerate(under):
            at = int(np.argmax(np.abs(samples)))
            found[channel] = abs(float(samples[at])), first + start + at
        peaks = self._peaks[: stop - start]
        _scan(windows, start, first + start, 0.0, 1, 0.0, peaks, found, *_TAPS, self._scratch)
        self._open = max(self._open, float(found[:, 0].max()))
        higher = found[:, 0] > self._highest[:, 0]
        self._highest[higher] = found[higher]
        if found[:, 0].max() > OVER:
            peaks[:] = 0.0
            interval_peaks(windows, OVER, peaks, start=start)
            self._note_overs(np.flatnonzero(peaks > OVER) + first + start)

    def _note_overs(self, places: npt.NDArray[np.int64]) -> None:
        breaks = np.flatnonzero(np.diff(places) > JOIN_FRAMES)
        firsts, lasts = places[np.append(0, breaks + 1)], places[np.append(breaks, len(places) - 1)]
        for begin, end in zip(firsts.tolist(), (lasts + 1).tolist(), strict=True):
            if self._overs and begin - self._overs[-1][1] <= JOIN_FRAMES:
                self._overs[-1] = (self._overs[-1][0], end)
            else:
                self._overs.append((begin, end))
