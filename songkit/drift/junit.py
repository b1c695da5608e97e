"""A drift as JUnit's XML: drifted, missing and replaced files fail, broken ones are errors, new ones skipped."""

from __future__ import annotations

from songkit.drift.result import DriftResult, FileOutcome
from songkit.report import junit


def junit_xml(result: DriftResult) -> str:
    """The result as one suite, a case a file."""
    return junit.junit_xml(
        f"songkit chains test {result.chain.name}", result.chain.name, [_case(outcome) for outcome in result.files]
    )


def _case(outcome: FileOutcome) -> junit.Case:
    if outcome.verdict == "same":
        return junit.Case(outcome.name, seconds=outcome.seconds)
    tag = {"new": "skipped", "failed": "error"}.get(outcome.verdict, "failure")
    return junit.Case(outcome.name, tag, outcome.verdict, tuple(outcome.lines()), outcome.seconds)  # type: ignore[arg-type]
