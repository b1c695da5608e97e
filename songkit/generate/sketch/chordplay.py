"""Comping and pads: voicings that move as little as they can, played in the genre's figures."""

from __future__ import annotations

from itertools import pairwise, product

from songkit.generate.sketch.bass import nearest
from songkit.generate.sketch.form import Section
from songkit.generate.sketch.harmony import Chord
from songkit.generate.sketch.patterns import COMPING
from songkit.generate.sketch.plan import HUMAN_SECONDS, Plan
from songkit.generate.sketch.score import Note, Part
from songkit.generate.sketch.tones import PATCHES

SLOW_BPM = 80.0
"""Below, an ostinato goes in sixteenths."""
UNBROKEN = frozenset(("arpeggio", "picking", "alberti", "power", "gallop", "boom chick", "ostinato", "fast ostinato"))
"""Figures that quiet sections play whole."""

Figure = tuple[tuple[int, int, str, float], ...]


def voicings(chords: list[Chord], centre: float) -> list[list[int]]:
    """For each chord the pitches (low to high) that lie near `centre` and close to the chord before."""
    result: list[list[int]] = []
    for chord in chords:
        choices = [
            [pitch for pitch in range(round(centre) - 9, round(centre) + 10) if pitch % 12 == pitch_class]
            for pitch_class in chord.pitch_classes
        ]
        before = result[-1] if result else None
        candidates = [sorted(set(choice)) for choice in product(*choices)]
        result.append(min(candidates, key=lambda candidate: _effort(candidate, before, centre)))
    return result


def _effort(voicing: list[int], before: list[int] | None, centre: float) -> float:
    spread = voicing[-1] - voicing[0]
    cost = 0.5 * abs(sum(voicing) / len(voicing) - centre) + 0.6 * max(0, spread - 12) + 0.8 * max(0, 7 - spread)
    cost += sum(2.0 for low, high in pairwise(voicing) if high - low < 2)
    if before is not None:
        cost += 0.5 * sum(min(abs(pitch - old) for old in before) for pitch in voicing)
    return cost


def play_comping(plan: Plan) -> list[Part]:
    """One part an instrument: the first plays throughout, the second joins where the song is full."""
    patches = plan.style.comps[:2] or [plan.decisions.pick("comp sound", plan.genre.comps)]
    if len(patches) == 1 and plan.style.second_genre:
        patches = [*patches, plan.decisions.pick("second comp sound", plan.second.comps)]
    pattern = plan.decisions.pick("comp pattern", plan.second.comp_patterns)
    parts = [_comp(plan, patches[0], pattern, 0.30, 0.0, -0.18)]
    if len(patches) > 1 and patches[1] != patches[0]:
        other = "arpeggio" if pattern != "arpeggio" else "push"
        parts.append(_comp(plan, patches[1], other, 0.42, -2.0, 0.3))
    elif plan.genre.sparkle:
        parts.append(_sparkle(plan))
    if plan.genre.ostinato:
        figure = "ostinato" if plan.grid.tempo_bpm > SLOW_BPM else "fast ostinato"
        parts.append(_comp(plan, plan.genre.ostinato, figure, 0.0, 5.0, 0.3))
    return parts


def _comp(plan: Plan, patch: str, pattern: str, from_energy: float, level_db: float, pan: float) -> Part:
    part = Part(f"comp {patch}", patch, "harmony", level_db, pan)
    rng = plan.decisions.stream(f"comping {patch}")
    centre = plan.decisions.draw("comp register", 57.0, 62.0)
    voiced = dict(zip(plan.chords, voicings(plan.chords, centre), strict=True))
    strum = PATCHES[patch].strum_ms * 0.001
    for section in plan.sections:
        if section.energy < from_energy:
            continue
        for bar in range(section.first_bar, section.last_bar + 1):
            for step, steps, which, velocity in _figure(plan, section, pattern, bar):
                chord = plan.chord_in(bar, step)
                pitches = _voices(voiced[chord], chord, which)
                start = plan.when(bar, step) + float(rng.normal(0.0, HUMAN_SECONDS))
                # A figure's note may ring over the bar line only where the chord stays.
                end_step = min(step + steps, 16) if chord != plan.chord_in(bar, step + steps) else step + steps
                end = plan.ending_seconds if bar == plan.last_bar else plan.grid.time(bar, end_step)
                order = pitches if step % 4 == 0 else pitches[::-1]
                for index, pitch in enumerate(order):
                    at = max(0.0, start + index * strum)
                    force = velocity * (0.8 + 0.25 * section.energy) * (1.0 + float(rng.normal(0.0, 0.05)))
                    if start > -0.3 and end - at > 0.06:
                        part.notes.append(Note(at, end - at, pitch, max(0.1, min(1.0, force))))
    return part


