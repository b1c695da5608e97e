"""Times for a sheet that has none: each line gets as many bars as its syllables need, sections a gap between them.

    Grey light climbs the harbour wall        a line is sung
                                              an empty line: the next section, after a gap
    [Chorus]                                  the name of a section, alone in brackets: kept as a comment
    [ti:Harbour]                              a header: kept

A proposal keeps to the grid of the bars, so that it fits any song at its tempo; it does not know the tune.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

from songkit.errors import UsageError
from songkit.generate import lyrics as lyric_sheets
from songkit.generate.contract import MAX_SECONDS
from songkit.generate.lyrics import Line, count_syllables
from songkit.generate.sheet import lines_of, read_text
from songkit.units import clock

MIN_TEMPO_BPM, MAX_TEMPO_BPM = 30.0, 300.0

SHORTEST_SYLLABLE_SECONDS = 0.18
"""What is sung at ease; rap is faster. A syllable takes the shortest of the beat's halves that lasts at least this."""

BREATH_BEATS = 1.0
"""What a line leaves free before the next one."""

_HEADING = re.compile(r"[\[［【](?!\s*\d+\s*[:：]\s*\d)([^\[\]［］【】]+)[\]］】]")
_TIMED = re.compile(r"[\[［【]\s*\d+\s*[:：]\s*\d[^\[\]［］【】]*[\]］】]")


@dataclass(frozen=True, slots=True)
class Grid:
    """The bars that lines are put on."""

    tempo_bpm: float
    beats_per_bar: int = 4
    intro_bars: int = 4
    gap_bars: int = 2
    """Bars between sections, and after the last line."""

    def __post_init__(self) -> None:
        if not MIN_TEMPO_BPM <= self.tempo_bpm <= MAX_TEMPO_BPM:
            raise UsageError(
                f"{self.tempo_bpm:g} bpm: a tempo is {MIN_TEMPO_BPM:g} to {MAX_TEMPO_BPM:g} beats a minute"
            )
        if not 1 <= self.beats_per_bar <= 16:
            raise UsageError(f"{self.beats_per_bar} beats in a bar: 1 to 16 can be")
        if not (0 <= self.intro_bars <= 64 and 0 <= self.gap_bars <= 64):
            raise UsageError("an intro and a gap have 0 to 64 bars")

    @property
    def beat_seconds(self) -> float:
        return 60 / self.tempo_bpm

    def at(self, bar: int) -> float:
        """Seconds at the beginning of a bar, counted from 0."""
        return bar * self.beats_per_bar * self.beat_seconds

    def bars_for(self, syllables: int) -> int:
        """Bars for a line: 1, 2, 4, 8, ... as the syllables and a breath need."""
        halvings = max(0, math.floor(math.log2(self.beat_seconds / SHORTEST_SYLLABLE_SECONDS)))
        beats = syllables / 2**halvings + BREATH_BEATS
        return 1 << max(0, math.ceil(math.log2(beats / self.beats_per_bar)))


@dataclass(frozen=True, slots=True)
class TimedSheet:
    """A sheet with the times proposed for it."""

    grid: Grid
    lines: tuple[Line, ...]
    bars: int
    """Of the whole song, intro and ending included."""
    lrc: str
    """The sheet as LRC text, headers and names of sections kept."""
    notes: tuple[str, ...]
    """What the user should know, one line each."""

    @property
    def seconds(self) -> float:
        return self.grid.at(self.bars)


def propose_file(path: Path, grid: Grid) -> TimedSheet:
    """Times for the sheet in a file. Raises UsageError as `propose` does, and for a file that is not text."""
    return propose(read_text(path), str(path), grid)


def propose(text: str, where: str, grid: Grid) -> TimedSheet:
    """Times for a sheet without them; `where` names it in messages.

    Raises UsageError where a line has a time already, where there is nothing to sing, and for a line that could not
    be read back from the proposal.
    """
    written: list[str] = []
    lines: list[Line] = []
    notes: list[str] = []
    bar, gap = grid.intro_bars, 0
    for number, raw in lines_of(text, where):
        line = " ".join(raw.split())
        if not line:
            gap = grid.gap_bars if lines else 0
        elif heading := _HEADING.fullmatch(line):
            kept, note = _heading(heading[1].strip(), line)
            written += [kept] if kept else []
            notes += [f"line {number}: {line} {note}"] if note else []
        else:
            words = _words(line, f"{where}, line {number}")
            bar, gap = bar + gap, 0
            lines.append(Line(round(grid.at(bar), 2), words, number))
            written.append(_stamp(lines[-1]) + words)
            bar += grid.bars_for(count_syllables(words))
    if not lines:
        raise UsageError(f"{where} has no line to sing", "write one line of words for each sung line")
    bars = bar + grid.gap_bars
    if grid.at(bars) > MAX_SECONDS:
        notes.append(f"the song would last {clock(grid.at(bars))}: at most {clock(MAX_SECONDS)} can be made")
    return TimedSheet(grid, tuple(lines), bars, "\n".join(written) + "\n", tuple(notes))


def _heading(name: str, line: str) -> tuple[str, str]:
    """What is written for a line in brackets, and what to say of it; either may be empty."""
    try:
        tags = lyric_sheets.parse(f"{line}\n[0:00]la", "").tags
    except UsageError:
        return f"[#: {name}]", "is taken for the name of a section, which is not sung"
    return ("", "is left out: the times are new") if "offset" in tags else (line, "")


def _words(line: str, where: str) -> str:
    """The words of a line as they will be read from the proposal. Raises UsageError where they could not be."""
    if match := _TIMED.match(line):
        raise UsageError(f"{where}: {match[0]} is a time already", "songkit lyrics check shows when its lines are sung")
    try:
        (read,) = lyric_sheets.parse(f"[0:00]{line}", where).lines
    except UsageError as error:
        raise UsageError(f"{where}: {error.message.rpartition(', line 1: ')[2]}", error.hint) from None
    return read.text


def _stamp(line: Line) -> str:
    minutes, hundredths = divmod(round(line.start_seconds * 100), 6000)
    return f"[{minutes:02d}:{hundredths // 100:02d}.{hundredths % 100:02d}]"
