"""What in a sheet will not be heard as written, one finding each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from songkit.generate.diffrhythm.shape import FRAME_SAMPLES, SAMPLE_RATE
from songkit.generate.lyrics import Line, named
from songkit.units import clock

if TYPE_CHECKING:
    from songkit.generate.diffrhythm.words.line import Pronounced
    from songkit.generate.diffrhythm.words.placement import PlacedLine
    from songkit.generate.diffrhythm.words.readings import Readings

TOKENS_PER_SECOND = SAMPLE_RATE / FRAME_SAMPLES
"""21.5: one token a frame."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What will not be heard as written."""

    code: str
    """`beyond_end`, `dropped`, `not_sung`, `crowded`, `late`, `cut`, or `substitute` (no fault of the sheet)."""
    message: str
    """One line for the user."""
    line_number: int | None = None
    """The line of the sheet; None: the whole of it."""


def beyond_end(line: Line, seconds: float) -> Finding:
    """A line that starts when the song is over."""
    return _of(line, "beyond_end", f"starts after the end of the song ({clock(seconds)}): it is not sung")


def dropped(line: Line) -> Finding:
    """The last line of the base model, where it was not to be kept."""
    return _of(line, "dropped", "is the last one, which the published front end drops")


def substitute(readings: Readings) -> list[Finding]:
    """That Mandarin is read by something else than what was published."""
    return [Finding("substitute", f"Mandarin is read by {readings.substitute}")] if readings.substitute else []


def not_sung(line: Line, sound: Pronounced) -> list[Finding]:
    """What is written in a line and has no sound."""
    findings = [_of(line, "not_sung", reason, ": ") for reason in sound.not_sung]
    if not sound.ids:
        findings.append(_of(line, "not_sung", "has nothing in it that can be sung"))
    return findings


def misplaced(placed: PlacedLine) -> list[Finding]:
    """A line with more tokens than frames, one pushed back by those before it, one that the end cuts."""
    line, needed, findings = placed.line, len(placed.tokens), []
    if needed > placed.room:
        room = f"{placed.room / TOKENS_PER_SECOND:.2f} s" if placed.room > 0 else "no time at all"
        reason = f"is crowded: {needed} tokens in {room} ({TOKENS_PER_SECOND:.1f} a second can be sung)"
        findings.append(_of(line, "crowded", reason))
    if placed.start > placed.asked:
        late = (placed.start - placed.asked) / TOKENS_PER_SECOND
        findings.append(_of(line, "late", f"overlaps: it starts {late:.2f} s late, when the lines before it are over"))
    if placed.frames < needed:
        findings.append(_of(line, "cut", f"is cut at the end of the song: {needed - placed.frames} of {needed} tokens"))
    return findings


def _of(line: Line, code: str, reason: str, between: str = " ") -> Finding:
    return Finding(code, f"{named(line)}{between}{reason}", line.line_number)
