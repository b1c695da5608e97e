"""What a generator takes and gives: a request and seeds in, a validated-to-be take per seed out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from songkit.generate.lyrics import Lyrics
from songkit.progress import Progress

MAX_SEED = 2**63 - 1
MIN_SECONDS = 10.0
MAX_SECONDS = 285.0


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for, apart from the seed: everything that two seeds share."""

    seconds: float
    style: str = ""
    lyrics: Lyrics | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    """The backend's own options, plain JSON values."""


@dataclass(frozen=True, slots=True)
class Take:
    """One candidate: the raw float32 WAV, what the generator knows of it, and its side files."""

    seed: int
    audio: Path
    facts: Mapping[str, Any]
    """Plain JSON values: tempo, key, form, words not used, ..."""
    files: Mapping[str, Path] = field(default_factory=dict)
    """Side files by name: stems, MIDI, latents."""


class Generator(Protocol):
    """A backend. `prepare` does once what all seeds share; `generate` makes one take (in a child process).

    `prepare` writes what it makes into `workdir` (shared by all seeds) and returns plain JSON values that travel to
    the child; `generate` writes into its own `workdir` and reports its stages through `progress`. Both raise
    SongkitError with the stage named.
    """

    name: str
    version: str
    about: str

    def prepare(self, request: Request, workdir: Path, progress: Progress) -> Mapping[str, Any]: ...
    def generate(
        self, request: Request, prepared: Mapping[str, Any], seed: int, workdir: Path, progress: Progress
    ) -> Take: ...
