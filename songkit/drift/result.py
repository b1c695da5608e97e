"""What became of every file of a corpus against the baseline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from songkit.chains import Chain
from songkit.drift.baseline import Baseline, Entry
from songkit.drift.measure import tolerance
from songkit.errors import SongkitError

Verdict = Literal["same", "drifted", "new", "missing", "replaced", "failed"]

PASSING: tuple[Verdict, ...] = ("same", "new")


@dataclass(frozen=True, slots=True)
class Drift:
    """A figure that moved further than it may."""

    figure: str
    then: float | None
    now: float | None
    tolerance: float

    def __str__(self) -> str:
        moved = "" if self.then is None or self.now is None else f" ({self.now - self.then:+.3f})"
        return f"{self.figure} was {_told(self.then)}, is {_told(self.now)}{moved}; allowed {self.tolerance:g}"


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """One file: `same`, `drifted`, `new` (not in the baseline), `missing` (only there), `replaced` (another file by the
    same name), or `failed` (it could not be mastered)."""

    name: str
    seconds: float = 0.0
    now: Entry | None = None
    error: SongkitError | None = None
    verdict: Verdict = "new"
    drifts: tuple[Drift, ...] = ()

    @property
    def passed(self) -> bool:
        return self.verdict in PASSING

    def lines(self) -> list[str]:
        """What is to be said of it; nothing where all is as it was."""
        words = {
            "new": "is not in the baseline; --update takes it in",
            "missing": "is in the baseline, but not in the corpus",
            "replaced": "is not the file that the baseline measured: its bytes are others",
        }
        if self.error is not None:
            return [f"{self.name}: {self.error.message}"]
        if self.verdict in words:
            return [f"{self.name}: {words[self.verdict]}"]
        return [f"{self.name}: {drift}" for drift in self.drifts]


@dataclass(frozen=True, slots=True)
class DriftResult:
    """All files of one run; `updated` says that the baseline was written from them."""

    chain: Chain
    baseline_path: Path
    then: Baseline
    now: Baseline
    files: tuple[FileOutcome, ...]
    updated: bool = False

    @property
    def passed(self) -> bool:
        return all(outcome.passed for outcome in self.files)

    @property
    def notes(self) -> list[str]:
        """What was different on the way, which is no failure as long as the figures stay."""
        notes = []
        if self.then.chain_hash != self.now.chain_hash:
            notes.append(f"the chain {self.now.chain} is not the one that the baseline was measured with")
        if self.then.songkit != self.now.songkit:
            notes.append(f"songkit was {self.then.songkit}, is {self.now.songkit}")
        return notes

    def lines(self) -> list[str]:
        """For a terminal: what drifted, then how it went."""
        told = [line for outcome in self.files for line in outcome.lines()]
        if self.updated:
            return [*told, f"{self.baseline_path}: {len(self.now.files)} files measured"]
        failed = sum(not outcome.passed for outcome in self.files)
        return [*self.notes, *told, f"{len(self.files)} files, {failed} failed, against {self.baseline_path}"]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for strict JSON."""
        return {
            "chain": {"name": self.chain.name, "hash": self.chain.hash},
            "songkit": self.now.songkit,
            "baseline": {
                "path": str(self.baseline_path),
                "chain_hash": self.then.chain_hash,
                "songkit": self.then.songkit,
                "updated": self.updated,
            },
            "notes": self.notes,
            "files": [_file_dict(outcome) for outcome in self.files],
            "passed": self.passed,
        }


def compared(measured: Iterable[FileOutcome], then: Baseline) -> tuple[FileOutcome, ...]:
    """Every measured file held against its entry, and those that only the baseline has."""
    judged = tuple(_judged(outcome, then.files.get(outcome.name)) for outcome in measured)
    gone = then.files.keys() - {outcome.name for outcome in judged}
    return (*judged, *(FileOutcome(name, verdict="missing") for name in sorted(gone)))


def _judged(outcome: FileOutcome, then: Entry | None) -> FileOutcome:
    if outcome.now is None:
        return replace(outcome, verdict="failed")
    if then is None:
        return replace(outcome, verdict="new")
    if then.sha256 != outcome.now.sha256:
        return replace(outcome, verdict="replaced")
    drifts = tuple(_drifts(then, outcome.now))
    return replace(outcome, verdict="drifted" if drifts else "same", drifts=drifts)


def _drifts(then: Entry, now: Entry) -> Iterator[Drift]:
    """Figures that moved, appeared or went; one that is new to songkit cannot have drifted."""
    for name, before in then.figures.items():
        after, allowed = now.figures.get(name), tolerance(name) or 0.0
        if (before is None) != (after is None) or (
            before is not None and after is not None and abs(after - before) > allowed
        ):
            yield Drift(name, before, after, allowed)


def _told(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"


def _file_dict(outcome: FileOutcome) -> dict[str, Any]:
    return {
        "name": outcome.name,
        "verdict": outcome.verdict,
        "seconds": round(outcome.seconds, 3),
        "sha256": outcome.now.sha256 if outcome.now else None,
        "figures": outcome.now.figures if outcome.now else None,
        "drifts": [
            {"figure": each.figure, "then": each.then, "now": each.now, "tolerance": each.tolerance}
            for each in outcome.drifts
        ],
        "error": outcome.error.message if outcome.error else None,
    }
