"""The long part of several takes, done together in one child where the generator can."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from songkit.children import Failure
from songkit.generate import worker
from songkit.generate.child import Job
from songkit.generate.contract import PARTED, TOGETHER
from songkit.generate.worker import Outcome
from songkit.make.order import TakesOrder
from songkit.progress import Progress, Update
from songkit.runs import Run


@dataclass(slots=True)
class Batches:
    """What came of the batches, by seed."""

    prepared: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    """What is to be told to the child that makes a take, beside the preparation."""
    failures: dict[int, Failure] = field(default_factory=dict)
    seconds: dict[int, float] = field(default_factory=dict)
    """A seed's share of its batch's time."""


def make_together(
    order: TakesOrder,
    run: Run,
    missing: Sequence[int],
    prepared: Mapping[str, Any],
    *,
    timeout_seconds: float | None,
    progress: Progress,
) -> Batches:
    """Has the batches made of which a seed is missing; nothing is done for seeds that go alone.

    A batch may take as many timeouts as it has seeds. One that runs out of memory leaves its seeds to be made alone;
    another failure is that of each of its seeds.
    """
    batches = {order.batch_of(seed): None for seed in missing}
    jobs = [_job(order, run, batch, missing, prepared) for batch in batches if len(batch) > 1]
    made = Batches()
    if not jobs:
        return made
    limit = None if timeout_seconds is None else timeout_seconds * max(map(len, batches))
    outcomes = worker.run(jobs, at_once=order.at_once, timeout_seconds=limit, progress=progress)
    with closing(outcomes):
        for outcome in outcomes:
            _note(made, outcome, progress)
    return made


def _job(
    order: TakesOrder, run: Run, batch: tuple[int, ...], missing: Sequence[int], prepared: Mapping[str, Any]
) -> Job:
    workdirs = {seed: run.work(f"seed-{seed}") for seed in batch if seed in missing}
    told = {**prepared, TOGETHER: list(batch)}
    return Job(order.address, order.request, run.work(f"batch-{batch[0]}"), None, told, workdirs)


def _note(made: Batches, outcome: Outcome, progress: Progress) -> None:
    job, failure = outcome.job, outcome.failure
    batch = (job.prepared or {})[TOGETHER]
    lost = outcome.result or {}
    for seed in job.workdirs:
        made.seconds[seed] = outcome.seconds / len(job.workdirs)
        if failure is None and str(seed) in lost:
            made.failures[seed] = Failure("refused", "batch", **lost[str(seed)])
        elif failure is None:
            made.prepared[seed] = {TOGETHER: batch}
        elif failure.kind == "memory":
            made.prepared[seed] = {PARTED: len(batch)}
        else:
            made.failures[seed] = failure
    if failure is not None and failure.kind == "memory":
        progress(Update(failure.stage, 1.0, job.subject, f"{failure}; each seed is made alone"))
