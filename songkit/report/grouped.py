"""Findings for a reader: those of one kind together, numbered, so that the plots can point at them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from songkit.analysis import Finding
from songkit.units import clock

WORDS = {"error": "error", "warning": "warning", "info": "note"}
LISTED_TIMES = 6


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """All findings of one code and severity; `number` counts from 1, the worst first."""

    number: int
    code: str
    severity: str
    advice: str
    findings: tuple[Finding, ...]

    @property
    def word(self) -> str:
        """The severity in plain words."""
        return WORDS[self.severity]

    @property
    def measured(self) -> str:
        """What was measured at the first one."""
        return self.findings[0].measured

    @property
    def places(self) -> tuple[tuple[float, str], ...]:
        """Where: when each one begins, and its time or stretch in words; none for what concerns the whole file."""
        return tuple((each.start_seconds, _span(each)) for each in self.findings if each.start_seconds is not None)

    @property
    def times(self) -> str:
        """The first places in words; empty for what concerns the whole file."""
        return ", ".join(span for _, span in self.places[:LISTED_TIMES]) + self.more

    @property
    def more(self) -> str:
        """How many places are left out of a list; empty where none is."""
        more = len(self.places) - LISTED_TIMES
        return f" and {more} more" if more > 0 else ""


def grouped(findings: Sequence[Finding]) -> tuple[FindingGroup, ...]:
    """The findings by code and severity, in the order of the first of each."""
    kinds: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in findings:
        kinds.setdefault((finding.code, finding.severity, finding.advice), []).append(finding)
    return tuple(
        FindingGroup(number, code, severity, advice, tuple(found))
        for number, ((code, severity, advice), found) in enumerate(kinds.items(), start=1)
    )


def _span(finding: Finding) -> str:
    start, end = finding.start_seconds or 0.0, finding.end_seconds
    if end is None or end - start < 0.1:
        return clock(start)
    return f"{clock(start)} to {clock(end)}"
