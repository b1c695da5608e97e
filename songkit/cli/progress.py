"""Progress on the terminal: one bar on stderr, or one line a stage where stderr is no terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click

from songkit.cli.say import above
from songkit.progress import Progress, Update, hearing_preparation, silent

EVERY_SECONDS = 10.0


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
    """One line per stage, with its duration, once it is over."""

    def __init__(self) -> None:
        self._running: dict[str, tuple[str, float]] = {}

    def __call__(self, update: Update) -> None:
        stage, _ = self._running.get(update.subject, ("", 0.0))
        if stage != update.stage:
            self._end(update.subject)
            self._running[update.subject] = (update.stage, time.monotonic())
        if update.fraction == 1.0:
            self._end(update.subject)

    def close(self) -> None:
        for subject in list(self._running):
            self._end(subject)

    def _end(self, subject: str) -> None:
        stage, started = self._running.pop(subject, ("", 0.0))
        if stage:
            prefix = f"{subject}: " if subject else ""
            click.echo(f"{prefix}{stage} ({time.monotonic() - started:.1f} s)", err=True)


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
    )
    tasks: dict[str, TaskID] = {}
    bar = RichProgress(*columns, console=Console(stderr=True), transient=True, refresh_per_second=8)

    with bar, above(lambda text: bar.console.out(text, highlight=False)):

        def progress(update: Update) -> None:
            task = tasks.get(update.subject)
            if update.fraction == 1.0 and update.subject:  # of many files only those at work are shown
                if task is not None:
                    bar.remove_task(tasks.pop(update.subject))
                return
            if task is None or bar.tasks[bar.task_ids.index(task)].description != update.stage:
                if task is not None:
                    bar.remove_task(task)
                task = bar.add_task(update.stage, total=1.0, subject=update.subject)
                tasks[update.subject] = task
            if update.fraction is None:
                bar.update(task, total=None)
            else:
                bar.update(task, total=1.0, completed=update.fraction)

        yield progress
