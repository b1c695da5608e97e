"""Children at work: each task in a process of its own, several at once, ended for certain when asked.

What goes wrong in one child (an error, a crash, the memory, the time) is the `Failure` of its outcome and leaves the
others alone. Children end with the parent, however that ends: they watch a pipe that closes with it (see `child`).
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from songkit.children import failure
from songkit.children.child import command_line
from songkit.children.failure import Failure
from songkit.children.memory import oom_kills
from songkit.children.task import Task
from songkit.errors import MissingError
from songkit.progress import Progress, Update, silent

POLL_SECONDS = 0.2
"""How often a child is looked after that says nothing: the grain of the timeout."""
GRACE_SECONDS = 3.0
"""How long a child may take to leave after its last word."""
CLEAN_UP_SECONDS = 0.5
"""How long children that must go have for their temporary files: an interrupt is over within a second."""
LOG_BYTES = 8_000

_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a task ended: its result (plain JSON values) or its failure, the seconds it took, and the most memory.

    `index` is its place among the tasks. `peak_bytes` is what the child had held by then, None where it could not say.
    """

    index: int
    seconds: float
    result: Mapping[str, Any] | None = None
    failure: Failure | None = None
    peak_bytes: int | None = None

    def value(self) -> Mapping[str, Any]:
        """The result; raises the failure's exception where there is none."""
        if self.failure is not None:
            raise self.failure.exception()
        return self.result or {}


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run(
    tasks: Sequence[Task],
    *,
    at_once: int | None = None,
    timeout_seconds: float | None = None,
    reuse: bool = False,
    progress: Progress = silent,
) -> Generator[Outcome, None, None]:
    """Does the tasks in child processes and yields each outcome as it comes, in the order in which they end.

    At most `at_once` run at the same time (None: one per core); each has `timeout_seconds` (None: no limit), then it
    and all it started are ended. With `reuse` a child that has done its task takes the next one, instead of every
    task having a fresh child. Updates name the task's subject. Whoever stops iterating (an interrupt, `close`) ends
    all.
    """
    limit = max(1, min(at_once or cores(), len(tasks)))
    environment = _environment(limit)
    waiting, running = deque(enumerate(tasks)), list[_Child]()
    try:
        while waiting or running:
            while waiting and len(running) < limit:
                running.append(_Child(*waiting.popleft(), environment, timeout_seconds, reuse=reuse))
            _sleep_until_one_speaks(running)
            for child in [child for child in running if child.is_done(progress)]:
                outcome = child.outcome(progress)
                if child.is_free and waiting:
                    child.take(*waiting.popleft())
                else:
                    child.kill()
                    running.remove(child)
                yield outcome
    finally:
        for child in running:
            child.ask_to_leave()
        until = time.monotonic() + CLEAN_UP_SECONDS
        for child in running:
            child.kill(until)


