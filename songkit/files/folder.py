"""Which files are meant by what was named: files as they are, folders for the audio in them, patterns for what fits.

A file in a folder counts by its content, and by its name where the content is no audio: a damaged song is an answer
to give, a cover picture is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from songkit.errors import UsageError
from songkit.files.containers import SUFFIXES
from songkit.files.sniff import sniff

READ_TOO = ("w64", "caf", "au", "mka", "mkv", "webm", "wma", "wv", "ape", "tta", "dsf", "ac3", "amr", "m4b", "mp2")
_MAGIC = re.compile(r"[*?\[]")


def gather(named: Iterable[Path], *, recursive: bool = False) -> list[Path]:
    """The files that were meant, in the order of what was named, within a folder or a pattern in that of the names.

    What is neither a folder nor fits as a pattern stays as it is, even where it does not exist: opening it says so.
    Raises UsageError for a folder without audio.
    """
    return [path for given in named for path in _meant(given, recursive=recursive)]


def audio_files(folder: Path, *, recursive: bool) -> Iterator[Path]:
    """The audio in a folder, hidden files and folders left out; `recursive`: in the folders below it as well."""
    for path in sorted(folder.rglob("*") if recursive else folder.iterdir()):
        if not any(part.startswith(".") for part in path.relative_to(folder).parts) and _is_audio(path):
            yield path


def _meant(given: Path, *, recursive: bool) -> Iterable[Path]:
    if given.is_dir():
        found = list(audio_files(given, recursive=recursive))
        if not found:
            below = "" if recursive else "look into the folders below it with --recursive"
            raise UsageError(f"{given} holds no audio", below)
        return found
    if given.exists() or not _MAGIC.search(str(given)):
        return [given]
    anchor = Path(given.anchor)
    return sorted(path for path in anchor.glob(str(given.relative_to(anchor))) if path.is_file()) or [given]


def _is_audio(path: Path) -> bool:
    if not path.is_file():
        return False
    if path.suffix.lower().lstrip(".") in (*SUFFIXES, *READ_TOO):
        return True
    try:
        with path.open("rb") as handle:
            return sniff(handle) is not None
    except OSError:
        return False  # nothing in its name says that it is audio, and its content cannot be looked at
