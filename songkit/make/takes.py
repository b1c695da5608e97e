"""Each seed's take: found again by its key or made in a child process, kept under its name, validated, judged."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Generator as Iterating
from contextlib import closing
from dataclasses import replace
from typing import Any

from songkit.children import Failure
from songkit.errors import SongkitError
from songkit.generate import worker
from songkit.generate.child import Job
from songkit.generate.contract import THRIFTY, Heavy, Take
from songkit.generate.validate import validate
from songkit.generate.worker import Outcome
from songkit.make.order import TakesOrder
from songkit.make.result import TakeResult
from songkit.make.signing import sign
from songkit.make.together import make_together
from songkit.progress import Progress, Update, about
from songkit.runs import KeptTake, Run


def each_take(
    order: TakesOrder,
    run: Run,
    *,
    timeout_seconds: float | None,
    progress: Progress,
    timed: Callable[[str, float], None],
) -> Iterating[TakeResult, None, None]:
    """The result of every seed, as it comes: first those that are found again, then those that are made.

    `timed` is told the seconds of the preparation. Raises what the generator raises in the preparation, because
    nothing can be made without it; a failure of a seed is in its result. Closing the iterator ends all children.
    """
    missing = []
    for seed in order.seeds:
        key = order.take_key(seed)
        kept = run.kept(seed, key) or run.borrow(seed, key)
        if kept is None:
            missing.append(seed)
        else:
            yield _judged(kept, order, progress)
    if not missing:
        return
    began = time.monotonic()
    prepared = _prepare(order, run, timeout_seconds, progress)
    timed("prepare", time.monotonic() - began)
    batches = make_together(order, run, missing, prepared, timeout_seconds=timeout_seconds, progress=progress)
    for seed, failure in batches.failures.items():
        yield TakeResult(seed, "failed", (str(failure),), failure=failure, seconds=batches.seconds[seed])
    jobs = [
        Job(
            order.address,
            order.request,
            run.work(f"seed-{seed}"),
            seed,
            {**prepared, **batches.prepared.get(seed, {})},
        )
        for seed in missing
        if seed not in batches.failures
    ]
    outcomes = _outcomes(jobs, order, timeout_seconds, progress)
    with closing(outcomes):
        for seed, outcome in _by_seed(outcomes):
            whole = outcome.seconds + batches.seconds.get(seed, 0.0)
            yield _made(seed, replace(outcome, seconds=whole), order, run, progress)


def best(results: Sequence[TakeResult]) -> TakeResult | None:
    """The valid take with the highest score; of equals the one whose seed was named first. None without any."""
    return max(
        (result for result in results if result.state == "valid"), key=lambda result: result.points, default=None
    )


def _outcomes(
    jobs: Sequence[Job], order: TakesOrder, timeout_seconds: float | None, progress: Progress
) -> Iterating[Outcome, None, None]:
    """How the jobs end; those of a heavy generator that run out of memory are done once more, alone and with less."""
    heavy = isinstance(order.generator, Heavy)
    again: list[Job] = []
    with closing(
        worker.run(jobs, at_once=order.at_once, timeout_seconds=timeout_seconds, progress=progress)
    ) as outcomes:
        for outcome in outcomes:
            if heavy and outcome.failure is not None and outcome.failure.kind == "memory":
                told = f"{outcome.failure}; it is tried once more with less"
                progress(Update(outcome.failure.stage, 1.0, f"seed {outcome.job.seed}", told))
                again.append(replace(outcome.job, prepared={**(outcome.job.prepared or {}), THRIFTY: True}))
            else:
                yield outcome
    if again:
        with closing(worker.run(again, at_once=1, timeout_seconds=timeout_seconds, progress=progress)) as outcomes:
            yield from outcomes


def _prepare(order: TakesOrder, run: Run, timeout_seconds: float | None, progress: Progress) -> Mapping[str, Any]:
    job = Job(order.address, order.request, run.work("shared"))
    (outcome,) = worker.run([job], timeout_seconds=timeout_seconds, progress=progress)
    return outcome.value()


def _by_seed(outcomes: Iterator[Outcome]) -> Iterator[tuple[int, Outcome]]:
    for outcome in outcomes:
        if outcome.job.seed is not None:
            yield outcome.job.seed, outcome


def _made(seed: int, outcome: Outcome, order: TakesOrder, run: Run, progress: Progress) -> TakeResult:
    """The result of a child: its take moved to its place before anything else, then judged."""
    if outcome.failure is not None:
        return _failed(seed, outcome.failure, outcome)
    take = outcome.take()
    try:
        sign(order, take)
        kept = run.keep(
            seed,
            order.take_key(seed),
            take.audio,
            take.facts,
            take.files,
            seconds=outcome.seconds,
            peak_bytes=outcome.peak_bytes,
        )
    except SongkitError as error:
        failure = Failure("refused", "keep", error.message, error.hint, type(error).__name__)
        return _failed(seed, failure, outcome)
    return _judged(kept, order, progress)


def _failed(seed: int, failure: Failure, outcome: Outcome) -> TakeResult:
    return TakeResult(
        seed, "failed", (str(failure),), failure=failure, seconds=outcome.seconds, peak_bytes=outcome.peak_bytes
    )


def _judged(kept: KeptTake, order: TakesOrder, progress: Progress) -> TakeResult:
    """A kept take, measured once: rejected for what makes it no music, or for a closed gate of the score."""
    found = validate(kept.audio, order.request.seconds, about(progress, f"seed {kept.seed}"))
    reasons = found.complaints
    score = None if found.analysis is None else found.analysis.score
    if score is not None and not reasons:
        reasons = tuple(f"{gate.name}: {gate.reason}" for gate in score.gates if not gate.passed)
    return TakeResult(
        seed=kept.seed,
        state="rejected" if reasons else "valid",
        reasons=reasons,
        take=Take(kept.seed, kept.audio, kept.facts, kept.files),
        sha256=kept.sha256,
        analysis=found.analysis,
        reused=kept.reused,
        seconds=kept.seconds,
        peak_bytes=kept.peak_bytes,
    )
