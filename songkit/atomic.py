"""Files that appear whole or not at all: written beside the target, flushed to disk, renamed."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from songkit.errors import OutputError


def check_output(path: Path, *, force: bool = False) -> None:
    """Raises OutputError when `path` exists (unless `force`), is a folder, or its folder is missing or not writable."""
    try:
        exists, is_folder = path.exists(), path.is_dir()
    except OSError as error:  # a name too long for the system, a folder that may not be entered
        raise output_error(path, error) from error
    if is_folder:
        raise OutputError(f"{path} is a folder", "name a file, or use --output-dir")
    if exists and not force:
        raise OutputError(f"{path} exists already", "overwrite it with -f/--force, or choose another name")
    if not path.parent.is_dir():
        raise OutputError(f"the folder {path.parent} does not exist", "make it first, or use --output-dir")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise OutputError(f"the folder {path.parent} is not writable")


def check_folder(path: Path) -> None:
    """Raises OutputError when `path` is no folder, or could not be made one."""
    there = next(each for each in (path, *path.absolute().parents) if each.exists())
    if not there.is_dir():
        raise OutputError(f"{there} is not a folder", "name a folder for the outputs")
    if not os.access(there, os.W_OK | os.X_OK):
        raise OutputError(f"the folder {there} is not writable")


def make_folder(path: Path) -> None:
    """The folder and those above it, where missing. Raises OutputError where that cannot be."""
    check_folder(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(path, error) from error


def output_error(path: Path, error: OSError) -> OutputError:
    """The one line for a write that the system refused."""
    if error.errno == errno.ENOSPC:
        return OutputError(f"{path}: no space left on the disk", "nothing was written; free some space and try again")
    if error.errno == errno.EDQUOT:
        return OutputError(f"{path}: your disk quota is used up", "nothing was written; free some space and try again")
    return OutputError(f"{path} cannot be written: {error.strerror or error}")


class PendingFile:
    """A temporary file beside `path` that `publish` syncs and renames, or `discard` removes.

    It keeps the suffix of `path` (or takes `suffix`), because encoders look at it. Raises OutputError where the target
    exists or the system refuses.
    """

    def __init__(self, path: Path, *, force: bool = False, suffix: str | None = None) -> None:
        check_output(path, force=force)
        self.path = path
        self._force = force
        try:
            handle, name = tempfile.mkstemp(
                prefix=_temporary_prefix(path), suffix=suffix or path.suffix or ".part", dir=path.parent
            )
            os.close(handle)
        except OSError as error:
            raise output_error(path, error) from error
        self.temporary = Path(name)

    def publish(self) -> None:
        """The file has its name, whole and on the disk, when this returns."""
        try:
            _publish(self.temporary, self.path, force=self._force)
        except OSError as error:
            raise output_error(self.path, error) from error
        finally:
            self.discard()

    def discard(self) -> None:
        """Removes the temporary file; harmless after `publish` and when called again."""
        with suppress(FileNotFoundError):
            self.temporary.unlink()


def move_aside(path: Path) -> Path | None:
    """Gives what stands at `path` the name `<stem>.old-1<suffix>` (2, 3, ...); None where nothing does."""
    if not os.path.lexists(path):
        return None
    number = 1
    while os.path.lexists(aside := path.with_name(f"{path.stem}.old-{number}{path.suffix}")):
        number += 1
    try:
        return path.rename(aside)
    except OSError as error:
        raise output_error(path, error) from error


def remove_leftovers(path: Path) -> None:
    """Removes the temporary files that killed processes have left beside `path`; only for whoever holds its lock."""
    prefix = _temporary_prefix(path)
    with suppress(OSError):
        for each in path.parent.iterdir():
            if each.name.startswith(prefix):
                each.unlink()


def _temporary_prefix(path: Path) -> str:
    """How the temporary files of this name begin, and those of no other."""
    digest = hashlib.blake2b(os.fsencode(path.name), digest_size=4).hexdigest()
    return f".{path.stem[:32]}.{digest}."


@contextmanager
def whole_file(path: Path, *, force: bool = False, suffix: str | None = None) -> Iterator[Path]:
    """A temporary path beside `path`; at the end of the block it is synced and renamed, on an error removed.

    Raises OutputError where the target exists or the system refuses.
    """
    pending = PendingFile(path, force=force, suffix=suffix)
    try:
        yield pending.temporary
        pending.publish()
    except OSError as error:
        raise output_error(path, error) from error
    finally:
        pending.discard()


def write_text(path: Path, text: str, *, force: bool = False) -> None:
    """UTF-8 text as a whole file."""
    with whole_file(path, force=force) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any, *, force: bool = False) -> None:
    """Strict JSON (no NaN, no Infinity) as a whole file."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n", force=force)


def _publish(temporary: Path, path: Path, *, force: bool) -> None:
    # mkstemp makes files private; a result has the rights that any new file of this user has.
    umask = os.umask(0)
    os.umask(umask)
    temporary.chmod(0o666 & ~umask)
    with temporary.open("rb") as handle:
        os.fsync(handle.fileno())
    if force:
        temporary.replace(path)
    else:
        try:
            os.link(temporary, path)  # unlike rename, link refuses a target that came into being meanwhile
        except FileExistsError:
            raise OutputError(f"{path} exists already", "overwrite it with -f/--force") from None
        except OSError:  # file systems without hard links
            temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
