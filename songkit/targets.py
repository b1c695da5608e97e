"""What a delivered file must be: one entry of a chain's `deliver:` list."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, field_validator, model_validator

from songkit.audio import (
    DEFAULT_LAYOUTS,
    MAX_SAMPLE_RATE,
    MIN_SAMPLE_RATE,
    BitDepth,
    ContainerName,
    Encoding,
    Format,
)
from songkit.errors import UsageError, near_names
from songkit.files.containers import CONTAINERS, SUFFIXES, Container, Layout
from songkit.platforms import deliverable, platforms

# Depths that a source can have but no target has; floats and lossy codecs have no grid of their own.
_NO_GRID_DEPTH: BitDepth = 24
_HIGHEST_KBPS = 6_144


DitherName = Literal["none", "tpdf", "shaped"]
Dither = Annotated[DitherName, WithJsonSchema({"enum": ["none", "tpdf", "shaped", True, False]})]


class Conversion(NamedTuple):
    """The format that a target takes, and one line for each thing that had to change for it."""

    format: Format
    notes: tuple[str, ...]


class Target(BaseModel):
    """A container with its depth, rate and bit rate; what is left out follows the source, or the chain."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    format: ContainerName = Field(default="wav", description="wav, flac, aiff, ogg, opus, mp3 or m4a")
    bit_depth: BitDepth | None = Field(
        default=None, description="16, 24, 32 or float32; the source's where left out, 24 for float and lossy sources"
    )
    sample_rate: int | None = Field(
        default=None, ge=MIN_SAMPLE_RATE, le=MAX_SAMPLE_RATE, description="Hz; the source's where left out"
    )
    bitrate_kbps: int | None = Field(
        default=None,
        ge=6,
        le=_HIGHEST_KBPS,
        description="of lossy formats; by default 320 (mp3), 256 (m4a, ogg) or 160 (opus)",
    )
    dither: Dither = Field(
        default="tpdf",
        description="where bits are lost: none, tpdf (triangular; also true) or shaped (triangular, moved to where the "
        "ear is deaf)",
    )
    platform: str | None = Field(
        default=None,
        max_length=40,
        description="brings the loudness and the ceiling of a platform (`songkit platforms`) and stands in the file's "
        "name",
    )
    target_lufs: float | None = Field(
        default=None, ge=-70.0, le=0.0, description="loudness of this file alone in LUFS; the chain's where left out"
    )
    ceiling_dbtp: float | None = Field(
        default=None, ge=-60.0, le=0.0, description="ceiling of this file alone in dBTP; the chain's where left out"
    )
    replaygain: bool | None = Field(
        default=None,
        description="write ReplayGain tags (R128 in Opus); by default in all but wav and aiff, where few players look",
    )

    @field_validator("format", mode="before")
    @classmethod
    def _known(cls, value: Any) -> Any:
        if isinstance(value, str) and value not in CONTAINERS:
            if value.lower().lstrip(".") in SUFFIXES:
                return SUFFIXES[value.lower().lstrip(".")]
            raise ValueError(f"unknown format {value!r}; {near_names(value, CONTAINERS)}")
        return value

    @field_validator("dither", mode="before")
    @classmethod
    def _switch(cls, value: Any) -> Any:
        return {True: "tpdf", False: "none"}[value] if isinstance(value, bool) else value

    @field_validator("platform")
    @classmethod
    def _deliverable(cls, value: str | None) -> str | None:
        try:
            return None if value is None else deliverable(value).name
        except UsageError as error:
            raise ValueError(str(error)) from error

    @model_validator(mode="before")
    @classmethod
    def _of_platform(cls, values: Any) -> Any:
        """The figures of the platform stand beside its name from here on: what a dump says holds, whatever changes."""
        if not isinstance(values, dict) or not values.get("platform") or str(values["platform"]) not in platforms():
            return values
        found = platforms()[str(values["platform"])]
        brought = {"target_lufs": found.lufs, "ceiling_dbtp": found.ceiling_dbtp}
        return brought | {name: value for name, value in values.items() if value is not None}

    @model_validator(mode="after")
    def _carried(self) -> Self:
        container = self.container
        if self.bit_depth is not None and self.bit_depth not in container.depths:
            if not container.depths:
                raise ValueError(f"{self.format} is lossy and has no bit depth; give bitrate_kbps")
            raise ValueError(f"{self.format} has no bit depth {self.bit_depth}; it has {_listed(container.depths)}")
        if self.bitrate_kbps is not None and container.depths:
            raise ValueError(f"{self.format} is not lossy and has no bit rate; give bit_depth")
        if self.sample_rate is not None and not container.carries_rate(self.sample_rate):
            rates = _listed(container.rates_hz or ())
            raise ValueError(f"{self.format} cannot carry {self.sample_rate} Hz; it has {rates}")
        return self

    @property
    def container(self) -> Container:
        return CONTAINERS[self.format]

    @property
    def suffix(self) -> str:
        """With its dot, for example `.wav`."""
        return "." + self.container.suffix

    @property
    def takes_replaygain(self) -> bool:
        """Whether gain tags are written: as asked, else wherever players look for them."""
        return self.format not in ("wav", "aiff") if self.replaygain is None else self.replaygain

    def for_platform(self, name: str) -> Target:
        """This target at the loudness and ceiling of a platform. Raises UsageError for one that there is not."""
        found = deliverable(name)
        own = self.model_dump(exclude={"platform", "target_lufs", "ceiling_dbtp"}, exclude_unset=True)
        return Target.model_validate({**own, "platform": found.name})

    @classmethod
    def for_path(cls, path: Path | str) -> Target:
        """The target that a file name asks for. Raises UsageError for a suffix that no format has."""
        path = Path(path)
        suffix = path.suffix.lower().lstrip(".")
        known = ", ".join("." + container.suffix for container in CONTAINERS.values())
        if not suffix:
            raise UsageError(f"{path} has no suffix to tell the format by", f"known: {known}")
        if suffix not in SUFFIXES:
            raise UsageError(f"{path}: songkit does not write .{suffix} files", f"known: {known}")
        return cls(format=SUFFIXES[suffix])

    def encoding(self, source_bit_depth: int | str | None) -> Encoding:
        """Depth for a source of that depth (None: lossy); a bit rate nobody asked for is the writer's to choose."""
        if not self.container.depths:
            return Encoding(self.format, None, self.bitrate_kbps)
        return Encoding(self.format, self.bit_depth or self._default_depth(source_bit_depth))

    def format_for(self, source: Format) -> Conversion:
        """The format that a signal of the format `source` must be brought to, and what that changes."""
        notes = []
        rate = self.sample_rate or self._nearest_rate(source.sample_rate)
        if rate != source.sample_rate and self.sample_rate is None:
            notes.append(f"{self.format} cannot carry {source.sample_rate} Hz: resampled to {rate} Hz")
        layout = self._nearest_layout(source.layout)
        if len(layout) != len(source.layout):
            notes.append(
                f"{self.format} cannot carry {' '.join(source.layout)}: folded to stereo (ITU-R BS.775, without LFE)"
            )
        elif layout != source.layout:
            notes.append(f"{self.format} has no place for {' '.join(source.layout)}: written as {' '.join(layout)}")
        return Conversion(Format(rate, layout), tuple(notes))

    def _default_depth(self, source_bit_depth: int | str | None) -> BitDepth:
        integers = [depth for depth in self.container.depths if isinstance(depth, int)]
        if not isinstance(source_bit_depth, int):
            return _NO_GRID_DEPTH
        return next((depth for depth in integers if depth >= source_bit_depth), integers[-1])

    def _nearest_rate(self, source_hz: int) -> int:
        """The same, else the next higher; above the highest an even division of the source, else the highest."""
        if self.container.carries_rate(source_hz):
            return source_hz
        rates = sorted(self.container.rates_hz or ())
        higher = [rate for rate in rates if rate > source_hz]
        even = [rate for rate in rates if source_hz % rate == 0]
        if higher:
            return higher[0]
        # a small even division (8 kHz of 96) would throw the music away
        return even[-1] if even and even[-1] >= rates[-1] / 2 else rates[-1]

    def _nearest_layout(self, source: Layout) -> Layout:
        """The same, else the same number of speakers in the same places by another name, else stereo."""
        if self.container.carries_layout(source):
            return source
        default = DEFAULT_LAYOUTS[len(source)]
        if self.container.carries_layout(default) and (len(source) <= 2 or _renamed(source) == _renamed(default)):
            return default
        return DEFAULT_LAYOUTS[2]


def _renamed(layout: Layout) -> Layout:
    """With the surrounds of 5.1 by one name: they are called side or back, and are the same pair of speakers."""
    if "BL" in layout and "SL" in layout:
        return layout
    return tuple({"SL": "BL", "SR": "BR"}.get(speaker, speaker) for speaker in layout)


def _listed(values: Iterable[object]) -> str:
    return ", ".join(str(value) for value in values)
