"""`songkit generate`: takes and nothing else, found again by `songkit make`; the example sheet is a song."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from songkit.chains import Chain
from songkit.cli import run
from songkit.errors import NoValidTakeError, UsageError
from songkit.files import read_audio
from songkit.generate import GENERATORS
from songkit.generate.lyrics import check, load
from songkit.generate.sketch.form import label_lines, line_slots
from songkit.make import generate_takes, make_song
from songkit.report.terminal import run_lines

HARBOUR = Path(__file__).parents[1] / "examples" / "harbour.lrc"
PLAIN = Chain.parse("name: plain\nsteps: [{gain: {gain_db: -3}}]\ndeliver: [{format: wav, bit_depth: 24}]")


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(GENERATORS, "fake", "tests.generators:Fake")
    monkeypatch.chdir(tmp_path)


def test_takes_are_kept_and_found_again_by_make() -> None:
    result = generate_takes(seconds=10.0, seeds="2", generator="fake")
    assert [take.state for take in result.takes] == ["valid", "valid"]
    assert result.winner.points == max(take.points for take in result.takes)
    manifest = json.loads(result.manifest.read_text())
    assert (manifest["state"], manifest["chain"], manifest["delivered"]) == ("takes done", None, [])
    assert manifest["winner"] == str(result.winner.seed)
    assert sorted(path.name for path in result.folder.iterdir()) == [".lock", "manifest.json", "seed-1", "seed-2"]
    assert "nothing was mastered" in "\n".join(run_lines(result))
    made = make_song(seconds=10.0, seeds="2", generator="fake", chain=PLAIN)
    assert made.folder != result.folder
    assert [take.reused for take in made.takes] == [True, True]
    assert [take.sha256 for take in made.takes] == [take.sha256 for take in result.takes]


def test_a_second_call_makes_nothing_twice() -> None:
    generate_takes(seconds=10.0, seeds="1", generator="fake", output_dir="out")
    again = generate_takes(seconds=10.0, seeds="1", generator="fake", output_dir="out")
    assert again.takes[0].reused


def test_what_cannot_be_is_refused_before_any_work() -> None:
    with pytest.raises(UsageError, match="0 jobs"):
        generate_takes(seconds=10.0, generator="fake", jobs=0)
    with pytest.raises(UsageError, match="nothing can be made"):
        generate_takes(seconds=10.0, generator="fake", timeout=0.0)
    assert not Path("runs").exists()


def test_no_valid_take_and_strict() -> None:
    with pytest.raises(NoValidTakeError, match="seed 1 digital silence"):
        generate_takes(seconds=10.0, seeds="1", generator="fake", options={"seeds": {"1": "silence"}})
    options = {"seeds": {"1": "refuse"}}
    result = generate_takes(seconds=10.0, seeds="2", generator="fake", options=options, strict=True)
    assert result.exit_code == 1
    assert "seed 1 failed" in "\n".join(result.warnings)


def test_the_example_sheet_has_a_chorus_and_nothing_to_warn_of() -> None:
    sheet = load(HARBOUR)
    seconds = sheet.lines[-1].start_seconds + 10.0
    assert 55.0 <= seconds <= 70.0
    assert not check(sheet, seconds)
    kinds = [line.kind for line in label_lines(line_slots([(s.start_seconds, s.text) for s in sheet.lines], seconds))]
    assert kinds == ["verse"] * 4 + ["chorus"] * 4 + ["verse"] * 2 + ["chorus"] * 4


def test_the_command_sings_the_example_and_writes_what_lies_beside_a_take(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["generate", "--lyrics", str(HARBOUR), "--style", "folk, flute, 100 bpm", "--seconds", "20"]
    code = run([*words, "--seeds", "7,", "--stems", "-o", "out", "--json"])
    assert code == 0
    (take,) = json.loads(capsys.readouterr().out)["takes"]
    assert take["state"] == "valid"
    assert take["facts"]["tempo_bpm"] == 100.0
    assert take["facts"]["style_words_not_used"] == []
    names = {path.name for path in Path("out/seed-7").iterdir()}
    assert names >= {"take.wav", "take.json", "midi.mid", "facts.json", "stem-voice.wav", "stem-drums.wav"}
    assert read_audio(Path("out/seed-7/take.wav")).frames == 20 * 44_100
