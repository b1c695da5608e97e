"""Progress on the terminal: one bar on stderr, or one line a stage where stderr is no terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click

from songkit.cli.say import above, say
from songkit.progress import Progress, Update, hearing_preparation, silent

EVERY_SECONDS = 10.0
STAGE_EVERY_SECONDS = 30.0


@contextmanager
def shown(*, quiet: bool, many: bool = False) -> Iterator[Progress]:
    """A Progress for the length of the block; stdout is never touched.

    `many`: where stderr is no terminal, only what is done of the whole is told, and that now and then.
    """
    if quiet:
        yield silent
    elif sys.stderr.isatty():
        with _bar() as progress, hearing_preparation(progress):
            yield progress
    elif many:
        yield _NowAndThen()
    else:
        lines = _Lines()
        with hearing_preparation(lines):
            yield lines
        lines.close()


class _Lines:
    """One line per stage, with its duration, once it is over; one now and then of a stage that takes long."""

    def __init__(self) -> None:
        self._running: dict[str, _Stage] = {}

    def __call__(self, update: Update) -> None:
        running = self._running.get(update.subject)
        if running is None or running.last.stage != update.stage:
            self._end(update.subject)
            self._running[update.subject] = running = _Stage(update)
        running.last = update
        if update.fraction == 1.0:
            self._end(update.subject)
        elif update.fraction and time.monotonic() - running.told > STAGE_EVERY_SECONDS:
            running.told = time.monotonic()
            click.echo(_line(update, f"{update.fraction:.0%}, ETA {running.left_seconds:.0f} s"), err=True)

    def close(self) -> None:
        for subject in list(self._running):
            self._end(subject)

    def _end(self, subject: str) -> None:
        running = self._running.pop(subject, None)
        if running is not None and running.last.stage:
            click.echo(_line(running.last, f"{running.seconds:.1f} s"), err=True)


class _Stage:
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


def _line(update: Update, time_of_it: str) -> str:
    prefix = f"{update.subject}: " if update.subject else ""
    detail = f": {update.detail}" if update.detail else ""
    return f"{prefix}{update.stage} ({time_of_it}){detail}"


class _NowAndThen:
    """How far the whole has come and how long it will still take, a line every ten seconds."""

    def __init__(self) -> None:
        self._began = self._told = time.monotonic()

    def __call__(self, update: Update) -> None:
        now = time.monotonic()
        if update.subject or not update.fraction or now - self._told < EVERY_SECONDS:
            return
        self._told = now
        left = (now - self._began) * (1.0 - update.fraction) / update.fraction
        click.echo(f"{update.stage}: {update.fraction:.0%}, ETA {left:.0f} s", err=True)


@contextmanager
def _bar() -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    columns = (
        TextColumn("{task.fields[subject]}"),
        TextColumn("[bold]{task.description}"),
        BarColumn(bar_width=28),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        TextColumn("ETA"),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[detail]}"),
    )
    tasks: dict[str, TaskID] = {}
    bar = RichProgress(*columns, console=Console(stderr=True), transient=True, refresh_per_second=8)

    with bar, above(lambda text: bar.console.out(text, highlight=False)):

        def progress(update: Update) -> None:
            task = tasks.get(update.subject)
            if update.fraction == 1.0 and update.detail:
                say(f"{update.subject}: {update.stage}: {update.detail}", err=True)
            if update.fraction == 1.0 and update.subject:  # of many files only those at work are shown
                if task is not None:
                    bar.remove_task(tasks.pop(update.subject))
                return
            if task is None or bar.tasks[bar.task_ids.index(task)].description != update.stage:
                if task is not None:
                    bar.remove_task(task)
                task = bar.add_task(update.stage, total=1.0, subject=update.subject, detail="")
                tasks[update.subject] = task
            if update.fraction is None:
                bar.update(task, total=None, detail=update.detail)
            else:
                bar.update(task, total=1.0, completed=update.fraction, detail=update.detail)

        yield progress
