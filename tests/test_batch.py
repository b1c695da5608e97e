"""Many files, one after the other or side by side: in order, none stopping another, all ended by an interrupt."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from songkit.audio import Audio, Encoding
from songkit.batch import each_apart, exit_code, master_each
from songkit.chains import Chain
from songkit.cli import run
from songkit.deliver import DeliveryError, master_file
from songkit.errors import ChainError, InputError, OutputError, SignalError
from songkit.files import AudioWriter
from songkit.progress import Progress, Update, silent
from tests import signals

ROOT = Path(__file__).parents[1]


def write(path: Path, audio: Audio) -> Path:
    path.parent.mkdir(exist_ok=True)
    with AudioWriter(path, audio.format, Encoding("wav", 16), frames=audio.frames) as writer:
        writer.push(audio.samples)
        writer.commit()
    return path


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("songs")
    return [write(folder / f"{name}.wav", signals.song(seconds=3, seed=seed)) for seed, name in enumerate("abc")]


def napping(path: Path, *, progress: Progress = silent, shortest_first: bool = True, pids: Path) -> tuple[str, int]:
    """The first file takes longest; `silent.wav` is refused, `crash.wav` takes its process with it."""
    (pids / f"{path.stem}.pid").write_text(str(os.getpid()))
    progress(Update("nap", 0.5))
    if path.stem == "silent":
        raise SignalError("nothing to hear", "sing louder")
    if path.stem == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    time.sleep({"a": 0.8, "endless": 60.0}.get(path.stem, 0.1))
    return path.stem, os.getpid()


def napped(paths: list[str], folder: Path, **options: Any) -> list[Any]:
    wanted = [Path(f"{name}.wav") for name in paths]
    return list(each_apart(wanted, "tests.test_batch:napping", {"pids": folder}, **options))


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_child_takes_one_file_after_the_other(tmp_path: Path) -> None:
    outcomes = napped(["b", "silent", "c", "d", "e"], tmp_path, at_once=1)
    assert len({int((tmp_path / f"{outcome.path.stem}.pid").read_text()) for outcome in outcomes}) == 1


def test_outcomes_come_in_the_order_of_the_files_from_other_processes(tmp_path: Path) -> None:
    updates: list[Update] = []
    outcomes = napped(["a", "b", "c"], tmp_path, at_once=3, progress=updates.append)
    assert [outcome.result[0] for outcome in outcomes] == ["a", "b", "c"]
    assert len({outcome.result[1] for outcome in outcomes} | {os.getpid()}) == 4
    assert {update.subject for update in updates if update.stage == "nap"} == {"a.wav", "b.wav", "c.wav"}


def test_one_bad_file_stops_no_other_whatever_happens_to_it(tmp_path: Path) -> None:
    outcomes = napped(["crash", "b", "silent", "c"], tmp_path, at_once=2)
    assert [outcome.path.stem for outcome in outcomes] == ["crash", "b", "silent", "c"]
    assert "crashed (SIGSEGV)" in str(outcomes[0].error)
    assert isinstance(outcomes[2].error, SignalError) and outcomes[2].error.hint == "sing louder"
    assert [outcome.result[0] for outcome in outcomes[1::2]] == ["b", "c"]
    assert exit_code(outcomes) == 1


def test_who_stops_listening_ends_all(tmp_path: Path) -> None:
    paths = [Path("b.wav"), Path("endless.wav")]
    with closing(each_apart(paths, "tests.test_batch:napping", {"pids": tmp_path}, at_once=2)) as outcomes:
        next(outcomes)
        while not (tmp_path / "endless.pid").exists():
            time.sleep(0.02)
    pid = int((tmp_path / "endless.pid").read_text())
    assert not alive(pid)


def test_side_by_side_gives_the_same_bytes_as_one_after_the_other(songs: list[Path], tmp_path: Path) -> None:
    chain = Chain.parse("steps:\n  - loudness: {target_lufs: -9}\ndeliver:\n  - {format: wav}\n  - {format: opus}\n")
    found = {
        jobs: list(master_each(songs, chain, jobs=jobs, output_dir=tmp_path / str(jobs), progress=silent))
        for jobs in (1, 2)
    }
    for alone, beside in zip(found[1], found[2], strict=True):
        assert alone.result is not None and beside.result is not None
        assert alone.path == beside.path == beside.result.source
        for one, two in zip(alone.result.outputs, beside.result.outputs, strict=True):
            assert (one.sha256, one.path.name) == (two.sha256, two.path.name)
            assert one.to_dict()["analysis"]["loudness"] == two.to_dict()["analysis"]["loudness"]


def test_errors_and_missed_checks_come_back_whole(songs: list[Path], tmp_path: Path) -> None:
    chain = Chain.parse("steps:\n  - gain: {}\nchecks:\n  integrated_lufs: {min: -1}\n")
    outcomes = list(master_each([songs[0], tmp_path / "no.wav"], chain, jobs=2, output_dir=tmp_path))
    missed, missing = (outcome.error for outcome in outcomes)
    assert isinstance(missed, DeliveryError) and missed.result.outputs[0].path.exists()  # type: ignore[union-attr]
    assert isinstance(missing, InputError) and "no.wav does not exist" in missing.message


@pytest.mark.parametrize("jobs", [1, 2])
def test_files_that_would_become_one_are_refused_before_work_begins(
    jobs: int, songs: list[Path], tmp_path: Path
) -> None:
    other = write(tmp_path / "other" / "a.wav", signals.song(seconds=1))
    out = tmp_path / "out"
    with pytest.raises(OutputError) as error:
        master_each([songs[0], songs[1], other], "gentle", jobs=jobs, output_dir=out)
    assert str(songs[0]) in error.value.message and str(other) in error.value.message
    flac = songs[0].with_suffix(".flac")
    with pytest.raises(OutputError, match="would both be written to"):
        master_each([songs[0], flac], "gentle", jobs=jobs)
    with pytest.raises(OutputError, match="given twice"):
        master_each([songs[0], songs[0]], "gentle", jobs=jobs)
    with pytest.raises(ChainError):
        master_each(songs, "gentel", jobs=jobs, output_dir=out)
    assert not out.exists()


def test_the_command_masters_side_by_side(
    songs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = str(tmp_path / "missing.wav")
    files = [str(songs[0]), missing, str(songs[1])]
    assert run(["master", *files, "--jobs", "2", "--output-dir", str(tmp_path), "--json"]) == 1
    captured = capsys.readouterr()
    assert [entry.get("source") for entry in json.loads(captured.out)] == files
    assert "missing.wav does not exist" in captured.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.master.wav", "b.master.wav"]
    assert run(["master", *files, "--jobs", "2", "--album"]) == 2


def test_an_interrupt_ends_all_at_once_and_leaves_nothing_behind(tmp_path: Path) -> None:
    files = [write(tmp_path / f"{name}.wav", signals.noise(seconds=40)) for name in "ab"]
    out = tmp_path / "out"
    command = [sys.executable, "-m", "songkit", "master", *map(str, files), "--jobs", "2", "--output-dir", str(out)]
    chain = tmp_path / "slow.yaml"
    chain.write_text("steps:\n  - loudness: {target_lufs: -9}\ndeliver:\n  - {format: m4a}\n  - {format: opus}\n")
    process = subprocess.Popen(
        [*command, "--chain", str(chain)], cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    until = time.monotonic() + 60
    while not (out.exists() and list(out.iterdir())) and time.monotonic() < until:
        time.sleep(0.02)
    assert list(out.iterdir()), "something is being written"
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130 and "interrupted" in said
    assert time.monotonic() - began < 4
    assert not [path for path in out.iterdir() if path.name.startswith(".")]


def test_children_share_the_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from songkit.children import parent

    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(parent, "cores", lambda: 4)
    environment = parent._environment(2)
    assert [environment[name] for name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS")] == ["2", "2"]
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert parent._environment(2)["OMP_NUM_THREADS"] == "1", "what the user has said holds"


def test_a_result_survives_the_way_between_processes(songs: list[Path], tmp_path: Path) -> None:
    import pickle

    result = master_file(songs[0], "radio", output_dir=tmp_path)
    assert pickle.loads(pickle.dumps(result)).to_dict() == result.to_dict()


def test_the_command_tells_all_that_failed_and_why(
    songs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"nothing at all")
    arguments = [str(songs[0]), str(broken), str(tmp_path / "gone.wav"), "--output-dir", str(tmp_path / "out")]
    assert run(["master", *arguments]) == 1
    told = capsys.readouterr()
    assert "3 files: 1 mastered, 2 failed" in told.out
    assert f"failed   {broken} is not audio" in told.out and "gone.wav does not exist" in told.out
    assert run(["master", *arguments, "--json", "-f"]) == 1
    entries = json.loads(capsys.readouterr().out)
    assert [("outputs" in entry, "error" in entry) for entry in entries] == [
        (True, False),
        (False, True),
        (False, True),
    ]


def test_a_tally_keeps_nothing_of_what_was_made() -> None:
    from songkit.batch import Outcome, Tally

    tally = Tally()
    for number in range(3):
        tally.add(Outcome(Path(f"{number}.wav"), [0.0] * 1000, None))
    assert (tally.files, tally.failed, tally.exit_code) == (3, [], 0)
    tally.add(Outcome(Path("bad.wav"), None, DeliveryError("too loud", "", None)))  # type: ignore[arg-type]
    assert tally.exit_code == 3
    tally.add(Outcome(Path("worse.wav"), None, InputError("no audio")))
    assert tally.exit_code == 1 and [each.message for each in tally.failed] == ["too loud", "no audio"]


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc")
def test_open_files_do_not_grow_with_the_files(songs: list[Path], tmp_path: Path) -> None:
    chain = Chain.parse("steps:\n  - gain: {gain_db: -1}\n")
    copies = []
    for number in range(24):
        copy = tmp_path / f"{number}.wav"
        copy.write_bytes(songs[0].read_bytes() if number % 3 else b"nothing at all")
        copies.append(copy)
    counts = [
        len(os.listdir("/proc/self/fd"))  # noqa: PTH208
        for _ in master_each(copies, chain, output_dir=tmp_path / "out", progress=silent)
    ]
    assert len(counts) == 24 and max(counts[2:]) <= counts[2]
