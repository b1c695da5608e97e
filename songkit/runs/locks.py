"""One process at a time: in a run's folder, and on an output that is being written.

Both are locks of the system (`flock`), which go with their process however it ends.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from songkit.errors import OutputError
from songkit.runs.disk import reported
from songkit.runs.names import LOCK


@contextmanager
def locked_folder(folder: Path) -> Iterator[None]:
    """Holds the folder's lock. Raises OutputError, at once, when another process does."""
    path = folder / LOCK
    with reported(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        with reported(path):
            if not _taken(descriptor):
                raise OutputError(
                    f"another songkit works in {folder}{_holder(descriptor)}",
                    "wait until it is done, or choose another folder with -o",
                )
            _sign(descriptor)
        yield
    finally:
        os.close(descriptor)  # the lock goes with it; the name stays, because removing it would let two in


@contextmanager
def locked_outputs(paths: Iterable[Path]) -> Iterator[None]:
    """Holds a lock for each output, so that no two processes write a set of files that belong together.

    The locks lie among the machine's temporary files, and nothing is left of them. Raises OutputError, at once, when
    another process of this user writes one of the outputs.
    """
    with ExitStack() as held:
        for path in paths:
            held.enter_context(_locked_output(path))
        yield


@contextmanager
def _locked_output(path: Path) -> Iterator[None]:
    name = _lock_name(path)
    with reported(name):
        descriptor = _opened(name)
    if descriptor is None:
        raise OutputError(
            f"another songkit writes {path}{_holder_of(name)}", "wait until it is done, or choose another name with -o"
        )
    try:
        _sign(descriptor)
        yield
    finally:
        with suppress(OSError):
            name.unlink()  # under the lock: who opened it meanwhile finds another file by that name, or none
        os.close(descriptor)


def _lock_name(path: Path) -> Path:
    folder = Path(tempfile.gettempdir()) / f"songkit-locks-{os.getuid()}"
    place = os.fsencode(path.parent.resolve() / path.name)
    with reported(folder):
        folder.mkdir(mode=0o700, exist_ok=True)
    return folder / hashlib.blake2b(place, digest_size=16).hexdigest()


def _opened(name: Path) -> int | None:
    """The descriptor of the locked name, None where another process has it."""
    while True:
        descriptor = os.open(name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        if not _taken(descriptor):
            os.close(descriptor)
            return None
        try:
            if os.path.samestat(os.fstat(descriptor), name.stat()):
                return descriptor
        except FileNotFoundError:
            pass
        os.close(descriptor)  # its holder removed it before we had the lock


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sign(descriptor: int) -> None:
    """Who holds it; a full disk keeps the signature out, not the lock."""
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())


def _holder(descriptor: int) -> str:
    signature = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
    return f" (process {signature})" if signature else ""


def _holder_of(name: Path) -> str:
    try:
        signature = name.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
    return f" (process {signature})" if signature else ""
