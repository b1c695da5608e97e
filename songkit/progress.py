"""How work tells its caller where it stands: a callable that the caller gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

from songkit.audio import Samples
from songkit.blocks import BLOCK_FRAMES, Source


@dataclass(frozen=True, slots=True)
class Update:
    """A stage and how much of it is done: 0 to 1, or None where that cannot be known; `subject` is the file or seed."""

    stage: str
    fraction: float | None = None
    subject: str = ""


Progress = Callable[[Update], None]


def silent(update: Update) -> None:
    """The progress of those who do not ask."""


def about(progress: Progress, subject: str) -> Progress:
    """`progress`, with every update naming `subject`."""
    return lambda update: progress(replace(update, subject=subject))


def named(progress: Progress, stage: str) -> Progress:
    """`progress`, with every update under one stage's name: what the work is to the user, not what does it."""
    return lambda update: progress(replace(update, stage=stage))


_of_preparation: ContextVar[Progress] = ContextVar("of_preparation", default=silent)


@contextmanager
def hearing_preparation(progress: Progress) -> Iterator[None]:
    """Within the block, `progress` hears of what is prepared once and for all, down where no caller hands it in."""
    token = _of_preparation.set(progress)
    try:
        yield
    finally:
        _of_preparation.reset(token)


@contextmanager
def preparing(what: str) -> Iterator[None]:
    """Work that only the first run on a machine has to do."""
    progress = _of_preparation.get()
    progress(Update(f"preparing {what} (first run only)", None, "songkit"))
    yield
    progress(Update(f"preparing {what} (first run only)", 1.0, "songkit"))


def watched(source: Source, progress: Progress, stage: str, frames: int = BLOCK_FRAMES) -> Iterator[Samples]:
    """The blocks of `source`, each reported as it goes by."""
    done = 0
    progress(Update(stage, 0.0 if source.frames else None))
    for block in source.blocks(frames):
        yield block
        done += block.shape[1]
        progress(Update(stage, min(1.0, done / source.frames) if source.frames else None))
