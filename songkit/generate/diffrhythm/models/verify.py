"""Files held against their checksums: those that are published, those of the first fetch, those that a cache names.

The cache of Hugging Face calls a large file by its SHA-256 and links to it, so that its name says what it must hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from songkit.generate.diffrhythm import library
from songkit.generate.diffrhythm.library import Published
from songkit.generate.diffrhythm.models import record
from songkit.progress import Progress, Update, silent
from songkit.runs import file_sha256

State = Literal["ok", "unknown", "damaged", "missing"]

POINTER = b"version https://git-lfs"
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Verdict:
    """One file: how it is, and by what that is known. `unknown`: nothing says what it must hold."""

    part: str
    path: Path
    state: State
    why: str

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"part": self.part, "path": str(self.path), "state": self.state, "why": self.why}

    def __str__(self) -> str:
        return f"{self.state:<8} {self.part}: {self.path.name}: {self.why}"


def verify(name: str, folder: Path | None = None, progress: Progress = silent) -> Iterator[Verdict]:
    """Every file of a part, read whole. Raises UsageError for a name that nobody knows."""
    part = library.published(name)
    found = library.find(name, folder)
    if found is None:
        yield from _absent(part, folder)
        return
    home = found if part.whole_folder else found.parents[len(Path(part.files[0][0]).parts) - 1]
    known = record.read(home)
    for index, entry in enumerate(part.files):
        relative = next(path for path in entry if (home / path).is_file())
        path = home / relative
        progress(Update(f"verify {path.name}", None, name))
        size = part.sizes[index] if part.sizes else None
        state, why = _judged(path, known.get(relative), size)
        yield Verdict(name, path.resolve(), state, why)
        progress(Update(f"verify {path.name}", 1.0, name))


def _judged(path: Path, entry: record.Entry | None, size: int | None) -> tuple[State, str]:
    with path.open("rb") as file:
        if file.read(len(POINTER)) == POINTER:
            return "damaged", "it is only the pointer of git-lfs: the file itself was never fetched"
    if entry is not None:
        same = file_sha256(path) == entry.sha256
        return ("ok" if same else "damaged"), f"SHA-256 {'as' if same else 'is not what it was'} {_says(entry)}"
    cached = path.resolve().name
    if path.is_symlink() and _SHA256.fullmatch(cached):
        same = file_sha256(path) == cached
        return ("ok" if same else "damaged"), f"SHA-256 {'as' if same else 'is not what'} the cache names it"
    if size is not None:
        same = path.stat().st_size == size
        return ("ok" if same else "damaged"), f"{path.stat().st_size} bytes{'' if same else f', published with {size}'}"
    return "unknown", f"no checksum is known; its SHA-256 is {file_sha256(path)}"


def _says(entry: record.Entry) -> str:
    return "published" if entry.source == "published" else "at the first fetch"


def _absent(part: Published, folder: Path | None) -> Iterator[Verdict]:
    """Why a part is not found: links that lead nowhere (a cache that was moved) look like files and are none."""
    wanted = [path for entry in part.files for path in entry]
    for home in library.homes(part, folder):
        for path in (home / each for each in wanted):
            if path.is_symlink() and not path.exists():
                yield Verdict(part.name, path, "missing", f"a link to {path.readlink()}, which is not there")
                return
    yield Verdict(part.name, Path(part.files[0][0]), "missing", library.fetch_hint(part.name, folder))
