"""The song's form from its lyrics: repeats are choruses, gaps are interludes, before and after lie intro and outro."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Literal

from songkit.generate.sketch.grid import Grid

Kind = Literal["intro", "verse", "prechorus", "chorus", "bridge", "interlude", "solo", "outro"]

# How full the arrangement is, 0 to 1, before mood, seed and place in the song move it.
ENERGY: dict[Kind, float] = {
    "intro": 0.35, "verse": 0.45, "prechorus": 0.62, "chorus": 0.9, "bridge": 0.5, "interlude": 0.6, "solo": 0.8,
    "outro": 0.4,
}  # fmt: skip

SHORTEST_SUNG_SECONDS = 1.2
LONG_REPEAT = 9
"""Lines in a row that return and are more than one chorus."""


@dataclass(frozen=True, slots=True)
class SungLine:
    """A line of the sheet and the time it has: until the next line, or as long as its neighbours."""

    index: int
    text: str
    start_seconds: float
    slot_seconds: float
    kind: Kind = "verse"


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the song in whole bars (the first may begin before time 0); `turn` counts its kind from 0."""

    kind: Kind
    turn: int
    first_bar: int
    bars: int
    energy: float

    @property
    def last_bar(self) -> int:
        return self.first_bar + self.bars - 1


def line_slots(starts: list[tuple[float, str]], seconds: float) -> list[SungLine]:
    """Lines that begin early enough to be sung, with their slots."""
    kept = [(start, text) for start, text in starts if start <= seconds - SHORTEST_SUNG_SECONDS]
    gaps = sorted(following[0] - line[0] for line, following in pairwise(kept))
    typical = gaps[len(gaps) // 2] if gaps else 4.0
    lines = []
    for index, (start, text) in enumerate(kept):
        until = kept[index + 1][0] if index + 1 < len(kept) else seconds - 0.5
        # The line before a gap does not fill the gap.
        slot = until - start if until - start <= 1.5 * typical else 1.1 * typical
        lines.append(SungLine(index, text, start, slot))
    return lines


def label_lines(lines: list[SungLine]) -> list[SungLine]:
    """The lines with the kind of section they belong to."""
    blocks = _blocks(lines)
    times = Counter(_plain(line.text) for line in lines)
    kinds: list[Kind] = []
    if max(times.values(), default=0) >= 2:
        for block in blocks:
            kinds += _kinds_by_repeats([times[_plain(line.text)] >= 2 for line in block])
    else:
        kinds = _kinds_by_stanzas([len(block) for block in blocks])
    return [
        SungLine(line.index, line.text, line.start_seconds, line.slot_seconds, kind)
        for line, kind in zip(lines, kinds, strict=True)
    ]


def build_form(lines: list[SungLine], grid: Grid, seconds: float, energy_shift: float) -> list[Section]:
    """Sections in order, from the bar that holds time 0 to the bar of the last chord."""
    first = math.floor(-grid.origin_seconds / grid.bar_seconds + 1e-6)
    last = last_bar(grid, seconds)
    plan: list[tuple[Kind, int]] = []
    if not lines:
        plan = _instrumental_plan(first, last)
    else:
        sung_from = grid.bar_at(lines[0].start_seconds + 0.2 * grid.bar_seconds)
        plan = _filled("intro", first, sung_from)
        for index, line in enumerate(lines):
            bar = grid.bar_at(line.start_seconds + 0.3 * grid.bar_seconds)
            if index == 0 or line.kind != lines[index - 1].kind or _after_gap(lines, index):
                plan.append((line.kind, bar))
            ends = grid.bar_at(line.start_seconds + line.slot_seconds + 0.6 * grid.bar_seconds)
            following = grid.bar_at(lines[index + 1].start_seconds) if index + 1 < len(lines) else None
            if following is not None and following - ends >= 2:
                plan += _filled("interlude", ends, following)
            elif following is None and ends <= last:
                plan += _filled("outro", ends, last + 1)
    return _sections(plan, last, energy_shift)


def last_bar(grid: Grid, seconds: float) -> int:
    """The bar of the last chord: the last one that leaves it 1.6 seconds to ring."""
    return grid.bar_at(seconds - 1.6)


def _plain(text: str) -> str:
    return re.sub(r"\W+", " ", text.lower()).strip()


def _after_gap(lines: list[SungLine], index: int) -> bool:
    before = lines[index - 1]
    return lines[index].start_seconds - before.start_seconds > 1.4 * before.slot_seconds


def _blocks(lines: list[SungLine]) -> list[list[SungLine]]:
    blocks: list[list[SungLine]] = []
    for index, line in enumerate(lines):
        if index == 0 or _after_gap(lines, index):
            blocks.append([])
        blocks[-1].append(line)
    return blocks


def _kinds_by_repeats(repeated: list[bool]) -> list[Kind]:
    """Kinds of a block's lines: repeats are choruses; what leads into one lifts towards it."""
    for index, again in enumerate(repeated):
        # A single line that differs from both neighbours belongs to them.
        neighbours = repeated[max(0, index - 1) : index] + repeated[index + 1 : index + 2]
        if len(neighbours) and all(other != again for other in neighbours):
            repeated[index] = not again
    kinds: list[Kind] = []
    runs = [(again, len(list(run))) for again, run in groupby(repeated)]
    for number, (again, size) in enumerate(runs):
        leads = not again and number + 1 < len(runs) and runs[number + 1][1] < LONG_REPEAT
        lift = min(4, size // 2) if leads and size >= 6 else 0
        if not again:
            head, tail = size - lift, lift
        else:  # what returns as a whole is prechorus and chorus
            head, tail = (size // 2, size - size // 2) if size >= LONG_REPEAT else (0, size)
        first: Kind = "verse" if not again else "prechorus"
        then: Kind = "prechorus" if not again else "chorus"
        kinds += [first] * head + [then] * tail
    return kinds


def _kinds_by_stanzas(sizes: list[int]) -> list[Kind]:
    """Without repeats: stanzas of about four lines, every second one (and the last) takes the part of the chorus."""
    stanzas: list[int] = []
    for size in sizes:
        count = max(1, round(size / 4))
        stanzas += [size // count + (1 if part < size % count else 0) for part in range(count)]
    if len(stanzas) == 1 and stanzas[0] > 2:
        stanzas = [stanzas[0] // 2, stanzas[0] - stanzas[0] // 2]
    kinds: list[Kind] = []
    for index, size in enumerate(stanzas):
        chorus = index % 2 == 1 if len(stanzas) % 2 == 0 else index in (len(stanzas) - 1, 2 * (len(stanzas) // 4))
        kinds += ["chorus" if chorus and len(stanzas) > 1 else "verse"] * size
    return kinds


def _filled(kind: Kind, first: int, until: int) -> list[tuple[Kind, int]]:
    """Bars without words: up to eight are one section; longer stretches get a solo of eight bars or more."""
    bars = until - first
    if bars <= 0:
        return []
    if bars <= 9:
        return [(kind, first)]
    if kind == "intro":
        return [("intro", first), ("interlude", until - 8)]
    if kind == "outro":
        tail = 4 if bars <= 20 else 8
        turns: list[Kind] = ["solo", "interlude"]
        return [
            *((turns[index % 2], bar) for index, bar in enumerate(range(first, until - tail - 3, 8))),
            ("outro", until - tail),
        ]
    return [("interlude", first), ("solo", first + max(4, bars - 8))]


def _instrumental_plan(first: int, last: int) -> list[tuple[Kind, int]]:
    """Four-bar blocks: intro, then verse and chorus in turn, bridge before the last chorus, outro."""
    bars = last + 1 - first
    if bars < 6:
        return [("verse", first), ("chorus", first + max(1, bars // 2))]
    size = 4 if bars < 40 else 8
    intro = 2 if bars < 16 else 4
    outro = 2 if bars < 24 else 4
    middle = max(2, round((bars - intro - outro) / size))
    order: tuple[Kind, ...] = ("verse", "chorus")
    kinds: list[Kind] = [order[index % 2] for index in range(middle)]
    kinds[-1] = "chorus"
    if middle >= 6:
        kinds[-2] = "bridge"
    plan: list[tuple[Kind, int]] = [("intro", first)]
    starts = [first + intro + size * index for index in range(middle)]
    plan += list(zip(kinds, starts, strict=True))
    plan.append(("outro", max(starts[-1] + 2, last + 1 - outro)))
    return plan


def _sections(plan: list[tuple[Kind, int]], last: int, energy_shift: float) -> list[Section]:
    bounds = [(kind, bar) for kind, bar in plan if bar <= last]
    sections: list[Section] = []
    turns: Counter[Kind] = Counter()
    for index, (kind, bar) in enumerate(bounds):
        until = bounds[index + 1][1] if index + 1 < len(bounds) else last + 1
        if until <= bar:
            continue
        turn = turns[kind]
        turns[kind] += 1
        energy = ENERGY[kind] + energy_shift + min(0.1, 0.06 * turn)
        sections.append(Section(kind, turn, bar, until - bar, max(0.1, min(1.0, energy))))
    return sections
