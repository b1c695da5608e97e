"""Many analyses on a terminal: a row each, as it comes, and at the end what they come to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from songkit.analysis import Analysis
from songkit.analysis.profiles import BrokenLimit
from songkit.errors import SongkitError
from songkit.report.columns import WIDTH, shortened, wrapped
from songkit.report.figures import MAIN, main_value
from songkit.report.grouped import grouped
from songkit.report.style import Role, Style, plain
from songkit.report.wording import count, number, visible
from songkit.units import clock

NAME_WIDTH, LENGTH_WIDTH, FIGURE_WIDTH = 36, 9, 6
MOST_LISTED = 50
FIGURES = tuple(row for row in MAIN if row.path != "loudness.short_term_max_lufs")
_UNITS = {"loudness.integrated_lufs": "LUFS", "peaks.true_peak_dbtp": "dBTP", "loudness.range_lu": "LRA"}


def head_row(style: Style = plain) -> str:
    """The titles of the columns."""
    titles = (_UNITS.get(row.path, row.label) for row in FIGURES)
    return style(_row("file", "length", *titles, "found").rstrip(), "quiet")


def file_row(path: object, analysis: Analysis, broken: Sequence[BrokenLimit], style: Style = plain) -> str:
    """A file that was measured: its main figures, and the codes of what was found, the worst first."""
    kinds = grouped(analysis.findings)
    codes = [kind.code for kind in kinds if kind.severity != "info"]
    told = ([f"breaks {count(len(broken), 'limit')}"] if broken else []) + codes
    bad = bool(broken) or any(kind.severity == "error" for kind in kinds)
    role: Role = "error" if bad else "warning" if told else "good"
    line = _row(_name(path), clock(analysis.format.seconds), *(main_value(analysis, row) for row in FIGURES), "")
    return line + style(shortened(", ".join(told) or "nothing", WIDTH - len(line)), role)


def failed_row(path: object, error: SongkitError, style: Style = plain) -> str:
    """A file that could not be measured."""
    line = f"  {_name(path):<{NAME_WIDTH}}  "
    return line + style(
        shortened(f"failed: {_reason(visible(path), visible(error.message))}", WIDTH - len(line)), "error"
    )


@dataclass(slots=True)
class Summary:
    """What many files come to; only counts and what went wrong are kept."""

    profile: str = ""
    _measured: int = 0
    _failed: list[tuple[str, str]] = field(default_factory=list)
    _broken: list[tuple[str, str]] = field(default_factory=list)
    _lufs: list[float] = field(default_factory=list)
    _codes: Counter[str] = field(default_factory=Counter)

    def add(self, path: object, analysis: Analysis, broken: Sequence[BrokenLimit]) -> None:
        """A file that was measured."""
        self._measured += 1
        self._codes.update({finding.code for finding in analysis.findings if finding.severity != "info"})
        if analysis.loudness.integrated_lufs is not None:
            self._lufs.append(analysis.loudness.integrated_lufs)
        if broken:
            self._broken.append((visible(path), "; ".join(limit.message for limit in broken)))

    def fail(self, path: object, error: SongkitError) -> None:
        """A file that something kept from being measured."""
        self._failed.append((visible(path), visible(error.message)))

    def lines(self, style: Style = plain) -> list[str]:
        """The counts, the spread of the loudness, the commonest findings, and what failed, with its reason."""
        told = [f"{self._measured} measured", f"{len(self._failed)} failed"]
        if self.profile:
            told.append(f"{len(self._broken)} outside the profile {self.profile}")
        role: Role = "error" if self._failed or self._broken else "good"
        files = count(self._measured + len(self._failed), "file")
        lines = [style(f"  {files}: {', '.join(told)}", role)]
        if self._lufs:
            low, middle, high = (number(value) for value in (min(self._lufs), median(self._lufs), max(self._lufs)))
            lines.append(f"  loudness  {low} to {high} LUFS, median {middle}")
        if self._codes:
            found = ", ".join(f"{code} in {files}" for code, files in self._codes.most_common())
            lines += wrapped(found, "  found     ")
        for word, listed in (("failed", self._failed), ("outside", self._broken)):
            for path, reason in listed[:MOST_LISTED]:
                lines += wrapped(f"{path}: {_reason(path, reason)}", f"  {word:<9} ")
            if len(listed) > MOST_LISTED:
                lines.append(f"  {word:<9} and {len(listed) - MOST_LISTED} more")
        return lines


def _row(name: str, length: str, *cells: str) -> str:
    *figures, last = cells
    columns = (f"{name:<{NAME_WIDTH}}", f"{length:>{LENGTH_WIDTH}}", *(f"{cell:>{FIGURE_WIDTH}}" for cell in figures))
    return f"  {'  '.join(columns)}  {last}"


def _name(path: object) -> str:
    return shortened(visible(path), NAME_WIDTH)


def _reason(path: str, message: str) -> str:
    """What happened, without the path, with which most messages begin."""
    return message.removeprefix(path).lstrip(": ")
