"""`generate_takes`: the first half of a song, from a request to takes that are validated, scored and kept."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from songkit.generate import AUTO
from songkit.generate.lyrics import Lyrics
from songkit.make.ledger import Ledger
from songkit.make.order import check_work, settle_takes
from songkit.make.result import TakesResult
from songkit.progress import Progress, silent
from songkit.runs import open_run


def generate_takes(
    *,
    lyrics: Lyrics | Path | str | None = None,
    style: str = "",
    seconds: float | None = None,
    seeds: str | Sequence[int] = "5",
    generator: str = AUTO,
    output_dir: Path | str | None = None,
    options: Mapping[str, Any] | None = None,
    jobs: int | None = None,
    timeout: float | None = None,
    force: bool = False,
    strict: bool = False,
    provenance: bool = True,
    progress: Progress = silent,
) -> TakesResult:
    """Makes a take per seed in one run folder and stops there: each is validated, scored and kept, none is mastered.

    The parameters are those of `make_song`, which finds these takes again when it is asked for the same song, and
    what is raised is what that raises before mastering.
    """
    check_work(jobs, timeout)
    asked = settle_takes(
        lyrics=lyrics, style=style, seconds=seconds, seeds=seeds, generator=generator, output_dir=output_dir,
        options=options, jobs=jobs, provenance=provenance,
    )  # fmt: skip
    with open_run(asked.folder, asked.run_from, force=force) as run:
        ledger = Ledger(asked, run, progress)
        ledger.make_takes(timeout)
        winner = ledger.winner()
        ledger.timings["all"] = time.monotonic() - ledger.began
        result = TakesResult(asked, ledger.takes, winner, ledger.warnings, dict(ledger.timings))
        run.write_manifest(result.to_dict())
        run.clean()
    return replace(result, exit_code=1 if strict and result.failed else 0)
