"""`make_song`: the whole way from a request to delivered files, with a manifest that says at every step where it is."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from songkit.atomic import remove_leftovers
from songkit.errors import QualityError
from songkit.generate import AUTO
from songkit.generate.lyrics import Lyrics
from songkit.make import delivery
from songkit.make.delivery import Deliver
from songkit.make.ledger import Ledger
from songkit.make.order import Order, check_work, settle
from songkit.make.result import REPORT, RunResult
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
    skip_existing: bool = False,
    provenance: bool = True,
    progress: Progress = silent,
    master: Deliver | None = None,
) -> RunResult:
    """Makes a take per seed, masters the best one through a chain, and delivers it, all in one run folder.

    `lyrics`: an LRC sheet (a path, or parsed); without it the song is an instrumental. `seconds`: 10 to 285; None
    fits the lyrics (60 without). `seeds`: "5" is a count, "1,7,42" a list. `output_dir`: the run's folder, made where
    missing; None names one under `runs/`. `options`: the generator's own. `jobs`: takes made at once (None: one per
    core). `timeout`: seconds that one take may need. `force` sets another run in the folder aside; `skip_existing` sets
    aside delivered files that are not what this run would write, and no more. `provenance` False leaves out of the
    files how they were made. `master` stands in for `songkit.deliver.master_file`.

    The same call on the same folder goes on where it was interrupted and does nothing twice. A failed seed is a
    warning. Raises UsageError, ChainError, OutputError, MissingError before any work; NoValidTakeError when no seed
    gave music, with the reason of each; MakeCheckError when a delivered file misses a check of the chain or, with
    `strict`, its loudness.
    """
    from songkit.report.html import write_run_page

    check_work(jobs, timeout)
    asked = settle(
        lyrics=lyrics, style=style, seconds=seconds, seeds=seeds, generator=generator, chain=chain,
        output_dir=output_dir, options=options, jobs=jobs, provenance=provenance,
    )  # fmt: skip
    with open_run(asked.folder, asked.run_from, force=force) as run:
        remove_leftovers(run.folder / REPORT)
        ledger = Ledger(asked, run, progress)
        ledger.make_takes(timeout)
        result = _finish(asked, run, ledger, master, progress, force=force or skip_existing)
        result = replace(result, exit_code=1 if strict and result.failed else 0)
        if result.mastered is not None or not result.report.exists():
            write_run_page(result, progress)  # a run that was found finished keeps its page, which knows more
    _judge(result, strict=strict)
    return result


def _finish(
    order: Order, run: Run, ledger: Ledger, master: Deliver | None, progress: Progress, *, force: bool
) -> RunResult:
    """The winner delivered, or found delivered, and the run's last manifest."""
    winner = ledger.winner()
    began = time.monotonic()
    ledger.write("mastering", winner)
    found = delivery.found_again(order, run, winner, force=force)
    mastered = None
    if found is not None:
        files, told = found
    else:
        files, told, mastered = delivery.deliver(order, run, winner, master, progress)
    ledger.timings["master"] = time.monotonic() - began
    ledger.timings["all"] = time.monotonic() - ledger.began
    warnings = (*ledger.warnings, *told)
    result = RunResult(order, ledger.takes, winner, files, warnings, dict(ledger.timings), mastered)
    run.write_manifest(result.to_dict())
    run.clean()
    return result


def _judge(result: RunResult, *, strict: bool) -> None:
    broken = [f"{file.path.name}: {check}" for file in result.delivered for check in file.failed_checks]
    if strict:
        broken += [f"{file.path.name}: {file.shortfall}" for file in result.delivered if file.shortfall]
    if broken:
        hint = "the files were written; change the chain's target, or its checks"
        raise MakeCheckError("; ".join(broken), hint, result)
