"""What the headers of AIFF, AU, W64 and CAF say of their length; libsndfile believes the file's size and says nothing.

Sources: Apple, "Audio Interchange File Format" and "Core Audio Format Specification 1.0"; NeXT/Sun `.snd`; Sony Wave64.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO

_MOST_CHUNKS = 1_000
_UNKNOWN_AU_SIZE = 2**32 - 1
_W64_DATA = b"data\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"


def claimed_frames(handle: IO[bytes], container: str, frame_bytes: int | None) -> int | None:
    """Frames that the header claims; None where it says nothing, or bytes of unknown meaning (`frame_bytes` None)."""
    if container == "aiff":
        return _aiff_frames(handle)
    read = {"au": _au_bytes, "w64": _w64_bytes, "caf": _caf_bytes}.get(container)
    claimed_bytes = read(handle) if read else None
    return claimed_bytes // frame_bytes if claimed_bytes is not None and frame_bytes else None


def cut_short(path: Path, start: int, claimed_bytes: int) -> Iterator[str]:
    """A note where the samples from `start` on are fewer bytes than the header claims."""
    present = path.stat().st_size - start
    if present < claimed_bytes:
        yield f"truncated: header says {claimed_bytes} bytes of audio, file has {present}"


def _aiff_frames(handle: IO[bytes]) -> int | None:
    for name, _ in _chunks(handle, 12, name_bytes=4, size_bytes=4, pad=2):
        if name == b"COMM":
            return int.from_bytes(handle.read(6)[2:], "big")
    return None


def _au_bytes(handle: IO[bytes]) -> int | None:
    handle.seek(8)
    size = int.from_bytes(handle.read(4), "big")
    return None if size == _UNKNOWN_AU_SIZE else size


def _caf_bytes(handle: IO[bytes]) -> int | None:
    for name, size in _chunks(handle, 8, name_bytes=4, size_bytes=8):
        if name == b"data":
            return None if size >= 2**63 else size - 4  # an edit count stands before the samples; -1: not known
    return None


def _w64_bytes(handle: IO[bytes]) -> int | None:
    for name, size in _chunks(handle, 40, name_bytes=16, size_bytes=8, order="little", head_counts=True, pad=8):
        if name == _W64_DATA:
            return size
    return None


def _chunks(
    handle: IO[bytes],
    start: int,
    *,
    name_bytes: int,
    size_bytes: int,
    order: str = "big",
    head_counts: bool = False,
    pad: int = 1,
) -> Iterator[tuple[bytes, int]]:
    """Name and size of the body of each chunk from `start` on; the handle stands at the body. Ends where they do."""
    head = name_bytes + size_bytes
    length = handle.seek(0, 2)
    at = start
    for _ in range(_MOST_CHUNKS):
        if at + head > length:
            return
        handle.seek(at)
        name = handle.read(name_bytes)
        size = int.from_bytes(handle.read(size_bytes), "little" if order == "little" else "big")
        body = size - head if head_counts else size
        if body < 0:
            return
        yield name, body
        at += head + -(-body // pad) * pad
