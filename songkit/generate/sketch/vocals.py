"""The sung line: when each syllable starts and which pitch it takes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from songkit.generate.sketch.decide import Decisions
from songkit.generate.sketch.form import Kind, SungLine
from songkit.generate.sketch.grid import Grid
from songkit.generate.sketch.melody import CONTOURS, Phrase, Slot, Tune
from songkit.generate.sketch.style import Vocals

# Range and centre of the voice in MIDI pitches. The source speaks at F3 (180 Hz).
RANGES: dict[Vocals, tuple[int, int, int]] = {"male": (48, 69, 57), "female": (55, 76, 65)}

# How far the centre of each section lies from the voice's centre, in semitones.
LIFT: dict[Kind, float] = {"verse": -2.5, "prechorus": 0.5, "chorus": 4.0, "bridge": 1.0}

HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")


@dataclass(frozen=True, slots=True)
class Syllable:
    """A sung syllable: line of the sheet (0-based), start and length in seconds, MIDI pitch, stress."""

    line: int
    start_seconds: float
    seconds: float
    pitch: int
    stressed: bool


def estimate_stresses(text: str) -> list[bool]:
    """One entry per syllable, True where stressed; for lines that are played and not sung."""
    han = len(HAN.findall(text))
    if han:
        return [True] * han
    stresses: list[bool] = []
    for word in re.findall(r"[^\W\d_]+", text.lower()):
        nuclei = max(1, len(re.findall(r"[aeiouyà-ÿ]+", re.sub(r"(?<=[^aeiouy])e(?:s|d)?$", "", word))))
        stresses += [index == 0 and (nuclei > 1 or len(word) > 3) for index in range(nuclei)]
    return stresses or [True]


def compose_vocals(
    lines: Sequence[SungLine],
    stresses: Sequence[Sequence[bool]],
    grid: Grid,
    tune: Tune,
    decisions: Decisions,
    vocals: Vocals,
    register: int,
) -> list[Syllable]:
    """All syllables of the song; a line that returns in the same kind of section keeps its tune."""
    low, high, centre = RANGES[vocals]
    names = list(CONTOURS)
    known: dict[tuple[str, str], list[int]] = {}
    syllables: list[Syllable] = []
    position = 0
    for number, line in enumerate(lines):
        position = 0 if number == 0 or line.kind != lines[number - 1].kind else position + 1
        slots = place_syllables(line, stresses[number], grid)
        letter = "ABAC"[position % 4]
        shape = decisions.pick(f"contour {line.kind} {letter}", names)
        height = centre + LIFT.get(line.kind, 0.0) + max(-3, min(3, register))
        phrase = Phrase(shape, height, 4.0, closes=letter == "C" or (line.kind == "chorus" and position % 2 == 1))
        key = (line.kind, re.sub(r"\W+", " ", line.text.lower()))
        pitches = known.get(key)
        if pitches is None or len(pitches) != len(slots):
            pitches = tune.fit(f"{line.kind} {letter}", slots, phrase, low, high, tune.key.pitch_classes)
            known[key] = pitches
        syllables += [
            Syllable(line.index, slot.start_seconds, slot.seconds, pitch, stressed)
            for slot, pitch, stressed in zip(slots, pitches, stresses[number], strict=True)
        ]
    return syllables


def place_syllables(line: SungLine, stresses: Sequence[bool], grid: Grid) -> list[Slot]:
    """The first syllable starts with the line, the others on the grid; stressed ones get room, the last is held."""
    count = len(stresses)
    room = 0.9 * line.slot_seconds / grid.step_seconds
    # The last syllable keeps at least two steps; nobody sings slower than a dotted quarter a syllable.
    span = min(room - 2.0, 5.0 * (count - 1)) if count > 1 else 0.0
    weights = [1.3 if stressed else 0.85 for stressed in stresses[:-1]]
    first = grid.step_at(line.start_seconds)
    unit = 2 if span >= 2.2 * (count - 1) else 1
    crowded = span < 1.05 * (count - 1)
    places = [first]
    passed = 0.0
    for weight in weights:
        passed += weight
        ideal = first + max(span, 0.55 * room) * passed / sum(weights)
        # Words that do not fit on sixteenths are spoken evenly, off the grid.
        placed = ideal if crowded else max(round(ideal / unit) * unit, places[-1] + 0.75)
        if not crowded and placed < places[-1] + 0.9:
            placed = float(round(places[-1] + 1.0))
        places.append(placed)
    hold = max(1.0, min(first + room - places[-1], 10.0))
    ends = [*places[1:], places[-1] + hold]
    origin = grid.origin_seconds
    return [
        Slot(
            origin + start * grid.step_seconds,
            (end - start) * grid.step_seconds,
            1.0 if stressed or end - start >= 4 else 0.35 if round(start) % 4 else 0.7,
        )
        for start, end, stressed in zip(places, ends, stresses, strict=True)
    ]
