"""Everything needed to make a file again, as a value that is plain JSON on the outside.

Nothing in it depends on the clock, on a folder or on the machine's name: the same work gives the same record.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from songkit.provenance.disclosure import Disclosure

LAYOUT: Final = 1
MOST_SOURCES = 8
"""A master of a master of a master: so many generations are told, the ones before are a name and a hash."""
MOST_CHARACTERS = 1 << 20


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, allow_inf_nan=False)


class Origin(_Part):
    """A generator's work: who, asked for what, with which seed."""

    name: str
    version: str
    request: dict[str, Any]
    """As `songkit.generate.contract.Request.to_dict` says it: seconds, style, lyrics, options."""
    seed: str
    weights: Any = None
    """What the generator says of its weights, whatever that is; None where it has none."""

    @property
    def style(self) -> str:
        return str(self.request.get("style") or "")

    @property
    def lyrics_sha256(self) -> str | None:
        """Of the lyrics as canonical JSON; None for an instrumental."""
        lyrics = self.request.get("lyrics")
        if lyrics is None:
            return None
        text = json.dumps(lyrics, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(text.encode("ascii")).hexdigest()


class SourceFile(_Part):
    """A file that went in: its name, its bytes, and where it came from itself, as far as it said so."""

    name: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    record: Record | None = None


class ChainUsed(_Part):
    """A chain as it was: all its settings, its hash, and the SHA-256 of every file that it refers to."""

    name: str
    hash: str
    settings: dict[str, Any]
    files: dict[str, str] = {}


class Figures(_Part):
    """What the decoded file measures; None where a quantity is not defined."""

    lufs: float | None = None
    true_peak_dbtp: float | None = None
    range_lu: float | None = None
    momentary_max_lufs: float | None = None
    short_term_max_lufs: float | None = None


class Record(_Part):
    """How a file was made: a take by a generator, or a master from a source (or the tracks of an album) by a chain."""

    layout: Literal[1] = LAYOUT
    made: Literal["take", "master"]
    key: str = Field("", pattern=r"^[0-9a-f]*$")
    """Of all that the audio depends on: the same key is the same audio."""
    versions: dict[str, str]
    machine: str = ""
    """The system and the processor's kind: another one may round otherwise."""
    generated: Origin | None = None
    source: SourceFile | None = None
    album: tuple[SourceFile, ...] = ()
    """All tracks of the album that the file is one of; empty for a single file."""
    track: int = Field(0, ge=0)
    """Which of them it is, from 0."""
    chain: ChainUsed | None = None
    target: dict[str, Any] | None = None
    extra_tags: dict[str, str] = {}
    """Tags that were asked for beside those of the source."""
    figures: Figures = Figures()
    audio: str = ""
    """BLAKE2b of the decoded samples, float32, channel by channel."""
    disclosure: Disclosure | None = None

    def to_json(self) -> str:
        """One line of JSON, without what is not told."""
        values = self.model_dump(mode="json", exclude_defaults=True)
        return json.dumps({"layout": LAYOUT, **values}, separators=(",", ":"), ensure_ascii=True, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Self | None:
        """The record that `to_json` wrote; None for anything else, however long or deep."""
        if len(text) > MOST_CHARACTERS:
            return None
        try:
            return cls.model_validate_json(text)
        except (ValidationError, RecursionError):
            return None

    @property
    def lineage(self) -> Iterator[Record]:
        """This record and those of its sources, the first one last."""
        record: Record | None = self
        while record is not None:
            yield record
            record = record.source.record if record.source is not None else None

    @property
    def origin(self) -> Origin | None:
        """The generator's part, however many masters lie between."""
        return next((each.generated for each in self.lineage if each.generated is not None), None)

    def remembered(self) -> Self:
        """As it is kept in the record of a later master: without figures, and not deeper than is told."""
        depth = sum(1 for _ in self.lineage)
        source = None if depth >= MOST_SOURCES and self.source is None else self.source
        if source is not None and depth >= MOST_SOURCES:
            source = source.model_copy(update={"record": None})
        return self.model_copy(update={"source": source, "figures": Figures(), "audio": ""})


SourceFile.model_rebuild()
