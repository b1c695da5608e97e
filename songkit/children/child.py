"""The child process: a function for each task, until the last one.

    stdin    a task is one line of JSON; kept open by the parent: its end means that the parent is gone
    channel  one line of JSON per message: {"stage", "fraction", "detail"}, a task's last one {"result"} or {"error"}
             (and "peak_bytes", the most memory held so far)
    stdout and stderr   the log: what libraries print, and the traceback of a bug
    SIGTERM  put away what is unfinished, and go

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
from queue import SimpleQueue
from typing import Any

from songkit.children.memory import peak_bytes
from songkit.children.task import Asked
from songkit.errors import SongkitError
from songkit.progress import Progress, Update

MIN_UPDATE_SECONDS = 0.05
"""Updates of the same stage are thinned to this distance: a progress bar shows no more."""
CLEAN_UP_SECONDS = 1.0
"""How long the work may take to put away its temporary files when the parent is gone."""


class AskedToLeave(SystemExit):
    """Raised in the middle of the work, so that everything that is open is put away on the way out."""


def command_line(channel: int) -> list[str]:
    """How this Python starts a child that finds its modules where the parent finds them."""
    start = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from songkit.children.child import main; main()"
    return [sys.executable, "-P", "-X", "utf8", "-c", start, json.dumps(sys.path), str(channel)]


def main() -> None:
    """The life of the child; `sys.argv[2]` is the descriptor of the channel."""
    channel_descriptor = int(sys.argv[2])
    os.set_inheritable(channel_descriptor, False)  # a grandchild must not keep the channel open
    faulthandler.enable()
    signal.signal(signal.SIGTERM, _leave)
    lines: SimpleQueue[str] = SimpleQueue()
    threading.Thread(target=_listen, args=(lines,), daemon=True).start()
    try:
        with open(channel_descriptor, "w", encoding="utf-8", buffering=1) as channel:
            while True:
                asked = Asked.from_line(lines.get())
                _work(asked, channel)
                if asked.last:
                    return
    except AskedToLeave:
        os.killpg(0, signal.SIGKILL)  # and whatever the work has started


def _work(asked: Asked, channel: Any) -> None:
    progress = channel_progress(channel)
    try:
        progress(Update("start"))
        last: dict[str, Any] = {"result": asked.carry_out(progress)}
    except SongkitError as error:
        last = {"error": type(error).__name__, "message": error.message, "hint": error.hint}
    except MemoryError:
        last = {"error": "MemoryError", "message": "out of memory", "hint": ""}
    sys.stdout.flush()  # what was printed belongs to the log before the parent reads it
    sys.stderr.flush()
    channel.write(json.dumps({**last, "peak_bytes": peak_bytes()}, allow_nan=False) + "\n")


def channel_progress(channel: Any) -> Progress:
    """Updates as lines on the channel: every new stage, every end of one, and in between not too many."""
    last_stage, last_time = "", 0.0

    def progress(update: Update) -> None:
        nonlocal last_stage, last_time
        now = time.monotonic()
        if update.stage == last_stage and update.fraction != 1.0 and now - last_time < MIN_UPDATE_SECONDS:
            return
        last_stage, last_time = update.stage, now
        channel.write(json.dumps({"stage": update.stage, "fraction": update.fraction, "detail": update.detail}) + "\n")

    return progress


def _leave(number: int, frame: object) -> None:
    raise AskedToLeave(128 + number)


def _listen(lines: SimpleQueue[str]) -> None:
    """Hands on the tasks until the end of stdin, which comes when the parent dies in whatever way; ends the group."""
    with open(0, "rb", buffering=0, closefd=False) as stdin:
        pending = b""
        while data := stdin.read(65_536):
            *whole, pending = (pending + data).split(b"\n")
            for line in whole:
                lines.put(line.decode("utf-8"))
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(CLEAN_UP_SECONDS)
    os.killpg(0, signal.SIGKILL)
