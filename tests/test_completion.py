"""Completion as the shells do it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from songkit.chains import stock_names
from songkit.cli import COMMANDS, run


def songkit_on_path(folder: Path) -> dict[str, str]:
    program = folder / "bin" / "songkit"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m songkit "$@"\n')
    program.chmod(0o755)
    root = str(Path(__file__).parents[1])
    return {**os.environ, "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": root}


def completed(line: str, folder: Path) -> list[str]:
    """What bash offers at the end of a line, through its own completion function."""
    words = line.split(" ")
    script = (
        'eval "$(songkit completion bash)"\n'
        f"COMP_WORDS=({' '.join(repr(word) for word in words)}); COMP_CWORD={len(words) - 1}\n"
        'compopt() { echo "compopt $*"; }\n'
        "_songkit_completion songkit\n"
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash here")
    done = subprocess.run(
        [bash, "--norc", "-c", script], cwd=folder, env=songkit_on_path(folder), capture_output=True, text=True
    )
    assert done.returncode == 0 and not done.stderr, done.stderr
    return [word for word in done.stdout.splitlines() if word]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    here = tmp_path / "here"
    here.mkdir()
    for name in ("a.wav", "b.flac", "c.lrc", "d.yaml", "e.pdf"):
        (here / name).touch()
    return here


def test_commands_and_options(tmp_path: Path, folder: Path) -> None:
    assert completed("songkit ", tmp_path)[: len(COMMANDS)] == list(COMMANDS)
    assert completed("songkit mas", tmp_path) == ["master"]
    assert "--true-peak" in completed("songkit master --t", tmp_path)
    assert set(completed("songkit config ", tmp_path)) == {"path", "show"}


def test_chains_platforms_and_profiles(tmp_path: Path) -> None:
    assert completed("songkit master --chain ", tmp_path) == list(stock_names())
    assert completed("songkit master --platform spotify,apple-m", tmp_path) == ["spotify,apple-music"]
    assert "podcast" in completed("songkit analyze --profile pod", tmp_path)


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("songkit master ", ["a.wav", "b.flac"]),
        ("songkit master a.wav b", ["b.flac"]),
        ("songkit make --lyrics ", ["c.lrc"]),
        ("songkit master --chain d", ["d.yaml"]),
    ],
)
def test_files_by_what_is_wanted(line: str, offered: list[str], folder: Path) -> None:
    environment = {**os.environ, "_SONGKIT_COMPLETE": "bash_complete", "COMP_WORDS": line}
    environment |= {"COMP_CWORD": str(len(line.split(" ")) - 1), "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-m", "songkit"], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert [each.removeprefix("plain,") for each in done.stdout.splitlines()] == offered


def test_where_a_folder_can_follow_the_shell_goes_on_by_itself(folder: Path, tmp_path: Path) -> None:
    (folder / "ax").mkdir()
    assert completed("songkit master a", folder) == ["compopt -o", "default"]  # split by the IFS of the function
    assert completed("songkit make --lyrics c", folder) == ["c.lrc"]


def test_completion_loads_no_model_and_no_signal_processing() -> None:
    script = (
        "import sys; from songkit.cli import songkit\n"
        "from click.shell_completion import BashComplete\n"
        "complete = BashComplete(songkit, {}, 'songkit', '_SONGKIT_COMPLETE')\n"
        "assert complete.get_completions([], '') and complete.get_completions(['master', '--chain'], '')\n"
        "print([name for name in ('numpy', 'scipy', 'pydantic', 'yaml', 'numba', 'rich') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_one_that_the_shell_reads(shell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert "_SONGKIT_COMPLETE" in script and shell in script
    program = shutil.which(shell)
    if program is not None:
        (tmp_path / "script").write_text(script)
        subprocess.run([program, "-n", str(tmp_path / "script")], check=True)


def test_another_shell_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", "tcsh"]) == 2
    assert "bash" in capsys.readouterr().err
