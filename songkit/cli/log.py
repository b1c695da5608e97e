"""What a command did, for those who ask: a line per stage (`-v`), and JSON lines in a file (`--log-file`).

A line of the file is {"time", "level", "event", "process"} and, by event: "start" with the arguments, "stage" with
stage, subject and duration in seconds, "error" with the message, "end" with exit code and duration. Each is one write
to a file opened for appending, so that two processes may share it.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from songkit.atomic import output_error
from songkit.cli.say import say

if TYPE_CHECKING:
    from songkit.progress import Update

Ended = Callable[["Update", float], None]
"""Called with the last update of a stage and its seconds when it is over."""


@dataclass(slots=True)
class Log:
    """What one run of the command line tells of itself beside its output."""

    arguments: list[str]
    verbose: bool = False
    began: float = field(default_factory=time.monotonic)
    _file: int | None = None
    _path: Path = field(default_factory=Path)

    @property
    def hears(self) -> bool:
        """Whether anybody wants to know of stages."""
        return self.verbose or self._file is not None

    def open(self, path: Path) -> None:
        """From now on lines are appended to `path`. Raises OutputError where that cannot be."""
        try:
            self._file = os.open(path, os.O_APPEND | os.O_CREAT | os.O_WRONLY | getattr(os, "O_CLOEXEC", 0), 0o666)
        except OSError as error:
            raise output_error(path, error) from error
        self._path = path
        self.write("info", "start", arguments=self.arguments)

    def write(self, level: str, event: str, **values: Any) -> None:
        """One line, whole."""
        if self._file is None:
            return
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        body = {"time": now, "level": level, "event": event, "process": os.getpid(), **values}
        try:
            os.write(self._file, json.dumps(body).encode("ascii") + b"\n")
        except OSError as error:
            self._file = None
            raise output_error(self._path, error) from error

    def stage(self, last: Update, seconds: float) -> None:
        """A stage is over; `last` is what was last heard of it."""
        about = {"stage": last.stage, "subject": last.subject, "duration": round(seconds, 3)}
        self.write("info", "stage", **about, **({"detail": last.detail} if last.detail else {}))
        if self.verbose:
            say(stage_line(last, f"{seconds:.1f} s"), err=True)

    def close(self, exit_code: int) -> None:
        """The last line."""
        if self._file is not None:
            level = "info" if exit_code == 0 else "error"
            seconds = round(time.monotonic() - self.began, 3)
            self.write(level, "end", exit_code=exit_code, duration=seconds)
            with suppress(OSError):
                os.close(self._file)
            self._file = None


class Stage:
    """A stage under way."""

    def __init__(self, first: Update) -> None:
        self.last = first
        self.began = self.told = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    @property
    def left_seconds(self) -> float:
        """How long it will still take, if it goes on as it did."""
        done = self.last.fraction or 1.0
        return self.seconds * (1.0 - done) / done


class Stages:
    """Hears updates and tells each stage of each subject once it is over."""

    def __init__(self, ended: Ended) -> None:
        self._ended = ended
        self.running: dict[str, Stage] = {}

    def __call__(self, update: Update) -> None:
        running = self.running.get(update.subject)
        if update.stage and (running is None or running.last.stage != update.stage):
            self._end(update.subject)
            self.running[update.subject] = running = Stage(update)
        if running is not None and update.stage:
            running.last = update
        if update.fraction == 1.0:
            self._end(update.subject)

    def close(self) -> None:
        """Whatever still runs is over."""
        for subject in list(self.running):
            self._end(subject)

    def _end(self, subject: str) -> None:
        running = self.running.pop(subject, None)
        if running is not None:
            self._ended(running.last, running.seconds)


def stage_line(update: Update, time_of_it: str) -> str:
    """What the terminal says of a stage."""
    prefix = f"{update.subject}: " if update.subject else ""
    detail = f": {update.detail}" if update.detail else ""
    return f"{prefix}{update.stage} ({time_of_it}){detail}"


_current: ContextVar[Log | None] = ContextVar("log", default=None)


def current() -> Log:
    """The log of the command that runs; one that keeps nothing where none does."""
    return _current.get() or Log([])


def begin(arguments: list[str]) -> Log:
    """A log for the command that starts."""
    log = Log(arguments)
    _current.set(log)
    return log


def _verbose(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        current().verbose = True


def _log_file(ctx: click.Context, parameter: click.Parameter, value: Path | None) -> None:
    if value is not None and not ctx.resilient_parsing:
        current().open(value)


def add_options(command: click.Command) -> None:
    """Gives a command, and those below it, -v, -q and --log-file where it has none of its own."""
    if isinstance(command, click.Group):
        for below in command.commands.values():
            add_options(below)
        return
    names = {name for parameter in command.params for name in parameter.opts}
    quiet = click.Option(["-q", "--quiet"], is_flag=True, expose_value=False, help="No progress, errors only.")
    verbose = click.Option(
        ["-v", "--verbose"], is_flag=True, expose_value=False, callback=_verbose, help="A line per stage on stderr."
    )
    file = click.Option(
        ["--log-file"],
        type=click.Path(dir_okay=False, path_type=Path),
        expose_value=False,
        callback=_log_file,
        metavar="FILE",
        help="Append what was done to a file, as JSON lines.",
    )
    command.params += [option for option in (quiet, verbose, file) if option.opts[-1] not in names]
