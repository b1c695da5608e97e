"""The curves of an analysis over time, as CSV or JSON: momentary, short-term, true peak, correlation."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from songkit.analysis import Analysis

STEP_SECONDS = 0.1
# name -> seconds from the start of the first window to the time at which its value stands: the end of the window
_FIRST_SECONDS = {"momentary_lufs": 0.4, "short_term_lufs": 3.0, "true_peak_dbtp": 0.1, "correlation": 0.1}


def series_of(analysis: Analysis) -> dict[str, Sequence[float | None]]:
    """Every curve by name, a value per 100 ms."""
    return {
        "momentary_lufs": analysis.loudness.momentary_lufs,
        "short_term_lufs": analysis.loudness.short_term_lufs,
        "true_peak_dbtp": analysis.peaks.true_peak_series_dbtp,
        "correlation": analysis.stereo.correlation_series,
    }


def series_csv(analysis: Analysis) -> str:
    """One row per 100 ms: the time at which the windows end, then a column for each curve, empty where it has none."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["seconds", *series_of(analysis)])
    columns = [_lined_up(name, values) for name, values in series_of(analysis).items()]
    for row in range(max(map(len, columns), default=0)):
        cells = [column[row] if row < len(column) else None for column in columns]
        writer.writerow([f"{(row + 1) * STEP_SECONDS:.1f}", *("" if c is None else f"{c:.3f}" for c in cells)])
    return text.getvalue()


def series_json(analysis: Analysis) -> str:
    """Every curve with the time of its first value; strict JSON."""
    body: dict[str, Any] = {
        name: {
            "first_seconds": _FIRST_SECONDS[name],
            "step_seconds": STEP_SECONDS,
            "values": [None if value is None else round(value, 3) for value in values],
        }
        for name, values in series_of(analysis).items()
    }
    return json.dumps({"path": analysis.format.path, "series": body}, allow_nan=False, ensure_ascii=False) + "\n"


def _lined_up(name: str, values: Sequence[float | None]) -> list[float | None]:
    """The values so that index i stands at (i + 1) * 0.1 s."""
    return [None] * (round(_FIRST_SECONDS[name] / STEP_SECONDS) - 1) + list(values)
