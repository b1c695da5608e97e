"""DiffRhythm from words to a song, on a complete tiny set of its files; and every way in which it may fail."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from songkit import runs
from songkit.cli import run
from songkit.errors import InputError, MissingError, NoValidTakeError, UsageError
from songkit.files import open_source
from songkit.generate import GENERATORS
from songkit.generate.diffrhythm import PACKAGES
from songkit.make import TakesResult
from songkit.progress import Update
from tests.tiny_diffrhythm import SHEET, WITH_MULAN, SilentVae, keep_to_one_process, take, write

pytestmark = pytest.mark.skipif(
    any(find_spec(package) is None for package in PACKAGES),
    reason="not all of the extra is installed: pip install 'songkit[diffrhythm]'",
)
ROOT = Path(__file__).parents[1]
CALL = "import json, sys; from tests.tiny_diffrhythm import take; take(**json.loads(sys.argv[1]))"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("models"))


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    monkeypatch.setitem(GENERATORS, "diffrhythm", "tests.tiny_diffrhythm:Tiny")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, models: Path) -> tuple[TakesResult, list[Update]]:
    updates: list[Update] = []
    return take(tmp_path_factory.mktemp("whole") / "run", models, "1,2", progress=updates.append), updates


def test_words_become_takes_that_say_how_they_came_about(whole: tuple[TakesResult, list[Update]]) -> None:
    result, updates = whole
    assert [each.state for each in result.takes] == ["valid", "valid"]
    assert result.takes[0].sha256 != result.takes[1].sha256
    made = result.takes[0].take
    assert made is not None
    source = open_source(made.audio)
    assert source.frames == 441_000 and source.info.bit_depth == "float32"
    from songkit.generate.diffrhythm import latents

    assert latents.load(made.files["latents"]).shape == (256, 16)
    facts = made.facts
    assert facts["lines_sung"] == 2
    assert facts["latents"]["frames"] == 256
    assert {"seconds_loading", "seconds_sampling", "seconds_decoding", "estimated_seconds"} <= facts.keys()
    assert facts["sampling_memory_megabytes"]["ram"] > 50
    stages = [update.stage for update in updates if update.subject == "seed 2"]
    assert list(dict.fromkeys(stages))[:4] == ["start", "load", "sample", "decode"]
    shared = [update.stage for update in updates if update.subject == "all seeds"]
    assert list(dict.fromkeys(shared))[1:] == ["words", "style", "load", "estimate"]


def test_what_is_not_sung_is_named(whole: tuple[TakesResult, list[Update]]) -> None:
    warnings = "\n".join(whole[0].warnings)
    assert "line 3 (0:07.000 'こんにちは') has nothing in it that can be sung" in warnings
    assert "line 4 (0:30.000 'Never heard') starts after the end of the song" in warnings
    assert "pypinyin, a substitute" in warnings
    assert "the song is cut at 10 s" in warnings
    assert all(whole[0].warnings.count(warning) == 1 for warning in whole[0].warnings)


def test_the_manifest_holds_everything_that_was_settled(whole: tuple[TakesResult, list[Update]], models: Path) -> None:
    options = json.loads(whole[0].manifest.read_text())["request"]["options"]
    assert (options["steps"], options["device"], options["precision"], options["threads"]) == (8, "cpu", "fp32", 1)
    weights = models / "ASLP-lab" / "DiffRhythm-1_2" / "cfm_model.pt"
    assert options["weights"]["dit-base"] == runs.file_sha256(weights)
    assert options["engines"]["torch"]


@pytest.mark.parametrize(
    "stage",
    [
        pytest.param("words", marks=pytest.mark.long),
        pytest.param("load", marks=pytest.mark.long),
        pytest.param("sample", marks=pytest.mark.long),
        "decode",
    ],
)
def test_a_killed_run_goes_on_to_the_same_bytes(
    stage: str,
    tmp_path: Path,
    models: Path,
    whole: tuple[TakesResult, list[Update]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "run"
    call = json.dumps({"folder": str(folder), "models": str(models)})
    done = subprocess.run(
        [sys.executable, "-c", CALL, call],
        env={**os.environ, "TINY_DIES": stage, "PYTHONPATH": str(ROOT)},
        capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr
    kept = folder / ".work" / "seed-1" / "latents.safetensors"
    saved = kept.stat().st_mtime_ns if kept.exists() else None
    assert (saved is not None) == (stage == "decode")
    wait_for_lock(folder)
    keep_to_one_process(monkeypatch)
    again = take(folder, models)
    assert again.takes[0].sha256 == whole[0].takes[0].sha256
    made = again.takes[0].take
    assert made is not None
    assert saved in (None, made.files["latents"].stat().st_mtime_ns), "latents that were kept are not made again"


@pytest.mark.long
def test_an_interrupt_ends_it_within_a_second_and_keeps_what_is_done(tmp_path: Path, models: Path) -> None:
    folder = tmp_path / "run"
    call = json.dumps({"folder": str(folder), "models": str(models), "seeds": "1,2"})
    running = subprocess.Popen(
        [sys.executable, "-c", CALL, call],
        env={**os.environ, "TINY_HANGS": "sample", "TINY_SEED": "2", "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
    )
    until = time.monotonic() + 60
    while not (folder / "seed-1").exists() and time.monotonic() < until:
        time.sleep(0.1)
    time.sleep(2)
    running.send_signal(signal.SIGINT)
    sent = time.monotonic()
    _, log = running.communicate(timeout=20)
    assert time.monotonic() - sent < 1.0
    assert b"KeyboardInterrupt" in log
    assert (folder / "seed-1" / "take.wav").is_file() and not (folder / "seed-2").exists()


def wait_for_lock(folder: Path) -> None:
    """The children of a killed parent go within seconds."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if not any(str(folder) in line for line in _command_lines()):
            return
        time.sleep(0.1)


