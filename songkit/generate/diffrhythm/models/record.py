"""What was fetched, beside it: SHA-256, size and revision of each file, and who says that checksum."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from songkit.atomic import write_json

NAME = ".songkit.json"

Source = Literal["published", "first fetch"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A file's checksum; `source` says whether its publisher names it, or the first fetch found it."""

    sha256: str
    size: int
    revision: str
    source: Source


def read(home: Path) -> dict[str, Entry]:
    """The entries of a repository's folder by path; empty without a record, or with one that cannot be read."""
    try:
        values: Mapping[str, Mapping[str, object]] = json.loads((home / NAME).read_text(encoding="utf-8"))
        return {path: Entry(**entry) for path, entry in values.items()}  # type: ignore[arg-type]
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def add(home: Path, path: str, entry: Entry) -> None:
    """Records a file. Raises OutputError where the folder cannot be written."""
    entries = {**read(home), path: entry}
    write_json(home / NAME, {name: asdict(each) for name, each in sorted(entries.items())}, force=True)
