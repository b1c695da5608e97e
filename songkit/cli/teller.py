"""Where the analyses of `songkit analyze` go, file by file: table, rows, JSON or CSV; JUnit and CSV files at the end.

Nothing that grows with a file's length is kept, so that a folder may hold thousands.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from songkit.cli.asides import Aside
from songkit.cli.options import JsonArray, show_error
from songkit.cli.say import say
from songkit.errors import QualityError

if TYPE_CHECKING:
    from songkit.analysis import Analysis
    from songkit.analysis.profiles import BrokenLimit, Profile
    from songkit.batch import Outcome
    from songkit.report.junit import Case
    from songkit.report.rows import Summary
    from songkit.report.style import Style

Way = Literal["tables", "rows", "json", "csv", "nothing"]


@dataclass(slots=True)
class Teller:
    """`way` is what stdout gets; `csv` and `junit` are files, written by `close`."""

    way: Way
    profile: Profile | None = None
    explain: bool = False
    csv: Path | None = None
    junit: Path | None = None
    force: bool = False
    _told: int = 0
    _json: JsonArray = field(default_factory=JsonArray)
    _csv_rows: list[str] = field(default_factory=list)
    _cases: list[Case] = field(default_factory=list)
    _summary: Summary | None = None

    def tell(self, outcome: Outcome[Analysis], aside: Aside) -> Outcome[Any]:
        """One file's outcome where it belongs; what went wrong, a line each, on stderr besides.

        What comes back is the verdict alone: the error, if any, and nothing that was measured.
        """
        from songkit.analysis.profiles import judge
        from songkit.batch import Outcome

        analysis, error = outcome.result, outcome.error
        broken = () if analysis is None or self.profile is None else judge(analysis, self.profile)
        self._print(outcome, aside, broken)
        if self.csv is not None:
            from songkit.report import spreadsheet

            self._csv_rows.append(spreadsheet.row(outcome.path, analysis, broken, error))
        if self.junit is not None:
            self._cases.append(_case(outcome, broken))
        self._told += 1
        if error is not None:
            show_error(error)
        for limit in () if self.way == "rows" else broken:  # the rows' summary has them
            name = self.profile.name if self.profile else ""
            show_error(QualityError(f"{outcome.path}: {limit.message} (profile {name})"))
        if broken and error is None:
            error = QualityError("; ".join(limit.message for limit in broken))
        return Outcome(outcome.path, None, error, outcome.seconds)

    def close(self) -> None:
        """The end of what stdout gets, and the files."""
        from songkit.atomic import write_text
        from songkit.report import spreadsheet
        from songkit.report.junit import junit_xml
        from songkit.report.style import style_for

        if self.way == "json":
            self._json.close()
        if self._summary is not None:
            say("\n".join(["", *self._summary.lines(style_for(sys.stdout))]))
        if self.csv is not None:
            write_text(self.csv, "".join([spreadsheet.head(), *self._csv_rows]), force=self.force)
        if self.junit is not None:
            suite = self.profile.name if self.profile else "songkit"
            write_text(self.junit, junit_xml("songkit analyze", suite, self._cases), force=self.force)

    def _print(self, outcome: Outcome[Analysis], aside: Aside, broken: Sequence[BrokenLimit]) -> None:
        from songkit.report import spreadsheet
        from songkit.report.style import style_for

        if self.way == "json":
            self._json.add(_to_dict(outcome, self.profile, broken) | aside.values())
        elif self.way == "csv":
            row = spreadsheet.row(outcome.path, outcome.result, broken, outcome.error)
            say((row if self._told else spreadsheet.head() + row).removesuffix("\n"))
        elif self.way == "rows":
            self._print_row(outcome, broken, style_for(sys.stdout))
        elif self.way == "tables" and outcome.result is not None:
            say("\n".join([*([""] if self._told else []), *self._table(outcome.result, aside, style_for(sys.stdout))]))

    def _print_row(self, outcome: Outcome[Analysis], broken: Sequence[BrokenLimit], style: Style) -> None:
        from songkit.report.rows import Summary, failed_row, file_row, head_row

        if self._summary is None:
            self._summary = Summary(self.profile.name if self.profile else "")
            say(head_row(style))
        if outcome.error is not None:
            self._summary.fail(outcome.path, outcome.error)
            say(failed_row(outcome.path, outcome.error, style))
        elif outcome.result is not None:
            self._summary.add(outcome.path, outcome.result, broken)
            say(file_row(outcome.path, outcome.result, broken, style))

    def _table(self, analysis: Analysis, aside: Aside, style: Style) -> list[str]:
        from songkit.report.terminal import analysis_lines, explain_lines

        lines = analysis_lines(analysis, style)
        if self.explain and analysis.score is not None:
            lines += ["", *explain_lines(analysis.score, style)]
        for told in aside.paragraphs(analysis, style):
            lines += ["", *told]
        return lines


def _case(outcome: Outcome[Analysis], broken: Sequence[BrokenLimit]) -> Case:
    """A broken limit fails a file, what cannot be measured is an error."""
    from songkit.report.junit import Case

    name, seconds = str(outcome.path), outcome.seconds
    if outcome.error is not None:
        return Case(name, "error", type(outcome.error).__name__, (outcome.error.message,), seconds)
    if broken:
        return Case(name, "failure", "limit", tuple(limit.message for limit in broken), seconds)
    return Case(name, seconds=seconds)


def _to_dict(outcome: Outcome[Analysis], profile: Profile | None, broken: Sequence[BrokenLimit]) -> dict[str, Any]:
    body: dict[str, Any] = {"path": str(outcome.path)}
    if outcome.result is not None:
        body = outcome.result.to_dict()
        if profile is not None:
            limits = [asdict(limit) for limit in broken]
            body["profile"] = {"name": profile.name, "passed": not limits, "broken": limits}
    error: Any = outcome.error
    if error is None and broken:
        error = QualityError("; ".join(limit.message for limit in broken))
    if error is not None:
        body["error"] = {"message": error.message, "exit_code": error.exit_code}
    return body
