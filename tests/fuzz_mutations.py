"""How an intact input is damaged: the same random numbers always damage it the same way."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from random import Random
from typing import Any

from tests.fuzz_material import Material

_MARKS = (
    b"RIFF", b"RF64", b"WAVE", b"fmt ", b"data", b"ds64", b"fact", b"LIST", b"id3 ", b"bext", b"iXML", b"JUNK",
    b"FORM", b"AIFF", b"AIFC", b"COMM", b"SSND", b"fLaC", b"OggS", b"OpusHead", b"OpusTags", b"\x01vorbis",
    b"\x03vorbis", b"\x05vorbis", b"ID3", b"TAG", b"Xing", b"Info", b"LAME", b"\xff\xfb", b"\xff\xf3", b"\xff\xf8",
    b"ftyp", b"moov", b"mvhd", b"trak", b"mdhd", b"stsd", b"mp4a", b"esds", b"stts", b"stsc", b"stsz", b"stco",
    b"udta", b"ilst", b"mdat", b"caff", b"desc", b"kuki", b".snd", b"riff", b"APETAGEX",
)  # fmt: skip
_NUMBERS = (0, 1, 2, 3, 7, 8, 9, 255, 256, 0x7FFF, 0x8000, 0xFFFF, 2**24 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**32 - 8,
            2**60, 2**63 - 1, 2**63, 2**64 - 1)  # fmt: skip

_LYRIC_WORDS = ("[", "]", "[[", "[0:", "[99:99]", "[00:00.00]", "[-1:00]", "[1e9:00]", "<", "<0:1>", "［", "】",
    "<<0:01>", "[offset:", "[offset:99999999999]", "[ti:", ":", "\0", "\x1b[31m", "\r", "\u2028", "\u200b", "\ufeff",
    "\x85", "﷽" * 40, "[0:01]" * 300, "[" * 1_500, "a" * 2_500, "🎵", "e\u0301", "٣",
    "[٣:٠٠]", "[00:00." + "9" * 50 + "]")  # fmt: skip
_YAML_WORDS = (": ", "- ", "&a ", "*a", "*zz", "<<: *a", "!!python/object/apply:os.system [ls]", "!!binary aGk=",
    "!x ", "{", "}", "[", "]", "|", ">", "%YAML 9.9\n", "---\n", "...\n", "\t", "? ", "#", "'", '"', "\\", "1e999",
    "-1e-999", ".nan", "-.inf", "0x1F", "1_000", "9" * 60, "2001-01-01", "null", "~", "true", "\0", "\u2028", "\ud7ff",
    "\ufffe", '"\\ud800"', '"\\x00"', "[" * 200, "{a: " * 100, "- " * 200, "bypass: 1", "mix: 2", "steps:", "deliver:",
    "checks:", "ffmpeg: {filter: volume}", "\n  - gain: {gain_db: 1}", "=")  # fmt: skip
_JSON_VALUES: tuple[Any, ...] = (None, True, -1, 0, 1e308, 10**30, "", "x" * 5_000, "../../etc/passwd", "\0", "\ud800",
    [], {}, [[]], {"": {}}, "NaN", 2**63, -0.5, ["a", 1], {"audio": 5})  # fmt: skip
_HEAD_BYTES = 96


def mutated(material: Material, others: list[Material], chance: Random) -> tuple[str, bytes]:
    """What was done, and the damaged bytes; `others` are of the same kind."""
    ways: list[Callable[[bytes, Random], bytes]] = [cut, flip, overwrite, delete, insert, double, blank, junk]
    if material.kind == "audio":
        ways += [cut_at_border, cut_at_border, number, number, number, number_at_mark, number_at_mark, flip_head]
    elif material.kind == "lyrics":
        ways += [lambda data, chance: words(data, chance, _LYRIC_WORDS)] * 5 + [lines] * 2
    elif material.kind in ("chain", "profile"):
        ways += [lambda data, chance: words(data, chance, _YAML_WORDS)] * 5 + [lines] * 3 + [scalars] * 4
    else:
        ways += [json_value] * 12
    names, data = [], material.data
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        if chance.random() < 0.04:
            data = spliced(data, chance.choice(others).data, chance)
            names.append("spliced")
            continue
        way = chance.choice(ways)
        data = way(data, chance)
        names.append(way.__name__.replace("<lambda>", "words"))
    return "+".join(names), data


def _place(data: bytes, chance: Random) -> int:
    return chance.randrange(len(data) + 1)


def _range(data: bytes, chance: Random) -> tuple[int, int]:
    start = _place(data, chance)
    return start, min(len(data), start + chance.choice((1, 2, 4, 8, 64, 400, len(data) // 4 + 1)))


def cut(data: bytes, chance: Random) -> bytes:
    return data[: _place(data, chance)]


def cut_at_border(data: bytes, chance: Random) -> bytes:
    """Before, in or behind the head of a chunk, page or frame."""
    at = _mark(data, chance)
    return data[: max(0, at + chance.choice((-4, -1, 0, 1, 4, 8, 12, 16, 20, 24, 36)))]


def flip(data: bytes, chance: Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 8)) if changed else 0):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def flip_head(data: bytes, chance: Random) -> bytes:
    return flip(data[:_HEAD_BYTES], chance) + data[_HEAD_BYTES:]


def overwrite(data: bytes, chance: Random) -> bytes:
    start, end = _range(data, chance)
    return data[:start] + chance.randbytes(end - start) + data[end:]


def delete(data: bytes, chance: Random) -> bytes:
    start, end = _range(data, chance)
    return data[:start] + data[end:]


def insert(data: bytes, chance: Random) -> bytes:
    at = _place(data, chance)
    return data[:at] + chance.randbytes(chance.choice((1, 2, 3, 4, 64, 1_000))) + data[at:]


def double(data: bytes, chance: Random) -> bytes:
    start, end = _range(data, chance)
    return data[:end] + data[start:end] * chance.choice((1, 2, 30)) + data[end:]


def blank(data: bytes, chance: Random) -> bytes:
    start, end = _range(data, chance)
    return data[:start] + bytes([chance.choice((0, 255))]) * (end - start) + data[end:]


def junk(data: bytes, chance: Random) -> bytes:
    """The head of the file, and noise behind it."""
    kept = chance.choice((0, 4, 12, 36, 44, 128))
    return data[:kept] + chance.randbytes(chance.choice((0, 10, 500, 5_000)))


def number(data: bytes, chance: Random) -> bytes:
    """An extreme number somewhere in the head."""
    return _with_number(data, chance.randrange(_HEAD_BYTES), chance)


def number_at_mark(data: bytes, chance: Random) -> bytes:
    """An extreme number shortly behind a chunk's name, where sizes and counts stand, or before it."""
    return _with_number(data, max(0, _mark(data, chance) + chance.choice((-4, 4, 4, 6, 8, 10, 12, 16, 20))), chance)


