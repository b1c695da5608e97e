"""What each container that songkit writes can carry: depths, rates, layouts and bit rates, in one literal table."""

from __future__ import annotations

from dataclasses import dataclass

from songkit.audio import (
    DEFAULT_LAYOUTS,
    MAX_SAMPLE_RATE,
    MIN_SAMPLE_RATE,
    BitDepth,
    ContainerName,
    Format,
)

Layout = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Container:
    """A container with the one codec songkit puts into it.

    `depths` is empty for lossy codecs. `rates_hz` and `layouts` are None where anything songkit works on fits.
    """

    suffix: str
    codec: str
    depths: tuple[BitDepth, ...] = ()
    rates_hz: tuple[int, ...] | None = None
    layouts: tuple[Layout, ...] | None = None
    default_kbps: int | None = None
    lowest_kbps: int = 0

    def carries_rate(self, sample_rate: int) -> bool:
        return self.rates_hz is None or sample_rate in self.rates_hz

    def carries_layout(self, layout: Layout) -> bool:
        return self.layouts is None or layout in self.layouts


_DEFAULTS = tuple(DEFAULT_LAYOUTS.values())
_MONO_STEREO = (DEFAULT_LAYOUTS[1], DEFAULT_LAYOUTS[2])
# MPEG-4 channel configurations 1 to 6 and the 7.1 that ffmpeg's encoder writes; its 6.1 comes back as another layout.
_AAC_LAYOUTS = tuple(DEFAULT_LAYOUTS[channels] for channels in (1, 2, 3, 4, 5, 6, 8))
_MP3_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
_AAC_RATES = (*_MP3_RATES, 64_000, 88_200, 96_000)

CONTAINERS: dict[ContainerName, Container] = {
    "wav": Container("wav", "pcm", depths=(16, 24, 32, "float32")),
    "flac": Container("flac", "flac", depths=(16, 24)),
    "aiff": Container("aiff", "pcm", depths=(16, 24, 32, "float32"), layouts=_DEFAULTS),
    "ogg": Container("ogg", "vorbis", layouts=_DEFAULTS, default_kbps=256, lowest_kbps=32),
    "opus": Container("opus", "opus", rates_hz=(48_000,), layouts=_DEFAULTS, default_kbps=160, lowest_kbps=6),
    "mp3": Container("mp3", "mp3", rates_hz=_MP3_RATES, layouts=_MONO_STEREO, default_kbps=320, lowest_kbps=8),
    "m4a": Container("m4a", "aac", rates_hz=_AAC_RATES, layouts=_AAC_LAYOUTS, default_kbps=256, lowest_kbps=8),
}

# What people write for a container.
SUFFIXES: dict[str, ContainerName] = {
    **{container.suffix: name for name, container in CONTAINERS.items()},
    "wave": "wav",
    "rf64": "wav",
    "aif": "aiff",
    "aifc": "aiff",
    "oga": "ogg",
    "mp4": "m4a",
    "aac": "m4a",
}


def default_kbps(name: ContainerName, format: Format) -> int:
    """The bit rate nobody asked for: generous for stereo, more in proportion for more channels."""
    stereo = CONTAINERS[name].default_kbps or 0
    return fitting_kbps(name, stereo * max(format.channels, 2) // 2, format)


_MPEG1_KBPS: tuple[int, ...] = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)  # ISO 11172-3, layer III
_MPEG2_KBPS = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)  # ISO 13818-3, layer III
_MPEG25_KBPS = tuple(kbps for kbps in _MPEG2_KBPS if kbps <= 64)


def fitting_kbps(name: ContainerName, wanted_kbps: int, format: Format) -> int:
    """The bit rate nearest to the wanted one that the codec has at that rate and channel count."""
    if name == "mp3":
        table = _MPEG1_KBPS if format.sample_rate >= 32_000 else _MPEG2_KBPS
        if format.sample_rate < 16_000:
            table = _MPEG25_KBPS
        return min(table, key=lambda kbps: (abs(kbps - wanted_kbps), -kbps))
    if name == "m4a":  # ISO 14496-3: 6144 bits a channel and frame of 1024
        return min(wanted_kbps, 6 * format.sample_rate * format.channels // 1024)
    if name == "opus":  # libopus takes 6 to 256 kb/s a channel
        return min(max(wanted_kbps, 6 * format.channels), 256 * format.channels)
    return wanted_kbps


def why_not(name: ContainerName, format: Format) -> str | None:
    """What of that format the container cannot carry, or None."""
    container = CONTAINERS[name]
    if not MIN_SAMPLE_RATE <= format.sample_rate <= MAX_SAMPLE_RATE or not container.carries_rate(format.sample_rate):
        return f"{name} cannot carry {format.sample_rate} Hz"
    if not container.carries_layout(format.layout):
        return f"{name} cannot carry {format.channels} channels laid out {' '.join(format.layout)}"
    return None
