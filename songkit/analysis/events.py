"""What happened when: spans of time, counted, with neighbours joined so that a list stays readable."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """From `start_seconds` to `end_seconds`, and how often it happened in there."""

    start_seconds: float
    end_seconds: float
    count: int = 1


@dataclass(frozen=True, slots=True)
class Events:
    """How often something happened in the whole file, and where."""

    count: int = 0
    spans: tuple[Span, ...] = ()

    @classmethod
    def of(cls, spans: Iterable[Span], join_seconds: float = 0.1) -> Events:
        """Spans in order of time; those closer than `join_seconds` become one."""
        joined: list[Span] = []
        total = 0
        for span in sorted(spans, key=lambda span: span.start_seconds):
            total += span.count
            if joined and span.start_seconds - joined[-1].end_seconds <= join_seconds:
                last = joined.pop()
                span = Span(last.start_seconds, max(last.end_seconds, span.end_seconds), last.count + span.count)
            joined.append(span)
        return cls(total, tuple(joined))
