"""The sizes of the network, and the frame grid that all of DiffRhythm counts in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from songkit.errors import InputError, UsageError

SAMPLE_RATE = 44_100
FRAME_SAMPLES = 2048
"""Audio samples per latent frame: 21.533 frames a second."""
BASE_FRAMES = 2048
FULL_FRAMES = 6144


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of a DiT; the defaults are the published base model. The names are those of the published configuration."""

    dim: int = 2048
    depth: int = 16
    heads: int = 32
    """The published code takes 32 whatever its configuration says; at width 2048 both agree."""
    ff_mult: int = 4
    text_dim: int = 512
    """Width of the text features, of the style vector and of the time embeddings: one number, because the published
    text fusion takes text features where its layers are made for the width of the style."""
    conv_layers: int = 4
    mel_dim: int = 64
    """Latent channels."""
    text_num_embeds: int = 363
    """Symbols of the vocabulary; the table has one row more, row 0 for "nothing is sung here"."""
    max_frames: int = BASE_FRAMES

    def __post_init__(self) -> None:
        if self.dim % self.heads or self.dim // self.heads % 2:
            raise InputError(f"width {self.dim} cannot be split into {self.heads} heads of even width")

    @property
    def takes_duration(self) -> bool:
        """Whether the model is told the length of the song: the full model only."""
        return self.max_frames > BASE_FRAMES

    @property
    def fused_blocks(self) -> int:
        """How many blocks, from the first on, have text features added to what they give."""
        return self.depth // 2

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Shape:
        """Sizes as in a `config.json` (bare, or under "model"); keys that mean nothing at inference are passed over."""
        values = values.get("model", values)
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in values.items() if name in known})


BASE = Shape()
FULL = Shape(max_frames=FULL_FRAMES)


def frames_of(seconds: float, max_frames: int) -> int:
    """Frames to generate: all 2048 of the base model, else as many as `seconds` hold, at most `max_frames`."""
    if max_frames <= BASE_FRAMES:
        return max_frames
    return min(frame_at(seconds), max_frames)


def frame_at(seconds: float) -> int:
    """The frame that a time falls into."""
    return int(seconds * SAMPLE_RATE / FRAME_SAMPLES)


def published_shape(seconds: float) -> Shape:
    """The published model for a song of that length: up to 95 s the base model, up to 285 s the full one.

    Raises UsageError for more.
    """
    if seconds > 285:
        raise UsageError(f"{seconds:g} seconds: DiffRhythm makes songs of up to 285 seconds")
    return BASE if seconds <= 95 else FULL


def shape_beside(weights: Path, seconds: float) -> Shape:
    """The shape of the model in a file: what a `config.json` beside it says, the published one for the rest.

    Raises InputError for a `config.json` that cannot be understood.
    """
    published, described = published_shape(seconds), weights.parent / "config.json"
    if not described.is_file():
        return published
    try:
        values = json.loads(described.read_text(encoding="utf-8"))
        return Shape.from_dict(asdict(published) | dict(values.get("model", values)))
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise InputError(f"{described} does not describe a model: {error}", "fetch it again, or remove it") from error