def spliced(data: bytes, other: bytes, chance: Random) -> bytes:
    return data[: _place(data, chance)] + other[_place(other, chance) :]


def words(data: bytes, chance: Random, known: tuple[str, ...]) -> bytes:
    """What means something to the reader, in the wrong place."""
    at = _place(data, chance)
    return data[:at] + chance.choice(known).encode("utf-8", "surrogatepass") * chance.choice((1, 1, 1, 3)) + data[at:]


def lines(data: bytes, chance: Random) -> bytes:
    """Lines in another order, some twice, some indented otherwise."""
    rows = data.split(b"\n")
    at, to = chance.randrange(len(rows)), chance.randrange(len(rows))
    row = chance.choice((rows[at], b"  " + rows[at], rows[at].lstrip(), rows[at] + b" " + rows[to]))
    return b"\n".join([*rows[:to], *[row] * chance.choice((1, 1, 2, 200)), *rows[to + chance.choice((0, 1)) :]])


def scalars(data: bytes, chance: Random) -> bytes:
    """Another value behind a colon."""
    at = data.find(b": ", _place(data, chance))
    if at < 0:
        return data
    ends = [end for end in (data.find(mark, at + 2) for mark in (b",", b"}", b"\n")) if end > 0]
    new = chance.choice(_YAML_WORDS).encode("utf-8", "surrogatepass")
    return data[: at + 2] + new + data[min(ends, default=len(data)) :]


def json_value(data: bytes, chance: Random) -> bytes:
    """One value of a JSON document replaced or taken away; anything else as it was."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return data
    holder, key = {"": document}, ""
    for _ in range(chance.randrange(1, 7)):
        inner: Any = holder[key]
        if not isinstance(inner, dict | list) or not inner:
            break
        holder, key = inner, chance.choice(list(inner) if isinstance(inner, dict) else range(len(inner)))
    if key != "" and chance.random() < 0.3:
        del holder[key]
    else:
        holder[key] = chance.choice(_JSON_VALUES)
        document = holder[""] if key == "" and isinstance(holder, dict) else document
    return json.dumps(document).encode()


def _mark(data: bytes, chance: Random) -> int:
    there = [mark for mark in _MARKS if mark in data]
    if not there:
        return _place(data, chance)
    mark = chance.choice(there)
    places = []
    at = data.find(mark)
    while at >= 0 and len(places) < 50:
        places.append(at)
        at = data.find(mark, at + 1)
    return chance.choice(places)


def _with_number(data: bytes, at: int, chance: Random) -> bytes:
    value = chance.choice(_NUMBERS)
    form = chance.choice((">H", "<H", ">I", "<I", ">I", "<I", ">Q", "<Q"))
    size = struct.calcsize(form)
    return data[:at] + struct.pack(form, value & (1 << 8 * size) - 1) + data[at + size :]
