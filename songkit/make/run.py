"""`make_song`: the whole way from a request to delivered files, with a manifest that says at every step where it is."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from songkit.errors import NoValidTakeError, QualityError, UsageError
from songkit.generate import AUTO
from songkit.generate.lyrics import Lyrics
from songkit.make import delivery
from songkit.make.delivery import Deliver
from songkit.make.order import Order, settle
from songkit.make.result import DeliveredFile, RunResult, TakeResult, manifest
from songkit.make.takes import best, each_take
from songkit.progress import Progress, silent
from songkit.runs import Run, open_run

if TYPE_CHECKING:
    from songkit.chains import Chain


class MakeCheckError(QualityError):
    """A delivered file missed a check, or with `strict` its target; the files are there, `result` has all figures."""

    def __init__(self, message: str, hint: str, result: RunResult) -> None:
        super().__init__(message, hint)
        self.result = result


def make_song(
    *,
    lyrics: Lyrics | Path | str | None = None,
    style: str = "",
    seconds: float | None = None,
    seeds: str | Sequence[int] = "5",
    generator: str = AUTO,
    chain: Chain | str = "radio",
    output_dir: Path | str | None = None,
    options: Mapping[str, Any] | None = None,
    jobs: int | None = None,
    timeout: float | None = None,
    force: bool = False,
    strict: bool = False,
    progress: Progress = silent,
    master: Deliver | None = None,
) -> RunResult:
    """Makes a take per seed, masters the best one through a chain, and delivers it, all in one run folder.

    `lyrics`: an LRC sheet (a path, or parsed); without it the song is an instrumental. `seconds`: 10 to 285; None
    fits the lyrics (60 without). `seeds`: "5" is a count, "1,7,42" a list. `output_dir`: the run's folder, made where
    missing; None names one under `runs/`. `options`: the generator's own. `jobs`: takes made at once (None: one per
    core). `timeout`: seconds that one take may need. `force` sets another run in the folder aside. `master` stands in
    for `songkit.deliver.master_file`.

    The same call on the same folder goes on where it was interrupted and does nothing twice. A failed seed is a
    warning. Raises UsageError, ChainError, OutputError, MissingError before any work; NoValidTakeError when no seed
    gave music, with the reason of each; MakeCheckError when a delivered file misses a check of the chain or, with
    `strict`, its loudness.
    """
    from songkit.report.html import write_run_page

    asked = settle(
        lyrics=lyrics, style=style, seconds=seconds, seeds=seeds, generator=generator, chain=chain,
        output_dir=output_dir, options=options,
    )  # fmt: skip
    if jobs is not None and jobs < 1:
        raise UsageError(f"{jobs} jobs: at least one take is made at a time")
    if timeout is not None and not timeout > 0:
        raise UsageError(f"a timeout of {timeout:g} s: nothing can be made in it")
    with open_run(asked.folder, asked.run_from, force=force) as run:
        work = _Work(asked, run, progress)
        work.make_takes(jobs, timeout)
        result = work.finish(work.winner(), master, force=force)
    result = replace(result, exit_code=1 if strict and result.failed else 0)
    if result.mastered is not None or not result.report.exists():
        write_run_page(result)  # a run that was found finished keeps its page, which knows more
    _judge(result, strict=strict)
    return result


class _Work:
    """A run under way: what is done so far, and the manifest of it."""

    def __init__(self, order: Order, run: Run, progress: Progress) -> None:
        self._order, self._run, self._progress = order, run, progress
        self._takes: dict[int, TakeResult] = {}
        self._timings: dict[str, float] = {}
        self._began = time.monotonic()

    def make_takes(self, at_once: int | None, timeout_seconds: float | None) -> None:
        """Every seed's take; the manifest is written after each."""
        began = time.monotonic()
        self._write("making takes")
        results = each_take(
            self._order,
            self._run,
            at_once=at_once,
            timeout_seconds=timeout_seconds,
            progress=self._progress,
            timed=self._timings.__setitem__,
        )
        with closing(results):
            for result in results:
                self._takes[result.seed] = result
                self._write("making takes")
        self._timings["takes"] = time.monotonic() - began

    def winner(self) -> TakeResult:
        """The best take. Raises NoValidTakeError with the reason of each seed."""
        winner = best(self._in_order())
        if winner is None:
            self._write("no valid take")
            reasons = "; ".join(f"seed {take.seed} {take.reasons[0]}" for take in self._in_order())
            count = len(self._order.seeds)
            raise NoValidTakeError(
                f"no valid take out of {count}: {reasons}", f"try other seeds; details are in {self._run.manifest}"
            )
        return winner

    def finish(self, winner: TakeResult, master: Deliver | None, *, force: bool) -> RunResult:
        """The winner delivered, or found delivered, and the run's last manifest."""
        began = time.monotonic()
        self._write("mastering", winner)
        found = delivery.found_again(self._order, self._run, winner, force=force)
        mastered = None
        if found is not None:
            files, told = found
        else:
            files, told, mastered = delivery.deliver(self._order, self._run, winner, master, self._progress)
        self._timings["master"] = time.monotonic() - began
        self._timings["all"] = time.monotonic() - self._began
        result = self._result(winner, files, (*self._warnings(), *told))
        self._run.write_manifest(result.to_dict())
        self._run.clean()
        return replace(result, mastered=mastered)

    def _result(self, winner: TakeResult, files: tuple[DeliveredFile, ...], warnings: tuple[str, ...]) -> RunResult:
        return RunResult(self._order, self._in_order(), winner, files, warnings, dict(self._timings))

    def _in_order(self) -> tuple[TakeResult, ...]:
        return tuple(self._takes[seed] for seed in self._order.seeds if seed in self._takes)

    def _warnings(self) -> tuple[str, ...]:
        lost = (f"seed {take.seed} {take.state}: {take.reasons[0]}" for take in self._in_order() if take.reasons)
        return (*self._order.warnings, *self._run.notes, *lost)

    def _write(self, state: str, winner: TakeResult | None = None) -> None:
        self._run.write_manifest(
            manifest(self._order, self._in_order(), state, self._warnings(), self._timings, winner=winner)
        )


def _judge(result: RunResult, *, strict: bool) -> None:
    broken = [f"{file.path.name}: {check}" for file in result.delivered for check in file.failed_checks]
    if strict:
        broken += [f"{file.path.name}: {file.shortfall}" for file in result.delivered if file.shortfall]
    if broken:
        hint = "the files were written; change the chain's target, or its checks"
        raise MakeCheckError("; ".join(broken), hint, result)
