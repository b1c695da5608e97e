"""Clipping: runs of samples that stand at one level, at full scale or at the flat tops of a file lowered afterwards."""

from __future__ import annotations

from dataclasses import dataclass

from songkit.analysis.events import Span


@dataclass(frozen=True, slots=True)
class Clipping:
    """Runs of 3 and more flat samples at the top, how many samples they hold, and the level they stand at."""

    runs: int = 0
    samples: int = 0
    level_dbfs: float | None = None
    spans: tuple[Span, ...] = ()