def _figure(plan: Plan, section: Section, pattern: str, bar: int) -> Figure:
    if bar == plan.last_bar:
        return COMPING["held"]
    if section.kind in ("intro", "outro") and section.energy < 0.5 and plan.genre.drums_db < 1.0:
        return COMPING["broken"] if bar % 2 == 0 else COMPING["held"]
    figure = COMPING[pattern]
    if section.energy < 0.5 and pattern not in UNBROKEN:
        # Half of the strokes: those on the beats first.
        kept = tuple(row for row in figure if row[0] % 8 == 0 or row[0] % 8 == 6)
        return kept or figure
    return figure


def _voices(voicing: list[int], chord: Chord, which: str) -> list[int]:
    if which == "all":
        return voicing
    if which == "root":
        return [nearest(chord.root, voicing[0] - 5)]
    if which == "power":
        root = nearest(chord.root, 45)
        return [root, root + (chord.pitch_classes[2] - root) % 12, root + 12]
    return [voicing[int(digit) % len(voicing)] + 12 * (int(digit) // len(voicing)) for digit in which]


def _sparkle(plan: Plan) -> Part:
    """A high arpeggio that only the full sections have."""
    part = Part("sparkle", plan.decisions.pick("sparkle", ("pluck synth", "bell")), "harmony", -9.0, 0.45)
    voiced = dict(zip(plan.chords, voicings(plan.chords, 76.0), strict=True))
    turns = plan.decisions.pick("sparkle figure", ("02130213", "01210121", "20312031"))
    for section in plan.sections:
        if section.energy < 0.78:
            continue
        for bar in range(section.first_bar, min(section.last_bar, plan.last_bar - 1) + 1):
            for step in range(0, 16, 2):
                voicing = voiced[plan.chord_in(bar, step)]
                pitch = voicing[int(turns[step // 2]) % len(voicing)]
                at = plan.when(bar, step)
                if at >= 0.0:
                    part.notes.append(Note(at, 1.6 * plan.grid.step_seconds, pitch, 0.7 if step % 4 == 0 else 0.5))
    return part


def play_pads(plan: Plan) -> list[Part]:
    """Held chords under everything; a second pad instrument joins in full sections."""
    patches = plan.style.pads[:2] or [plan.decisions.pick("pad sound", plan.genre.pads)]
    centre = plan.decisions.draw("pad register", 60.0, 65.0)
    parts = [_pad(plan, patches[0], centre, 0.0, -3.0 + plan.genre.pads_db)]
    if len(patches) > 1:
        parts.append(_pad(plan, patches[1], centre + 5.0, 0.55, -4.0))
    return parts


def _pad(plan: Plan, patch: str, centre: float, from_energy: float, level_db: float) -> Part:
    """Held voicings; under every chord that holds the tonic the tonic is held below, so that the key stands."""
    part = Part(f"pad {patch}", patch, "harmony", level_db)
    for chord, voicing in zip(plan.chords, voicings(plan.chords, centre), strict=True):
        section = plan.section_of(chord.bar)
        start = max(0.0, plan.grid.time(chord.bar, chord.step))
        end = plan.ending_seconds if chord.bar == plan.last_bar else plan.grid.time(chord.bar, chord.step + chord.steps)
        # The first bar always has its pad: a song never begins with silence.
        if section.energy < from_energy and chord.bar != plan.sections[0].first_bar:
            continue
        home = [nearest(plan.key.tonic, centre - 12.0)] if plan.key.tonic in chord.pitch_classes else []
        velocity = 0.5 + 0.35 * section.energy
        part.notes += [Note(start, end - start, pitch, velocity) for pitch in (*home, *voicing) if end > start]
    return part
