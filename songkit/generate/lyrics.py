"""Timed lyrics: what an LRC sheet says, line by line.

    [ti:Harbour lights]              header tag: kept in `tags`
    [offset:+250]                    every line 250 ms sooner (a positive offset shows lyrics sooner, as in LRC)
    [0:12.50]Lights on the water     m:ss, mm:ss.xx, mm:ss.xxx or h:mm:ss.xx before the words
    [0:20][0:52.1]Sing it again      several times: the words come back at each
    [0:30]<0:30.2>one <0:30.9>word   word times (enhanced LRC) are taken out
    [0:40]                           a time without words ends nothing and sings nothing

Nothing is dropped without a word: text that has no time, and brackets that are no tag, are errors naming the line.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from songkit.errors import UsageError
from songkit.generate.sheet import lines_of, read_text
from songkit.units import clock

MAX_TIME_SECONDS = 24 * 3600.0
MAX_OFFSET_MS = 3_600_000

# Brackets and the tag between them; one inner pair is allowed, as in [ti:Home [live]]. Full-width forms are what
# Chinese and Japanese keyboards write.
_TAG = re.compile(r"\s*[\[［【]((?:[^\[\]［］【】]|[\[［【][^\[\]［］【】]*[\]］】])*)[\]］】]")
_OPEN = re.compile(r"\s*[\[［【]")
_TIME = re.compile(r"(?:(\d{1,4}):)?(\d{1,4}):(\d{1,2})(?:[.,](\d{1,6}))?", re.ASCII)
_HEADER = re.compile(r"(#|[^\W\d][\w -]{0,30}?)\s*:(.*)", re.DOTALL)
_OFFSET = re.compile(r"[+-]?\d{1,9}", re.ASCII)
_WORD_TIME = re.compile(r"[<＜]\s*(\d+[:：][^<>＜＞]*)[>＞]")
_INNER_TIME = re.compile(r"[\[［【]\s*\d+\s*[:：][\d:.,：．\s]*[\]］】]")
_HOW_A_TIME_LOOKS = "a time is written [m:ss], [mm:ss.xx] or [h:mm:ss]"


@dataclass(frozen=True, slots=True)
class Line:
    """One sung line: when it starts, its words (never empty), and the line of the sheet it stands on (from 1)."""

    start_seconds: float
    text: str
    line_number: int


@dataclass(frozen=True, slots=True)
class Lyrics:
    """Sung lines in order of time, and the sheet's header tags (`ar`, `ti`, ...)."""

    lines: tuple[Line, ...]
    tags: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: `lines` as [start_seconds, text, line_number], and `tags`."""
        return {
            "lines": [[line.start_seconds, line.text, line.line_number] for line in self.lines],
            "tags": dict(self.tags),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Lyrics:
        """The lyrics that `to_dict` described."""
        return cls(tuple(Line(*line) for line in values["lines"]), values["tags"])


def load(path: Path) -> Lyrics:
    """The sheet in a file: UTF-8, or UTF-16 with or without its mark.

    Raises UsageError when it cannot be read, is not text, has no line to sing, or has a line that cannot be
    understood (the message names file and line).
    """
    return parse(read_text(path), str(path))


def parse(text: str, where: str) -> Lyrics:
    """The sheet in a string; `where` names it in messages. Raises UsageError as `load` does.

    The offset moves every line; none starts before 0. Lines of equal time keep the order of the sheet. A header tag
    that is given twice keeps its last value.
    """
    tags: dict[str, str] = {}
    lines: list[Line] = []
    for number, raw in lines_of(text, where):
        try:
            lines.extend(_read_line(raw, number, tags))
        except UsageError as error:
            raise UsageError(f"{where}, line {number}: {error.message}", error.hint) from None
    if not lines:
        raise UsageError(f"{where} has no line to sing", "for an instrumental, leave the lyrics out")
    offset_seconds = int(tags.get("offset", "0")) / 1000
    moved = (replace(line, start_seconds=max(0.0, line.start_seconds - offset_seconds)) for line in lines)
    return Lyrics(tuple(sorted(moved, key=lambda line: (line.start_seconds, line.line_number))), tags)


def check(lyrics: Lyrics, seconds: float) -> list[str]:
    """What will not be heard as written in a song of that length, one line for the user each.

    Names lines that start at or after the end, lines that start together, and lines with more syllables than can be
    sung before the next one starts (see `MAX_SYLLABLES_PER_SECOND`).
    """
    warnings: list[str] = []
    late = [line for line in lyrics.lines if line.start_seconds >= seconds]
    sung = lyrics.lines[: len(lyrics.lines) - len(late)]
    for line, following in zip(sung, (*lyrics.lines[1:], None), strict=False):
        end = min(seconds, following.start_seconds) if following else seconds
        room_seconds = end - line.start_seconds
        if following and following.start_seconds - line.start_seconds < TOGETHER_SECONDS:
            warnings.append(f"{named(line)} and line {following.line_number} start together")
        elif (syllables := count_syllables(line.text)) > MAX_SYLLABLES_PER_SECOND * room_seconds:
            warnings.append(
                f"{named(line)} is crowded: about {syllables} syllables in {room_seconds:.2f} s"
                f" (at most {MAX_SYLLABLES_PER_SECOND:g} a second can be sung)"
            )
    if late:
        which = named(late[0]) + (f" and {len(late) - 1} more" if len(late) > 1 else "")
        warnings.append(f"{which} after the end of the song ({clock(seconds)}): will not be sung")
    return warnings


def named(line: Line) -> str:
    """A line as messages name it: its number, time and first words."""
    return f"line {line.line_number} ({clock(line.start_seconds)} {_short(line.text)})"


MAX_SYLLABLES_PER_SECOND = 10.0
"""The fastest rap that is still understood has about 10 syllables a second."""
TOGETHER_SECONDS = 0.1


def count_syllables(text: str) -> int:
    """About how many syllables a line has: one per ideograph, kana or Hangul block, else one per group of vowels."""
    spoken = 0
    for word in re.findall(r"\w+", text):
        blocks = sum(1 for letter in word if "\u3040" <= letter <= "\ud7a3" or letter >= "\U00020000")
        plain = "".join(letter for letter in unicodedata.normalize("NFKD", word.lower()) if letter.isalpha())
        spoken += blocks or max(1, len(re.findall(r"[aeiouyаеёиоуыэюяαεηιουω]+", plain)))
    return spoken


def _read_line(raw: str, number: int, tags: dict[str, str]) -> Iterator[Line]:
    """The sung lines of one line of the sheet (one per time tag); headers go into `tags`."""
    times: list[float] = []
    position = 0
    while match := _TAG.match(raw, position):
        content = unicodedata.normalize("NFKC", match[1]).strip()
        seconds = _time(content)
        header = _HEADER.fullmatch(content)
        if seconds is not None:
            times.append(seconds)
        elif header and not times:
            _keep_header(header[1].strip().lower(), header[2].strip(), tags)
        else:
            raise _bad_tag(match[0].strip())
        position = match.end()
    text = _words(raw[position:])
    if _OPEN.match(raw, position):
        raise UsageError(f"the bracket in {_short(raw[position:])} is not closed", _HOW_A_TIME_LOOKS)
    if text and not times:
        raise UsageError(f"{_short(text)} has no time", f"put the time it starts before it, as in [0:12.50]{text[:20]}")
    if text:
        for seconds in times:
            yield Line(seconds, text, number)


def _time(content: str) -> float | None:
    """Seconds of a time tag, None where the tag has not the shape of one. Raises UsageError for an impossible time."""
    match = _TIME.fullmatch(content)
    if not match:
        return None
    hours, minutes, whole, fraction = match.groups()
    if int(whole) > 59 or (hours is not None and int(minutes) > 59):
        raise UsageError(f"[{content}] is no time: 60 or more where at most 59 can stand", _HOW_A_TIME_LOOKS)
    seconds = int(hours or 0) * 3600 + int(minutes) * 60 + float(f"{whole}.{fraction or 0}")
    if seconds >= MAX_TIME_SECONDS:
        raise UsageError(f"[{content}] is more than a day into the song", _HOW_A_TIME_LOOKS)
    return seconds


def _keep_header(key: str, value: str, tags: dict[str, str]) -> None:
    if key == "offset":
        value = unicodedata.normalize("NFKC", value) or "0"
        if not _OFFSET.fullmatch(value) or abs(int(value)) > MAX_OFFSET_MS:
            raise UsageError(
                f"[offset:{_short(value)}] is no offset", "write whole milliseconds up to an hour, as in [offset:+250]"
            )
        if tags.get(key, value) != value:
            raise UsageError(f"a second offset ({value} ms after {tags[key]} ms)", "keep one of them")
    tags[key] = value


def _words(raw: str) -> str:
    """The text to sing: word times taken out, spaces made single. Raises UsageError for a time that is none."""
    if inner := _INNER_TIME.search(raw):
        raise UsageError(
            f"the time {inner[0]} stands inside the words",
            "begin a new line at it; times of single words are written <mm:ss.xx>",
        )
    for match in _WORD_TIME.finditer(raw):
        if _time(unicodedata.normalize("NFKC", match[1]).strip()) is None:
            raise UsageError(f"{match[0]} is no word time", "times of single words are written <mm:ss.xx>")
    return " ".join(_WORD_TIME.sub("", raw).split())


def _bad_tag(tag: str) -> UsageError:
    if any(character.isdigit() for character in tag):
        return UsageError(f"{_short(tag)} is no time", _HOW_A_TIME_LOOKS)
    return UsageError(
        f"{_short(tag)} is neither a time nor a header such as [ti:...]",
        "names of sections and notes are not sung: take them out, or write them as [#: ...]",
    )


def _short(text: str) -> str:
    """The beginning of a text, quoted, for a message that stays one line."""
    text = " ".join(text.split())
    return repr(text if len(text) <= 40 else text[:37] + "...")
