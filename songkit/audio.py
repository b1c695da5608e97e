"""The value that travels: float32 samples `(channels, frames)` with their rate and speaker layout.

Foreign shape conventions are turned at the border (`files.py`) and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from songkit.errors import InputError

Samples = npt.NDArray[np.float32]
"""float32, `(channels, frames)`, full scale at 1.0."""

# WAVE_FORMAT_EXTENSIBLE dwChannelMask, one bit a speaker from the lowest bit on (Microsoft, "ksmedia.h").
SPEAKERS = (
    "FL", "FR", "FC", "LFE", "BL", "BR", "FLC", "FRC", "BC", "SL", "SR", "TC", "TFL", "TFC", "TFR", "TBL", "TBC", "TBR",
)  # fmt: skip

# What a file with that many channels and no mask is taken for (the order of WAVE and of ffmpeg).
DEFAULT_LAYOUTS: dict[int, tuple[str, ...]] = {
    1: ("FC",),
    2: ("FL", "FR"),
    3: ("FL", "FR", "FC"),
    4: ("FL", "FR", "BL", "BR"),
    5: ("FL", "FR", "FC", "BL", "BR"),
    6: ("FL", "FR", "FC", "LFE", "BL", "BR"),
    7: ("FL", "FR", "FC", "LFE", "BC", "SL", "SR"),
    8: ("FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR"),
}

MAX_CHANNELS = 8
MIN_SAMPLE_RATE = 8_000
MAX_SAMPLE_RATE = 192_000


def default_layout(channels: int) -> tuple[str, ...]:
    """Speakers of a file that says nothing about them. Raises InputError outside 1 to 8 channels."""
    if channels not in DEFAULT_LAYOUTS:
        raise InputError(f"{channels} channels: songkit works on 1 (mono) to {MAX_CHANNELS} (7.1)")
    return DEFAULT_LAYOUTS[channels]


def layout_from_mask(mask: int, channels: int) -> tuple[str, ...]:
    """Speakers of a WAVE channel mask; the default layout where the mask does not fit the channel count."""
    speakers = tuple(name for bit, name in enumerate(SPEAKERS) if mask >> bit & 1)
    return speakers if len(speakers) == channels else default_layout(channels)


def mask_from_layout(layout: tuple[str, ...]) -> int:
    """WAVE channel mask of a layout."""
    return sum(1 << SPEAKERS.index(name) for name in layout)


@dataclass(frozen=True, slots=True)
class Format:
    """Sample rate in Hz and the speaker of each channel, in file order."""

    sample_rate: int
    layout: tuple[str, ...] = ("FL", "FR")

    def __post_init__(self) -> None:
        if not MIN_SAMPLE_RATE <= self.sample_rate <= MAX_SAMPLE_RATE:
            raise InputError(
                f"sample rate {self.sample_rate} Hz: songkit works at {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} Hz"
            )
        if not 1 <= len(self.layout) <= MAX_CHANNELS:
            raise InputError(f"{len(self.layout)} channels: songkit works on 1 (mono) to {MAX_CHANNELS} (7.1)")

    @property
    def channels(self) -> int:
        return len(self.layout)

    @classmethod
    def of(cls, sample_rate: int, channels: int) -> Format:
        """Format with the default layout of that many channels."""
        return cls(sample_rate, default_layout(channels))


ContainerName = Literal["wav", "flac", "aiff", "ogg", "opus", "mp3", "m4a"]
BitDepth = Literal[16, 24, 32, "float32"]


@dataclass(frozen=True, slots=True)
class Encoding:
    """How samples become bytes: container, depth of PCM (None for lossy codecs), bit rate of lossy codecs."""

    container: ContainerName = "wav"
    bit_depth: BitDepth | None = 24
    bitrate_kbps: int | None = None

    @property
    def lossy(self) -> bool:
        return self.container in ("ogg", "opus", "mp3", "m4a")


@dataclass(frozen=True, slots=True, eq=False)
class Audio:
    """A whole signal: float32 samples `(channels, frames)`, read-only, and its format.

    Raises InputError when the samples are not two-dimensional or do not fit the layout. Values are kept as they
    are: beyond full scale, and even not finite (who works on them decides; see `chains.run` and `analysis`).
    """

    samples: Samples
    sample_rate: int
    layout: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        samples: npt.NDArray[Any] = np.asarray(self.samples)
        if samples.ndim == 1:
            samples = samples[np.newaxis]
        if samples.ndim != 2 or not np.issubdtype(samples.dtype, np.floating):
            raise InputError(
                f"samples of shape {samples.shape} and type {samples.dtype}: expected floating point (channels, frames)"
            )
        samples = np.ascontiguousarray(samples, dtype=np.float32).view()
        samples.flags.writeable = False
        object.__setattr__(self, "samples", samples)
        if not self.layout:
            object.__setattr__(self, "layout", default_layout(samples.shape[0]))
        if len(self.layout) != samples.shape[0]:
            raise InputError(f"{samples.shape[0]} channels of samples, but {len(self.layout)} speakers in the layout")
        _ = self.format  # refuses a rate outside 8 to 192 kHz here, where it is made

    @property
    def format(self) -> Format:
        return Format(self.sample_rate, self.layout)

    @property
    def channels(self) -> int:
        return int(self.samples.shape[0])

    @property
    def frames(self) -> int:
        return int(self.samples.shape[1])

    @property
    def seconds(self) -> float:
        return self.frames / self.sample_rate
