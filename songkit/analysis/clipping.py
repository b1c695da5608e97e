"""Clipping: runs of 3 and more samples that stand at one level, at full scale or at the flat tops of a file that was
made quieter afterwards.

The top of a slow wave is flat too, but it is reached gently: a clipped run has a corner at both ends. Once resampled or
coded, nothing that was clipped has flat tops any more: see `songkit.analysis.rounded`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from songkit.analysis.events import Events, Span
from songkit.analysis.rounded import RoundedMeter
from songkit.audio import Format, Samples
from songkit.units import gain_to_db

SHORTEST_RUN = 3
FULL_SCALE = 0.9999
FLAT = 2.0**-15  # one step of 16 bits, so that a clipped file that was quantised afterwards is still flat
CORNER = 8 * FLAT
TOP_SHARE = 0.98  # flat tops below full scale stand at the file's own peak
FEWEST_TOPS = 3  # below full scale a single flat top proves nothing


@dataclass(frozen=True, slots=True)
class Clipping:
    """Flat runs at the top, how many samples they hold, and the level they stand at.

    Where there are none, `rounded_tops` counts those that were flat before a resampler or a codec came, at
    `rounded_level_dbfs`.
    """

    runs: int = 0
    samples: int = 0
    level_dbfs: float | None = None
    spans: tuple[Span, ...] = ()
    rounded_tops: int = 0
    rounded_level_dbfs: float | None = None


class ClippingMeter:
    def __init__(self, format: Format) -> None:
        from songkit.dsp.runs import RunFinder

        self._rate = format.sample_rate
        self._finder = RunFinder(format.channels, FLAT, SHORTEST_RUN)
        self._rounded = RoundedMeter(format)
        self._peak = 0.0
        self._found: list[npt.NDArray[np.float64]] = []

    def push(self, block: Samples) -> None:
        if not block.size:
            return
        self._peak = max(self._peak, float(block.max()), -float(block.min()))
        self._rounded.push(block)
        rows = self._finder.push(block, TOP_SHARE * self._peak, np.inf)
        rows = rows[(rows[:, 3] > CORNER) & (rows[:, 4] > CORNER)]
        if len(rows):
            self._found.append(rows)

    def result(self) -> Clipping:
        rows = np.concatenate([np.zeros((0, 5)), *self._found])
        level = np.abs(rows[:, 2])
        kept = rows[level >= TOP_SHARE * self._peak]
        if self._peak < FULL_SCALE and not _one_level(np.abs(kept[:, 2])):
            kept = kept[:0]
        if not len(kept):
            rounded = self._rounded.result()
            level_dbfs = gain_to_db(rounded.level) if rounded.tops else None
            return Clipping(rounded_tops=rounded.tops, rounded_level_dbfs=level_dbfs)
        spans = [Span(start / self._rate, (start + length) / self._rate) for start, length in kept[:, :2].tolist()]
        return Clipping(
            runs=len(kept),
            samples=int(kept[:, 1].sum()),
            level_dbfs=gain_to_db(float(np.median(np.abs(kept[:, 2])))),
            spans=Events.of(spans).spans,
        )


def _one_level(levels: npt.NDArray[np.float64]) -> bool:
    """Whether the tops stand where clipping leaves them: most of them at one and the same height."""
    if len(levels) < FEWEST_TOPS:
        return False
    same = int(np.count_nonzero(np.abs(levels - np.median(levels)) <= 2 * FLAT))
    return same >= max(FEWEST_TOPS, len(levels) // 2)
