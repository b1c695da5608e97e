"""Generators at work: each seed in a child process of its own, several at once, ended for certain when asked."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from songkit import children
from songkit.children import Failure
from songkit.generate.child import Job
from songkit.generate.contract import Take
from songkit.progress import Progress, silent


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one job ended: its result (plain JSON values) or its failure, the seconds it took, and the most memory."""

    job: Job
    seconds: float
    result: Mapping[str, Any] | None = None
    failure: Failure | None = None
    peak_bytes: int | None = None

    def value(self) -> Mapping[str, Any]:
        """The result; raises the failure's exception where there is none."""
        if self.failure is not None:
            raise self.failure.exception()
        return self.result or {}

    def take(self) -> Take:
        """The take that the job made; raises as `value` does."""
        return Take.from_dict(self.value())


def run(
    jobs: Sequence[Job],
    *,
    at_once: int | None = None,
    timeout_seconds: float | None = None,
    progress: Progress = silent,
) -> Generator[Outcome, None, None]:
    """Runs the jobs as `children.run` does, and yields each outcome as it comes, in the order in which they end."""
    tasks = [job.to_task() for job in jobs]
    ended = children.run(tasks, at_once=at_once, timeout_seconds=timeout_seconds, progress=progress)
    with closing(ended) as outcomes:
        for each in outcomes:
            yield Outcome(jobs[each.index], each.seconds, each.result, each.failure, each.peak_bytes)
