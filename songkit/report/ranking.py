"""What `songkit rank` prints: the takes in their new order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from songkit.analysis import Score
from songkit.report.columns import table, wrapped
from songkit.report.style import Style, plain
from songkit.report.terminal import explain_lines
from songkit.report.wording import number, visible


class Ranked(Protocol):
    """A take as `songkit.make.rank_run` ranks it."""

    @property
    def seed(self) -> int: ...
    @property
    def state(self) -> str: ...
    @property
    def points(self) -> float: ...
    @property
    def points_before(self) -> float | None: ...
    @property
    def reasons(self) -> Sequence[str]: ...
    @property
    def audio(self) -> Path | None: ...
    @property
    def measured(self) -> bool: ...
    @property
    def won_before(self) -> bool: ...
    @property
    def score(self) -> Score | None: ...


class Order(Protocol):
    """What `songkit.make.rank_run` gives back."""

    @property
    def folder(self) -> Path: ...
    @property
    def weights_version(self) -> str: ...
    @property
    def takes(self) -> Sequence[Ranked]: ...


def ranking_lines(ranking: Order, *, explain: bool = False, style: Style = plain) -> list[str]:
    """A row per take, the best first, then why some cannot win; with `explain` how each score comes about."""
    title = f"{visible(ranking.folder)} by the weights of version {visible(ranking.weights_version)}"
    lines = [style(line, "title") for line in wrapped(title, "")]
    rows: list[tuple[str, ...]] = [("", "seed", "state", "score", "before", "", "audio")]
    rows += [_row(place, take) for place, take in enumerate(ranking.takes, start=1)]
    head, *body = table(rows, "rrlrrll")
    lines += ["", style(head, "quiet"), *body]
    for take in ranking.takes:
        lines += [line for reason in take.reasons for line in wrapped(f"seed {take.seed}: {visible(reason)}", "  -> ")]
    for take in ranking.takes if explain else ():
        if take.score is not None:
            lines += ["", style(f"  Seed {take.seed}", "heading"), *explain_lines(take.score, style)]
    return lines


def _row(place: int, take: Ranked) -> tuple[str, ...]:
    notes = ["won before"] if take.won_before else []
    notes += ["measured again"] if take.measured else []
    audio = "-" if take.audio is None else visible(f"{take.audio.parent.name}/{take.audio.name}")
    before = "-" if take.points_before is None else number(take.points_before)
    rank = str(place) if take.state == "valid" else "-"
    return rank, str(take.seed), take.state, number(take.points), before, ", ".join(notes), audio
