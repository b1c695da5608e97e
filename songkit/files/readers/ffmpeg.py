"""What libsndfile cannot read, through ffmpeg."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from songkit.audio import Format, Samples
from songkit.errors import InputError
from songkit.ffmpeg import Decoder, FfmpegError, complaint
from songkit.files.claims import claimed_frames, cut_short
from songkit.files.mpeg import claims_of
from songkit.files.readers.contract import Opened
from songkit.files.sniff import Kind
from songkit.wave import read_header

_STREAM = re.compile(r"Stream #\d+:\d+.*?: Audio: (?P<codec>[a-z0-9_]+)")
_LOSSLESS = frozenset({"alac", "flac", "wavpack", "ape", "tta"})


class FfmpegReader:
    """M4A/AAC, ALAC, WMA, Matroska, and what libsndfile would read short or not at all."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind

    def open(self, path: Path) -> Opened:
        """Decodes once to count: the length that such containers claim is rounded or absent."""
        frames = 0
        try:
            with Decoder(path, demuxer=self._kind.demuxer) as decoder:
                header = decoder.header
                found = Format(header.sample_rate, header.layout)
                for block in decoder.blocks():
                    frames += block.shape[1]
                log = decoder.log
        except FfmpegError as error:
            raise InputError(f"not readable as {self._kind.container}: {error.message}") from error
        codec, bit_depth, kbps = _described(log)
        claimed = self._claimed(path, found.channels * (bit_depth or 0) // 8 if codec.startswith("pcm_") else None)
        cut_mp3 = claimed is not None and claimed > frames
        # of a cut MP3 it is known how much is missing; that its last frame is broken adds nothing
        notes = self._notes(path, "" if cut_mp3 else complaint(log))
        return Opened(codec, bit_depth, found, frames, claimed, kbps, notes)

    def blocks(self, path: Path, frames: int) -> Iterator[Samples]:
        try:
            with Decoder(path, demuxer=self._kind.demuxer) as decoder:
                yield from decoder.blocks(frames)
        except FfmpegError as error:
            raise InputError(f"{path}: {error.message}") from error

    def _claimed(self, path: Path, frame_bytes: int | None) -> int | None:
        if self._kind.container == "mp3":
            claims = claims_of(path)
            return None if claims is None else claims.frames
        with path.open("rb") as handle:
            return claimed_frames(handle, self._kind.container, frame_bytes)

    def _notes(self, path: Path, damage: str) -> tuple[str, ...]:
        notes = [f"damaged: {damage}"] if damage else []
        if self._kind.container == "wav":
            with path.open("rb") as handle:
                header = read_header(handle)
            if header is not None and header.data_bytes == 0:
                notes.append("the header gives no length: read to the end of the file")
            elif header is not None and header.data_bytes is not None:
                notes.extend(cut_short(path, header.data_start, header.data_bytes))
        return tuple(notes)


def _described(log: tuple[str, ...]) -> tuple[str, int | None, int | None]:
    """Codec, depth of a lossless one and bit rate of a lossy one, from ffmpeg's description of the input stream."""
    for line in log:
        match = _STREAM.search(line)
        if match is None:
            continue
        codec = match["codec"]
        if codec in _LOSSLESS or codec.startswith("pcm_"):
            return codec, _depth(line), None
        return codec, None, _kbps(line)
    return "unknown", None, None


def _depth(line: str) -> int:
    named = re.search(r"\((\d+) bit\)", line)
    if named:
        return int(named[1])
    return 16 if re.search(r", s16p?\b", line) else 24


def _kbps(line: str) -> int | None:
    match = re.search(r", (\d+) kb/s", line)
    return int(match[1]) if match else None
