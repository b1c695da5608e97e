"""What a command says of itself: lines in a file, lines on stderr, and nothing where it does not belong."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

from songkit.audio import Encoding
from songkit.cli import COMMANDS, run, songkit
from songkit.cli.interrupts import Interrupts, TerminatedError
from songkit.cli.log import begin
from songkit.files import AudioWriter
from tests import signals

SONGKIT = [sys.executable, "-m", "songkit"]


def write(path: Path, seconds: float = 1.0) -> Path:
    audio = signals.song(seconds=seconds)
    path.parent.mkdir(exist_ok=True)
    with AudioWriter(path, audio.format, Encoding("wav", 16), frames=audio.frames) as writer:
        writer.push(audio.samples)
        writer.commit()
    return path


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def leaves(command: click.Command, ctx: click.Context) -> list[click.Command]:
    if not isinstance(command, click.Group):
        return [command]
    return [leaf for name in command.list_commands(ctx) for leaf in leaves(command.get_command(ctx, name), ctx)]  # type: ignore[arg-type]


def test_every_command_has_the_three_options_once() -> None:
    found = [*leaves(songkit, click.Context(songkit)), *leaves(songkit, click.Context(songkit))]
    assert len(found) >= 2 * len(COMMANDS)
    for command in found:
        for option in ("-v", "-q", "--log-file"):
            assert sum(option in parameter.opts for parameter in command.params) == 1, (command.name, option)


def test_the_log_file_has_stages_files_and_the_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    song, log = write(tmp_path / "in.wav"), tmp_path / "log.jsonl"
    assert run(["master", str(song), str(tmp_path / "no.wav"), "--log-file", str(log), "-q"]) == 1
    told = lines(log)
    assert [told[0]["event"], told[-1]["event"]] == ["start", "end"]
    assert told[-1]["exit_code"] == 1 and told[-1]["level"] == "error"
    files = [line for line in told if line["event"] == "file"]
    assert [file["outcome"] for file in files] == ["done", "failed"]
    assert "does not exist" in str(files[1]["message"])
    stages = [line for line in told if line["event"] == "stage" and line["subject"] == "in.wav"]
    assert stages and all(isinstance(line["duration"], float) for line in stages)
    assert capsys.readouterr().out == ""


def test_an_error_is_in_the_log_and_another_run_is_appended(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    for _ in range(2):
        assert run(["master", str(tmp_path / "no.wav"), "--chain", "nosuch", "--log-file", str(log)]) == 2
    assert [line["event"] for line in lines(log)] == ["start", "error", "end"] * 2


def test_verbose_tells_stages_on_stderr_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    song = write(tmp_path / "in.wav")
    assert run(["analyze", str(song), "-v", "--json"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)
    assert any(line.endswith(" s)") for line in told.err.splitlines()) and "\x1b" not in told.err + told.out


def test_a_log_that_cannot_be_written_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["platforms", "--log-file", str(tmp_path / "no" / "log.jsonl")]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_two_processes_share_a_log(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    script = (
        "import sys; from pathlib import Path; from songkit.cli.log import begin\n"
        "log = begin([]); log.open(Path(sys.argv[1]))\n"
        "for number in range(500): log.write('info', 'stage', stage='x' * 200, number=number)\n"
    )
    both = [subprocess.Popen([sys.executable, "-c", script, str(log)]) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    told = lines(log)
    assert len(told) == 2 * 501
    for process in both:
        assert [line["number"] for line in told if line["process"] == process.pid and "number" in line] == [*range(500)]


def test_nothing_but_plain_lines_without_a_terminal(tmp_path: Path) -> None:
    song = write(tmp_path / "in.wav")
    done = subprocess.run(
        [*SONGKIT, "master", str(song)], capture_output=True, env={**os.environ, "COLUMNS": "1", "NO_COLOR": "1"}
    )
    assert done.returncode == 0 and done.stderr
    assert not {byte for byte in done.stderr + done.stdout if byte < 32} - {10}


def test_a_tiny_terminal_is_survived(tmp_path: Path) -> None:
    song = write(tmp_path / "in.wav")
    outer, inner = pty.openpty()
    done = subprocess.run(
        [*SONGKIT, "master", str(song)],
        stdout=subprocess.PIPE,
        stderr=inner,
        env={**os.environ, "COLUMNS": "2", "LINES": "1", "TERM": "xterm"},
        timeout=60,
    )
    os.close(inner)
    os.close(outer)
    assert done.returncode == 0 and b"\x1b" not in done.stdout and b"wrote" in done.stdout


@pytest.mark.parametrize(
    ("number", "code", "word", "jobs"),
    [(signal.SIGINT, 130, "interrupted", "1"), (signal.SIGTERM, 143, "terminated", "2")],
)
def test_a_signal_ends_cleanly_and_a_second_one_disturbs_nothing(
    number: int, code: int, word: str, jobs: str, tmp_path: Path
) -> None:
    files = [write(tmp_path / "in" / f"{index}.wav", seconds=20.0) for index in range(3)]
    out, log = tmp_path / "out", tmp_path / "log.jsonl"
    arguments = [*map(str, files), "--output-dir", str(out), "--jobs", jobs, "--log-file", str(log)]
    process = subprocess.Popen([*SONGKIT, "master", *arguments], stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 60
    while time.monotonic() < until and not (log.exists() and '"stage"' in log.read_text()):
        time.sleep(0.02)
    process.send_signal(number)
    time.sleep(0.05)
    process.send_signal(number)
    _, told = process.communicate(timeout=30)
    assert process.returncode == code and word in told and "Traceback" not in told
    assert lines(log)[-1]["exit_code"] == code
    left = [path for path in out.rglob("*") if path.is_file()] if out.exists() else []
    assert all(path.name.endswith(".master.wav") for path in left), left


def test_a_signal_is_heard_once_and_again_after_some_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    handler = Interrupts()
    with pytest.raises(TerminatedError):
        handler(signal.SIGTERM, None)
    handler(signal.SIGINT, None)
    now += 11
    with pytest.raises(KeyboardInterrupt):
        handler(signal.SIGINT, None)


def test_a_reader_that_leaves_is_no_error() -> None:
    process = subprocess.Popen([*SONGKIT, "config", "show"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    told = process.stderr.read()
    process.stderr.close()
    assert (process.wait(), told) == (0, b"")


def test_a_log_without_a_file_keeps_nothing() -> None:
    log = begin(["x"])
    log.write("info", "stage")
    log.close(0)
    assert not log.hears
