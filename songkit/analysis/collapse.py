"""Late collapse: a song that falls apart or falls silent long before its end, as failed generation does."""

from __future__ import annotations

from collections.abc import Sequence

from songkit.analysis.events import Span

DROP_LU = 15.0
LEAST_SECONDS = 12.0  # a fade-out stays less than that under the drop
LEAST_SHARE = 0.08
SERIES_SECONDS = 0.1
WINDOW_SECONDS = 3.0
_SILENT_LUFS = -70.0


def late_collapse(short_term_lufs: Sequence[float | None], seconds: float) -> Span | None:
    """From where on the short-term loudness stays 15 LU under its median of before, to the end; None where it holds."""
    levels = [_SILENT_LUFS if value is None else value for value in short_term_lufs]
    if not levels:
        return None
    before = sorted(levels[: max(1, 2 * len(levels) // 3)])
    limit = before[len(before) // 2] - DROP_LU
    loud = [index for index, level in enumerate(levels) if level >= limit]
    start = (loud[-1] * SERIES_SECONDS + WINDOW_SECONDS) if loud else 0.0
    if limit < _SILENT_LUFS or seconds - start < max(LEAST_SECONDS, LEAST_SHARE * seconds):
        return None
    return Span(start, seconds)
