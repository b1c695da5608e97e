"""`songkit runs`: what each run of a folder made and cost; takes remember time and memory when they are found again."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from songkit import children
from songkit.children import Task
from songkit.children.memory import peak_bytes
from songkit.cli import run
from songkit.errors import InputError
from songkit.make.history import PastRun, lines, past_runs, totals
from songkit.progress import Progress

MEGABYTES = 200


def hold(values: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """In a child: holds so many megabytes for a moment."""
    held = bytearray(int(values["megabytes"]) * 2**20)
    held[::4096] = b"x" * len(held[::4096])
    return {"bytes": len(held)}


def manifest(**values: Any) -> dict[str, Any]:
    take = {"failure": None, "state": "valid", "seconds": 12.0, "peak_memory_bytes": 300_000_000}
    return {
        "state": "done",
        "generator": {"name": "sketch", "version": "2", "why": ""},
        "seeds": ["1", "2", "3", "4"],
        "takes": [
            take,
            {**take, "state": "rejected", "peak_memory_bytes": 500_000_000},
            {**take, "state": "failed", "failure": {"kind": "timeout"}, "peak_memory_bytes": None},
        ],
        "not_made_yet": ["4"],
        "winner": "1",
        "timings_seconds": {"all": 40.0},
        **values,
    }


def put(root: Path, name: str, content: object, at: int) -> None:
    path = root / name / "manifest.json"
    path.parent.mkdir(parents=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    os.utime(path, (at, at))


def test_the_memory_of_a_child_is_told() -> None:
    address = f"{__name__}:hold"
    tasks = [Task(address, {"megabytes": megabytes}, "") for megabytes in (0, MEGABYTES)]
    small, large = sorted(children.run(tasks, at_once=1), key=lambda outcome: outcome.index)
    assert small.peak_bytes is not None and large.peak_bytes is not None
    assert 0.95 < (large.peak_bytes - small.peak_bytes) / (MEGABYTES * 2**20) < 1.1


def test_the_peak_is_read_where_linux_keeps_it(tmp_path: Path) -> None:
    (tmp_path / "status").write_text("Name:\tpython\nVmHWM:\t    1234 kB\nVmRSS:\t 1000 kB\n")
    assert peak_bytes(tmp_path / "status") == 1234 * 1024
    assert peak_bytes(tmp_path / "absent") > 2**20


def test_a_run_is_told_from_its_manifest(tmp_path: Path) -> None:
    put(tmp_path, "second", manifest(), 1_700_000_100)
    put(tmp_path, "first", manifest(winner=None, state="no valid take", timings_seconds={}), 1_700_000_000)
    first, second = past_runs(tmp_path)
    assert (first.name, second.name) == ("first", "second")
    assert first.winner is None and first.seconds is None
    assert second == PastRun(
        name="second",
        date="2023-11-14T22:15:00+00:00",
        state="done",
        generator="sketch 2",
        seeds=("1", "2", "3", "4"),
        outcomes={"valid": 1, "rejected": 1, "timeout": 1, "not made yet": 1},
        winner="1",
        seconds=40.0,
        take_seconds=36.0,
        peak_memory_bytes=500_000_000,
    )
    assert totals([first, second]) == {"valid": 2, "rejected": 2, "timeout": 2, "not made yet": 2}
    table = list(lines([second]))
    assert table[1].split("  ")[0] == "2023-11-14 22:15" and "0:36" in table[1] and "500 MB" in table[1]


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"takes": 5, "state": "done"}', '{"takes": [5]}'])
def test_a_manifest_that_cannot_be_understood_hides_no_other(tmp_path: Path, content: str) -> None:
    put(tmp_path, "broken", content, 1_700_000_000)
    put(tmp_path, "good", manifest(), 1_700_000_100)
    broken, good = past_runs(tmp_path)
    assert "cannot be understood" in broken.state and good.state == "done"
    assert list(lines([broken, good]))[-1].startswith("2 runs; takes: 1 valid")


def test_no_folder_and_an_empty_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match="make a song first"):
        past_runs(tmp_path / "absent")
    assert run(["runs", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith("date")


def test_takes_remember_what_they_cost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "runs" / "song"
    arguments = ["generate", "--seconds", "10", "--seeds", "1", "--generator", "sketch", "-q", "-o", str(folder)]
    assert run(arguments) == 0
    (made,) = past_runs(folder.parent)
    assert made.outcomes == {"valid": 1} and made.take_seconds > 0.0
    assert made.peak_memory_bytes is not None and made.peak_memory_bytes > 10**7
    assert run(arguments) == 0  # found again, not made
    (again,) = past_runs(folder.parent)
    assert (again.take_seconds, again.peak_memory_bytes) == (made.take_seconds, made.peak_memory_bytes)
    capsys.readouterr()
    assert run(["runs", str(folder.parent), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["takes"] == {"valid": 1} and told["runs"][0]["generator"].startswith("sketch")
