"""What lies under a seed's name: the take, its record, its side files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from songkit.errors import OutputError
from songkit.runs.keys import file_sha256
from songkit.runs.names import TAKE, read_record


@dataclass(frozen=True, slots=True)
class KeptTake:
    """A take in its place: the audio, its SHA-256, what the generator says of it, its side files by name."""

    seed: int
    audio: Path
    sha256: str
    facts: Mapping[str, Any]
    files: Mapping[str, Path]
    reused: bool
    """Whether it was found and not made now."""
    seconds: float = 0.0
    """How long making it took."""
    peak_bytes: int | None = None
    """The most memory that making it held, None where that is not known."""


def take_in(folder: Path, seed: int, key: str) -> KeptTake | None:
    """The take of that key in a seed's folder, None where its record or its bytes are not what was kept."""
    try:
        record = read_record(folder / TAKE)
    except OutputError:
        return None
    if not record or record.get("key") != key or not is_file_of(folder / record["audio"], record["sha256"]):
        return None
    files = {name: folder / file for name, file in record["files"].items()}
    if not all(path.is_file() for path in files.values()):
        return None
    return KeptTake(
        seed=seed,
        audio=folder / record["audio"],
        sha256=record["sha256"],
        facts=record["facts"],
        files=files,
        reused=True,
        seconds=record.get("seconds", 0.0),
        peak_bytes=record.get("peak_bytes"),
    )


def is_file_of(path: Path, sha256: str) -> bool:
    """Whether a file is there and has these bytes."""
    return path.is_file() and file_sha256(path) == sha256


def side_names(files: Mapping[str, Path], taken: set[str]) -> dict[str, str]:
    """A file name for each side file, by what it is: the stem "voice" in `x.wav` becomes `voice.wav`."""
    names: dict[str, str] = {}
    for name, path in files.items():
        stem = re.sub(r"[^\w.-]+", "-", name).strip("-.") or "file"
        candidates = (f"{stem}{number}{path.suffix}" for number in ("", *(f"-{n}" for n in range(2, len(files) + 4))))
        names[name] = next(candidate for candidate in candidates if candidate not in taken)
        taken = {*taken, names[name]}
    return names
