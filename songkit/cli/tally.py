"""What is said of many files at their end, and of each in the log."""

from __future__ import annotations

from typing import Any

from songkit.batch import Outcome, Tally
from songkit.cli.log import current

SHOWN = 30
"""Reasons that are repeated at the end; all were told when they happened, and are in the log."""


def note_file(outcome: Outcome[Any]) -> None:
    """A line in the log file: the journal of a batch."""
    told = {"path": str(outcome.path), "duration": round(outcome.seconds, 3)}
    if outcome.error is None:
        current().write("info", "file", **told, outcome="done")
    else:
        error = outcome.error
        current().write("error", "file", **told, outcome="failed", message=error.message, hint=error.hint)


def tally_lines(tally: Tally, done: str) -> list[str]:
    """How many files went well, and each that did not with its reason."""
    failed = len(tally.failed)
    lines = ["", f"{tally.files} files: {tally.files - failed} {done}, {failed} failed"]
    for each in tally.failed[:SHOWN]:
        path = str(each.path)
        lines.append(f"failed   {each.message if path in each.message else f'{path}: {each.message}'}")
    if failed > SHOWN:
        lines.append(f"         and {failed - SHOWN} more, told above")
    return lines
