"""Children's work done in the process of the test, one task after the other: where processes are not the point."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from songkit import children
from songkit.children import Outcome, Task, failure
from songkit.children.task import Asked
from songkit.errors import SongkitError
from songkit.progress import Progress, Update, silent


def do_children_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until the end of the test, `children.run` starts no process: nothing is timed out, nothing dies."""
    monkeypatch.setattr(children, "run", _run)


def _run(tasks: Sequence[Task], *, progress: Progress = silent, **limits: Any) -> Iterator[Outcome]:
    assert limits.keys() <= {"at_once", "timeout_seconds", "reuse"}
    for index, task in enumerate(tasks):
        yield _done(index, task, progress)


def _done(index: int, task: Task, progress: Progress) -> Outcome:
    stage, began = "start", time.monotonic()

    def told(update: Update) -> None:
        nonlocal stage
        stage = update.stage
        progress(replace(update, subject=task.subject))

    try:
        result = Asked.from_line(task.to_line(last=True)).carry_out(told)
    except SongkitError as error:
        last = {"error": type(error).__name__, "message": error.message, "hint": error.hint}
    except MemoryError:
        last = {"error": "MemoryError", "message": "out of memory", "hint": ""}
    else:
        return Outcome(index, time.monotonic() - began, json.loads(json.dumps(result)), peak_bytes=1)
    return Outcome(index, time.monotonic() - began, failure=failure.refused(last, stage, ""), peak_bytes=1)
