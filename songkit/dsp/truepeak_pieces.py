"""Inter-sample peaks piece by piece: what a peak-to-loudness ratio over time and a count of overs need."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from songkit.audio import Samples
from songkit.dsp.truepeak import SPAN, Floats, Hops, Scanner, TruePeaks, interval_peaks

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
        self._scanner = Scanner()
        self._peaks = np.zeros(SPAN, np.float32)
        self._highest = np.zeros((channels, 2))
        self._open = np.zeros((channels, 2))
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
            self._pieces.append(self._open[:, 0].max())
        elif self._pieces:
            self._pieces[-1] = max(self._pieces[-1], self._open[:, 0].max())  # what rings behind the last sample
        whole = TruePeaks(tuple(self._highest[:, 0].tolist()), tuple(self._highest[:, 1].tolist()))
        return PeakPieces(whole, np.array(self._pieces), np.array(self._overs, np.int64).reshape(-1, 2))

    def _split(self, first: int, intervals: int, windows: Floats) -> None:
        """One hop, cut where pieces end; what lies before the first sample belongs to the first piece."""
        ended = np.arange(len(self._pieces) + 1, (first + intervals) // self._piece_frames + 1)
        ends = ended * self._piece_frames - first
        if not len(ends) or ends[-1] < intervals:
            ends = np.append(ends, intervals)
        found = np.zeros((len(ends), len(windows), 2))
        found[0] = self._open
        self._scanner.raise_highest(windows, first, ends, found)
        highest = found[found[:, :, 0].argmax(axis=0), np.arange(len(windows))]
        self._highest = np.where(highest[:, :1] > self._highest[:, :1], highest, self._highest)
        self._pieces += found[: len(ended), :, 0].max(axis=1).tolist()
        self._open = found[-1] if len(ended) < len(ends) else np.zeros_like(self._open)
        if highest[:, 0].max() > OVER:
            peaks = self._peaks[:intervals]
            peaks[:] = 0.0
            interval_peaks(windows, OVER, peaks)
            places = np.flatnonzero(peaks > OVER) + first
            if len(places):
                self._note_overs(places)

    def _note_overs(self, places: npt.NDArray[np.int64]) -> None:
        breaks = np.flatnonzero(np.diff(places) > JOIN_FRAMES)
        firsts, lasts = places[np.append(0, breaks + 1)], places[np.append(breaks, len(places) - 1)]
        for begin, end in zip(firsts.tolist(), (lasts + 1).tolist(), strict=True):
            if self._overs and begin - self._overs[-1][1] <= JOIN_FRAMES:
                self._overs[-1] = (self._overs[-1][0], end)
            else:
                self._overs.append((begin, end))
