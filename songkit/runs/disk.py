"""Steps on the disk that happen as a whole, with the system's refusals told as ours."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from songkit.atomic import output_error
from songkit.errors import SignalError


@contextmanager
def reported(path: Path) -> Iterator[None]:
    """Any OSError of the block as an OutputError about `path`."""
    try:
        yield
    except OSError as error:
        raise output_error(path, error) from error


def move(path: Path, target: Path) -> None:
    """A generator's file to its place, on the disk. Raises SignalError where it is not."""
    if not path.is_file():
        raise SignalError(f"the generator said that it wrote {path.name}, but it is not there")
    with reported(target):
        path.replace(target)
        sync(target)


def link(source: Path, target: Path) -> None:
    """The same file under another name; a copy where the file system knows no such thing."""
    with reported(target):
        try:
            os.link(source, target)
        except OSError as error:
            if error.errno not in (errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK):
                raise
            shutil.copyfile(source, target)


def appear(staged: Path, final: Path) -> None:
    """Renames a complete folder to its name; fails where the name is taken."""
    with reported(final):
        sync(staged)
        staged.rename(final)  # refuses a folder that is not empty
        sync(final.parent)


def sync(path: Path) -> None:
    """What the path names is on the disk when this returns."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
