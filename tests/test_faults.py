"""What the system refuses: one clear line and exit code 2, what was there before untouched, nothing left half-made."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from songkit import runs
from songkit.audio import Encoding, Format
from songkit.chains import Chain
from songkit.cli import run
from songkit.deliver import master_file
from songkit.errors import OutputError, SongkitError
from songkit.files import AudioWriter
from songkit.generate import GENERATORS
from songkit.make import make_song
from songkit.progress import Update
from tests import signals

CHAIN = "name: plain\nsteps:\n  - gain: {{gain_db: -3}}\ndeliver: [{{format: {}}}]\n"
CODECS = ["wav", "flac", "aiff", "mp3", "m4a", "ogg", "opus"]
ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(GENERATORS, "fake", "tests.generators:Fake")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Mounts a disk of so many KiB."""
    mounted: list[Path] = []

    def mount(kib: int) -> Path:
        disk = tmp_path / f"disk{len(mounted)}"
        disk.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", str(disk)]
        if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
            pytest.skip("this user may not mount a disk that is small enough to fill")
        mounted.append(disk)
        return disk

    yield mount
    for disk in mounted:
        subprocess.run(["umount", str(disk)], check=True)


def song(seconds: float = 8.0) -> Path:
    path = Path("in.wav").absolute()
    with AudioWriter(path, Format(44_100), Encoding("wav", 24), force=True) as file:
        file.push(signals.song(seconds, 44_100).samples)
        file.commit()
    return path


def make(folder: Path | str, **more: Any) -> Any:
    chain = Chain.parse(CHAIN.format("wav"))
    asked: dict[str, Any] = {"seconds": 10.0, "seeds": "2", "generator": "fake", "chain": chain, "jobs": 1}
    return make_song(output_dir=folder, **(asked | more))


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("codec", CODECS)
def test_a_full_disk_while_mastering(
    codec: str, small_disk: Callable[[int], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    source, disk = song(), small_disk(24)
    Path("chain.yaml").write_text(CHAIN.format(codec))
    (disk / f"in.master.{codec}").write_text("of before")
    before = tree(disk)
    assert run(["master", str(source), "--chain", "chain.yaml", "--output-dir", str(disk), "-f", "-q"]) == 2
    [line] = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("  hint")]
    assert line.startswith("error: ") and f"in.master.{codec}" in line
    assert "no space left" in line or "cannot be written" in line
    assert tree(disk) == before


@pytest.mark.parametrize("kib", [64, 4_000, 9_000])
def test_a_full_disk_while_making_a_song(kib: int, small_disk: Callable[[int], Path]) -> None:
    """Too small for a take, for the second one, for the master: what was whole before is whole after."""
    disk = small_disk(kib)
    with pytest.raises(OutputError, match="no space left") as caught:
        for _ in range(3):
            make(disk / "run", seeds="3")
            (disk / "filler").write_bytes(bytes(2_000_000))
            shutil.rmtree(disk / "run" / "song")
    assert caught.value.exit_code == 2
    whole = [path for path in (disk / "run").glob("seed-*") if not (path / "take.json").is_file()]
    assert whole == []
    assert not (disk / "run" / "song").exists()
    assert not list((disk / "run").rglob(".*.wav")) and not (disk / "run" / ".work" / "song").exists()


@pytest.mark.parametrize(("code", "says"), [(errno.EDQUOT, "your disk quota is used up"), (errno.ENOSPC, "no space")])
@pytest.mark.parametrize(
    "place",
    ["songkit.wave.WaveWriter.write", "songkit.tags.wav._replace_tail", "os.fsync", "os.link"],
)
def test_a_refusal_at_every_writer(code: int, says: str, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    source = song(2.0)
    Path("out").mkdir()

    def refuse(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(place, refuse)
    if place == "os.link":  # without hard links, renaming must be refused, too
        monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OutputError, match=says):
        master_file(source, Chain.parse(CHAIN.format("wav")), output_dir="out")
    assert list(Path("out").iterdir()) == []


def test_a_limit_on_the_size_of_files() -> None:
    source = song()
    script = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000));"
        "from songkit.cli import run; sys.exit(run(sys.argv[1:]))"
    )
    Path("out").mkdir()
    command = [sys.executable, "-c", script, "master", str(source), "--chain", "gentle", "--output-dir", "out", "-q"]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert done.returncode == 2
    assert "File too large" in done.stderr and "Traceback" not in done.stderr
    assert list(Path("out").iterdir()) == []


