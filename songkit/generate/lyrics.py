"""Timed lyrics: what an LRC sheet says, line by line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Line:
    """One sung line: when it starts, its words (never empty), and the line of the sheet it stands on (from 1)."""

    start_seconds: float
    text: str
    line_number: int


@dataclass(frozen=True, slots=True)
class Lyrics:
    """Sung lines in order of time, and the sheet's header tags (`ar`, `ti`, ...)."""

    lines: tuple[Line, ...]
    tags: Mapping[str, str] = field(default_factory=dict)
