"""RIFF/WAVE as bytes: the header of any WAV or RF64 read, and files of any length written.

Sources: Microsoft, "Multimedia Programming Interface and Data Specifications 1.0" and "Multiple Channel Audio Data and
WAVE Files" (WAVE_FORMAT_EXTENSIBLE); EBU Tech 3306 (RF64: a 64-bit size in a `ds64` chunk, its room kept by `JUNK`).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import IO

from songkit.audio import BitDepth, Format, default_layout, layout_from_mask, mask_from_layout
from songkit.errors import OutputError

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
UNKNOWN_SIZE = 0xFFFFFFFF
"""What a writer that could not seek leaves in a 32-bit size."""

RIFF_LIMIT_BYTES = 2**32 - 1
_GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")  # of every sub-format that is a format tag in disguise
_MOST_CHUNKS = 10_000
_MOST_INFO_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class WaveHeader:
    """What the header claims; `data_bytes` is None where it gives no length."""

    format_tag: int
    channels: int
    sample_rate: int
    block_align: int
    bits: int
    mask: int
    data_start: int = 0
    data_bytes: int | None = None

    @property
    def layout(self) -> tuple[str, ...]:
        """Speakers in file order: the mask's, or the default ones. Raises InputError outside 1 to 8 channels."""
        if self.channels == 1:
            return default_layout(1)  # a lone channel is mono whichever speaker it was cut from
        return layout_from_mask(self.mask, self.channels)


def read_header(handle: IO[bytes]) -> WaveHeader | None:
    """Reads up to the first sample and leaves the handle there; works on a pipe.

    None when this is no RIFF/WAVE, or has no `fmt ` before its `data`.
    """
    riff = handle.read(12)
    if len(riff) < 12 or riff[:4] not in (b"RIFF", b"RF64", b"BW64") or riff[8:] != b"WAVE":
        return None
    position, header, long_size = 12, None, None
    for _ in range(_MOST_CHUNKS):
        chunk = handle.read(8)
        if len(chunk) < 8:
            return None
        name, size = chunk[:4], int.from_bytes(chunk[4:], "little")
        position += 8
        if name == b"data":
            return header and replace(header, data_start=position, data_bytes=_data_size(size, long_size))
        body = _skip(handle, size + size % 2, keep=64)
        position += size + size % 2
        if name == b"ds64" and len(body) >= 16:
            long_size = int.from_bytes(body[8:16], "little")
        elif name == b"fmt " and len(body) >= 16:
            header = _parse_format(body)
    return None


