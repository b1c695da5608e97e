"""What was looked at, how it is, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

State = Literal["ok", "note", "problem"]
"""`note`: works, but slower, or something that only some commands need is not here; `problem`: nothing works so."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing: what is there in a line, what to do about it (empty where nothing), and the same as plain values."""

    name: str
    state: State
    what: str
    advice: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


MARKS: dict[State, str] = {"ok": "ok", "note": "note", "problem": "PROBLEM"}


def report(findings: list[Finding]) -> list[str]:
    """Lines for the terminal."""
    name_width, mark_width = max(len(each.name) for each in findings), max(map(len, MARKS.values()))
    lines = []
    for each in findings:
        lines.append(f"{MARKS[each.state]:<{mark_width}}  {each.name:<{name_width}}  {each.what}")
        if each.advice:
            lines.append(f"{'':<{mark_width}}  {'':<{name_width}}  -> {each.advice}")
    return lines
