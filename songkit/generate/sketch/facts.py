"""What the generator knows of its song, as plain JSON values: the truth that measurements are compared with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from songkit.generate.contract import Request
from songkit.generate.sketch.form import SungLine
from songkit.generate.sketch.plan import Plan
from songkit.generate.sketch.style import Vocals
from songkit.generate.sketch.vocals import Syllable


def describe(
    plan: Plan, syllables: Sequence[Syllable], lines: Sequence[SungLine], request: Request, sung: bool, vocals: Vocals
) -> dict[str, Any]:
    """The facts of a take."""
    asked = 0 if request.lyrics is None else len(request.lyrics.lines)
    return {
        "generator": "sketch",
        "seconds": request.seconds,
        "tempo_bpm": plan.grid.tempo_bpm,
        "first_downbeat_seconds": round(plan.grid.origin_seconds, 4),
        "key": plan.key.name,
        "mode": plan.key.mode,
        "genre": plan.style.genre_name or "pop",
        "form": [
            {
                "kind": section.kind,
                "start_seconds": round(max(0.0, plan.grid.time(section.first_bar)), 4),
                "end_seconds": round(min(plan.seconds, plan.grid.time(section.last_bar + 1)), 4),
                "bars": section.bars,
            }
            for section in plan.sections
        ],
        "chords": [
            {"start_seconds": round(max(0.0, plan.grid.time(chord.bar, chord.step)), 4), "name": chord.name}
            for chord in plan.chords
        ],
        "lines": [{"start_seconds": line.start_seconds, "text": line.text, "section": line.kind} for line in lines],
        "lines_not_sung": asked - len(lines),
        "syllables": [
            {
                "line": syllable.line,
                "start_seconds": round(syllable.start_seconds, 4),
                "seconds": round(syllable.seconds, 4),
                "pitch": syllable.pitch,
            }
            for syllable in syllables
        ],
        "style_words_used": plan.style.used,
        "style_words_not_used": plan.style.unused,
        "voice": _voice(sung, vocals, bool(lines)),
    }


def _voice(sung: bool, vocals: Vocals, lines: bool) -> str:
    if sung:
        return f"robotic guide vocal, {vocals} register (espeak-ng, sung by WORLD)"
    return "none: the lead instrument plays the sung melody" if lines else "none: instrumental"
