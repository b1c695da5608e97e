"""The child process of one job: one generator, one seed (or the shared preparation), then the end.

    stdin    the job as one line of JSON; then kept open by the parent: its end means that the parent is gone
    channel  one line of JSON per message: {"stage", "fraction"}, and as the last one {"result"} or {"error"}
    stdout and stderr   the log: what libraries print, and the traceback of a bug

The parent starts it by `command_line`, in a session of its own, so that the whole group can be ended at once.
"""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from songkit.errors import SongkitError
from songkit.generate import at
from songkit.generate.contract import Request
from songkit.progress import Progress, Update

MIN_UPDATE_SECONDS = 0.05
"""Updates of the same stage are thinned to this distance: a progress bar shows no more."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a child is asked to do: make the take of `seed`, or with `seed` None what all seeds share."""

    address: str
    """The generator's class, "module:Class"."""
    request: Request
    workdir: Path
    seed: int | None = None
    prepared: Mapping[str, Any] | None = None

    def to_line(self) -> str:
        values = {
            "address": self.address,
            "request": self.request.to_dict(),
            "workdir": str(self.workdir),
            "seed": self.seed,
            "prepared": None if self.prepared is None else dict(self.prepared),
        }
        return json.dumps(values, allow_nan=False) + "\n"

    @classmethod
    def from_line(cls, line: str) -> Job:
        values = json.loads(line)
        values |= {"request": Request.from_dict(values["request"]), "workdir": Path(values["workdir"])}
        return cls(**values)


def command_line(channel: int) -> list[str]:
    """How this Python starts a child that finds its modules where the parent finds them."""
    start = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from songkit.generate.child import main; main()"
    return [sys.executable, "-P", "-X", "utf8", "-c", start, json.dumps(sys.path), str(channel)]


def main() -> None:
    """The life of the child; `sys.argv[2]` is the descriptor of the channel."""
    channel_descriptor = int(sys.argv[2])
    os.set_inheritable(channel_descriptor, False)  # a grandchild must not keep the channel open
    faulthandler.enable()
    line = sys.stdin.readline()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with open(channel_descriptor, "w", encoding="utf-8", buffering=1) as channel:
        try:
            last: dict[str, Any] = {"result": _work(Job.from_line(line), channel_progress(channel))}
        except SongkitError as error:
            last = {"error": type(error).__name__, "message": error.message, "hint": error.hint}
        except MemoryError:
            last = {"error": "MemoryError", "message": "out of memory", "hint": ""}
        channel.write(json.dumps(last, allow_nan=False) + "\n")


def channel_progress(channel: Any) -> Progress:
    """Updates as lines on the channel: every new stage, every end of one, and in between not too many."""
    last_stage, last_time = "", 0.0

    def progress(update: Update) -> None:
        nonlocal last_stage, last_time
        now = time.monotonic()
        if update.stage == last_stage and update.fraction != 1.0 and now - last_time < MIN_UPDATE_SECONDS:
            return
        last_stage, last_time = update.stage, now
        channel.write(json.dumps({"stage": update.stage, "fraction": update.fraction}) + "\n")

    return progress


def _work(job: Job, progress: Progress) -> dict[str, Any]:
    progress(Update("start"))
    generator = at(job.address)
    job.workdir.mkdir(parents=True, exist_ok=True)
    if job.seed is None:
        return dict(generator.prepare(job.request, job.workdir, progress))
    return generator.generate(job.request, job.prepared or {}, job.seed, job.workdir, progress).to_dict()


def _end_with_parent() -> None:
    """Waits for the end of stdin, which comes when the parent dies in whatever way, and ends the whole group."""
    while os.read(0, 4096):
        pass
    os.killpg(0, signal.SIGKILL)
