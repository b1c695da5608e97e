"""The bass player: a pattern of the genre over the roots, led towards the next chord."""

from __future__ import annotations

from songkit.generate.sketch.form import Section
from songkit.generate.sketch.patterns import BASS
from songkit.generate.sketch.plan import HUMAN_SECONDS, Plan
from songkit.generate.sketch.score import Note, Part, cut_overlaps

LOWEST, HIGHEST = 28, 45


def play_bass(plan: Plan) -> Part:
    """The bass of the whole song, one note at a time."""
    patch = plan.decisions.pick("bass sound", plan.style.basses or plan.genre.basses)
    pattern = BASS[plan.decisions.pick("bass pattern", plan.genre.bass_patterns)]
    part = Part("bass", patch, "bass", 2.0 if plan.style.loud_bass else 0.0)
    rng = plan.decisions.stream("bassist")
    # The seed's own register, so that the same root is not always the same note.
    middle = plan.decisions.draw("bass register", 33.0, 37.0)
    for section in plan.sections:
        if section.kind == "intro" and section.energy < 0.45 and section.bars > 2:
            continue
        for bar in range(section.first_bar, section.last_bar + 1):
            figure = _figure(plan, section, pattern, bar)
            for step, steps, what in figure:
                start = plan.when(bar, step) + float(rng.normal(0.0, HUMAN_SECONDS))
                end = plan.ending_seconds if bar == plan.last_bar else plan.grid.time(bar, step + steps) - 0.02
                if start < -0.02 or end - start < 0.05:
                    continue
                pitch = _pitch(plan, bar, step, what, middle)
                # The fifth answers the root and does not compete with it.
                force = 0.66 if what == "5" else 0.9 if step % 8 == 0 else 0.76
                velocity = force + float(rng.normal(0.0, 0.03))
                part.notes.append(Note(max(0.0, start), end - start, pitch, min(1.0, velocity)))
    part.notes = cut_overlaps(part.notes)
    return part


def play_timpani(plan: Plan) -> Part:
    """Strokes on tonic and dominant where sections begin, and on every downbeat of the full ones."""
    part = Part("timpani", "timpani", "drums", -4.0, 0.15)
    known = (plan.key.tonic, plan.key.pitch_class(5))
    for section in plan.sections:
        for bar in range(section.first_bar, section.last_bar + 1):
            root = plan.chord_in(bar, 0).root
            accent = bar in (section.first_bar, plan.last_bar)
            if root in known and (accent or section.energy > 0.75) and plan.when(bar, 0) >= 0.0:
                pitch = nearest(root, 45.0)
                part.notes.append(Note(plan.when(bar, 0), 4.0 * plan.grid.step_seconds, pitch, 0.95 if accent else 0.6))
    return part


def _figure(
    plan: Plan, section: Section, pattern: tuple[tuple[int, int, str], ...], bar: int
) -> tuple[tuple[int, int, str], ...]:
    if bar == plan.last_bar:
        return ((0, 16, "R"),)
    if section.energy < 0.42:
        return ((0, 14, "R"),)
    # Two chords in a bar: both roots must be heard.
    if plan.chord_in(bar, 0) != plan.chord_in(bar, 8) and not any(
        step == 8 and what == "R" for step, _, what in pattern
    ):
        kept = tuple(row for row in pattern if row[0] != 8)
        return (*kept, (8, 4, "R"))
    return pattern


def _pitch(plan: Plan, bar: int, step: int, what: str, middle: float) -> int:
    chord = plan.chord_in(bar, step)
    root = nearest(chord.root, middle)
    if what == "5" and chord.root == plan.key.pitch_class(5):
        return root  # the dominant's own fifth would lead away from the key
    if what == "5":
        fifth = chord.pitch_classes[2]
        return root + (fifth - root) % 12 if root + 7 <= HIGHEST else root - (root - fifth) % 12
    if what == "O":
        return root + 12
    if what == "3":
        return root + (chord.pitch_classes[1] - root) % 12
    if what == "A":
        following = nearest(plan.chord_in(bar + 1, 0).root, middle)
        if bar + 1 > plan.last_bar or following == root:
            return root
        below = [pitch for pitch in range(following - 4, following) if pitch % 12 in plan.key.pitch_classes]
        above = [pitch for pitch in range(following + 1, following + 5) if pitch % 12 in plan.key.pitch_classes]
        return below[-1] if root <= following else above[0]
    return root


def nearest(pitch_class: int, middle: float) -> int:
    """The MIDI pitch of a pitch class closest to `middle`."""
    return min((pitch for pitch in range(12, 108) if pitch % 12 == pitch_class), key=lambda pitch: abs(pitch - middle))
