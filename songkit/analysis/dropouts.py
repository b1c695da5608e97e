"""Dropouts: zero (or 16-bit dither alone) for 3 ms to 0.5 s in a signal that stops and comes back abruptly.

A pause between notes is zero as well, but sound fades into it: at a dropout the last and the first millisecond are
nearly as loud, or as steep (where the wave crosses zero), as what lies around them, on both sides.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from songkit.analysis.events import Events, Span
from songkit.audio import Format, Samples
from songkit.units import db_to_gain

ZERO = 1.1 * 2.0**-15  # one step of 16 bits: dither leaves no more of a gap that was zero
SHORTEST_SECONDS, LONGEST_SECONDS = 0.003, 0.5
AROUND_SECONDS, EDGE_SECONDS = 0.02, 0.001
QUIETEST_DBFS = -50.0  # around the gap; below it nobody hears that something is missing
ABRUPT_SHARE = 0.3


class DropoutMeter:
    def __init__(self, format: Format) -> None:
        from songkit.dsp.runs import RunFinder

        self._rate = format.sample_rate
        self._finders = [RunFinder(1, 2 * ZERO, round(SHORTEST_SECONDS * self._rate)) for _ in format.layout]
        self._around = round(AROUND_SECONDS * self._rate)
        self._edge = max(4, round(EDGE_SECONDS * self._rate))
        self._reach = round(LONGEST_SECONDS * self._rate) + 2 * self._around
        self._recent = np.zeros((format.channels, 0), np.float32)
        self._frames = 0
        self._open: deque[tuple[int, int, int]] = deque()
        self._spans: list[Span] = []

    def push(self, block: Samples) -> None:
        for channel, finder in enumerate(self._finders):
            for start, length in finder.push(block[channel : channel + 1], 0.0, ZERO)[:, :2].tolist():
                if start > 0 and length <= LONGEST_SECONDS * self._rate:
                    self._open.append((channel, int(start), int(length)))
        self._recent = np.concatenate([self._recent, block], axis=1)
        self._frames += block.shape[1]
        waiting: deque[tuple[int, int, int]] = deque()
        for gap in self._open:
            if gap[1] + gap[2] + self._around <= self._frames:
                self._judge(*gap)
            else:
                waiting.append(gap)
        self._open = waiting
        self._recent = self._recent[:, max(0, self._recent.shape[1] - self._reach) :]

    def result(self) -> Events:
        for gap in self._open:
            self._judge(*gap)
        return Events.of(self._spans)

    def _judge(self, channel: int, start: int, length: int) -> None:
        origin = self._frames - self._recent.shape[1]
        signal = self._recent[channel].astype(np.float64)
        end = start + length
        before = signal[max(0, start - self._around - origin) : start - origin]
        after = signal[end - origin : end + self._around - origin]
        if self._abrupt(before[::-1]) and self._abrupt(after):
            self._spans.append(Span(start / self._rate, end / self._rate))

    def _abrupt(self, outward: np.ndarray[tuple[int], np.dtype[np.float64]]) -> bool:
        """Whether the signal beside the gap, seen from the gap outward, is loud right from its first millisecond."""
        if len(outward) < self._edge:
            return False
        around = float(np.sqrt(np.mean(outward**2)))
        if around < db_to_gain(QUIETEST_DBFS):
            return False
        slopes = np.diff(outward)
        return any(
            np.sqrt(np.mean(part[: self._edge] ** 2)) >= ABRUPT_SHARE * np.sqrt(np.mean(part**2))
            for part in (outward, slopes)
        )
