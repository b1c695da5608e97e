"""Short songs of the built-in generator against the bar that its facts promise."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from songkit.analysis.loudness import LoudnessMeter
from songkit.analysis.peaks import PeakMeter
from songkit.audio import Audio
from songkit.errors import MissingError, UsageError
from songkit.files import read_audio
from songkit.generate.contract import MAX_SEED, Request, Take
from songkit.generate.lyrics import Lyrics, parse
from songkit.generate.sketch import Sketch
from songkit.generate.sketch.singing import Manner, sing
from songkit.generate.sketch.speech import VoiceSource
from songkit.generate.sketch.vocals import Syllable
from songkit.progress import silent

SHEET = """
[00:02.00]Paper boats along the river
[00:04.50]Carry all the words we said
[00:07.00]Sing it out and sing it louder
[00:09.50]Every light is turning red
[00:12.00]Sing it out and sing it louder
[00:14.50]Every light is turning red
"""
HAN_SHEET = "[00:02.00]月亮在河上慢慢走\n[00:05.00]我把歌唱给你听\n[00:08.00]风从远方来\n"
SECONDS = 18.5


def make(folder: Path, style: str, seed: int, lyrics: Lyrics | None, seconds: float = SECONDS, **options: bool) -> Take:
    request = Request(seconds, style, lyrics, options)
    folder.mkdir(parents=True, exist_ok=True)
    prepared = json.loads(json.dumps(Sketch().prepare(request, folder, silent)))
    return Sketch().generate(request, prepared, seed, folder, silent)


@pytest.fixture(scope="module")
def pop(tmp_path_factory: pytest.TempPathFactory) -> Take:
    return make(tmp_path_factory.mktemp("pop"), "pop, female vocals", 3, parse(SHEET, "test"), stems=True)


def samples(take: Take) -> Any:
    return read_audio(take.audio).samples


def loudness_of(audio: Audio) -> Any:
    meter = LoudnessMeter(audio.format)
    meter.push(audio.samples)
    return meter.result()


def test_song_has_the_asked_length_and_format(pop: Take) -> None:
    audio = read_audio(pop.audio)
    assert audio.sample_rate == 44_100
    assert audio.samples.shape == (2, round(SECONDS * 44_100))
    assert np.all(np.isfinite(audio.samples))


def test_loudness_and_peak_are_those_of_a_raw_mix(pop: Take) -> None:
    audio = read_audio(pop.audio)
    assert loudness_of(audio).integrated_lufs == pytest.approx(-16.0, abs=0.5)
    meter = PeakMeter(audio.format)
    meter.push(audio.samples)
    assert meter.result().true_peak_dbtp <= -0.9


def test_mix_has_width_and_stays_mono_compatible(pop: Take) -> None:
    left, right = samples(pop).astype(np.float64)
    side_to_mid_db = 10 * np.log10(np.mean((left - right) ** 2) / np.mean((left + right) ** 2))
    assert -14.0 <= side_to_mid_db <= -7.5
    assert 0.6 <= np.corrcoef(left, right)[0, 1] <= 0.95


def test_song_sounds_from_its_begin_to_its_end_without_holes(pop: Take) -> None:
    level = np.abs(samples(pop)).max(axis=0)
    blocks = level[: level.size // 441 * 441].reshape(-1, 441).max(axis=1) > 1e-3  # 10 ms at -60 dBFS
    assert blocks[:30].any(), "silence at the head"
    assert blocks[-80:].any(), "dead tail"
    quiet = np.diff(np.flatnonzero(np.concatenate([[True], blocks, [True]])))
    assert quiet.max() <= 100


def test_stems_sum_to_the_mix(pop: Take) -> None:
    stems = [read_audio(path).samples for name, path in pop.files.items() if name.startswith("stem ")]
    assert len(stems) == 5
    error = np.sum(stems, axis=0) - samples(pop)
    assert 20 * np.log10(np.max(np.abs(error)) + 1e-12) < -90


def test_facts_are_json_and_hold_together(pop: Take) -> None:
    facts = json.loads(json.dumps(pop.facts, allow_nan=False))
    assert json.loads(pop.files["facts"].read_text(encoding="utf-8")) == facts
    assert facts["generator"] == "sketch"
    assert facts["style_words_not_used"] == []
    assert [line["section"] for line in facts["lines"]] == ["verse"] * 2 + ["chorus"] * 4
    starts = [section["start_seconds"] for section in facts["form"]]
    assert starts == sorted(starts)
    assert starts[0] == 0.0
    assert "robotic guide vocal" in facts["voice"]
    assert pop.files["midi"].read_bytes().startswith(b"MThd")


def test_every_line_is_sung_at_its_time(pop: Take) -> None:
    source = VoiceSource(pop.audio.parent / "voice.npz")
    notes = [Syllable(**note, stressed=True) for note in pop.facts["syllables"]]
    dry = np.abs(sing(notes, source, Manner(1.15, 20.0, 5.0, 50.0), round(SECONDS * 44_100)))
    errors = []
    for line in pop.facts["lines"]:
        start = round((line["start_seconds"] - 0.12) * 44_100)
        part = dry[start : start + 22_050]
        errors.append(abs(np.flatnonzero(part > 0.05 * dry.max())[0] / 44_100 - 0.12))
    assert np.median(errors) <= 0.010
    assert max(errors) <= 0.060


def test_melody_and_chords_stay_in_key(pop: Take) -> None:
    tonic = ["C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"].index(pop.facts["key"].split()[0])
    steps = (0, 2, 4, 5, 7, 9, 11) if pop.facts["mode"] == "major" else (0, 2, 3, 5, 7, 8, 10)
    scale = {(tonic + step) % 12 for step in steps}
    assert {note["pitch"] % 12 for note in pop.facts["syllables"]} <= scale


def test_same_seed_gives_the_same_bytes_and_another_seed_does_not(tmp_path: Path) -> None:
    lyrics = parse(SHEET, "test")
    first = make(tmp_path / "a", "folk", 7, lyrics, 10.0)
    again = make(tmp_path / "b", "folk", 7, lyrics, 10.0)
    other = make(tmp_path / "c", "folk", 8, lyrics, 10.0)
    assert first.audio.read_bytes() == again.audio.read_bytes()
    assert first.audio.read_bytes() != other.audio.read_bytes()
    assert first.facts["key"] != other.facts["key"]


def test_mandarin_is_sung_a_syllable_a_character(tmp_path: Path) -> None:
    take = make(tmp_path, "Chinese, Romantic, Piano", 1, parse(HAN_SHEET, "test"), 12.0)
    counts = [sum(note["line"] == line for note in take.facts["syllables"]) for line in range(3)]
    assert counts == [8, 7, 5]


@pytest.mark.parametrize("options", [{"voice": False}, {}])
def test_words_without_a_voice_are_played(tmp_path: Path, options: Mapping[str, bool]) -> None:
    style = "jazz" if options else "jazz, instrumental"
    take = make(tmp_path, style, 2, parse(SHEET, "test"), 10.0, **options)
    assert take.facts["voice"].startswith("none")
    assert not (tmp_path / "voice.npz").exists()


@pytest.mark.parametrize(
    ("style", "seed"), [("Classical, Violin", MAX_SEED), ("Metal, Aggressive, 150 BPM, E minor", 0)]
)
def test_instrumental_of_any_style(tmp_path: Path, style: str, seed: int) -> None:
    take = make(tmp_path, style, seed, None, 13.37)
    audio = read_audio(take.audio)
    assert audio.frames == round(13.37 * 44_100)
    assert loudness_of(audio).integrated_lufs == pytest.approx(-16.0, abs=0.5)
    if "BPM" in style:
        assert take.facts["tempo_bpm"] == 150.0
        assert take.facts["key"] == "E minor"


def test_requests_that_cannot_be_are_refused(tmp_path: Path) -> None:
    for request in (
        Request(9.9),
        Request(286.0),
        Request(30.0, options={"voise": True}),
        Request(30.0, options={"stems": 2}),
    ):
        with pytest.raises(UsageError):
            Sketch().prepare(request, tmp_path, silent)
    with pytest.raises(UsageError, match="seed"):
        Sketch().generate(Request(10.0), {"voice": ""}, MAX_SEED + 1, tmp_path, silent)


def test_missing_voice_library_is_named_and_an_instrumental_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("songkit.generate.sketch.speech.find_spec", lambda name: None)
    request = Request(10.0, "pop", parse(SHEET, "test"))
    with pytest.raises(MissingError, match="espeakng-loader"):
        Sketch().prepare(request, tmp_path, silent)
    assert Sketch().prepare(Request(10.0, "pop", request.lyrics, {"voice": False}), tmp_path, silent)["voice"] == ""
