"""A file and the same made again, side by side."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from songkit.deliver import sample_digest
from songkit.errors import SongkitError
from songkit.progress import Progress, Update
from songkit.provenance import Record
from songkit.reproduce.records import Wanted
from songkit.runs import file_sha256
from songkit.tags import Tags, read_tags


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What was made again: the file, and its own record."""

    path: Path
    record: Record


@dataclass(frozen=True, slots=True)
class Compared:
    """What agrees between a file and the same made again."""

    path: Path
    record: Record
    sha256: str
    rebuilt_sha256: str
    same_audio: bool
    tags: tuple[str, ...]
    """Names of the tags that differ."""
    versions: Mapping[str, tuple[str, str]]
    """What has another version now, each with the one then and the one now (`none`: not here)."""

    @property
    def same_bytes(self) -> bool:
        return self.sha256 == self.rebuilt_sha256

    def __str__(self) -> str:
        if self.same_bytes:
            return "the same, byte for byte"
        if self.same_audio:
            return "the same samples; other bytes around them" + (f" ({', '.join(self.tags)})" if self.tags else "")
        return "other samples"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for strict JSON."""
        return {
            "path": str(self.path),
            "made": self.record.made,
            "sha256": self.sha256,
            "rebuilt_sha256": self.rebuilt_sha256,
            "same_bytes": self.same_bytes,
            "same_audio": self.same_audio,
            "tags_that_differ": list(self.tags),
            "versions_that_differ": {name: {"then": then, "now": now} for name, (then, now) in self.versions.items()},
        }


@dataclass(frozen=True, slots=True)
class Reproduction:
    """What one call of `reproduce` found, file by file."""

    path: Path
    files: tuple[Compared, ...]

    @property
    def agrees(self) -> bool:
        """Whether every byte of every file came out again."""
        return all(file.same_bytes for file in self.files)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for strict JSON."""
        return {"path": str(self.path), "agrees": self.agrees, "files": [file.to_dict() for file in self.files]}


def compared(wanted: Wanted, rebuilt: Rebuilt, progress: Progress) -> Compared:
    """The file held against what was made again."""
    progress(Update("compare", 0.0))
    first, second = file_sha256(wanted.path), file_sha256(rebuilt.path)
    same = first == second
    return Compared(
        path=wanted.path,
        record=wanted.record,
        sha256=first,
        rebuilt_sha256=second,
        same_audio=same or _same_audio(wanted.path, rebuilt.path),
        tags=() if same else _differing(read_tags(wanted.path, stale=True), read_tags(rebuilt.path, stale=True)),
        versions=_other_versions(wanted.record, rebuilt.record),
    )


def _same_audio(first: Path, second: Path) -> bool:
    try:
        return sample_digest(first) == sample_digest(second)
    except SongkitError:
        return False  # a damaged file has no samples to agree


def _differing(first: Tags, second: Tags) -> tuple[str, ...]:
    names = sorted({*first.fields, *second.fields})
    pictures = ("pictures",) if first.pictures != second.pictures else ()
    return (*(name for name in names if first.fields.get(name) != second.fields.get(name)), *pictures)


def _other_versions(first: Record, second: Record) -> dict[str, tuple[str, str]]:
    """What may be the reason: engines, the kind of machine, the generator and its weights."""
    then, now = _engines(first), _engines(second)
    names = sorted({*then, *now})
    return {name: (then.get(name, "none"), now.get(name, "none")) for name in names if then.get(name) != now.get(name)}


def _engines(record: Record) -> dict[str, str]:
    engines = {**record.versions, "machine": record.machine} if record.machine else dict(record.versions)
    if (origin := record.origin) is not None:
        engines[f"generator {origin.name}"] = origin.version
        if origin.weights is not None:
            engines["weights"] = json.dumps(origin.weights, sort_keys=True)
    return engines
