"""Windows of the programme that are mended in place, one after the other."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from songkit.audio import Samples

Mend = Callable[[Samples, int, int], None]


class Healing:
    """Shows every stretch of each channel once, with what lies before (mended already) and what comes after.

    `mend(window, channel, first_frame)` gets float32 `(length,)`, whose first sample is frame `first_frame` of the
    programme, and changes it in place: its middle from `margin` on is new, and the last `slack` samples before that may
    still be changed. Windows lie at fixed places of the programme; where nothing is changed, every bit stays.
    """

    def __init__(self, channels: int, mend: Mend, *, length: int, margin: int, slack: int = 0) -> None:
        self._mend = mend
        self._margin = margin
        self._hop = length - 2 * margin
        self._ready = margin - slack
        self._window = np.zeros((channels, length), np.float32)
        self._filled = margin
        self._first = -margin
        self._skip = slack  # the first window's slack lies before the programme
        self._owed = 0

    def push(self, block: Samples) -> Samples:
        """What is ready of the output; float32 `(channels, frames)`."""
        self._owed += block.shape[1]
        parts = [self._window[:, :0]]
        done = 0
        while done < block.shape[1]:
            take = min(block.shape[1] - done, self._window.shape[1] - self._filled)
            self._window[:, self._filled : self._filled + take] = block[:, done : done + take]
            self._filled += take
            done += take
            if self._filled == self._window.shape[1]:
                parts.append(self._mended())
        out = np.concatenate(parts, axis=1)
        self._owed -= out.shape[1]
        return out

    def finish(self) -> Samples:
        """The rest, with silence behind it; called once."""
        owed = self._owed
        silence = np.zeros((len(self._window), owed + 2 * self._window.shape[1]), np.float32)
        return np.ascontiguousarray(self.push(silence)[:, :owed])

    def _mended(self) -> Samples:
        for channel, window in enumerate(self._window):
            self._mend(window, channel, self._first)
        out = self._window[:, self._ready + self._skip : self._ready + self._hop].copy()
        self._skip = 0
        self._window[:, : -self._hop] = self._window[:, self._hop :].copy()
        self._filled -= self._hop
        self._first += self._hop
        return out
