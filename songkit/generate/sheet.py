"""The text of a lyric sheet: which bytes are text, and which line is which."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

from songkit.errors import UsageError

MAX_BYTES = 1_000_000
MAX_LINE_CHARACTERS = 2_000
UTF_16_CHARACTERS_A_ZERO = 50
"""A lone zero byte in UTF-8 is damage; in UTF-16, every character of a time has one."""

# The longer marks first: the UTF-32 little-endian mark begins with the UTF-16 one.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ufffe\uffff]")
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\u00ad]")


def read_text(path: Path) -> str:
    """The text in a file: UTF-8 or UTF-16/32 with a mark, or UTF-16 without one.

    Raises UsageError when the file cannot be read, is over `MAX_BYTES`, or is not such text. Other encodings are not
    guessed: a wrong guess would be sung.
    """
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            raise UsageError(f"{path} is not a regular file", "a pipe or a device may never end: save the sheet first")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise UsageError(f"the lyric sheet {path} does not exist") from None
    except IsADirectoryError:
        raise UsageError(f"{path} is a folder, not a lyric sheet") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise UsageError(f"the lyric sheet {path} cannot be read: {error}") from None
    if len(data) > MAX_BYTES:
        raise UsageError(f"{path} is over {MAX_BYTES // 1000} kB: not a lyric sheet")
    try:
        return data.decode(_encoding(data))
    except UnicodeDecodeError as error:
        number = data[: error.start].count(b"\n") + 1
        raise UsageError(
            f"{path}, line {number}: not UTF-8 text (byte 0x{data[error.start]:02x})",
            "save it as UTF-8, or convert it: iconv -f gb18030 -t utf-8 (or -f latin1)",
        ) from None


def lines_of(text: str, where: str) -> Iterator[tuple[int, str]]:
    """The lines with their numbers (from 1, as editors count), without marks that nobody sees.

    Raises UsageError for control characters and for lines over `MAX_LINE_CHARACTERS`: that is no lyric sheet.
    """
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text), start=1):
        if found := _CONTROL.search(line):
            raise UsageError(
                f"{where}, line {number}: not text (character 0x{ord(found[0]):02x})",
                "a lyric sheet is plain text, one [m:ss] line per sung line",
            )
        if len(line) > MAX_LINE_CHARACTERS:
            raise UsageError(f"{where}, line {number}: {len(line)} characters in one line: not a lyric sheet")
        yield number, _INVISIBLE.sub("", line)


def _encoding(data: bytes) -> str:
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name
    # Text in UTF-16 has times and line ends, and these have a zero byte on one side only.
    even, odd = data[0::2].count(0), data[1::2].count(0)
    if len(data) % 2 == 0 and max(even, odd) * UTF_16_CHARACTERS_A_ZERO > len(data) // 2 and not (even and odd):
        return "utf-16-be" if even else "utf-16-le"
    return "utf-8"