class WaveWriter:
    """Writes a WAV of any length: sizes are set at the end, and RIFF becomes RF64 where 32 bits are too few.

    Room for RF64's `ds64` is kept unless `data_bytes` says beforehand that it is not needed; a signal that then turns
    out longer than 4 GB raises OutputError instead of a file whose sizes are wrong. Mono and stereo have the plain
    format chunk, everything else WAVE_FORMAT_EXTENSIBLE with the channel mask.
    """

    def __init__(
        self,
        handle: IO[bytes],
        format: Format,
        bit_depth: BitDepth,
        data_bytes: int | None,
        limit_bytes: int = RIFF_LIMIT_BYTES,
    ) -> None:
        self._handle = handle
        self._limit = limit_bytes
        self._bytes_per_frame = format.channels * (4 if bit_depth == "float32" else bit_depth // 8)
        # 200 bytes are more than any header written here, and a tag's room is taken by the RIFF size, not by data.
        self._long = data_bytes is None or data_bytes + 200 > limit_bytes
        self._written = 0
        self._fact_at = 0
        chunks = _format_chunk(format, bit_depth)
        handle.write(b"RIFF" + struct.pack("<I", 0) + b"WAVE")
        if self._long:
            handle.write(b"JUNK" + struct.pack("<I", 28) + bytes(28))
        handle.write(chunks)
        if bit_depth == "float32":
            handle.write(b"fact" + struct.pack("<I", 4))
            self._fact_at = handle.tell()
            handle.write(bytes(4))
        handle.write(b"data" + struct.pack("<I", 0))
        self._data_at = handle.tell()

    def write(self, data: bytes | memoryview) -> None:
        self._written += len(data)
        if not self._long and self._data_at + self._written > self._limit:
            raise OutputError("the signal is longer than was announced, and passes the 4 GB of a plain WAV")
        self._handle.write(data)

    def close(self) -> None:
        """Sets the sizes; the handle stays open."""
        if self._written % 2:
            self._handle.write(b"\0")
        end = self._handle.tell()
        frames = self._written // self._bytes_per_frame
        if end - 8 <= self._limit:
            self._patch(4, struct.pack("<I", end - 8))
            self._patch(self._data_at - 4, struct.pack("<I", self._written))
        else:
            self._patch(0, b"RF64" + struct.pack("<I", UNKNOWN_SIZE))
            self._patch(12, b"ds64" + struct.pack("<IQQQI", 28, end - 8, self._written, frames, 0))
            self._patch(self._data_at - 4, struct.pack("<I", UNKNOWN_SIZE))
        if self._fact_at:
            self._patch(self._fact_at, struct.pack("<I", min(frames, UNKNOWN_SIZE)))
        self._handle.seek(end)

    def _patch(self, position: int, data: bytes) -> None:
        self._handle.seek(position)
        self._handle.write(data)


def _format_chunk(format: Format, bit_depth: BitDepth) -> bytes:
    tag, bits = (FLOAT, 32) if bit_depth == "float32" else (PCM, bit_depth)
    align = format.channels * bits // 8
    plain = struct.pack("<HIIHH", format.channels, format.sample_rate, format.sample_rate * align, align, bits)
    if format.channels <= 2 and format.layout == default_layout(format.channels):
        extra = struct.pack("<H", 0) if tag == FLOAT else b""  # cbSize belongs to every format but PCM
        body = struct.pack("<H", tag) + plain + extra
    else:
        mask = mask_from_layout(format.layout)
        body = struct.pack("<H", EXTENSIBLE) + plain + struct.pack("<HHIH", 22, bits, mask, tag) + _GUID_TAIL
    return b"fmt " + struct.pack("<I", len(body)) + body


def _parse_format(body: bytes) -> WaveHeader:
    tag, channels, rate, _, align, bits = struct.unpack("<HHIIHH", body[:16])
    mask = 0
    if tag == EXTENSIBLE and len(body) >= 26:
        mask, tag = struct.unpack("<IH", body[20:26])
    return WaveHeader(tag, channels, rate, align, bits, mask)


def _data_size(size: int, long_size: int | None) -> int | None:
    if size == UNKNOWN_SIZE:
        return long_size
    return size


def _skip(handle: IO[bytes], size: int, keep: int) -> bytes:
    """Goes `size` bytes on and returns the first `keep` of them."""
    kept = handle.read(min(size, keep))
    rest = size - len(kept)
    if handle.seekable():
        handle.seek(rest, 1)
        return kept
    read: Callable[[int], bytes] = handle.read
    while rest > 0 and (part := read(min(rest, 1 << 16))):
        rest -= len(part)
    return kept


def read_list_info(handle: IO[bytes]) -> list[tuple[str, bytes]]:
    """Entries of the `LIST INFO` chunk (before or after the samples) as name and raw value; none: an empty list."""
    if handle.read(12)[8:] != b"WAVE":
        return []
    for _ in range(_MOST_CHUNKS):
        chunk = handle.read(8)
        if len(chunk) < 8:
            return []
        size = int.from_bytes(chunk[4:], "little")
        if chunk[:4] == b"LIST" and handle.read(4) == b"INFO":
            return list(_entries(handle.read(min(size - 4, _MOST_INFO_BYTES))))
        handle.seek(size + size % 2 - (4 if chunk[:4] == b"LIST" else 0), 1)
    return []


def _entries(body: bytes) -> Iterator[tuple[str, bytes]]:
    position = 0
    while position + 8 <= len(body):
        size = int.from_bytes(body[position + 4 : position + 8], "little")
        yield body[position : position + 4].decode("latin-1"), body[position + 8 : position + 8 + size]
        position += 8 + size + size % 2
