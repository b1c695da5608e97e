"""What `songkit analyze` adds on request, gathered file by file, for the table and for JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from songkit.progress import Progress

if TYPE_CHECKING:
    from songkit.analysis import Analysis
    from songkit.analysis.baseline import Compared
    from songkit.analysis.profiles import Profile
    from songkit.analysis.second_opinion import Opinion
    from songkit.batch import Outcome
    from songkit.report.style import Style


@dataclass(slots=True)
class Asides:
    """What was asked for, and what was found so far."""

    platforms: bool
    second_opinion: bool
    baseline: list[dict[str, Any]] | None
    _analyses: dict[Path, Analysis] = field(default_factory=dict)
    _opinions: dict[Path, tuple[Opinion, ...]] = field(default_factory=dict)
    _compared: dict[Path, Compared] = field(default_factory=dict)

    @classmethod
    def asked(cls, *, platforms: bool, second_opinion: bool, baseline: Path | None) -> Asides:
        """Reads the baseline before any work. Raises UsageError when it is not one."""
        from songkit.analysis.baseline import load_baseline

        return cls(platforms, second_opinion, None if baseline is None else load_baseline(baseline))

    def add(self, path: Path, analysis: Analysis, progress: Progress) -> None:
        """Gathers what was asked for of one file."""
        from songkit.analysis.baseline import compare, entry_for
        from songkit.analysis.second_opinion import second_opinions
        from songkit.files import open_source

        self._analyses[path] = analysis
        if self.second_opinion:
            self._opinions[path] = second_opinions(open_source(path), progress)
        if self.baseline is not None:
            self._compared[path] = compare(analysis, entry_for(self.baseline, path))

    def values(self, path: Path) -> dict[str, Any]:
        """Plain JSON values, under the options' names."""
        from songkit.analysis.listening import listen

        body: dict[str, Any] = {}
        if self.platforms and path in self._analyses:
            body["platforms"] = [heard.to_dict() for heard in listen(self._analyses[path])]
        if path in self._opinions:
            body["second_opinion"] = [asdict(opinion) for opinion in self._opinions[path]]
        if path in self._compared:
            body["baseline"] = self._compared[path].to_dict()
        return body

    def lines(self, analysis: Analysis, style: Style) -> Iterator[list[str]]:
        """A paragraph for each thing that was asked for, of the file that was added last."""
        from songkit.analysis.listening import listen
        from songkit.report.asides import compared_lines, heard_lines, opinion_lines

        path = list(self._analyses)[-1]
        if self.platforms:
            yield heard_lines(listen(analysis), style)
        if path in self._opinions:
            yield opinion_lines(analysis, self._opinions[path], style)
        if path in self._compared:
            yield compared_lines(self._compared[path], style)


def write_series(path: Path, analysis: Analysis, *, force: bool) -> None:
    """The curves as the ending of the file says: `.json`, else CSV."""
    from songkit.atomic import write_text
    from songkit.report.series import series_csv, series_json

    write_text(path, (series_json if path.suffix.lower() == ".json" else series_csv)(analysis), force=force)


def write_junit(path: Path, outcomes: Sequence[Outcome[Analysis]], profile: Profile | None, *, force: bool) -> None:
    """A case per file: a broken limit fails it, a file that cannot be read is an error."""
    from songkit.analysis.profiles import judge
    from songkit.atomic import write_text
    from songkit.report.junit import Case, junit_xml

    cases = []
    for outcome in outcomes:
        name = str(outcome.path)
        broken = judge(outcome.result, profile) if outcome.result is not None and profile is not None else ()
        if outcome.result is None and outcome.error is not None:
            cases.append(Case(name, "error", type(outcome.error).__name__, (outcome.error.message,)))
        elif broken:
            cases.append(Case(name, "failure", "limit", tuple(limit.message for limit in broken)))
        else:
            cases.append(Case(name, seconds=0.0))
    write_text(path, junit_xml("songkit analyze", profile.name if profile else "songkit", cases), force=force)
