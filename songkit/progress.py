"""How work tells its caller where it stands: a callable that the caller gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path

from songkit.audio import Samples
from songkit.blocks import BLOCK_FRAMES, Source


@dataclass(frozen=True, slots=True)
class Update:
    """A stage and how much of it is done: 0 to 1, or None where that cannot be known; `subject` is the file or seed."""

    stage: str
    fraction: float | None = None
    subject: str = ""
    detail: str = ""
    """What else is to be seen, memory say; that of a stage that is done stays on the screen."""


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


class Overall:
    """Updates of many files, handed on, with one more after each: how much of all of them is done, by their sizes.

    That one has no subject; its stage says how many they are.
    """

    def __init__(self, paths: Sequence[Path], progress: Progress) -> None:
        self._progress = progress
        self._stage = f"{len(paths)} files"
        self._bytes = {path: _size(path) for path in paths}
        self._all_bytes = sum(self._bytes.values())
        self._done_bytes = 0.0
        self._named = {path.name: size for path, size in self._bytes.items()}
        self._running: dict[str, float] = {}

    def __call__(self, update: Update) -> None:
        if update.subject in self._named and update.fraction is not None:
            self._running[update.subject] = update.fraction * self._named[update.subject]
        self._progress(update)
        self._tell()

    def done(self, path: Path) -> None:
        """A file has ended, well or not."""
        self._progress(Update("", 1.0, path.name))
        self._running.pop(path.name, None)
        self._done_bytes += self._bytes[path]
        self._tell()

    def _tell(self) -> None:
        # Two files of one name in two folders count as one while they run: the bar is a little off, the end is not.
        fraction = (self._done_bytes + sum(self._running.values())) / max(1, self._all_bytes)
        self._progress(Update(self._stage, min(1.0, fraction)))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # opening it will say why
