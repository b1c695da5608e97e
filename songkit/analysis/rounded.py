"""Clipping that was resampled or coded afterwards: no top is flat any more, but many are as high, and they are wide.

Three marks together, because each has another cause as well:

    piled   many tops stand within some percent of one level, hardly any above it: so they do after a limiter, too
    wide    at that level they are wider than the tops below: so are those of a bass drum
    square  and more of their width lies near their height than of those below: what limiters shape stays round
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from songkit.audio import Format, Samples

STEPS_PER_E = 100  # tops are counted by the logarithm of their height, in steps of 1 %
LOWEST_STEP, STEPS = -1000, 1400
# What was cut stands at `level`; ringing and codecs spread it by some percent, and lift single tops above it.
LOWEST_SHARE = 0.66
AT = (0.95, 1.06)
BELOW = (0.78, 0.88)
ABOVE, MOST_ABOVE = 1.12, 0.15
FEWEST_TOPS, FEWEST_BELOW = 100, 5
# Clean music (masters of -8 LUFS coded to MP3 and AAC among it) reached 0.6; what was clipped in 1 % of its samples
# and resampled 1.3 and more, coded to MP3 or Vorbis mostly as much. AAC scatters the tops so far that half stay unseen.
LEAST_WIDER, LEAST_SQUARER, LEAST_EVIDENCE = 1.2, -0.02, 0.85

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rounded:
    """How many tops were cut off once, and the level they stand at; `evidence` says how clearly."""

    tops: int = 0
    level: float = 0.0
    evidence: float = 0.0


class RoundedMeter:
    """Counts tops by height; memory does not grow with length."""

    def __init__(self, format: Format) -> None:
        from songkit.dsp.tops import TopFinder

        self._finder = TopFinder(format.channels)
        self._sums = np.zeros((STEPS, 3))

    def push(self, block: Samples) -> None:
        rows = self._finder.push(block)
        step = np.clip(np.floor(np.log(rows[:, 0]) * STEPS_PER_E).astype(np.int64) - LOWEST_STEP, 0, STEPS - 1)
        for column, weights in enumerate((None, rows[:, 1], rows[:, 2])):
            self._sums[:, column] += np.bincount(step, weights, minlength=STEPS)

    def result(self) -> Rounded:
        found = [rounded for rounded in self._candidates() if rounded.evidence >= LEAST_EVIDENCE]
        return max(found, key=lambda rounded: rounded.evidence, default=Rounded())

    def _candidates(self) -> Iterator[Rounded]:
        """What each level that the tops may have been cut at has for itself."""
        counts = self._sums[:, 0]
        if not counts.any():
            return
        heights = np.exp((np.arange(STEPS) + LOWEST_STEP + 0.5) / STEPS_PER_E)
        highest = heights[np.flatnonzero(counts)[-1]]
        for level in highest * np.arange(LOWEST_SHARE, 1.0, 0.01):
            at, below = self._between(heights, level, AT), self._between(heights, level, BELOW)
            above = float(counts[heights >= ABOVE * level].sum())
            if at[0] < FEWEST_TOPS or below[0] < FEWEST_BELOW or above > MOST_ABOVE * at[0]:
                continue
            wider = (at[1] / at[0]) / (below[1] / below[0])
            squarer = at[1] / at[2] - below[1] / below[2]
            if wider >= LEAST_WIDER and squarer >= LEAST_SQUARER:
                yield Rounded(int(at[0]), float(level), float(at[0] / below[0] * wider))

    def _between(self, heights: Floats, level: float, shares: tuple[float, float]) -> Floats:
        """Tops, their upper samples and their whole ones, whose height is between two shares of the level."""
        low, high = shares
        sums: Floats = self._sums[(heights >= low * level) & (heights < high * level)].sum(axis=0)
        return sums
