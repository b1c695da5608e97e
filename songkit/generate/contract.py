"""What a generator takes and gives: a request and seeds in, a validated-to-be take per seed out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from songkit.errors import SongkitError
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

    def to_dict(self, without: Collection[str] = ()) -> dict[str, Any]:
        """Plain JSON values, all that the song depends on apart from the seed; `without` some of the options."""
        return {
            "seconds": self.seconds,
            "style": self.style,
            "lyrics": None if self.lyrics is None else self.lyrics.to_dict(),
            "options": {name: value for name, value in self.options.items() if name not in without},
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Request:
        """The request that `to_dict` described."""
        lyrics = values["lyrics"]
        return cls(
            seconds=values["seconds"],
            style=values["style"],
            lyrics=None if lyrics is None else Lyrics.from_dict(lyrics),
            options=values["options"],
        )


@dataclass(frozen=True, slots=True)
class Take:
    """One candidate: the raw float32 WAV, what the generator knows of it, and its side files."""

    seed: int
    audio: Path
    facts: Mapping[str, Any]
    """Plain JSON values: tempo, key, form, words not used, ..."""
    files: Mapping[str, Path] = field(default_factory=dict)
    """Side files by name: stems, MIDI, latents."""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; paths as strings."""
        files = {name: str(path) for name, path in self.files.items()}
        return {"seed": self.seed, "audio": str(self.audio), "facts": dict(self.facts), "files": files}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Take:
        """The take that `to_dict` described."""
        files = {name: Path(path) for name, path in values["files"].items()}
        return cls(values["seed"], Path(values["audio"]), values["facts"], files)


class Generator(Protocol):
    """A backend. `prepare` does once what all seeds share; `generate` makes one take; both run in child processes.

    `prepare` writes what it makes into `workdir` (shared by all seeds) and returns plain JSON values that travel to
    the child; `generate` writes into its own `workdir` and reports its stages through `progress`. Both raise
    SongkitError with the stage named. A `workdir` may hold what an interrupted run of the same request left there:
    what can be trusted may be used again, the rest is overwritten.
    """

    name: str
    version: str
    about: str

    def prepare(self, request: Request, workdir: Path, progress: Progress) -> Mapping[str, Any]: ...
    def generate(
        self, request: Request, prepared: Mapping[str, Any], seed: int, workdir: Path, progress: Progress
    ) -> Take: ...


@runtime_checkable
class Conditional(Protocol):
    """A generator that cannot run everywhere; one without `ready` always can."""

    def ready(self, request: Request) -> str | None:
        """Why it cannot make that here (one line, with what to do), or None where it can; cheap, loads no weights."""
        ...


@runtime_checkable
class Settling(Protocol):
    """A generator whose options leave something open: what suits this machine, or which weights are here."""

    def settle(self, request: Request, at_once: int) -> Request:
        """The request with nothing left open, so that its key holds all that the samples hang on.

        `at_once`: how many takes will be made at the same time, and share the machine. Raises UsageError for options
        that cannot be, MissingError for what is not here.
        """
        ...


@runtime_checkable
class Optioned(Protocol):
    """A generator that says which options it has."""

    @property
    def option_names(self) -> tuple[str, ...]: ...


@runtime_checkable
class Placed(Protocol):
    """A generator some of whose settled options leave the samples as they are.

    They say where something lies that others hold by its bytes, or repeat what others say. A key goes without them: the
    same song is found again when its files have moved.
    """

    @property
    def silent_options(self) -> tuple[str, ...]: ...


@runtime_checkable
class Heavy(Protocol):
    """A generator whose take fills the machine.

    A take that runs out of memory is tried once more, alone, with `prepared[THRIFTY]` true: the generator then does
    with less, and says so in the take's facts.
    """

    takes_at_once: int
    """How many are made at the same time unless more are asked for."""


@runtime_checkable
class Batching(Protocol):
    """A generator for which the long part of several takes costs less together than one after the other.

    That part is done for a batch in a child process, and kept in the takes' own workdirs; then `generate` makes each
    take from it, in a child process as ever, with the seeds of the batch in `prepared[TOGETHER]`.
    """

    def batch_size(self, request: Request) -> int:
        """How many seeds of a settled request go together."""
        ...

    def make_together(
        self,
        request: Request,
        prepared: Mapping[str, Any],
        workdirs: Mapping[int, Path],
        workdir: Path,
        progress: Progress,
    ) -> Mapping[int, SongkitError]:
        """Does the long part of the seeds in `prepared[TOGETHER]`, and keeps it for those that have a workdir.

        `workdir` is the batch's own. What went wrong with one seed, and left the others alone, comes back; what went
        wrong with all is raised.
        """
        ...


THRIFTY = "thrifty"
TOGETHER = "together"
"""The seeds of a batch, as whole numbers."""
PARTED = "parted"
"""How many seeds there were in a batch that ran out of memory: each is then made alone."""
