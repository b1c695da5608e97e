"""Ogg pages: whether all are there and whole. Decoders leave damaged ones out and say nothing.

Source: RFC 3533, 6 (page header; a CRC of polynomial 0x04c11db7 from 0, not reflected).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from mmap import ACCESS_READ, mmap
from pathlib import Path

from songkit.files.mpeg import audio_start

_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_HEAD = 27
_END_OF_STREAM = 4


def faults(path: Path) -> Iterator[str]:
    """One note for each kind of fault: pages lost or damaged, and an end that is missing."""
    with path.open("rb") as handle, mmap(handle.fileno(), 0, access=ACCESS_READ) as data:
        damaged, lost, ended, at = 0, 0, False, audio_start(handle)
        following: dict[bytes, int] = {}
        while (page := _page(data, at)) is not None:
            end, serial, number, ended = page
            lost += number != following.get(serial, number)
            following[serial] = number + 1 & 0xFFFFFFFF
            if not _sound(data[at:end]):
                damaged += 1
            at = end
        rest = data.find(b"OggS", at + 1) if at < len(data) else -1
    if damaged or lost or rest >= 0:
        yield "damaged: pages of the stream are broken or missing, and their sound with them"
    elif not ended:
        yield "truncated: the stream has no last page"


def _page(data: mmap, at: int) -> tuple[int, bytes, int, bool] | None:
    """Where the page at `at` ends, its stream, its number, and whether it is the last; None where none is whole."""
    head = data[at : at + _HEAD]
    if len(head) < _HEAD or head[:5] != b"OggS\0":
        return None
    segments = data[at + _HEAD : at + _HEAD + head[26]]
    end = at + _HEAD + head[26] + sum(segments)
    if len(segments) < head[26] or end > len(data):
        return None
    return end, head[14:18], int.from_bytes(head[18:22], "little"), bool(head[5] & _END_OF_STREAM)


def _sound(page: bytes) -> bool:
    plain = page[:22] + bytes(4) + page[26:]
    # zlib's CRC has the same polynomial with every byte's bits the other way round, and both ends inverted
    reflected = zlib.crc32(plain.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return reflected.to_bytes(4, "big").translate(_REVERSED) == page[22:26]
