"""What a user of the built-in generator may rely on: seeds that differ, words that are heard, bytes that stay."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from songkit.generate.contract import Request
from songkit.generate.lyrics import Line, Lyrics
from songkit.generate.sketch import compose
from songkit.generate.sketch.balance import wanted_bands
from songkit.generate.sketch.bass import play_bass, play_timpani
from songkit.generate.sketch.chordplay import play_comping, play_pads
from songkit.generate.sketch.compose import make_plan, sung_lines
from songkit.generate.sketch.drums import play_drums
from songkit.generate.sketch.genres import GENRES
from songkit.generate.sketch.leads import play_leads
from songkit.generate.sketch.plan import Plan
from songkit.generate.sketch.style import parse_style
from songkit.generate.sketch.vocals import compose_vocals, estimate_stresses
from songkit.generate.sketch.words import INSTRUMENTS, MOODS, OTHER_NAMES

# Lines two bars of 96 beats a minute apart: no other tempo of the range fits as well.
WORDS = (
    "one of us",
    "two of us",
    "sing it again",
    "all of us",
    "three of us",
    "four of us",
    "sing it again",
    "all of us",
)
SHEET = Lyrics(tuple(Line(5.0 + 5.0 * index, text, index + 1) for index, text in enumerate(WORDS)))


def plan_of(style: str, seed: int, lyrics: Lyrics | None = None) -> Plan:
    request = Request(60.0, style, lyrics)
    return make_plan(request, parse_style(style), sung_lines(request), seed)


def played(plan: Plan, lyrics: Lyrics | None = None) -> tuple[object, ...]:
    """Everything that is heard of a plan: parts with their sounds and levels, drums and their kit, balance, tune."""
    lines = sung_lines(Request(60.0, "", lyrics))
    stresses = [estimate_stresses(line.text) for line in lines]
    register = plan.style.mood.register
    sung = compose_vocals(lines, stresses, plan.grid, plan.tune, plan.decisions, "male", register)
    parts = [play_bass(plan), play_timpani(plan), *play_pads(plan), *play_comping(plan)]
    parts += play_leads(plan, sung, sung_by_lead=False)
    heard = [(part.patch, part.level_db, part.notes) for part in parts]
    genre, style = plan.genre, plan.style
    levels = (genre.drums_db + 2.0 * style.drums, genre.bass_db + 2.0 * style.loud_bass)
    return (repr(heard), repr(play_drums(plan)), plan.decisions.pick("kit", genre.kits), levels,
            tuple(wanted_bands(plan)), repr(sung))  # fmt: skip


@pytest.mark.parametrize("style", ["pop, A minor", "classical, 80 bpm, C major", "punk, E minor, 170 bpm"])
def test_consecutive_seeds_differ_where_lyrics_and_style_fix_tempo_and_key(style: str) -> None:
    songs = [played(plan_of(style, seed, SHEET), SHEET) for seed in range(5)]
    for part in (0, 5):  # the band, and the sung tune
        assert len({song[part] for song in songs}) == len(songs)


def test_consecutive_seeds_take_other_keys_progressions_and_contrast() -> None:
    plans = [plan_of("rock", seed, SHEET) for seed in range(2**62, 2**62 + 5)]
    assert len({plan.key for plan in plans}) == 5
    assert len({round(plan.decisions.draw("contrast", 0.95, 1.3), 3) for plan in plans}) == 5


@pytest.mark.parametrize("word", sorted({*GENRES, *MOODS, *INSTRUMENTS, *OTHER_NAMES} - {"pop"}))
def test_every_word_is_heard(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # The same subject for all prompts: what differs is the word's own doing and not another draw.
    monkeypatch.setattr(compose, "subject_of", lambda request: "the same")
    assert any(played(plan_of(word, seed)) != played(plan_of("", seed)) for seed in (0, 1))


def test_the_same_seed_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    lyrics = Lyrics((Line(1.0, "Paper boats along the river", 1), Line(4.0, "月亮在河上慢慢走", 2)))
    request = Request(10.0, "soul, female vocals", lyrics)
    made = [_made_in_a_process(request, tmp_path / name, hash_seed) for name, hash_seed in (("a", "1"), ("b", "2"))]
    assert made[0] == made[1]


def _made_in_a_process(request: Request, folder: Path, hash_seed: str) -> dict[str, str]:
    """SHA-256 of all that a fresh process writes, prepared and generated there."""
    code = (
        "import json, sys; from pathlib import Path; from songkit.generate.contract import Request;"
        "from songkit.generate.sketch import Sketch; from songkit.progress import silent;"
        "request, folder = Request.from_dict(json.load(sys.stdin)), Path(sys.argv[1]);"
        "prepared = Sketch().prepare(request, folder, silent);"
        "Sketch().generate(request, prepared, 7, folder, silent)"
    )
    folder.mkdir()
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    text = json.dumps(request.to_dict())
    subprocess.run([sys.executable, "-c", code, str(folder)], input=text, text=True, check=True, env=environment)
    names = ("raw.wav", "facts.json", "song.mid", "voice.npz")
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from /proc")
def test_the_longest_song_with_stems_stays_within_its_memory(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from songkit.generate.contract import Request;"
        "from songkit.generate.sketch import Sketch; from songkit.progress import silent;"
        "request = Request(285.0, 'rock, pop', None, {'stems': True});"
        "Sketch().generate(request, {'voice': ''}, 3, Path(sys.argv[1]), silent);"
        # not ru_maxrss: that begins with what the process that started this one has held
        "print(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert int(done.stdout) * 1024 < 600e6
    assert {path.stem for path in (tmp_path / "stems").iterdir()} == {"drums", "bass", "harmony", "lead"}
