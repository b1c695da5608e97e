"""Clicks with their times: impulses that stand alone in the prediction error; see `songkit.dsp.clicks`."""

from __future__ import annotations

import numpy as np

from songkit.analysis.events import Events, Span
from songkit.audio import Format, Samples
from songkit.dsp.framing import Frames

JOIN_SECONDS = 0.002
CUT_SECONDS = 0.005
MOST_PER_WINDOW = 32


class ClickMeter:
    def __init__(self, format: Format) -> None:
        from songkit.dsp.clicks import CORE, WINDOW, find_clicks

        self._find = find_clicks
        self._hop, self._margin = CORE, (WINDOW - CORE) // 2
        self._shape = np.hanning(WINDOW)
        self._rate = format.sample_rate
        self._frames = Frames(WINDOW, format.channels, CORE)
        # The first core begins with the first sample: half a window of silence goes before it.
        self._frames.push(np.zeros((format.channels, self._margin), np.float32))
        self._windows = 0
        self._total = 0
        self._at: list[int] = []

    def push(self, block: Samples) -> None:
        self._total += block.shape[1]
        self._scan(block)

    def _scan(self, block: Samples) -> None:
        found = np.empty(MOST_PER_WINDOW, np.int64)
        for frame in self._frames.push(block):
            for window in frame:
                count = self._find(np.ascontiguousarray(window), self._shape, found)
                self._at.extend((self._windows * self._hop - self._margin + found[:count]).tolist())
            self._windows += 1

    def result(self) -> Events:
        self._scan(np.zeros((self._frames.rest().shape[0], 2 * self._hop), np.float32))
        # A file that begins or ends in full swing was cut: that is no click inside it.
        cut = round(CUT_SECONDS * self._rate)
        clicks: list[int] = []
        for at in sorted(at for at in set(self._at) if cut <= at < self._total - cut):
            if not clicks or at - clicks[-1] > JOIN_SECONDS * self._rate:
                clicks.append(at)
        return Events.of((Span(at / self._rate, (at + 1) / self._rate) for at in clicks), join_seconds=0.0)
