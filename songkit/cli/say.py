"""Text for stdout and stderr while a progress bar may stand on the same terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import click

Write = Callable[[str], None]

_above_bar: ContextVar[Write | None] = ContextVar("above_bar", default=None)


def say(text: str, *, err: bool = False) -> None:
    """Prints whole lines; where a bar stands on the terminal they go above it, or each would write over the other."""
    write = _above_bar.get()
    if write is not None and (err or sys.stdout.isatty()):
        write(text)
    else:
        click.echo(text, err=err)


@contextmanager
def above(write: Write) -> Iterator[None]:
    """Within the block `write` puts lines above the bar; the bar's terminal is that of stderr."""
    token = _above_bar.set(write)
    try:
        yield
    finally:
        _above_bar.reset(token)
