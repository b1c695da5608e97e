"""The hook that returns, and the lead instrument that plays it: intro, interludes, solo, the gaps of the chorus."""

from __future__ import annotations

from collections.abc import Sequence

from songkit.generate.sketch.form import Section
from songkit.generate.sketch.melody import CONTOURS, Phrase, Slot
from songkit.generate.sketch.patterns import HOOKS
from songkit.generate.sketch.plan import Plan
from songkit.generate.sketch.score import Note, Part, cut_overlaps
from songkit.generate.sketch.vocals import Syllable

LOW, HIGH = 62, 86
HOOK_BARS = 2


def play_leads(plan: Plan, sung: Sequence[Syllable], sung_by_lead: bool) -> list[Part]:
    """The lead parts. Where nobody sings, the lead plays the sung melody (or its own, without lyrics)."""
    patches = plan.style.leads or [plan.decisions.pick("lead sound", plan.genre.leads)]
    if len(patches) == 1 and plan.style.second_genre and not plan.style.leads:
        patches = [*patches, plan.decisions.pick("second lead sound", plan.second.leads)]
    parts = [Part(f"lead {patch}", patch, "lead", pan=0.15 * (-1) ** index) for index, patch in enumerate(patches)]
    busy = [(syllable.start_seconds, syllable.start_seconds + syllable.seconds) for syllable in sung]
    hook = _Hook(plan)
    for number, section in enumerate(plan.sections):
        part = parts[number % len(parts)]
        if section.kind in ("intro", "interlude", "solo", "outro") or not busy:
            part.notes += hook.over(section, 0.85)
        elif section.kind == "chorus" and not sung_by_lead:
            part.notes += [note for note in hook.over(section, 0.6) if not _sounds(busy, note)]
    if sung_by_lead:
        parts[0].notes += [
            Note(syllable.start_seconds, 0.94 * syllable.seconds, syllable.pitch + 12, 0.85) for syllable in sung
        ]
    for part in parts:
        part.notes = cut_overlaps(part.notes)
    return [part for part in parts if part.notes]


def _sounds(busy: list[tuple[float, float]], note: Note) -> bool:
    return any(start - 0.12 < note.end_seconds and note.start_seconds < end + 0.12 for start, end in busy)


class _Hook:
    """A two-bar figure; it keeps rhythm and contour over every chord, and answers itself in the second half."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        names = list(CONTOURS)
        self.rhythm = plan.decisions.pick("hook rhythm", HOOKS)
        self.verse_rhythm = plan.decisions.pick("verse rhythm", HOOKS[::-1])
        self.contours = [plan.decisions.pick(f"hook contour {half}", names) for half in "ab"]
        centre = plan.decisions.draw("hook register", 69.0, 75.0) + plan.style.mood.register
        self.centre = max(LOW + 5.0, min(HIGH - 7.0, centre))

    def over(self, section: Section, velocity: float) -> list[Note]:
        """The hook from the section's first bar to its end, in phrases of two bars."""
        notes: list[Note] = []
        plan = self.plan
        plain = section.kind in ("verse", "bridge")
        for phrase_bar in range(section.first_bar, section.last_bar + 1, HOOK_BARS):
            half = (phrase_bar - section.first_bar) // HOOK_BARS % 2
            if section.kind == "outro" and phrase_bar - section.first_bar >= 4:
                break
            slots = self._slots(self.verse_rhythm if plain else self.rhythm, phrase_bar, section)
            if len(slots) < 2:
                continue
            height = self.centre + (-4.0 if plain else 2.0 if section.kind in ("chorus", "solo") else 0.0)
            phrase = Phrase(self.contours[half], height, 4.0, closes=half == 1)
            pitches = plan.tune.fit(f"hook {plain} {half}", slots, phrase, LOW, HIGH, plan.key.pentatonic)
            notes += [
                Note(slot.start_seconds, slot.seconds, pitch, velocity * (0.85 + 0.15 * slot.weight))
                for slot, pitch in zip(slots, pitches, strict=True)
            ]
        return notes

    def _slots(self, rhythm: tuple[tuple[int, int], ...], bar: int, section: Section) -> list[Slot]:
        plan = self.plan
        length = 1.0 + plan.style.mood.legato
        slots = []
        for step, steps in rhythm:
            start = plan.when(bar + step // 16, step % 16)
            end = start + 0.92 * length * steps * plan.grid.step_seconds
            inside = bar + step // 16 <= min(section.last_bar, plan.last_bar - 1)
            if start >= 0.0 and inside and start < plan.ending_seconds - 0.4:
                weight = 1.0 if step % 8 == 0 or steps >= 6 else 0.5
                slots.append(Slot(start, min(end, plan.ending_seconds) - start, weight))
        return slots
