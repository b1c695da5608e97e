"""The composer's rules: seeds, style words, form, tempo, chords, melody."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from songkit.generate.contract import MAX_SEED, Request
from songkit.generate.lyrics import Line, Lyrics
from songkit.generate.sketch.bass import play_bass
from songkit.generate.sketch.chordplay import play_comping, play_pads
from songkit.generate.sketch.compose import make_plan, sung_lines
from songkit.generate.sketch.decide import Decisions
from songkit.generate.sketch.drums import play_drums
from songkit.generate.sketch.finish import sliding_minimum
from songkit.generate.sketch.form import label_lines, line_slots
from songkit.generate.sketch.genres import GENRES
from songkit.generate.sketch.grid import Grid, fitting_tempos
from songkit.generate.sketch.leads import play_leads
from songkit.generate.sketch.midi import PROGRAMS, midi_file
from songkit.generate.sketch.patterns import BASS, COMPING, GROOVES
from songkit.generate.sketch.plan import Plan
from songkit.generate.sketch.style import parse_style
from songkit.generate.sketch.tones import PATCHES, harmonic_amplitudes
from songkit.generate.sketch.vocals import estimate_stresses
from songkit.generate.sketch.words import INSTRUMENTS, MOODS, Mood

# The words that DiffRhythm's own style list knows.
GENRE_WORDS = [
    "Pop",
    "Rock",
    "Electronic",
    "Blues",
    "R&B",
    "Jazz",
    "Soul",
    "Country",
    "Folk",
    "Dance",
    "Rap",
    "Classical",
    "Hip-Hop",
    "Chinese",
    "House",
    "Punk",
    "Metal",
    "Funk",
    "Reggae",
    "Disco",
]
MOOD_WORDS = [
    "Romantic",
    "Nostalgic",
    "Heartfelt",
    "Happy",
    "Melancholic",
    "Love",
    "Upbeat",
    "Energetic",
    "Uplifting",
    "Carefree",
    "Fun",
    "Emotional",
    "Heartbroken",
    "Reflective",
    "Mellow",
    "Hopeful",
    "Relaxed",
    "Passionate",
    "Aggressive",
]
INSTRUMENT_WORDS = [
    "Piano",
    "Electric Guitar",
    "Drums",
    "Synthesizer",
    "Bass",
    "Strings",
    "Bass Guitar",
    "Acoustic Guitar",
    "Guitar",
    "Trumpet",
    "Saxophone",
    "Violin",
    "Organ",
    "Percussion",
    "Vocal Sample",
    "Flute",
    "Harmonica",
    "Banjo",
    "Electric Bass",
    "Cello",
]


def plan_of(style: str, seed: int = 0, seconds: float = 60.0, lyrics: Lyrics | None = None) -> Plan:
    request = Request(seconds, style, lyrics)
    return make_plan(request, parse_style(style), sung_lines(request), seed)


def lyrics_of(*lines: tuple[float, str]) -> Lyrics:
    return Lyrics(tuple(Line(start, text, number) for number, (start, text) in enumerate(lines, 1)))


def test_importing_the_generator_is_light() -> None:
    code = (
        "import sys, songkit.generate.sketch; "
        "print([m for m in ('numpy.fft', 'scipy', 'pedalboard', 'pyworld', 'numba', 'soundfile') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "scipy" not in found
    assert "pedalboard" not in found
    assert "pyworld" not in found
    assert "numba" not in found


def test_consecutive_seeds_take_every_option_once() -> None:
    for first in (0, 5, MAX_SEED - 11):
        assert sorted(Decisions("subject", first + step).pick("key", range(12)) for step in range(12)) == list(
            range(12)
        )


def test_draws_are_spread_and_stay_inside() -> None:
    values = [Decisions("subject", seed).draw("tilt", -1.0, 2.0) for seed in (*range(8), MAX_SEED)]
    assert all(-1.0 <= value < 2.0 for value in values)
    assert np.min(np.diff(np.sort(values[:8]))) > 0.1


def test_every_prompt_word_is_understood() -> None:
    for word in (*GENRE_WORDS, *MOOD_WORDS, *INSTRUMENT_WORDS):
        style = parse_style(word)
        assert style.used == [word.lower()]
        assert style.unused == []


def test_every_genre_mood_and_instrument_moves_something() -> None:
    assert len({repr(GENRES[word.lower()]) for word in GENRE_WORDS}) == len(GENRE_WORDS)
    assert all(MOODS[word.lower()] != Mood() for word in MOOD_WORDS)
    neutral = parse_style("")
    for word in INSTRUMENT_WORDS:
        style = parse_style(word)
        style.used = []
        assert style != neutral, word


def test_explicit_tempo_key_and_vocals_win() -> None:
    style = parse_style("melancholic indie folk in F# minor, 97.5 BPM, Female Vocals, theremin and cello")
    assert (style.tempo_bpm, style.tonic, style.mode, style.vocals) == (97.5, 6, "minor", "female")
    assert style.genre_name == "folk"
    assert style.moods == ["melancholic"]
    assert style.leads == ["cello"]
    assert style.unused == ["indie", "theremin"]


@pytest.mark.parametrize(
    ("prompt", "tonic", "mode"),
    [
        ("A minor", 9, "minor"),
        ("pop in Bb major", 10, "major"),
        ("e flat major", 3, "major"),
        ("C# min", 1, "minor"),
    ],
)
def test_keys_are_read(prompt: str, tonic: int, mode: str) -> None:
    style = parse_style(prompt)
    assert (style.tonic, style.mode) == (tonic, mode)


def test_vocal_samples_are_no_singer_and_impossible_tempos_are_not_used() -> None:
    assert parse_style("Vocal Sample").leads == ["vocal"]
    style = parse_style("900 bpm")
    assert style.tempo_bpm is None
    assert style.unused == ["900"]


def test_tables_name_only_what_there_is() -> None:
    for genre in GENRES.values():
        assert set(genre.grooves) <= set(GROOVES)
        assert set(genre.bass_patterns) <= set(BASS)
        assert set(genre.comp_patterns) <= set(COMPING)
        assert {*genre.basses, *genre.comps, *genre.pads, *genre.leads} <= set(PATCHES)
        assert len(genre.bands_db) == 9
    assert {row.patch for row in INSTRUMENTS.values() if row.patch} <= set(PATCHES)
    assert set(PATCHES) <= set(PROGRAMS)
    assert all(len(steps) <= 16 for groove in GROOVES.values() for steps in groove.values())


def test_repeats_are_choruses_and_gaps_split_sections() -> None:
    words = ["one", "two", "sing", "again", "three", "four", "sing", "again"]
    lines = label_lines(line_slots([(4.0 * index, word) for index, word in enumerate(words)], 60.0))
    assert [line.kind for line in lines] == ["verse", "verse", "chorus", "chorus"] * 2


def test_lines_after_the_end_are_left_out_and_slots_do_not_fill_gaps() -> None:
    lines = line_slots([(0.0, "a"), (4.0, "b"), (8.0, "c"), (30.0, "d"), (59.5, "e")], 60.0)
    assert [line.text for line in lines] == ["a", "b", "c", "d"]
    assert lines[2].slot_seconds < 6.0


def test_tempo_is_found_from_the_lines() -> None:
    starts = [10.0 + bar * 240.0 / 103.4 for bar in (0, 2, 4, 5.5, 8, 10, 12, 13.25, 16)]
    assert any(abs(tempo - 103.4) < 0.06 for tempo in fitting_tempos(starts, 88, 124))


@pytest.mark.parametrize("style", ["pop", "jazz", "metal", "classical", "reggae", "house", "chinese", "blues"])
def test_band_plays_in_key_and_inside_the_song(style: str) -> None:
    for seed in (0, 1):
        plan = plan_of(style, seed)
        parts = [play_bass(plan), *play_pads(plan), *play_comping(plan), *play_leads(plan, [], sung_by_lead=True)]
        notes = [note for part in parts for note in part.notes]
        assert notes
        outside = sum(note.seconds for note in notes if note.pitch % 12 not in plan.key.pitch_classes)
        assert outside <= 0.03 * sum(note.seconds for note in notes)
        assert all(note.start_seconds >= 0.0 and note.end_seconds <= plan.seconds for note in notes)
        assert all(0 <= hit.start_seconds < plan.seconds for hit in play_drums(plan))
        assert plan.chords[-1].root == plan.key.tonic


def test_sections_cover_the_song_without_holes() -> None:
    lyrics = lyrics_of(*((10.0 + 3.4 * index, f"line {index % 5}") for index in range(20)))
    for seconds in (30.0, 95.0, 285.0):
        plan = plan_of("pop", 1, seconds, lyrics)
        bars = [bar for section in plan.sections for bar in range(section.first_bar, section.last_bar + 1)]
        assert bars == list(range(bars[0], bars[-1] + 1))
        assert plan.grid.time(bars[0]) <= 0.0
        assert seconds - plan.grid.time(bars[-1]) < 1.7 + plan.grid.bar_seconds


def test_grid_and_swing() -> None:
    grid = Grid(120.0, 1.0)
    assert grid.time(2, 4) == pytest.approx(5.5)
    assert grid.bar_at(4.999) == 1
    straight, swung = plan_of("pop"), plan_of("jazz")
    assert straight.when(1, 2) == pytest.approx(straight.grid.time(1, 2))
    assert swung.when(1, 2) > swung.grid.time(1, 2)
    assert swung.when(1, 4) == pytest.approx(swung.grid.time(1, 4))


def test_harmonics_stay_below_the_highest_frequency() -> None:
    for patch in PATCHES.values():
        for hertz in (41.2, 440.0, 2093.0):
            amplitudes = harmonic_amplitudes(patch, hertz)
            assert amplitudes.size * hertz <= 16_000.0 or amplitudes.size == 1
            assert np.sum(amplitudes**2) == pytest.approx(1.0)


def test_syllables_are_counted_where_nobody_speaks() -> None:
    for text, count in (("river", 2), ("laughed", 1), ("月亮在走", 4), ("Moonlight spills", 3), ("...", 1)):
        assert len(estimate_stresses(text)) == count


def test_midi_has_a_track_for_each_part() -> None:
    plan = plan_of("pop", 2, 20.0)
    parts = [play_bass(plan), *play_pads(plan)]
    data = midi_file(parts, play_drums(plan), plan.grid.tempo_bpm)
    assert data[8:14] == bytes([0, 1, 0, len(parts) + 2, 1, 224])
    assert data.count(b"MTrk") == len(parts) + 2


def test_sliding_minimum_is_the_minimum_of_each_window() -> None:
    values = np.random.default_rng(1).random(50)
    expected = [values[max(0, index - 3) : index + 4].min() for index in range(50)]
    assert np.allclose(sliding_minimum(values, 3), expected)