def _command_lines() -> list[str]:
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_text())
        except OSError:
            continue
    return lines


def test_a_hanging_stage_is_ended_and_named(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINY_HANGS", "sample")
    with pytest.raises(NoValidTakeError, match=r"seed 1 in stage 'sample': not finished after 1\d\.\d s"):
        take(tmp_path / "run", models, timeout=10.0)


def test_out_of_memory_is_tried_again_with_less_and_said(
    tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_to_one_process(monkeypatch)
    monkeypatch.setenv("TINY_NO_MEMORY", "sample")
    updates: list[Update] = []
    result = take(tmp_path / "run", models, progress=updates.append)
    assert result.takes[0].state == "valid"
    assert "in stage 'sample': out of memory; it is tried once more with less" in [each.detail for each in updates]
    assert any(warning.startswith("memory ran out the first time") for warning in result.warnings)


def test_constant_latents_never_reach_the_decoder(
    tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_to_one_process(monkeypatch)
    monkeypatch.setenv("TINY_CONSTANT", "1")
    with pytest.raises(NoValidTakeError, match=r"seed 1 in stage 'load': sample: the latents are constant \(1\)"):
        take(tmp_path / "run", models)
    assert not list(tmp_path.rglob("*.safetensors"))


def test_a_silent_song_is_named_and_never_divided_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_to_one_process(monkeypatch)
    with pytest.raises(NoValidTakeError, match=r"decode: the song is silent \(digital silence\)"):
        take(tmp_path / "run", write(tmp_path / "models", SilentVae()))


def test_weights_that_are_not_finite_are_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_to_one_process(monkeypatch)
    damaged = write(tmp_path / "models", damage="proj_out.bias")
    with pytest.raises(InputError, match=r"1 values of proj_out.bias are not finite"):
        take(tmp_path / "run", damaged)


def test_what_is_missing_is_named_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match=r"diffrhythm cannot run here: dit-base, vae, .* songkit models fetch"):
        take(tmp_path / "run", tmp_path / "nothing")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"quality": "best"}, "quality"),
        ({"steps": 1}, "steps: Input should be greater than or equal to 2"),
        ({"cfg_interval": [0.5, 0.2]}, "times go from 0 to 1, the lower first"),
        ({"segments": [[1, 2]]}, "reference and segments: one needs the other"),
        ({"batch": 2, "solver": "dopri5"}, "with dopri5 or chunked_ode every seed goes alone"),
        ({"stepz": 4}, "diffrhythm has no option 'stepz'"),
        ({"voice": False}, "diffrhythm has no option 'voice'"),
    ],
)
def test_options_that_cannot_be_are_refused_before_any_work(
    options: dict[str, Any], says: str, tmp_path: Path, models: Path
) -> None:
    with pytest.raises(UsageError, match=says):
        take(tmp_path / "run", models, options=options)
    assert not (tmp_path / "run").exists()


def test_the_command_makes_a_mastered_song_with_nothing_put_in_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(GENERATORS, "diffrhythm", "songkit.generate.diffrhythm:DiffRhythm")
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "models", shape=WITH_MULAN, mulan=True)
    (tmp_path / "song.lrc").write_text(SHEET)
    asked = ["--lyrics", "song.lrc", "--style", "calm piano", "--seconds", "10", "--seeds", "1"]
    how = ["--models", "models", "--quality", "preview", "--cfg-interval", "0", "0.5", "--threads", "1", "--json"]
    capsys.readouterr()  # what the libraries said that wrote the model
    assert run(["make", *asked, *how, "-o", "run"]) == 0
    written = json.loads(capsys.readouterr().out)
    assert written["generator"]["name"] == "diffrhythm"
    assert written["request"]["options"]["cfg_interval"] == [0.0, 0.5]
    assert written["request"]["options"]["models"] == str(tmp_path / "models")
    assert (tmp_path / "run" / written["delivered"][0]["path"]).is_file()
