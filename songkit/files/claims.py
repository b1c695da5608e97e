"""The AIFF header's own word on its length; libsndfile believes the file's size and says nothing."""

from __future__ import annotations

from typing import IO

_MOST_CHUNKS = 1_000


def claimed_frames(handle: IO[bytes]) -> int | None:
    """Frames by the `COMM` chunk of an AIFF or AIFF-C (Apple, "Audio Interchange File Format"); None without one."""
    handle.seek(12)
    for _ in range(_MOST_CHUNKS):
        chunk = handle.read(8)
        if len(chunk) < 8:
            return None
        size = int.from_bytes(chunk[4:], "big")
        if chunk[:4] == b"COMM":
            return int.from_bytes(handle.read(6)[2:], "big")
        handle.seek(size + size % 2, 1)
    return None
