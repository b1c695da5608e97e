"""What `songkit analyze` adds on request, for the table and for JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from songkit.progress import Progress

if TYPE_CHECKING:
    from songkit.analysis import Analysis
    from songkit.analysis.baseline import Compared
    from songkit.analysis.hints import Hints
    from songkit.analysis.listening import Heard
    from songkit.analysis.second_opinion import Opinion
    from songkit.report.style import Style


@dataclass(frozen=True, slots=True)
class Aside:
    """What was found of one file; None for what nobody asked."""

    heard: tuple[Heard, ...] | None = None
    opinions: tuple[Opinion, ...] | None = None
    hints: Hints | None = None
    compared: Compared | None = None

    def values(self) -> dict[str, Any]:
        """Plain JSON values, under the options' names."""
        body: dict[str, Any] = {}
        if self.heard is not None:
            body["platforms"] = [heard.to_dict() for heard in self.heard]
        if self.opinions is not None:
            body["second_opinion"] = [asdict(opinion) for opinion in self.opinions]
        if self.hints is not None:
            body["hints"] = asdict(self.hints)
        if self.compared is not None:
            body["baseline"] = self.compared.to_dict()
        return body

    def paragraphs(self, analysis: Analysis, style: Style) -> Iterator[list[str]]:
        """Lines for each thing that was asked for."""
        from songkit.report.asides import compared_lines, heard_lines, hint_lines, opinion_lines

        if self.heard is not None:
            yield heard_lines(self.heard, style)
        if self.opinions is not None:
            yield opinion_lines(analysis, self.opinions, style)
        if self.hints is not None:
            yield hint_lines(self.hints, style)
        if self.compared is not None:
            yield compared_lines(self.compared, style)


@dataclass(frozen=True, slots=True)
class Asides:
    """What was asked for."""

    platforms: bool = False
    second_opinion: bool = False
    hints: bool = False
    baseline: list[dict[str, Any]] | None = None

    @classmethod
    def asked(cls, *, platforms: bool, second_opinion: bool, hints: bool, baseline: Path | None) -> Asides:
        """Reads the baseline before any work, and looks for the library of the hints.

        Raises UsageError where the baseline is none, MissingError for the library.
        """
        from songkit.analysis.baseline import load_baseline
        from songkit.analysis.hints import librosa

        if hints:
            librosa()
        return cls(platforms, second_opinion, hints, None if baseline is None else load_baseline(baseline))

    def __bool__(self) -> bool:
        return self.platforms or self.second_opinion or self.hints or self.baseline is not None

    def of(self, path: Path, analysis: Analysis, progress: Progress) -> Aside:
        """What was asked for of one file. Raises UsageError where the baseline does not know it."""
        from songkit.analysis.baseline import compare, entry_for
        from songkit.analysis.hints import hints_of
        from songkit.analysis.listening import listen
        from songkit.analysis.second_opinion import second_opinions
        from songkit.files import open_source

        return Aside(
            heard=listen(analysis) if self.platforms else None,
            opinions=second_opinions(open_source(path), progress) if self.second_opinion else None,
            hints=hints_of(open_source(path), progress) if self.hints else None,
            compared=None if self.baseline is None else compare(analysis, entry_for(self.baseline, path)),
        )
