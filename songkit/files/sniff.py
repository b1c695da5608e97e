"""What a file is by its first bytes, never by its name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO

from songkit.files.mpeg import SEARCH_BYTES, audio_start, find_stream

SNIFF_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Kind:
    """A container, and who reads it: soundfile where it can, else ffmpeg with this demuxer (None: cannot)."""

    container: str
    soundfile: bool
    demuxer: str | None


_WAV = Kind("wav", True, "wav")
_MP3 = Kind("mp3", True, "mp3")
_ADTS = Kind("aac", False, "aac")

# (offset, bytes) and what they mean; the first that fits counts. ffmpeg is never asked to guess: it takes some plain
# tones for MPEG transport streams, and playlists for files to open.
_MAGIC: tuple[tuple[int, bytes, Kind], ...] = (
    (8, b"AIFF", Kind("aiff", True, "aiff")),
    (8, b"AIFC", Kind("aiff", True, "aiff")),
    (0, b"fLaC", Kind("flac", True, "flac")),
    (0, b"riff\x2e\x91\xcf\x11", Kind("w64", True, "w64")),
    (0, b"caff", Kind("caf", True, "caf")),
    (0, b".snd", Kind("au", True, "au")),
    (4, b"ftyp", Kind("m4a", False, "mov")),
    (0, b"\x1a\x45\xdf\xa3", Kind("matroska", False, "matroska")),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", Kind("wma", False, "asf")),
    (0, b"wvpk", Kind("wavpack", False, "wv")),
    (0, b"MAC ", Kind("ape", False, "ape")),
    (0, b"TTA1", Kind("tta", False, "tta")),
    (0, b"DSD ", Kind("dsf", False, "dsf")),
    (0, b"\x0b\x77", Kind("ac3", False, "ac3")),
    (0, b"#!AMR", Kind("amr", False, "amr")),
)


def sniff(handle: IO[bytes]) -> Kind | None:
    """The kind of an open file, or None when it is no audio that songkit knows; the position is not kept."""
    start = audio_start(handle)
    handle.seek(start)
    head = handle.read(SNIFF_BYTES)
    kind = _by_magic(head)
    if kind is not None:
        return kind
    head += handle.read(SEARCH_BYTES - len(head))
    if head[:1] == b"\xff" and head[1:2] and head[1] & 0xF6 == 0xF0:
        return _ADTS
    return _MP3 if find_stream(head) is not None else None


def _by_magic(head: bytes) -> Kind | None:
    if head[:4] in (b"RIFF", b"RF64", b"BW64"):
        return _WAV if head[8:12] == b"WAVE" else None
    if head[:4] == b"OggS":
        return _ogg(head)
    for offset, magic, kind in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return kind
    return None


def _ogg(head: bytes) -> Kind:
    if b"OpusHead" in head[:512]:
        return Kind("opus", True, "ogg")
    if b"\x01vorbis" in head[:512]:
        return Kind("ogg", True, "ogg")
    return Kind("ogg", False, "ogg")  # FLAC, Speex, a video
