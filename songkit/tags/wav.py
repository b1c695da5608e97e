"""The tags of a WAV of any length: an `id3 ` chunk for players, `bext` and `iXML` for studios, all behind the samples.

The samples stay where they are, byte for byte. RIFF and RF64 (EBU Tech 3306) differ in where the size stands.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from songkit.tags.bext import bext
from songkit.tags.id3 import from_id3, to_id3
from songkit.tags.ixml import ixml, read_ixml
from songkit.tags.model import OWN_STARTS, Tags
from songkit.tags.riff import from_info
from songkit.wave import RIFF_LIMIT_BYTES, UNKNOWN_SIZE, read_header

_OURS = (b"id3 ", b"ID3 ", b"bext", b"iXML")
_LARGEST_CHUNK_BYTES = 256 << 20
_MOST_CHUNKS = 10_000


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk of the file: its name, where its body starts, and how long that is."""

    name: bytes
    start: int
    size: int

    @property
    def end(self) -> int:
        return self.start + self.size + self.size % 2


def read_wav_tags(path: Path) -> Tags:
    """ID3, or the INFO list where there is none; and of our own fields those that only iXML has kept."""
    bodies = _bodies(path)
    found = _from_id3(bodies.get(b"id3 ") or bodies.get(b"ID3 ") or b"") or from_info(path)
    kept = {name: values for name, values in read_ixml(bodies.get(b"iXML", b"")).items() if name.startswith(OWN_STARTS)}
    return replace(found, fields={**kept, **found.fields}) if kept else found


def write_wav_tags(path: Path, tags: Tags) -> tuple[str, ...]:
    """Replaces the tags behind the samples; `bext` and `iXML` are for files that say how they were made."""
    with path.open("r+b") as file:
        header = read_header(file)
        if header is None:
            return ("a WAV without a header holds no tags",)
        chunks: dict[bytes, bytes] = {b"id3 ": _id3(tags)} if tags else {}
        own = [name for name in tags.fields if name.startswith(OWN_STARTS)]
        if any(name.startswith("songkit_") for name in own):
            chunks |= {b"bext": bext(tags, header), b"iXML": ixml(tags, own)}
        file.seek(0)
        return _replace_tail(file, chunks)


def read_chunk(path: Path, name: bytes) -> bytes | None:
    """The body of the first chunk of that name, None without one."""
    return _bodies(path, (name,)).get(name)


def _replace_tail(file: IO[bytes], chunks: Mapping[bytes, bytes]) -> tuple[str, ...]:
    long = file.read(4) != b"RIFF"
    there = list(_chunks(file))
    data = next((chunk for chunk in there if chunk.name == b"data"), None)
    if data is None:
        return ("a WAV without samples holds no tags",)
    kept = b"".join(_whole(file, chunk) for chunk in there if chunk.start > data.start and chunk.name not in _OURS)
    new = b"".join(name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2) for name, body in chunks.items())
    tail = kept + new
    size = data.end + len(tail) - 8
    if not long and size > RIFF_LIMIT_BYTES:
        return ("a plain WAV of 4 GB has no room for tags",)
    file.seek(data.end)
    file.truncate()
    file.write(tail)
    if long:
        file.seek(20)  # the first field of `ds64`, which is the first chunk of an RF64
        file.write(struct.pack("<Q", size))
    else:
        file.seek(4)
        file.write(struct.pack("<I", size))
    return ()


def _chunks(file: IO[bytes]) -> Iterator[Chunk]:
    """The chunks of a RIFF, RF64 or BW64 file; what a damaged one claims beyond its end is cut off."""
    file.seek(0, 2)
    length = file.tell()
    position, long_size = 12, None
    for _ in range(_MOST_CHUNKS):
        if position + 8 > length:
            return
        file.seek(position)
        name, size = struct.unpack("<4sI", file.read(8))
        if name == b"ds64":
            file.seek(position + 16)
            long_size = int.from_bytes(file.read(8), "little")
        if name == b"data" and size == UNKNOWN_SIZE and long_size is not None:
            size = long_size
        chunk = Chunk(name, position + 8, min(size, length - position - 8))
        yield chunk
        position = chunk.end


def _bodies(path: Path, names: tuple[bytes, ...] = _OURS) -> dict[bytes, bytes]:
    with path.open("rb") as file:
        found: dict[bytes, bytes] = {}
        for chunk in list(_chunks(file)):
            if chunk.name in names and chunk.size <= _LARGEST_CHUNK_BYTES:
                found.setdefault(chunk.name, _whole(file, chunk)[8 : 8 + chunk.size])
        return found


def _whole(file: IO[bytes], chunk: Chunk) -> bytes:
    file.seek(chunk.start - 8)
    return file.read(chunk.end - chunk.start + 8).ljust(chunk.end - chunk.start + 8, b"\0")


def _from_id3(body: bytes) -> Tags:
    if not body:
        return Tags()
    from mutagen.id3 import ID3, ID3NoHeaderError

    try:
        return from_id3(ID3(BytesIO(body)))
    except ID3NoHeaderError:
        return Tags()


def _id3(tags: Tags) -> bytes:
    from mutagen.id3 import ID3

    made: Any = ID3()
    to_id3(tags, made)
    body = BytesIO()
    made.save(body, padding=lambda info: 0)
    return body.getvalue()
