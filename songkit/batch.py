"""One call over many files: every file is tried, a failure is kept beside the results and stops nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from songkit.errors import QualityError, SongkitError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """What became of one file: a result, or the error that ended it."""

    path: Path
    result: T | None
    error: SongkitError | None


def each(paths: Iterable[Path], work: Callable[[Path], T]) -> Iterator[Outcome[T]]:
    """The outcome of `work` for each path, in order, as soon as it is there."""
    for path in paths:
        try:
            yield Outcome(path, work(path), None)
        except SongkitError as error:
            yield Outcome(path, None, error)


def exit_code(outcomes: Iterable[Outcome[T]]) -> int:
    """0 when all went well; a single file's own code; of several 1 when any failed, 3 when only quality checks did."""
    outcomes = list(outcomes)
    errors = [outcome.error for outcome in outcomes if outcome.error is not None]
    if not errors:
        return 0
    if len(outcomes) == 1:
        return errors[0].exit_code
    return QualityError.exit_code if all(isinstance(error, QualityError) for error in errors) else 1
