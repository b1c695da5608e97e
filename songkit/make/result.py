"""What came of a run: a value for Python and the command line, and the same as plain JSON for the manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from songkit import runs
from songkit.children import Failure
from songkit.generate.contract import Take
from songkit.make.order import Order, TakesOrder
from songkit.make.signing import take_record

if TYPE_CHECKING:
    from songkit.analysis import Analysis, Score
    from songkit.deliver import MasterResult

REPORT = "report.html"

State = Literal["valid", "rejected", "failed"]


@dataclass(frozen=True, slots=True)
class TakeResult:
    """One seed: its take where there is one, what was measured on it, and why it may not win where it may not."""

    seed: int
    state: State
    reasons: tuple[str, ...] = ()
    """Why it was rejected or failed, each with its figure or stage; empty for a valid take."""
    take: Take | None = None
    sha256: str = ""
    analysis: Analysis | None = None
    failure: Failure | None = None
    reused: bool = False
    """Whether it was found from an earlier run and not made now."""
    seconds: float = 0.0
    """How long making it took."""
    peak_bytes: int | None = None
    """The most memory that making it held; None where it ended without a last word."""

    @property
    def score(self) -> Score | None:
        return None if self.analysis is None else self.analysis.score

    @property
    def audio(self) -> Path | None:
        """The raw float WAV, None where the seed failed."""
        return None if self.take is None else self.take.audio

    @property
    def points(self) -> float:
        """The total of the score, 0 without one."""
        return 0.0 if self.score is None else self.score.total

    def to_dict(self, folder: Path) -> dict[str, Any]:
        """Plain JSON values; paths relative to the run's folder."""
        take = self.take
        return {
            "seed": str(self.seed),
            "state": self.state,
            "reasons": list(self.reasons),
            "audio": None if take is None else _relative(take.audio, folder),
            "sha256": self.sha256,
            "files": {} if take is None else {name: _relative(path, folder) for name, path in take.files.items()},
            "facts": {} if take is None else dict(take.facts),
            "analysis": None if self.analysis is None else self.analysis.to_dict(),
            "failure": None if self.failure is None else self.failure.to_dict(),
            "reused": self.reused,
            "seconds": round(self.seconds, 3),
            "peak_memory_bytes": self.peak_bytes,
        }


@dataclass(frozen=True, slots=True)
class DeliveredFile:
    """A file that was delivered: `record` is what `songkit.deliver` says of it (target, figures, checks, notes)."""

    path: Path
    sha256: str
    record: Mapping[str, Any]

    @property
    def failed_checks(self) -> tuple[str, ...]:
        return tuple(self.record["failed_checks"])

    @property
    def shortfall(self) -> str | None:
        """How far it is short of the asked loudness, in words; None where it was met."""
        shortfall: str | None = self.record["shortfall"]
        return shortfall


@dataclass(frozen=True, slots=True)
class TakesResult:
    """Takes in the order of their seeds, and the best of them; nothing was mastered."""

    order: TakesOrder
    takes: tuple[TakeResult, ...]
    winner: TakeResult
    warnings: tuple[str, ...]
    timings: Mapping[str, float]
    """Seconds by stage."""
    exit_code: int = 0
    """1 where a seed failed and `strict` was asked for, else 0."""

    delivered: ClassVar[tuple[DeliveredFile, ...]] = ()

    @property
    def folder(self) -> Path:
        return self.order.folder

    @property
    def manifest(self) -> Path:
        return self.folder / runs.MANIFEST

    @property
    def failed(self) -> tuple[TakeResult, ...]:
        """Takes that cannot win: the seed failed, or what it made was rejected."""
        return tuple(take for take in self.takes if take.state != "valid")

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: the manifest of the finished takes."""
        return manifest(self.order, self.takes, "takes done", self.warnings, self.timings, winner=self.winner)


@dataclass(frozen=True, slots=True)
class RunResult:
    """A finished run: the takes in the order of their seeds, the winner, and the delivered files."""

    order: Order
    takes: tuple[TakeResult, ...]
    winner: TakeResult
    delivered: tuple[DeliveredFile, ...]
    warnings: tuple[str, ...]
    timings: Mapping[str, float]
    """Seconds by stage."""
    mastered: MasterResult | None = None
    """What mastering measured; None where the delivered files were found from an earlier run."""
    exit_code: int = 0
    """1 where a seed failed and `strict` was asked for, else 0."""

    @property
    def folder(self) -> Path:
        return self.order.folder

    @property
    def manifest(self) -> Path:
        return self.folder / runs.MANIFEST

    @property
    def report(self) -> Path:
        """The page about the run."""
        return self.folder / REPORT

    @property
    def failed(self) -> tuple[TakeResult, ...]:
        """Takes that cannot win: the seed failed, or what it made was rejected."""
        return tuple(take for take in self.takes if take.state != "valid")

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: the manifest of a finished run."""
        return manifest(
            self.order, self.takes, "done", self.warnings, self.timings, winner=self.winner, delivered=self.delivered
        )


def manifest(
    order: TakesOrder,
    takes: tuple[TakeResult, ...],
    state: str,
    warnings: tuple[str, ...],
    timings: Mapping[str, float],
    *,
    winner: TakeResult | None = None,
    delivered: tuple[DeliveredFile, ...] = (),
) -> dict[str, Any]:
    """Where a run stands, as plain JSON values: enough to see what was asked, what is there, and what is missing."""
    done = {take.seed for take in takes}
    record = take_record(order, order.seeds[0], {})
    return {
        "state": state,
        "title": order.title,
        "generator": {"name": order.generator.name, "version": order.generator.version, "why": order.why},
        "request": order.request.to_dict(),
        "lyrics_sha256": record.origin.lyrics_sha256 if record.origin is not None else None,
        "disclosure": None if record.disclosure is None else record.disclosure.model_dump(mode="json"),
        "chain": _chain(order),
        "seeds": [str(seed) for seed in order.seeds],
        "takes": [take.to_dict(order.folder) for take in takes],
        "not_made_yet": [str(seed) for seed in order.seeds if seed not in done],
        "winner": None if winner is None else str(winner.seed),
        "delivered": [
            {"path": _relative(file.path, order.folder), "sha256": file.sha256, **file.record} for file in delivered
        ],
        "warnings": list(warnings),
        "timings_seconds": {name: round(seconds, 3) for name, seconds in timings.items()},
        "versions": order.made_from["versions"],
    }


def _chain(order: TakesOrder) -> dict[str, Any] | None:
    """The chain of the run; None where takes are all that was asked for."""
    if not isinstance(order, Order):
        return None
    from songkit.chains import contents

    chain = order.chain
    return {"name": chain.name, "hash": chain.hash, "files": contents(chain), **chain.as_dict()}


def _relative(path: Path, folder: Path) -> str:
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)
