"""From request and seed to a song on paper: clock, key, form, chords, tune."""

from __future__ import annotations

import hashlib

from songkit.generate.contract import Request
from songkit.generate.sketch.decide import Decisions
from songkit.generate.sketch.form import SungLine, build_form, label_lines, line_slots
from songkit.generate.sketch.genres import GENRES, Genre
from songkit.generate.sketch.grid import Grid, fitting_tempos, whole_bar_tempo
from songkit.generate.sketch.harmony import choose_key, write_chords
from songkit.generate.sketch.melody import Tune
from songkit.generate.sketch.plan import Plan
from songkit.generate.sketch.style import Style


def subject_of(request: Request) -> str:
    """What the seeds of a request share, as a short hash."""
    lines = [] if request.lyrics is None else [f"{line.start_seconds:.3f} {line.text}" for line in request.lyrics.lines]
    text = "\n".join([request.style.lower().strip(), f"{request.seconds:.3f}", *lines])
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def sung_lines(request: Request) -> list[SungLine]:
    """The lines that fit into the song, labelled with their kind of section."""
    if request.lyrics is None:
        return []
    starts = [(line.start_seconds, line.text) for line in request.lyrics.lines]
    return label_lines(line_slots(starts, request.seconds))


def make_plan(request: Request, style: Style, lines: list[SungLine], seed: int) -> Plan:
    """All that is decided before a note is played."""
    decisions = Decisions(subject_of(request), seed)
    genre = style.genre
    grid = _clock(request.seconds, style, lines, decisions)
    minor = min(1.0, max(0.0, genre.minor + style.mood.minor))
    key = choose_key(decisions, minor, style.tonic, style.mode)
    energy = 0.5 * style.mood.energy + decisions.draw("density", -0.06, 0.06)
    sections = build_form(lines, grid, request.seconds, energy)
    family = _family(style, genre, decisions)
    chords = write_chords(sections, key, family, genre.sevenths, decisions)
    return Plan(style, decisions, grid, key, sections, chords, Tune(key, chords, grid, decisions), request.seconds)


def _clock(seconds: float, style: Style, lines: list[SungLine], decisions: Decisions) -> Grid:
    low, high = _tempo_range(style)
    if not lines:
        tempo = style.tempo_bpm or whole_bar_tempo(seconds, decisions.draw("tempo", low, high))
        return Grid(tempo, 0.0)
    starts = [line.start_seconds for line in lines]
    if style.tempo_bpm is not None:
        tempo = style.tempo_bpm
    elif len(starts) > 2:
        # Up to three tempos that fit nearly equally well: the seed's choice.
        tempo = decisions.pick("tempo", fitting_tempos(starts, low, high)[:3])
    else:
        tempo = round(decisions.draw("tempo", low, high), 2)
    return Grid(tempo, starts[0])


def _tempo_range(style: Style) -> tuple[float, float]:
    """The genre's range, narrowed to the half that the mood asks for."""
    low, high = style.genre.tempo_bpm
    room = high - low
    lean = style.mood.tempo
    return low + 0.5 * room * max(0.0, lean), high + 0.5 * room * min(0.0, lean)


def _family(style: Style, genre: Genre, decisions: Decisions) -> str:
    """Whose chords: those of the genre, or by turns those of the second one."""
    if style.second_genre:
        return decisions.pick("whose chords", (genre.progressions, GENRES[style.second_genre].progressions))
    return genre.progressions
