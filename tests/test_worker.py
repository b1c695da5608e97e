"""Children at work: what they give, how they fail, and that they always end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from songkit.children import ChildBugError
from songkit.children.memory import oom_kills
from songkit.errors import MissingError, SignalError, StageTimeoutError, UsageError
from songkit.generate import GENERATORS, choose, load, worker
from songkit.generate.child import Job
from songkit.generate.contract import Request
from songkit.generate.lyrics import parse
from songkit.progress import Update

ADDRESS = "tests.generators:Fake"


def job(tmp_path: Path, seed: int | None, behaviour: str = "good", **options: Any) -> Job:
    request = Request(2.0, "slow blues", parse("[0:00.5]la la", "s"), {"seeds": {str(seed): behaviour}, **options})
    return Job(ADDRESS, request, tmp_path / f"seed-{seed}", seed, {})


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def gone(pid: int, seconds: float = 5.0) -> bool:
    until = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.05)
    return not alive(pid)


def test_takes_come_back_from_processes_of_their_own(tmp_path: Path) -> None:
    updates: list[Update] = []
    outcomes = list(worker.run([job(tmp_path, seed) for seed in (3, 2**63 - 1)], at_once=2, progress=updates.append))
    takes = {outcome.job.seed: outcome.take() for outcome in outcomes}
    assert set(takes) == {3, 2**63 - 1}
    for seed, take in takes.items():
        assert take.seed == seed
        assert take.audio.stat().st_size > 2 * 44_100 * 8
        assert take.files["notes"].read_text() == f"notes of {seed}"
        assert take.facts["tempo_bpm"] == 120
        assert int((take.audio.parent / "calls.txt").read_text()) != os.getpid()
    stages = [(update.stage, update.fraction) for update in updates if update.subject == "seed 3"]
    assert stages == [("start", None), ("compose", 0.25), ("render", 0.75)]


def test_what_prepare_says_crosses_and_reaches_the_takes(tmp_path: Path) -> None:
    request = Request(2.0, "slow blues", None, {})
    (prepared,) = worker.run([Job(ADDRESS, request, tmp_path / "shared")])
    assert prepared.value()["pid"] != os.getpid()
    (made,) = worker.run([Job(ADDRESS, request, tmp_path / "seed-1", 1, prepared.value())])
    assert made.take().facts["style_seen"] == "slow blues"


@pytest.mark.parametrize(
    ("behaviour", "kind", "stage", "says"),
    [
        ("exit", "crash", "compose", "ended with code 7 and no result"),
        ("segfault", "crash", "compose", "crashed (SIGSEGV)"),
        ("memory", "memory", "compose", "out of memory"),
        ("refuse", "refused", "compose", "no sound came out"),
        ("bug", "bug", "compose", "ZeroDivisionError: a silent peak"),
    ],
)
def test_a_failure_names_stage_and_cause_and_stops_nobody_else(
    tmp_path: Path, behaviour: str, kind: str, stage: str, says: str
) -> None:
    outcomes = list(worker.run([job(tmp_path, 1, behaviour), job(tmp_path, 2)], at_once=2))
    failed = next(outcome for outcome in outcomes if outcome.job.seed == 1).failure
    assert failed is not None
    assert (failed.kind, failed.stage) == (kind, stage)
    assert says in failed.message
    assert next(outcome for outcome in outcomes if outcome.job.seed == 2).take().seed == 2


@pytest.mark.parametrize(
    ("counted", "kind", "says"),
    [
        ([None, None], "memory", "killed from outside (SIGKILL), perhaps for memory"),
        ([3, 4], "memory", "killed (SIGKILL) while the system was out of memory"),
        ([3, 3], "crash", "killed from outside (SIGKILL), and not by the system for memory"),
    ],
)
def test_who_killed_a_child_is_said_as_far_as_it_is_known(
    counted: list[int | None], kind: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("songkit.children.parent.oom_kills", iter(counted).__next__)
    (outcome,) = worker.run([job(tmp_path, 1, "killed")])
    assert outcome.failure is not None
    assert (outcome.failure.kind, outcome.failure.message) == (kind, says)


def test_what_the_system_has_killed_for_memory_is_read_where_it_is_counted(tmp_path: Path) -> None:
    counters = tmp_path / "vmstat"
    assert oom_kills(counters) is None
    counters.write_text("nr_free_pages 12\noom_kill 7\ndrop_pagecache 0\n")
    assert oom_kills(counters) == 7
    counters.write_text("nr_free_pages 12\n")
    assert oom_kills(counters) is None


def test_an_interrupt_is_over_within_a_second_though_nobody_listens(tmp_path: Path) -> None:
    jobs = [job(tmp_path, 1, "hang-deaf"), job(tmp_path, 2, "hang-deaf"), job(tmp_path, 3)]
    with closing(worker.run(jobs, at_once=3)) as outcomes:
        assert next(outcomes).job.seed == 3
        until = time.monotonic() + 20
        while not all((tmp_path / f"seed-{seed}" / "deaf").exists() for seed in (1, 2)) and time.monotonic() < until:
            time.sleep(0.05)
        began = time.monotonic()
    assert time.monotonic() - began < 1.0
    assert all(gone(int((tmp_path / f"seed-{seed}" / "calls.txt").read_text())) for seed in (1, 2))


def test_errors_keep_their_class_their_hint_and_bugs_their_traceback(tmp_path: Path) -> None:
    refused, bug = sorted(
        worker.run([job(tmp_path, 1, "refuse"), job(tmp_path, 2, "bug")]), key=lambda outcome: outcome.job.seed or 0
    )
    with pytest.raises(SignalError, match="no sound came out") as caught:
        refused.take()
    assert caught.value.hint == "try another seed"
    with pytest.raises(ChildBugError, match=r"(?s)about to fail.*in misbehave.*ZeroDivisionError"):
        bug.take()


def test_prepare_fails_with_its_own_error(tmp_path: Path) -> None:
    (outcome,) = worker.run([job(tmp_path, None, prepare="refuse")])
    with pytest.raises(SignalError, match="the style is not ready"):
        outcome.value()


def test_the_timeout_ends_the_child_and_what_it_started(tmp_path: Path) -> None:
    began = time.monotonic()
    (outcome,) = worker.run([job(tmp_path, 1, "hang-with-child")], timeout_seconds=1.5)
    assert time.monotonic() - began < 5.0
    with pytest.raises(StageTimeoutError, match=r"in stage 'compose': not finished after 1\.\d s, 25% done"):
        outcome.take()
    pids = [int((tmp_path / "seed-1" / name).read_text()) for name in ("calls.txt", "helper.pid")]
    assert all(gone(pid) for pid in pids)


def test_at_most_so_many_at_once(tmp_path: Path) -> None:
    jobs = [job(tmp_path, seed, "slow") for seed in (1, 2, 3)]
    ended = [outcome.seconds for outcome in worker.run(jobs, at_once=3)]
    began = time.monotonic()
    list(worker.run(jobs[:2], at_once=1))
    assert max(ended) < 6.0
    assert time.monotonic() - began > 3.0


def test_who_stops_listening_ends_all(tmp_path: Path) -> None:
    jobs = [job(tmp_path, 1), job(tmp_path, 2, "hang-with-child"), job(tmp_path, 3)]
    with closing(worker.run(jobs, at_once=2)) as outcomes:
        while not (tmp_path / "seed-2" / "helper.pid").exists():
            next(outcomes)
    assert (tmp_path / "seed-1" / "raw.wav").exists()
    assert gone(int((tmp_path / "seed-2" / "helper.pid").read_text()))
    assert gone(int((tmp_path / "seed-2" / "calls.txt").read_text()))


@pytest.mark.parametrize("signal_name", ["SIGKILL", "SIGTERM", "SIGINT"])
def test_children_end_with_their_parent_however_it_ends(tmp_path: Path, signal_name: str) -> None:
    script = textwrap.dedent(f"""
        from pathlib import Path
        from songkit.generate import worker
        from songkit.generate.child import Job
        from songkit.generate.contract import Request
        request = Request(2.0, options={{"seeds": {{"1": "hang-with-child"}}}})
        list(worker.run([Job({ADDRESS!r}, request, Path({str(tmp_path)!r}) / "seed-1", 1, {{}})]))
    """)  # no `if __name__` guard: a plain script must do
    parent = subprocess.Popen([sys.executable, "-c", script], cwd=Path(__file__).parents[1], stderr=subprocess.DEVNULL)
    helper = tmp_path / "seed-1" / "helper.pid"
    until = time.monotonic() + 20
    while not (helper.exists() and helper.read_text()) and time.monotonic() < until:
        time.sleep(0.05)
    pids = [int(helper.read_text()), int((tmp_path / "seed-1" / "calls.txt").read_text())]
    assert all(alive(pid) for pid in pids)
    parent.send_signal(getattr(signal, signal_name))
    parent.wait(10)
    assert all(gone(pid) for pid in pids)


def test_a_child_imports_nothing_heavy_of_its_own() -> None:
    check = "import sys, songkit.generate.child; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True).stdout.split()
    assert not {"scipy", "numba", "pedalboard", "soundfile", "pydantic", "torch"} & set(loaded)


REQUEST = Request(30.0)


def test_the_generator_is_chosen_as_asked_or_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SONGKIT_MODELS", str(tmp_path))
    with pytest.raises(MissingError, match="diffrhythm cannot run here: ") as caught:
        choose("diffrhythm", REQUEST)
    assert "--generator sketch" in caught.value.hint
    assert caught.value.exit_code == 5
    with pytest.raises(UsageError, match="there is no generator 'sketsch'") as misspelt:
        load("sketsch")
    assert misspelt.value.hint == "did you mean sketch?"


def test_auto_says_what_it_took_and_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(GENERATORS, "sketch", ADDRESS)
    assert choose("sketch", REQUEST)[1] == "as asked"
    monkeypatch.setitem(GENERATORS, "diffrhythm", "tests.generators:NotHere")
    generator, why = choose("auto", REQUEST)
    assert (generator.name, why) == ("fake", "diffrhythm cannot run here: its weights are not on this disk")
    with pytest.raises(MissingError, match="diffrhythm cannot run here: its weights are not on this disk"):
        choose("diffrhythm", REQUEST)
