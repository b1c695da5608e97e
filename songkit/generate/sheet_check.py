"""What becomes of a lyric sheet in a song: where each line is sung, how crowded it is, and what will not be heard.

The tokens are those of DiffRhythm, one a frame; where the libraries that make them are missing, the sheet itself is
checked (times and syllables), and what was not is said.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from songkit.errors import MissingError, UsageError
from songkit.generate import lyrics as lyric_sheets
from songkit.generate.contract import MAX_SECONDS, MIN_SECONDS
from songkit.generate.lyrics import Line, Lyrics, count_syllables
from songkit.units import clock, frames_to_seconds

if TYPE_CHECKING:
    from songkit.generate.diffrhythm.words import Finding, Placed, PlacedLine

TAIL_SECONDS = 10.0
"""How long a song goes on after its last line has begun, where no length is asked for."""


@dataclass(frozen=True, slots=True)
class Sung:
    """A line on the frame axis of DiffRhythm."""

    from_seconds: float
    seconds: float
    """How long its tokens take, one a frame; a voice stretches them."""
    tokens: int
    tokens_per_second: float | None
    """Over the time until the next line; None where there is none. At most 21.5 can be sung."""
    languages: tuple[str, ...]
    symbols: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckedLine:
    """A line of the sheet and what becomes of it."""

    line: Line
    syllables: int
    """About how many."""
    sung: Sung | None
    """None: not sung, or not checked (then `CheckedSheet.unchecked` says why)."""


@dataclass(frozen=True, slots=True)
class CheckedSheet:
    """What a check of a sheet found."""

    where: str
    seconds: float
    lines: tuple[CheckedLine, ...]
    findings: tuple[Finding, ...]
    """What will not be heard as written."""
    notes: tuple[str, ...]
    """What is no fault of the sheet."""
    unchecked: tuple[str, ...]
    """What could not be checked here, and why."""

    @property
    def passed(self) -> bool:
        return not self.findings

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "path": self.where,
            "seconds": self.seconds,
            "passed": self.passed,
            "lines": [_line_values(line) for line in self.lines],
            "findings": [asdict(finding) for finding in self.findings],
            "notes": list(self.notes),
            "unchecked": list(self.unchecked),
        }

    def report(self) -> list[str]:
        """Lines for the terminal: a row for each line of the sheet, then the findings."""
        rows = ["line       time  sung from  tokens  a second  words", *(_row(line) for line in self.lines)]
        rows += [f"warning: {finding.message}" for finding in self.findings]
        rows += [f"note: {note}" for note in self.notes]
        rows += [f"not checked: {reason}" for reason in self.unchecked]
        faults = f"{len(self.findings)} findings" if len(self.findings) != 1 else "1 finding"
        return [*rows, f"{self.where}: {len(self.lines)} lines in a song of {clock(self.seconds)}, {faults}"]


def check_sheet(path: Path, *, seconds: float | None = None, models: Path | None = None) -> CheckedSheet:
    """What becomes of the sheet in a song of `seconds` (None: as long as `fitting_seconds` says).

    `models`: the folder with DiffRhythm's published lexicon and polyphone model for Mandarin, where they are. Raises
    UsageError for a sheet that cannot be understood, and for a length that cannot be made.
    """
    sheet = lyric_sheets.load(path)
    seconds = fitting_seconds(sheet) if seconds is None else seconds
    if not MIN_SECONDS <= seconds <= MAX_SECONDS:
        raise UsageError(f"{seconds:g} seconds: songs of {MIN_SECONDS:g} to {MAX_SECONDS:g} seconds can be made")
    try:
        return _checked(sheet, str(path), seconds, models)
    except MissingError as error:
        return _checked_without_sounds(sheet, str(path), seconds, error)


def fitting_seconds(sheet: Lyrics) -> float:
    """The length where none is asked for: `TAIL_SECONDS` after the last line, within what can be made."""
    return min(MAX_SECONDS, max(MIN_SECONDS, sheet.lines[-1].start_seconds + TAIL_SECONDS))


def _checked(sheet: Lyrics, where: str, seconds: float, models: Path | None) -> CheckedSheet:
    from songkit.generate.diffrhythm.words import place

    placed = place(sheet, seconds, models=models)
    notes = tuple(finding.message for finding in placed.findings if finding.code == "substitute")
    findings = tuple(finding for finding in placed.findings if finding.code != "substitute")
    return CheckedSheet(where, seconds, _lines(sheet, placed), findings, notes, unchecked=())


def _checked_without_sounds(sheet: Lyrics, where: str, seconds: float, missing: MissingError) -> CheckedSheet:
    from songkit.generate.diffrhythm.words import Finding

    findings = tuple(Finding("times", warning) for warning in lyric_sheets.check(sheet, seconds))
    reason = f"sounds, tokens and where they are sung: {missing}"
    return CheckedSheet(where, seconds, _lines(sheet, None), findings, notes=(), unchecked=(reason,))


def _lines(sheet: Lyrics, placed: Placed | None) -> tuple[CheckedLine, ...]:
    found = {} if placed is None else {id(line.line): _sung(line) for line in placed.lines}
    return tuple(CheckedLine(line, count_syllables(line.text), found.get(id(line))) for line in sheet.lines)


def _sung(placed: PlacedLine) -> Sung:
    from songkit.generate.diffrhythm.shape import FRAME_SAMPLES, SAMPLE_RATE

    return Sung(
        from_seconds=frames_to_seconds(placed.start * FRAME_SAMPLES, SAMPLE_RATE),
        seconds=frames_to_seconds(placed.frames * FRAME_SAMPLES, SAMPLE_RATE),
        tokens=len(placed.tokens),
        tokens_per_second=placed.tokens_per_second,
        languages=placed.sound.languages,
        symbols=placed.sound.symbols,
    )


def _line_values(checked: CheckedLine) -> dict[str, Any]:
    line = checked.line
    return {
        "line_number": line.line_number,
        "start_seconds": line.start_seconds,
        "text": line.text,
        "syllables": checked.syllables,
        "sung": None if checked.sung is None else asdict(checked.sung),
    }


def _row(checked: CheckedLine) -> str:
    line, sung = checked.line, checked.sung
    figures = f"{'-':>9}  {'-':>6}  {'-':>8}"
    if sung is not None:
        rate = "-" if sung.tokens_per_second is None else f"{sung.tokens_per_second:.1f}"
        figures = f"{clock(sung.from_seconds):>9}  {sung.tokens:>6}  {rate:>8}"
    return f"{line.line_number:>4}  {clock(line.start_seconds):>9}  {figures}  {line.text}"
