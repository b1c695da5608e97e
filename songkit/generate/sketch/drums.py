"""The drummer: grooves by energy, fills before new sections, crashes where they begin, hands that are not machines."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from songkit.generate.sketch.form import Section
from songkit.generate.sketch.patterns import FILLS, GROOVES, LIGHT
from songkit.generate.sketch.plan import HUMAN_SECONDS, Plan
from songkit.generate.sketch.score import Hit

VELOCITY = {"x": 0.95, "o": 0.68, "g": 0.38}
CONGAS = {"conga high": "..o...x...o.x..g", "conga low": "o.......x.g...o.", "shaker": "x.g.o.g.x.g.o.g."}
RISER_SECONDS = 2.0


def play_drums(plan: Plan) -> list[Hit]:
    """All hits of the song in order of time."""
    groove = _groove(plan)
    fills = plan.decisions.stream("fills")
    hits: list[Hit] = []
    for index, section in enumerate(plan.sections):
        ends_song = index == len(plan.sections) - 1
        following = None if ends_song else plan.sections[index + 1]
        for bar in range(section.first_bar, section.last_bar + 1):
            if bar == plan.last_bar:
                hits += _final_stroke(plan, bar)
            elif groove:
                hits += _bar(plan, groove, section, bar)
            if plan.style.percussion and bar != plan.last_bar:
                hits += _strokes(plan, CONGAS, bar, 0.7 + 0.3 * section.energy)
        if groove and following is not None:
            hits = _with_fill(plan, hits, section, following, int(fills.integers(len(FILLS))))
        if groove and _weight(plan, section) >= 0.75:
            hits.append(Hit(plan.when(section.first_bar, 0), "crash", 0.9))
    return _humanised(plan, hits)


def _groove(plan: Plan) -> dict[str, str]:
    name = plan.decisions.pick("groove", plan.genre.grooves)
    if name == "none" and plan.style.drums:
        name = "ballad"
    return GROOVES[name]


def _weight(plan: Plan, section: Section) -> float:
    """A section's energy as the drummer feels it: loud genres play full kits earlier."""
    return section.energy + (0.12 if plan.genre.drums_db >= 1.0 or plan.style.drums else 0.0)


def _bar(plan: Plan, groove: dict[str, str], section: Section, bar: int) -> list[Hit]:
    energy = _weight(plan, section)
    drums = dict(groove)
    if energy < 0.42:
        drums = {drum: steps for drum, steps in groove.items() if drum in LIGHT}
    elif energy < 0.56 and "rim" not in drums:
        drums = {{"snare": "rim", "clap": "rim"}.get(drum, drum): steps for drum, steps in groove.items()}
    elif energy > 0.85 and "hat" in drums and "open" not in drums:
        drums["open"] = "..............o."
    return _strokes(plan, drums, bar, 0.72 + 0.28 * min(1.0, energy))


def _strokes(plan: Plan, drums: dict[str, str], bar: int, force: float) -> list[Hit]:
    return [
        Hit(plan.when(bar, step), drum, VELOCITY[mark] * force)
        for drum, steps in drums.items()
        for step, mark in enumerate(steps)
        if mark != "."
    ]


def _with_fill(plan: Plan, hits: list[Hit], section: Section, following: Section, choice: int) -> list[Hit]:
    """The hits with the section's last bar ending in a fill, and a riser into a chorus."""
    bar = section.last_bar
    if following.kind == "chorus" and plan.genre.sparkle:
        hits.append(Hit(plan.when(bar + 1, 0) - RISER_SECONDS, "riser", 0.8))
    rising = following.energy - section.energy
    if rising < 0.1 or section.bars < 2:
        return hits
    start = plan.grid.time(bar, 8 if rising > 0.2 else 12) - 0.02
    end = plan.grid.time(bar + 1) - 0.02
    kept = [hit for hit in hits if not (start <= hit.start_seconds < end and hit.drum not in ("riser", "kick"))]
    fill = _strokes(plan, FILLS[choice], bar, 0.75)
    return kept + [hit for hit in fill if hit.start_seconds >= start]


def _final_stroke(plan: Plan, bar: int) -> list[Hit]:
    if plan.decisions.pick("groove", plan.genre.grooves) == "none" and not plan.style.drums:
        return []
    return [Hit(plan.when(bar, 0), drum, velocity) for drum, velocity in (("kick", 0.9), ("crash", 0.8))]


def _humanised(plan: Plan, hits: list[Hit]) -> list[Hit]:
    rng = plan.decisions.stream("drummer")
    ordered = sorted((hit for hit in hits if hit.start_seconds >= -0.01), key=lambda hit: hit.start_seconds)
    late = np.clip(rng.standard_normal(len(ordered)), -2.5, 2.5) * HUMAN_SECONDS
    force = 1.0 + 0.07 * np.clip(rng.standard_normal(len(ordered)), -2.0, 2.0)
    return [
        replace(
            hit,
            start_seconds=max(0.0, hit.start_seconds + float(late[index])),
            velocity=min(1.0, hit.velocity * float(force[index])),
        )
        for index, hit in enumerate(ordered)
        if hit.start_seconds < plan.seconds - 0.3
    ]
