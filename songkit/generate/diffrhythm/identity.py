"""What weights are, by their bytes: SHA-256, read once for each file and then remembered."""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import suppress
from pathlib import Path

from songkit.atomic import write_json
from songkit.errors import OutputError
from songkit.generate.diffrhythm import library
from songkit.progress import Progress, Update, silent
from songkit.runs import file_sha256

REMEMBERED = "identities.json"
_BLOB = re.compile(r"[0-9a-f]{64}")


def identities(names: tuple[str, ...], folder: Path | None, progress: Progress = silent) -> dict[str, str]:
    """The SHA-256 of each published part by its name; of a part of several files, that of theirs.

    Raises MissingError for a part that is not here.
    """
    found = {name: _files(name, folder) for name in names}
    remembered = _remembered()
    known = {path: _known(path, remembered) for files in found.values() for path in files}
    for path in (path for path, digest in known.items() if not digest):
        progress(Update(f"read {path.name}"))
        known[path] = remembered[_signature(path)] = file_sha256(path)
    with suppress(OutputError):  # a machine without a writable cache reads them again next time
        _remember(remembered)
    return {name: _together([known[path] for path in files]) for name, files in found.items()}


def _files(name: str, folder: Path | None) -> list[Path]:
    where, part = library.locate(name, folder), library.published(name)
    if not part.whole_folder:
        return [where]
    return [next(where / path for path in entry if (where / path).is_file()) for entry in part.files]


def _known(path: Path, remembered: dict[str, str]) -> str:
    """The digest without reading: the cache of Hugging Face names large files by theirs."""
    name = path.resolve().name
    return name if path.is_symlink() and _BLOB.fullmatch(name) else remembered.get(_signature(path), "")


def _signature(path: Path) -> str:
    state = path.stat()
    return f"{path.resolve()}|{state.st_size}|{state.st_mtime_ns}"


def _together(digests: list[str]) -> str:
    return digests[0] if len(digests) == 1 else hashlib.sha256(" ".join(digests).encode()).hexdigest()


def _remembered() -> dict[str, str]:
    try:
        values: dict[str, str] = json.loads((library.own_folder() / REMEMBERED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values


def _remember(values: dict[str, str]) -> None:
    path = library.own_folder() / REMEMBERED
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError:
        return
    write_json(path, values, force=True)
