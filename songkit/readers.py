"""Two libraries that read audio files, behind one face: open and look, then blocks as often as wanted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from songkit.audio import DEFAULT_LAYOUTS, SPEAKERS, Format, Samples, default_layout, layout_from_mask
from songkit.blocks import BLOCK_FRAMES
from songkit.errors import InputError
from songkit.ffmpeg import Decoder, FfmpegError, complaint
from songkit.sniff import Kind
from songkit.wave import WaveHeader, read_header

if TYPE_CHECKING:
    import soundfile


@dataclass(frozen=True, slots=True)
class Opened:
    """What a look at the file found: `frames` is what can be read, `claimed_frames` what its header says."""

    codec: str
    bit_depth: int | str | None
    format: Format
    frames: int
    claimed_frames: int | None = None
    bitrate_kbps: int | None = None
    notes: tuple[str, ...] = ()


class Reader(Protocol):
    def open(self, path: Path) -> Opened: ...
    def blocks(self, path: Path, frames: int) -> Iterator[Samples]: ...


# Vorbis I specification 4.3.9 and RFC 7845 5.1.1.2: the order of the channels in the stream, by their number.
VORBIS_ORDER: dict[int, tuple[str, ...]] = {
    1: ("FC",),
    2: ("FL", "FR"),
    3: ("FL", "FC", "FR"),
    4: ("FL", "FR", "BL", "BR"),
    5: ("FL", "FC", "FR", "BL", "BR"),
    6: ("FL", "FC", "FR", "BL", "BR", "LFE"),
    7: ("FL", "FC", "FR", "SL", "SR", "BC", "LFE"),
    8: ("FL", "FC", "FR", "SL", "SR", "BL", "BR", "LFE"),
}

_CODECS: dict[str, tuple[str, int | str | None]] = {
    "PCM_S8": ("pcm", 8),
    "PCM_U8": ("pcm", 8),
    "PCM_16": ("pcm", 16),
    "PCM_24": ("pcm", 24),
    "PCM_32": ("pcm", 32),
    "FLOAT": ("float", "float32"),
    "DOUBLE": ("float", "float64"),
    "VORBIS": ("vorbis", None),
    "OPUS": ("opus", None),
    "MPEG_LAYER_I": ("mp1", None),
    "MPEG_LAYER_II": ("mp2", None),
    "MPEG_LAYER_III": ("mp3", None),
    "ALAC_16": ("alac", 16),
    "ALAC_20": ("alac", 20),
    "ALAC_24": ("alac", 24),
    "ALAC_32": ("alac", 32),
}


class SoundFileReader:
    """libsndfile: WAV, FLAC, AIFF, Ogg, Opus, MP3, W64, CAF."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._order: list[int] | None = None
        self.worth_another_try = True
        """Whether the last `open` failed on something that another reader may know."""

    def open(self, path: Path) -> Opened:
        import soundfile

        header = self._checked_header(path)
        try:
            with soundfile.SoundFile(path) as file:
                codec, bit_depth = _CODECS.get(file.subtype, (file.subtype.lower(), None))
                if self._kind.container == "flac":
                    codec = "flac"
                layout = self._layout(path, file.channels, header)
                format_ = Format(file.samplerate, layout)
                frames, claimed = _length(file, header)
        except soundfile.LibsndfileError as error:
            raise InputError(f"not readable as {self._kind.container}: {_plain(error)}") from error
        notes = (
            ("32-bit samples are worked on as float32, which keeps 24 bits",) if bit_depth in (32, "float64") else ()
        )
        return Opened(codec, bit_depth, format_, frames, claimed, _mp3_kbps(path, codec), notes)

    def blocks(self, path: Path, frames: int) -> Iterator[Samples]:
        import numpy as np
        import soundfile

        try:
            with soundfile.SoundFile(path) as file:
                while True:
                    block = file.read(frames, dtype="float32", always_2d=True).T
                    if block.shape[1] == 0:
                        return
                    if self._order:
                        block = block[self._order]
                    yield np.ascontiguousarray(block)
        except soundfile.LibsndfileError:
            return  # a damaged end: `open` has found it, FileSource counts

    def _checked_header(self, path: Path) -> WaveHeader | None:
        if self._kind.container != "wav":
            return None
        with path.open("rb") as handle:
            header = read_header(handle)
        self.worth_another_try = False  # the words below are better than what any library says of such a file
        if header is None:
            raise InputError("a WAV without format or samples", "the file is damaged; get it again")
        if header.channels == 0:
            raise InputError("the header says 0 channels")
        if header.sample_rate == 0:
            raise InputError("the header says a sample rate of 0 Hz")
        Format(header.sample_rate, header.layout)  # refuses what songkit does not work on
        self.worth_another_try = True
        return header

    def _layout(self, path: Path, channels: int, header: WaveHeader | None) -> tuple[str, ...]:
        if channels not in DEFAULT_LAYOUTS:
            self.worth_another_try = False
        layout = default_layout(channels)
        if header is not None:
            return header.layout
        if self._kind.container == "flac":
            return _flac_layout(path, channels)
        if self._kind.container in ("ogg", "opus"):
            order = VORBIS_ORDER[channels]
            self._order = [order.index(speaker) for speaker in layout]
        return layout


