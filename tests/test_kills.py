"""A run killed at any moment goes on where it stood, and its audio is that of a run that was never killed.

`pytest -m long tests/test_kills.py -s` kills at 50 random moments, at every named stage and at every step on the disk.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from songkit.audio import Encoding, Format
from songkit.files import AudioWriter
from tests import signals

ROOT = Path(__file__).parents[1]
SOUNDS = (".wav", ".opus")


@dataclass(frozen=True)
class Whole:
    """A run that was not killed: its sounds, the names of all its files, how much happened, how long it took."""

    sounds: dict[str, bytes]
    names: set[str]
    stages: int
    steps: int
    seconds: float


def start(folder: Path, kind: str = "none", number: int = 0, *source: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.killing", str(folder), kind, str(number), *source],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """The exit code and what was printed; the resumed run must not meet a child of the killed one at its work."""
    out, err = process.communicate(timeout=120)
    assert process.returncode in (0, -signal.SIGKILL), err
    return process.returncode, out


def sounds(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.suffix in SOUNDS}


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    folder = tmp_path_factory.mktemp("whole") / "run"
    began = time.monotonic()
    code, out = ended(start(folder))
    assert code == 0
    counts = json.loads(out)
    return Whole(sounds(folder), names(folder), counts["stage"], counts["step"], time.monotonic() - began)


def killed_at_random(folder: Path, seconds: float) -> int:
    process = start(folder)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
    return ended(process)[0]


def assert_whole(folder: Path, whole: Whole, where: str) -> None:
    """The same command once more, and everything is there as if nothing had been."""
    assert ended(start(folder))[0] == 0, where
    assert sounds(folder) == whole.sounds, where
    assert names(folder) == whole.names, where
    assert json.loads((folder / "manifest.json").read_text())["state"] == "done", where


def test_a_few_kills_of_one_run(whole: Whole, tmp_path: Path) -> None:
    """One folder, killed again and again, each time from where the last one left it."""
    chance = random.Random(7)
    folder = tmp_path / "run"
    codes = [
        ended(start(folder, "step", chance.randrange(whole.steps // 4)))[0],
        ended(start(folder, "stage", chance.randrange(3, whole.stages // 2)))[0],
        killed_at_random(folder, chance.uniform(0.3, 0.8) * whole.seconds),
        ended(start(folder, "step", chance.randrange(10, whole.steps // 2)))[0],
    ]
    assert codes.count(-signal.SIGKILL) >= 2
    assert_whole(folder, whole, str(codes))


def test_a_master_killed_again_and_again_is_done_by_the_same_command(tmp_path: Path) -> None:
    source = tmp_path / "in.wav"
    with AudioWriter(source, Format(44_100), Encoding("wav", 24)) as file:
        file.push(signals.song(4.0, 44_100).samples)
        file.commit()
    code, out = ended(start(tmp_path / "whole", "none", 0, str(source)))
    steps, whole = json.loads(out)["step"], tmp_path / "whole"
    assert code == 0 and steps >= 8
    folder = tmp_path / "killed"
    for number in (steps // 3, 2 * steps // 3, steps // 2, 3):
        assert ended(start(folder, "step", number, str(source)))[0] in (0, -signal.SIGKILL)
    assert ended(start(folder, "none", 0, str(source)))[0] == 0
    assert sounds(folder) == sounds(whole) and names(folder) == names(whole)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_fifty_kills_at_random_moments(whole: Whole, tmp_path: Path) -> None:
    chance = random.Random(50)
    killed = 0
    for number in range(50):
        folder = tmp_path / f"{number}" / "run"
        seconds = chance.uniform(0.0, whole.seconds)
        killed += killed_at_random(folder, seconds) != 0
        assert_whole(folder, whole, f"kill {number} after {seconds:.3f} s")
    print(f"\n50 random moments of {whole.seconds:.1f} s: {killed} killed, 50 resumed, all audio the same")
    assert killed >= 35


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", ["stage", "step"])
def test_a_kill_at_every_boundary(kind: str, whole: Whole, tmp_path: Path) -> None:
    count = whole.stages if kind == "stage" else whole.steps
    killed = 0
    for number in range(count):
        folder = tmp_path / f"{number}" / "run"
        killed += ended(start(folder, kind, number))[0] != 0
        assert_whole(folder, whole, f"{kind} {number}")
    print(f"\n{count} boundaries ({kind}): {killed} killed, {count} resumed, all audio the same")
    assert killed == count
