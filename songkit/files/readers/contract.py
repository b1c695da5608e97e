"""What a reader finds when it opens a file, and how it gives blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from songkit.audio import Format, Samples


@dataclass(frozen=True, slots=True)
class Opened:
    """What a look at the file found: `frames` is what can be read, `claimed_frames` what its header says.

    `claimed_frames` is None where the header makes no exact claim.
    """

    codec: str
    bit_depth: int | str | None
    format: Format
    frames: int
    claimed_frames: int | None = None
    bitrate_kbps: int | None = None
    notes: tuple[str, ...] = ()


class Reader(Protocol):
    """One library's way into a file; `blocks` is a fresh pass each time, its file closed when it is dropped."""

    def open(self, path: Path) -> Opened:
        """Raises InputError, without the path in the message."""
        ...

    def blocks(self, path: Path, frames: int) -> Iterator[Samples]: ...