class FfmpegReader:
    """ffmpeg: M4A/AAC, ALAC, WMA, Matroska and whatever else was recognised."""

    _STREAM: ClassVar = re.compile(r"Stream #\d+:\d+.*?: Audio: (?P<codec>[a-z0-9_]+).*")
    _LOSSLESS: ClassVar = {"alac", "flac", "wavpack", "ape", "tta"}

    def __init__(self, kind: Kind) -> None:
        self._kind = kind

    def open(self, path: Path) -> Opened:
        """Decodes once to count: the length that such containers claim is rounded or absent."""
        frames = 0
        try:
            with Decoder(path, demuxer=self._kind.demuxer) as decoder:
                header = decoder.header
                format_ = Format(header.sample_rate, header.layout)
                for block in decoder.blocks():
                    frames += block.shape[1]
                log = decoder.log
        except FfmpegError as error:
            raise InputError(f"not readable as {self._kind.container}: {error.message}") from error
        codec, bit_depth, kbps = self._stream(log)
        damage = complaint(log)
        notes = (f"damaged: {damage}",) if damage else ()
        return Opened(codec, bit_depth, format_, frames, None, kbps, notes)

    def blocks(self, path: Path, frames: int) -> Iterator[Samples]:
        try:
            with Decoder(path, demuxer=self._kind.demuxer) as decoder:
                yield from decoder.blocks(frames)
        except FfmpegError as error:
            raise InputError(f"{path}: {error.message}") from error

    def _stream(self, log: tuple[str, ...]) -> tuple[str, int | None, int | None]:
        """Codec, depth of a lossless one, bit rate of a lossy one, from the first line that describes the stream."""
        for line in log:
            match = self._STREAM.search(line)
            if match:
                codec = match["codec"]
                lossless = codec in self._LOSSLESS or codec.startswith("pcm_")
                return codec, _depth(line) if lossless else None, None if lossless else _kbps(line)
        return "unknown", None, None


def _depth(line: str) -> int:
    named = re.search(r"\((\d+) bit\)", line)
    if named:
        return int(named[1])
    return 16 if re.search(r", s16p?\b", line) else 24


def _kbps(line: str) -> int | None:
    match = re.search(r", (\d+) kb/s", line)
    return int(match[1]) if match else None


def _length(file: soundfile.SoundFile, header: WaveHeader | None) -> tuple[int, int | None]:
    """Frames that can be read and frames that the header claims."""
    import soundfile

    frames = claimed = int(file.frames)
    if header is not None and header.data_bytes and header.block_align and file.subtype[:3] in ("PCM", "FLO", "DOU"):
        claimed = header.data_bytes // header.block_align
        return min(frames, claimed), claimed
    try:  # the last frame is where it should be, and nothing after it
        file.seek(max(frames - 1, 0))
        if file.read(2, dtype="float32", always_2d=True).shape[0] == min(frames, 1):
            return frames, frames
    except soundfile.LibsndfileError:
        pass
    return _counted(Path(file.name)), claimed


def _counted(path: Path) -> int:
    import soundfile

    frames = 0
    try:
        with soundfile.SoundFile(path) as file:
            while read := file.read(BLOCK_FRAMES, dtype="float32", always_2d=True).shape[0]:
                frames += read
    except soundfile.LibsndfileError:
        pass  # as far as it goes
    return frames


def _flac_layout(path: Path, channels: int) -> tuple[str, ...]:
    import mutagen
    from mutagen.flac import FLAC

    try:
        tags: Any = FLAC(path).tags or {}
        mask = int(tags["WAVEFORMATEXTENSIBLE_CHANNEL_MASK"][0], 16)
    except (mutagen.MutagenError, KeyError, ValueError, IndexError):
        return default_layout(channels)
    return layout_from_mask(mask & (1 << len(SPEAKERS)) - 1, channels)


def _mp3_kbps(path: Path, codec: str) -> int | None:
    """The audio's own bit rate: cover art must not count."""
    if not codec.startswith("mp"):
        return None
    import mutagen
    from mutagen.mp3 import MP3

    try:
        info: Any = MP3(path).info
    except mutagen.MutagenError:
        return None
    return round(info.bitrate / 1000) or None


def _plain(error: soundfile.LibsndfileError) -> str:
    return str(error.error_string).strip().rstrip(".")
