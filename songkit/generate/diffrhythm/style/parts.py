"""A style as it is asked for: words, recordings, or both, each with its weight."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from songkit.errors import InputError, UsageError

EVEN_MIX = 0.5


@dataclass(frozen=True, slots=True)
class Words:
    """A style in words: "melancholic pop, piano, female voice"."""

    text: str
    weight: float = 1.0

    def __str__(self) -> str:
        return f'"{self.text}"'


@dataclass(frozen=True, slots=True)
class Recording:
    """The style of a recording: of ten seconds of it."""

    path: Path
    weight: float = 1.0
    start_seconds: float | None = None
    """Where the ten seconds begin; None takes the middle, as the published code does."""

    def __str__(self) -> str:
        return self.path.name


Part = Words | Recording


@dataclass(frozen=True, slots=True)
class Style:
    """Parts whose embeddings are added by their weights. Raises UsageError without any, or for a useless weight."""

    parts: tuple[Part, ...]

    def __post_init__(self) -> None:
        if not self.parts:
            raise UsageError("no style", 'say it in words ("pop, piano, female voice"), or name a recording')
        if any(not (math.isfinite(part.weight) and part.weight > 0.0) for part in self.parts):
            raise UsageError("a part of the style has no positive weight")
        if any(isinstance(part, Words) and not part.text.strip() for part in self.parts):
            raise UsageError("the style has no words", 'for example "pop, piano, female voice"')

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, with paths as they are."""
        return {"parts": [_plain(part) for part in self.parts]}

    def made_from(self) -> dict[str, Any]:
        """Plain JSON values of all that the embedding depends on: recordings by the SHA-256 of their bytes."""
        return {"parts": [{**_plain(part), **_content(part)} for part in self.parts]}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Style:
        """The style that `to_dict` described."""
        return cls(tuple(_part(part) for part in values["parts"]))


def parse(words: str = "", recordings: Sequence[Path] = (), mix: float | None = None) -> Style:
    """The style of `--style`, `--style-audio` and `--style-mix`.

    `mix` is the share of the recordings, 0 to 1, where there are both (None: half); several recordings share theirs
    evenly. Raises UsageError for a mix of nothing, or out of range.
    """
    text = " ".join(words.split())
    if mix is not None and not (text and recordings):
        raise UsageError("a mix needs both, words and a recording", "give --style and --style-audio, or leave it out")
    if mix is not None and not 0.0 <= mix <= 1.0:
        raise UsageError(f"a mix of {mix:g}: 0 is the words alone, 1 the recording alone")
    if not text:
        return Style(tuple(Recording(path) for path in recordings))
    share = (EVEN_MIX if mix is None else mix) if recordings else 0.0
    parts: list[Part] = [] if share == 1.0 else [Words(text, 1.0 - share)]
    if share > 0.0:
        parts += [Recording(path, share / len(recordings)) for path in recordings]
    return Style(tuple(parts))


def _plain(part: Part) -> dict[str, Any]:
    if isinstance(part, Words):
        return {"words": part.text, "weight": part.weight}
    return {"recording": str(part.path), "weight": part.weight, "start_seconds": part.start_seconds}


def _content(part: Part) -> dict[str, str]:
    from songkit.runs import file_sha256

    if isinstance(part, Words):
        return {}
    try:
        return {"recording": file_sha256(part.path)}
    except OSError as error:
        raise InputError(f"{part.path} cannot be read: {error.strerror}") from error


def _part(values: Mapping[str, Any]) -> Part:
    if "words" in values:
        return Words(values["words"], values["weight"])
    return Recording(Path(values["recording"]), values["weight"], values["start_seconds"])
