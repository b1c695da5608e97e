"""Backing voices: in choruses a second singer follows a third or so away, inside the chord, to both sides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from songkit.generate.sketch.plan import Plan
from songkit.generate.sketch.singing import Manner, sing
from songkit.generate.sketch.speech import VoiceSource
from songkit.generate.sketch.vocals import Syllable
from songkit.generate.sketch.voices import SAMPLE_RATE, Wave

LEVEL = 0.32
LEFT_DELAY_SECONDS, RIGHT_DELAY_SECONDS = 0.012, 0.021


def add_backing(out: Wave, syllables: Sequence[Syllable], plan: Plan, source: VoiceSource, manner: Manner) -> None:
    """Adds the backing voice to `out`, `(2, frames)`; nothing where there is no full chorus."""
    first = {syllable.line: syllable for syllable in reversed(syllables)}
    lines = {line for line, syllable in first.items() if _wants_backing(plan, syllable)}
    chosen = [syllable for syllable in syllables if syllable.line in lines]
    if not chosen:
        return
    above = plan.decisions.pick("backing", (True, False))
    pitches = {place: harmony_pitch(plan, syllable, above) for place, syllable in enumerate(chosen)}
    dry = sing(chosen, source, manner, out.shape[1], pitches)
    for side, (delay, share) in enumerate(((LEFT_DELAY_SECONDS, 1.0), (RIGHT_DELAY_SECONDS, 0.75))):
        late = round(delay * SAMPLE_RATE)
        out[side, late:] += np.float32(LEVEL * share) * dry[:-late]


def _wants_backing(plan: Plan, syllable: Syllable) -> bool:
    """Whether a line that begins with this syllable lies in a full chorus."""
    section = plan.section_of(plan.grid.bar_at(syllable.start_seconds + 0.3 * plan.grid.bar_seconds))
    return section.kind == "chorus" and (section.turn > 0 or section.energy > 0.85)


def harmony_pitch(plan: Plan, syllable: Syllable, above: bool) -> int:
    """The nearest tone of the chord, else of the key, three to five semitones away from the sung one."""
    chord = plan.tune.chord_at(syllable.start_seconds)
    distances = (4, 3, 5) if above else (-3, -4, -5)
    for classes in (frozenset(chord.pitch_classes), plan.key.pitch_classes):
        for distance in distances:
            if (syllable.pitch + distance) % 12 in classes:
                return syllable.pitch + distance
    return syllable.pitch