@pytest.fixture
def read_only() -> Iterator[Path]:
    """A folder in which nobody may write; as root by the file system's own flag."""
    folder = Path("frozen")
    folder.mkdir()
    (folder / "in.master.wav").write_text("of before")
    if os.geteuid() == 0:
        flag = shutil.which("chattr")
        if flag is None or subprocess.run([flag, "+i", str(folder)], capture_output=True, check=False).returncode != 0:
            pytest.skip("root may write everywhere, and this file system has no flag against it")
        yield folder
        subprocess.run([flag, "-i", str(folder)], check=True)
    else:
        folder.chmod(0o500)
        yield folder
        folder.chmod(0o700)


def test_a_read_only_folder(read_only: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = song(2.0)
    before = tree(read_only)
    for options in ([], ["-f"], ["--skip-existing"]):
        assert run(["master", str(source), "--output-dir", str(read_only), "-q", *options]) == 2
    with pytest.raises(OutputError):
        make(read_only / "run")
    told = capsys.readouterr().err
    assert "Traceback" not in told and told.count("error: ") == 3
    assert tree(read_only) == before


@pytest.mark.parametrize("stage", ["write", "verify"])
def test_a_folder_that_goes_away_while_mastering(stage: str) -> None:
    source = song()

    def remove(update: Update) -> None:
        if update.stage.startswith(stage):
            shutil.rmtree("out", ignore_errors=True)

    with pytest.raises(SongkitError, match=r"in\.master\.(wav|mp3)"):
        master_file(source, Chain.parse(CHAIN.format("wav}, {format: mp3")), output_dir="out", progress=remove)
    assert not Path("out").exists() or not list(Path("out").iterdir())
    assert source.is_file()


def test_a_run_that_goes_away_while_making_it() -> None:
    make("kept")

    def remove(update: Update) -> None:
        if update.subject == "seed 2":
            shutil.rmtree("elsewhere/run", ignore_errors=True)

    before = tree(Path("kept"))
    with pytest.raises(SongkitError):
        make("elsewhere/run", progress=remove)
    assert tree(Path("kept")) == before
    assert make("elsewhere/run").delivered  # and the same command makes it


def test_a_clock_that_goes_backwards(monkeypatch: pytest.MonkeyPatch) -> None:
    first = make("run")
    future = time.time() + 366 * 86_400
    for path in [*Path("run").rglob("*"), Path("run")]:
        os.utime(path, (future, future))
    now = iter(range(10**9, 0, -1000))
    monkeypatch.setattr(time, "time", lambda: float(next(now)))
    monkeypatch.setattr(time, "time_ns", lambda: next(now) * 10**9)
    before = tree(Path("run"))
    again = make("run")
    assert all(take.reused for take in again.takes) and again.mastered is None
    assert {name: data for name, data in tree(Path("run")).items() if name.endswith(".wav")} == {
        name: data for name, data in before.items() if name.endswith(".wav")
    }
    shutil.rmtree("run/song")
    assert make("run").delivered[0].sha256 == first.delivered[0].sha256
    source = song(2.0)
    one = master_file(source, Chain.parse(CHAIN.format("wav")), output_dir="a").outputs[0]
    os.utime(source, (future, future))
    two = master_file(source, Chain.parse(CHAIN.format("wav")), output_dir="a", skip_existing=True).outputs[0]
    assert two.reused and one.sha256 == two.sha256


def test_leftovers_of_a_killed_master_are_removed_by_the_next(tmp_path: Path) -> None:
    source = song()
    script = f"""
import os, signal
from songkit.chains import Chain
from songkit.deliver import master_file
def progress(update):
    if update.stage.startswith("verify"):
        os.kill(os.getpid(), signal.SIGKILL)
master_file({str(source)!r}, Chain.parse({CHAIN.format("wav")!r}), output_dir="out", progress=progress)
"""
    killed = subprocess.run([sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False)
    assert killed.returncode == -9
    assert [path.name[:4] for path in Path("out").iterdir()] == [".in."]
    master_file(source, Chain.parse(CHAIN.format("wav")), output_dir="out")
    assert [path.name for path in Path("out").iterdir()] == ["in.master.wav"]


# -- two at once


HOLDING = """
import sys
from pathlib import Path
from songkit.chains import Chain
from songkit.deliver import master_file
waited = []
def progress(update):
    if not waited:
        waited.append(1)
        print("in", flush=True)
        sys.stdin.readline()
result = master_file({source!r}, Chain.parse({chain!r}), output_dir="out", force=True, progress=progress)
print(*[output.sha256 for output in result.outputs])
"""


def test_two_processes_never_write_the_same_output(capsys: pytest.CaptureFixture[str]) -> None:
    source, chain = song(2.0), CHAIN.format("wav}, {format: flac")
    Path("chain.yaml").write_text(chain)
    script = HOLDING.format(source=str(source), chain=chain)
    other = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert other.stdout is not None and other.stdin is not None
    assert other.stdout.readline() == "in\n"
    command = ["master", str(source), "--chain", "chain.yaml", "--output-dir", "out", "-q"]
    assert run([*command, "-f"]) == 2
    assert f"another songkit writes out/in.master.wav (process {other.pid})" in capsys.readouterr().err
    assert run([*command[:-3], "-o", "out/in.master.flac"]) == 2  # one of its outputs is enough
    assert list(Path("out").iterdir()) == []
    other.stdin.write("\n")
    other.stdin.close()
    first = other.stdout.read().split()
    other.stdout.close()
    assert other.wait() == 0
    assert [runs.file_sha256(Path("out") / f"in.master.{suffix}") for suffix in ("wav", "flac")] == first
    assert run([*command, "-f"]) == 0  # its lock went with it


def test_two_processes_that_start_together_leave_one_whole_file() -> None:
    source = song(4.0)
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "songkit", "master", str(source), "-o", "out.wav", "-q", "-f", "--chain", "gentle"]
    both = [subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    ends = [(process.communicate()[1], process.returncode) for process in both]
    assert sorted(code for _, code in ends) in ([0, 0], [0, 2])
    assert all("another songkit writes out.wav" in told for told, code in ends if code == 2)
    alone = master_file(source, "gentle", output="alone.wav").outputs[0]
    assert runs.file_sha256(Path("out.wav")) == alone.sha256
    assert sorted(path.name for path in Path().iterdir()) == ["alone.wav", "in.wav", "out.wav"]


def test_two_makes_of_one_run_leave_one_whole_run() -> None:
    script = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from songkit.generate import GENERATORS
GENERATORS["fake"] = "tests.generators:Fake"
from songkit.cli import run
sys.exit(run("make --seconds 10 --seeds 2 --generator fake --chain gentle -o run -q".split()))
"""
    both = [subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE, text=True) for _ in range(2)]
    ends = [(process.communicate()[1], process.returncode) for process in both]
    assert sorted(code for _, code in ends) in ([0, 0], [0, 2])
    assert all("another songkit works in run" in told for told, code in ends if code == 2)
    whole = make("alone/run", chain="gentle", jobs=None)
    for take in whole.takes:
        assert take.sha256 == runs.file_sha256(Path(f"run/seed-{take.seed}/take.wav"))
    assert runs.file_sha256(runs.delivered_files(Path("run"))[0]) == whole.delivered[0].sha256
