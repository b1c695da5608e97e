"""Audio files in: opened by their content, checked, and read as blocks; `AudioWriter` is how they get out.

libsndfile reads what it can, ffmpeg the rest. Channels come out in WAVE order whatever the codec's own order is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from songkit.audio import Audio, Format, Samples
from songkit.blocks import BLOCK_FRAMES, collect
from songkit.errors import InputError
from songkit.files.mpeg import length_is_known
from songkit.files.readers import FfmpegReader, Opened, Reader, SoundFileReader
from songkit.files.sniff import Kind, sniff
from songkit.files.writer import AudioWriter
from songkit.units import clock

__all__ = ["AudioWriter", "FileInfo", "FileSource", "open_source", "read_audio"]

ABSURD_RATIO = 10
"""A header that claims that many times what the file holds is not believed in anything else either."""


@dataclass(frozen=True, slots=True)
class FileInfo:
    """What is known of a file: `frames` is what it really holds, `notes` says where its header claims something else.

    `bit_depth` is that of PCM and lossless codecs (8, 16, 24, 32, "float32", "float64"), None for lossy ones;
    `bitrate_kbps` is the average of a lossy one, None otherwise.
    """

    path: Path
    container: str
    codec: str
    bit_depth: int | str | None
    bitrate_kbps: int | None
    format: Format
    frames: int
    bytes: int
    notes: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        return self.frames / self.format.sample_rate


class FileSource:
    """A file as a `Source`: every `blocks()` is a fresh pass, its file closed at the end or when it is dropped."""

    def __init__(self, info: FileInfo, reader: Reader) -> None:
        self.info = info
        self._reader = reader

    @property
    def format(self) -> Format:
        return self.info.format

    @property
    def frames(self) -> int:
        return self.info.frames

    def blocks(self, frames: int = BLOCK_FRAMES) -> Iterator[Samples]:
        """Exactly `self.frames` frames. Raises InputError when the file has changed and no longer has them, or went."""
        left = self.info.frames
        try:
            for block in self._reader.blocks(self.info.path, frames):
                if left <= 0:
                    return
                yield block if block.shape[1] <= left else block[:, :left].copy()
                left -= block.shape[1]
        except OSError as error:
            raise InputError(f"{self.info.path} can no longer be read: {error.strerror or error}") from error
        if left > 0:
            raise InputError(f"{self.info.path} has become shorter while it was read")


def open_source(path: Path | str) -> FileSource:
    """A file ready to be read.

    Raises InputError, with the file named: missing, a folder, no permission, empty, not audio, 0 or more than 8
    channels, a rate outside 8 to 192 kHz, a header that claims far more than the file holds. A file that merely ends
    early is read as far as it goes, with a note.
    """
    path = Path(path)
    kind = _kind(path)
    try:
        opened, reader = _open(path, kind)
    except InputError as error:
        raise _named(path, error) from error
    notes = list(opened.notes)
    claimed = opened.claimed_frames
    if claimed is not None and claimed > opened.frames:
        rate = opened.format.sample_rate
        if claimed >= ABSURD_RATIO * max(opened.frames, 1):
            raise InputError(
                f"{path}: the header claims {claimed} frames, but the file has only {opened.frames}",
                "the file is damaged; get it again",
            )
        notes.append(f"truncated: header says {clock(claimed / rate)}, file has {clock(opened.frames / rate)}")
    if opened.frames == 0:
        raise InputError(f"{path} holds no samples", "it ends where the audio should begin")
    info = FileInfo(
        path=path,
        container=kind.container,
        codec=opened.codec,
        bit_depth=opened.bit_depth,
        bitrate_kbps=_bitrate(path, opened),
        format=opened.format,
        frames=opened.frames,
        bytes=path.stat().st_size,
        notes=tuple(notes),
    )
    return FileSource(info, reader)


def read_audio(path: Path | str) -> Audio:
    """The whole file in memory. Raises InputError as `open_source` does."""
    source = open_source(path)
    return collect(source.blocks(), source.format)


def _kind(path: Path) -> Kind:
    try:
        if path.is_dir():
            raise InputError(f"{path} is a folder", "name a file in it")
        if path.exists() and not path.is_file():
            raise InputError(f"{path} is not a regular file")
        with path.open("rb") as handle:
            kind = sniff(handle)
            empty = handle.seek(0, 2) == 0
    except FileNotFoundError:
        raise InputError(f"{path} does not exist") from None
    except PermissionError:
        raise InputError(f"{path} cannot be read: no permission") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    if empty:
        raise InputError(f"{path} is empty (0 bytes)")
    if kind is None:
        raise InputError(f"{path} is not audio that songkit knows", "it goes by the content, not by the name")
    return kind


def _open(path: Path, kind: Kind) -> tuple[Opened, Reader]:
    """By libsndfile where it knows the container; by ffmpeg where it does not, or finds a codec it cannot decode."""
    if not kind.soundfile or (kind.container == "mp3" and not length_is_known(path)):
        reader: Reader = FfmpegReader(kind)
        return reader.open(path), reader
    first = SoundFileReader(kind)
    try:
        return first.open(path), first
    except InputError as error:
        if not first.worth_another_try:
            raise
        second = FfmpegReader(kind)
        try:
            opened = second.open(path)
        except InputError:
            raise error from None
        if kind.container == "flac" and not opened.notes:  # one that libsndfile refuses is no codec that it lacks
            opened = replace(opened, notes=(f"damaged: {error.message}",))
        return opened, second


def _named(path: Path, error: InputError) -> InputError:
    if str(path) in error.message:
        return error
    return InputError(f"{path}: {error.message}", error.hint)


def _bitrate(path: Path, opened: Opened) -> int | None:
    if opened.bit_depth is not None or opened.frames == 0:
        return None
    if opened.bitrate_kbps:
        return opened.bitrate_kbps
    return round(path.stat().st_size * 8 * opened.format.sample_rate / opened.frames / 1000)
