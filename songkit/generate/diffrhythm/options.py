"""What can be asked of DiffRhythm beside words, style, length and seed; and the same with nothing left open."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from songkit.errors import UsageError, near_names

Quality = Literal["preview", "draft", "standard", "high", "maximum"]
STEPS: dict[Quality, int] = {"preview": 4, "draft": 8, "standard": 16, "high": 32, "maximum": 64}
"""Points of the time grid."""
SILENT = ("quality", "models", "batch", "style_audio", "style_mix", "reference", "place")
"""Settled options that leave the samples as they are: `steps`, `weights`, `style`, `reference_sha256` and the batch of
a seed say what they come to."""


class Options(BaseModel):
    """The options of the command line, as they are named there with dashes."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    quality: Quality = Field(
        "high", description="how many steps: preview 4, draft 8, standard 16, high 32 (published), maximum 64"
    )
    steps: int | None = Field(None, ge=2, le=1000, description="points of the time grid, in place of --quality")
    solver: Literal["euler", "midpoint", "heun2", "dopri5"] = Field("euler", description="how each step is taken")
    cfg_strength: float = Field(4.0, ge=0.0, le=100.0, description="guidance: how far words and style are followed")
    cfg_interval: tuple[float, float] = Field(
        (0.0, 1.0), description="times, 0 (noise) to 1 (song), between which guidance works; outside, steps cost half"
    )
    sway: float | None = Field(None, ge=-1.0, le=1.0, description="bends the time grid; -1: finer near the noise")
    device: Literal["auto", "cpu", "cuda", "mps"] = Field("auto", description="where the network runs")
    precision: Literal["auto", "fp32", "bf16", "fp16"] = Field("auto", description="in which number format it runs")
    threads: int | None = Field(None, ge=1, le=1024, description="threads on the processor; by default one per core")
    batch: int | None = Field(
        None,
        ge=1,
        le=64,
        description="seeds that go through the network together; by default as many as a GPU holds, on a processor one",
    )
    decode_overlap: Literal["cut", "equal-power"] = Field(
        "cut", description="how decoded chunks are joined: cut (published), or cross-faded"
    )
    chunked_ode: bool = Field(
        False, description="a long song piece by piece, each continued from the last: less memory"
    )
    models: Path | None = Field(None, description="the folder with the published files")
    style_audio: tuple[Path, ...] = Field((), description="a recording whose style is taken; several share its part")
    style_mix: float | None = Field(
        None,
        ge=0.0,
        le=1.0,
        description="the recordings' share of the style where there are words, too; by default half",
    )
    reference: Path | None = Field(None, description="a recording, kept outside of `segments`: editing")
    segments: tuple[tuple[float, float | None], ...] = Field(
        (), description="from and to in seconds: what is made anew of `reference`; to None: its end"
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        low, high = self.cfg_interval
        if not 0.0 <= low <= high <= 1.0:
            raise ValueError("cfg_interval: times go from 0 to 1, the lower first")
        if (self.reference is None) != (not self.segments):
            raise ValueError("reference and segments: one needs the other")
        if self.batch is not None and self.batch > 1 and not self.goes_together:
            raise ValueError("batch: with dopri5 or chunked_ode every seed goes alone")
        for start, end in self.segments:
            if start < 0 or (end is not None and end <= start):
                raise ValueError(f"segments: from {start:g} to {end:g} is no piece of a song")
        return self

    @property
    def goes_together(self) -> bool:
        """Whether seeds may share a pass: the steps of dopri5 follow one song, and pieces are there to save memory."""
        return self.solver != "dopri5" and not self.chunked_ode


class Settled(Options):
    """Options with nothing left open, and the identity of what the song is made with: all that its samples hang on."""

    steps: int
    device: Literal["cpu", "cuda", "mps"]
    precision: Literal["fp32", "bf16", "fp16"]
    threads: int
    batch: int
    place: str = Field(description="device and precision, and why, for the user")
    weights: dict[str, str] = Field(description="SHA-256 of each published part that is used, by its name")
    style: dict[str, Any] = Field(description="the parts of the style; recordings by the SHA-256 of their bytes")
    reference_sha256: str = ""
    engines: dict[str, str] = Field(description="versions of the libraries that make samples")


def read(values: Mapping[str, Any], *, known_only: bool = False) -> Options:
    """The options in plain values. Raises UsageError, naming the option, for what cannot be.

    `known_only` passes over the options of others: where it is still open which generator will be taken. Options that
    were settled before are open again as far as they hang on what is here.
    """
    if Settled.model_fields.keys() <= values.keys():
        values = {name: value for name, value in values.items() if name in Options.model_fields}
    unknown = [name for name in values if name not in Options.model_fields]
    if known_only:
        values = {name: value for name, value in values.items() if name not in unknown}
    elif unknown:
        raise UsageError(f"diffrhythm has no option {unknown[0]!r}", near_names(unknown[0], Options.model_fields))
    try:
        return Options.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise UsageError(f"diffrhythm: {where}: {message}" if where else f"diffrhythm: {message}") from None