class _Child:
    """One child process and what it has said so far."""

    def __init__(
        self,
        index: int,
        task: Task,
        environment: Mapping[str, str],
        timeout_seconds: float | None,
        *,
        reuse: bool,
    ) -> None:
        if not sys.executable:
            raise MissingError("this Python does not know its own executable", "start songkit from a plain python")
        self._reuse = reuse
        self._partial = b""
        self._timeout_seconds = timeout_seconds
        self._code: int | None = None
        self._asked_to_leave = False
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as the child; closed in `kill`)
        self.channel, child_end = os.pipe()
        os.set_blocking(self.channel, False)
        try:
            self._process = subprocess.Popen(
                command_line(child_end),
                stdin=subprocess.PIPE,
                stdout=self._log,
                stderr=self._log,
                pass_fds=(child_end,),
                env=environment,
                start_new_session=True,  # a group of its own, so that all of it can be ended
            )
        finally:
            os.close(child_end)
        self.take(index, task)

    def take(self, index: int, task: Task) -> None:
        """Gives the child its next task."""
        self._index = index
        self._task = task
        self.last = Update("start")
        self._last_word: dict[str, Any] | None = None
        self._started = time.monotonic()
        self._timed_out = False
        self._oom_kills = oom_kills()
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):  # it died before it read: its end says why
                self._process.stdin.write(task.to_line(last=not self._reuse).encode())
                self._process.stdin.flush()

    @property
    def is_free(self) -> bool:
        """Whether the child has done its task and waits for another one."""
        return self._reuse and self._last_word is not None and not self._has_exited()

    def is_done(self, progress: Progress) -> bool:
        """Reads what the child has said; whether it has done its task, has ended, or has no time left."""
        if not self._read(progress) or self.is_free or self._has_exited():
            return True
        seconds = time.monotonic() - self._started
        self._timed_out = self._timeout_seconds is not None and seconds > self._timeout_seconds
        return self._timed_out

    def outcome(self, progress: Progress) -> Outcome:
        """How the task went; a child that does not wait for another one is ended."""
        free = self.is_free
        if not (self._timed_out or free):
            self._wait(GRACE_SECONDS)
            self._read(progress)
        log = self._log_end()
        code = 0 if free else self.kill()
        seconds = time.monotonic() - self._started
        stage = self.last.stage
        if self._last_word is not None and "result" in self._last_word:
            return Outcome(self._index, seconds, self._last_word["result"], peak_bytes=self._last_word["peak_bytes"])
        if self._last_word is not None:
            refused = failure.refused(self._last_word, stage, log)
            return Outcome(self._index, seconds, failure=refused, peak_bytes=self._last_word["peak_bytes"])
        if self._timed_out:
            return Outcome(self._index, seconds, failure=failure.timed_out(stage, self.last.fraction, seconds, log))
        ended = failure.ended(code, stage, log, system_short_of_memory=self._system_short_of_memory())
        return Outcome(self._index, seconds, failure=ended)

    def ask_to_leave(self) -> None:
        """Has the child put away its temporary files and go; asked again, it would be disturbed at that."""
        if not (self._asked_to_leave or self._has_exited()):
            self._asked_to_leave = True
            self._process.terminate()

    def kill(self, until: float | None = None) -> int:
        """Ends the child and everything it started, for certain; its exit code, negative for a signal.

        Until that moment it may put away its temporary files; None: for `CLEAN_UP_SECONDS`.
        """
        if self._code is not None:
            return self._code
        self.ask_to_leave()
        self._wait(CLEAN_UP_SECONDS if until is None else until - time.monotonic())
        # The child is not reaped yet, so its group cannot have become somebody else's.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._code = self._process.wait()
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        os.close(self.channel)
        self._log.close()
        return self._code

    def _read(self, progress: Progress) -> bool:
        """Takes in all that lies in the channel; False when the child has closed it."""
        while True:
            try:
                data = os.read(self.channel, 65_536)
            except BlockingIOError:
                return True
            if not data:
                return False
            *lines, self._partial = (self._partial + data).split(b"\n")
            for line in lines:
                self._hear(json.loads(line), progress)

    def _hear(self, message: dict[str, Any], progress: Progress) -> None:
        if "stage" in message:
            self.last = Update(message["stage"], message["fraction"], self._task.subject, message["detail"])
            progress(self.last)
        else:
            self._last_word = message

    def _system_short_of_memory(self) -> bool | None:
        now = oom_kills()
        return None if now is None or self._oom_kills is None else now > self._oom_kills

    def _has_exited(self) -> bool:
        """Whether the process has ended, without reaping it."""
        return (
            self._code is not None
            or os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        )

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._has_exited() and time.monotonic() < until:
            time.sleep(0.01)

    def _log_end(self) -> str:
        size = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, size - LOG_BYTES))
        return self._log.read().decode("utf-8", "replace")


def _sleep_until_one_speaks(children: Sequence[_Child]) -> None:
    with selectors.DefaultSelector() as selector:
        for child in children:
            selector.register(child.channel, selectors.EVENT_READ)
        selector.select(POLL_SECONDS)


def _environment(at_once: int) -> dict[str, str]:
    """The parent's environment; libraries with threads share the cores among the children, unless the user has said."""
    threads = str(max(1, cores() // at_once))
    return dict.fromkeys(_THREAD_VARIABLES, threads) | os.environ
