"""What an analysis means for the one who made the file: a code, how bad it is, where, what was measured, what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from songkit.analysis.result import Analysis

Severity = Literal["info", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`code` is for programs; `measured` names the figures, `advice` what to do; times are None for the whole file."""

    code: str
    severity: Severity
    measured: str
    advice: str
    start_seconds: float | None = None
    end_seconds: float | None = None


def find(analysis: Analysis) -> tuple[Finding, ...]:
    """Every finding of the table, the worst first, then by time."""
    return ()
