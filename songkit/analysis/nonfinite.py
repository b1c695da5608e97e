"""NaN, Inf and numbers that no sound has: counted, located, and replaced by zero before any meter sees them."""

from __future__ import annotations

import numpy as np

from songkit.analysis.events import Events, Span
from songkit.audio import Format, Samples

MAX_AMPLITUDE = 1e12
"""+240 dBFS. A float file with more is damaged, and the square of such a sample's spectrum would leave float32."""


class NonfiniteMeter:
    """Stands before the other meters: `clean` returns the block itself where there is nothing to replace."""

    def __init__(self, format: Format) -> None:
        self.count = 0
        self._rate = format.sample_rate
        self._frames = 0
        self._spans: list[Span] = []

    def clean(self, block: Samples) -> Samples:
        start = self._frames
        self._frames += block.shape[1]
        # written so that NaN, which is neither above nor below anything, does not pass
        if not block.size or (block.max() <= MAX_AMPLITUDE and block.min() >= -MAX_AMPLITUDE):
            return block
        with np.errstate(invalid="ignore"):
            bad = ~(np.abs(block) <= MAX_AMPLITUDE)
        self.count += int(np.count_nonzero(bad))
        at = np.flatnonzero(bad.any(axis=0))
        for run in np.split(at, np.flatnonzero(np.diff(at) > self._rate // 10) + 1):
            if len(run):
                count = int(np.count_nonzero(bad[:, run]))
                self._spans.append(
                    Span((start + int(run[0])) / self._rate, (start + int(run[-1]) + 1) / self._rate, count)
                )
        return np.where(bad, np.float32(0.0), block)

    def result(self) -> Events:
        return Events.of(self._spans)
