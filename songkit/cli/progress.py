"""Progress on the terminal: one bar on stderr, or one line a stage where stderr is no terminal."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click

from songkit.cli.log import Stages, current, stage_line
from songkit.cli.say import above, say
from songkit.progress import Progress, Update, hearing_preparation, silent

EVERY_SECONDS = 10.0
STAGE_EVERY_SECONDS = 30.0


@contextmanager
def shown(*, quiet: bool, many: bool = False) -> Iterator[Progress]:
    """A Progress for the length of the block; stdout is never touched.

    `many`: where stderr is no terminal, only what is done of the whole is told, and that now and then. The log hears
    every stage whatever is shown.
    """
    log = current()
    with _display(quiet=quiet, many=many, verbose=log.verbose) as display:
        if not log.hears:
            yield display
            return
        stages = Stages(log.stage)

        def both(update: Update) -> None:
            stages(update)
            display(update)

        with hearing_preparation(both):
            yield both
        stages.close()


@contextmanager
def _display(*, quiet: bool, many: bool, verbose: bool) -> Iterator[Progress]:
    if quiet:
        yield silent
    elif _is_lively_terminal():
        with _bar() as progress, hearing_preparation(progress):
            yield progress
    elif many:
        yield _NowAndThen()
    elif verbose:  # the log's own lines say it all
        yield silent
    else:
        lines = _Lines()
        with hearing_preparation(lines):
            yield lines
        lines.close()


def _is_lively_terminal() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


class _Lines(Stages):
    """One line per stage, with its duration, once it is over; one now and then of a stage that takes long."""

    def __init__(self) -> None:
        super().__init__(lambda last, seconds: click.echo(stage_line(last, f"{seconds:.1f} s"), err=True))

    def __call__(self, update: Update) -> None:
        super().__call__(update)
        running = self.running.get(update.subject)
        if running is not None and update.fraction and time.monotonic() - running.told > STAGE_EVERY_SECONDS:
            running.told = time.monotonic()
            told = stage_line(update, f"{update.fraction:.0%}, ETA {running.left_seconds:.0f} s")
            click.echo(told, err=True)


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
