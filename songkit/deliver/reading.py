"""Delivered files read back before they get their names: decoded, measured, tagged, and held against themselves."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from zlib import crc32

import numpy as np

from songkit.analysis import Analysis, analyze
from songkit.analysis.loudness import LoudnessMeter
from songkit.audio import Format, Samples
from songkit.blocks import BLOCK_FRAMES, Source
from songkit.errors import InputError, OutputError, QualityError
from songkit.files import AudioWriter, FileSource, open_source
from songkit.progress import Progress, named
from songkit.tags import Gains, Tags, write_tags
from songkit.wave import WaveHeader, read_header

# What must be known of every source and of every delivered file; `songkit analyze` measures the rest.
METERS = ("levels", "peaks", "loudness")
_READ_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Reading:
    """What a decoded file measures; `programme_lufs` is the loudness of all files of the delivery as one programme."""

    analysis: Analysis
    digest: str
    """Of the decoded samples, as `Checksum` makes it."""
    programme_lufs: float | None


class Overheard:
    """A source whose blocks are heard by somebody else, too."""

    def __init__(self, source: Source, hear: Callable[[Samples], None]) -> None:
        self._source = source
        self._hear = hear

    @property
    def format(self) -> Format:
        return self._source.format

    @property
    def frames(self) -> int | None:
        return self._source.frames

    def blocks(self, frames: int = BLOCK_FRAMES) -> Iterator[Samples]:
        for block in self._source.blocks(frames):
            self._hear(block)
            yield block


class Checksum:
    """SHA-256 (half of it) of every channel's float32 samples, in blocks of any size; processors have it built in."""

    def __init__(self) -> None:
        self._channels: list[hashlib._Hash] = []

    def push(self, block: Samples) -> None:
        self._channels = self._channels or [hashlib.sha256() for _ in block]
        for digest, channel in zip(self._channels, block, strict=True):
            digest.update(np.ascontiguousarray(channel).data)

    @property
    def digest(self) -> str:
        """Of what was pushed so far; of nothing it is empty."""
        return "".join(digest.hexdigest()[:32] for digest in self._channels)


def read_back(writers: Sequence[AudioWriter], progress: Progress) -> tuple[Reading, ...]:
    """Decodes and measures what was written. Raises QualityError for a file that decodes to another length."""
    programme = LoudnessMeter(writers[0].format, series=False) if len(writers) > 1 else None
    found = []
    for writer in writers:
        decoded = _decoded(writer)
        checksum = Checksum()

        def hear(block: Samples, checksum: Checksum = checksum) -> None:
            checksum.push(block)
            if programme is not None:
                programme.push(block)

        info = replace(decoded.info, path=writer.path)
        about = named(progress, f"verify {writer.path.name}")
        with _still_there(writer):
            analysis = analyze(Overheard(decoded, hear), info=info, meters=METERS, progress=about)
        found.append((analysis, checksum.digest))
    whole = found[0][0].loudness if programme is None else programme.result()
    return tuple(Reading(analysis, digest, whole.programme_lufs) for analysis, digest in found)


def album_gains(readings: Sequence[Reading]) -> Gains:
    """Loudness and peak of all files of a delivery as one programme."""
    peaks = [reading.analysis.peaks.true_peak_dbtp for reading in readings]
    return Gains(readings[0].programme_lufs, max((peak for peak in peaks if peak is not None), default=None))


def gains_of(reading: Reading) -> Gains:
    """Loudness and peak of one file."""
    return Gains(reading.analysis.loudness.programme_lufs, reading.analysis.peaks.true_peak_dbtp)


def with_tags(
    writers: Sequence[AudioWriter], tags: Sequence[Tags], readings: Sequence[Reading]
) -> list[tuple[str, ...]]:
    """Writes the tags, now that the files are measured, and makes sure that the samples are still the same.

    Returns what each file could not hold. Raises QualityError for a file whose samples are others than before.
    """
    notes = []
    for writer, own, reading in zip(writers, tags, readings, strict=True):
        with _still_there(writer):
            before = _wave_samples(writer.temporary)
        notes.append(write_tags(writer.temporary, own))
        with _still_there(writer):
            if before is None:
                same = sample_digest(_decoded(writer)) == reading.digest
            else:
                same = _wave_samples(writer.temporary) == before
        if not same:
            raise QualityError(
                f"{writer.path}: writing the tags has changed the audio",
                "nothing was delivered; this is a fault of ours, another format may do",
            )
    return notes


def sample_digest(file: Path | FileSource) -> str:
    """Of a file's decoded samples, as its record tells it. Raises InputError for a file that cannot be read."""
    checksum = Checksum()
    for block in (open_source(file) if isinstance(file, Path) else file).blocks():
        checksum.push(block)
    return checksum.digest


def _wave_samples(path: Path) -> tuple[WaveHeader, int] | None:
    """What the header of a WAV says, and the CRC-32 of its samples as they lie there; None for other files.

    Where both stay, the file decodes to the same as before, and need not be decoded to know it.
    """
    try:
        with path.open("rb") as file:
            header = read_header(file)
            if header is None or header.data_bytes is None:
                return None
            left, crc = header.data_bytes, 0
            while left > 0 and (read := file.read(min(left, _READ_BYTES))):
                crc = crc32(read, crc)
                left -= len(read)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    return None if left else (header, crc)


def _decoded(writer: AudioWriter) -> FileSource:
    with _still_there(writer):
        decoded = open_source(writer.temporary)
    if decoded.frames != writer.frames:
        raise QualityError(
            f"{writer.path}: {writer.frames} frames were written, but the file decodes to {decoded.frames}",
            "nothing was delivered; another format may do",
        )
    return decoded


@contextmanager
def _still_there(writer: AudioWriter) -> Iterator[None]:
    """What cannot be read back was taken away, or never reached the disk; its temporary name helps nobody."""
    try:
        yield
    except InputError as error:
        raise OutputError(
            f"{writer.path} cannot be read back: {error.message.removeprefix(str(writer.temporary)).strip()}",
            "nothing was delivered; is somebody else at work in its folder?",
        ) from error
