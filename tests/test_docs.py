"""Pages that list parts are generated from the tables, and current; the README's commands exist."""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path

import click
import pytest

from songkit.cli import COMMANDS, songkit

ROOT = Path(__file__).parents[1]


def generated() -> dict[str, str]:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {page: text() for page, text in module.GENERATED.items()}


def test_generated_pages_are_current() -> None:
    for page, text in generated().items():
        assert (ROOT / "docs" / page).read_text() == text, f"run `python docs/generate.py`: {page} is behind the code"


@pytest.mark.parametrize("page", ["README.md", "docs/architecture.md", "CONTRIBUTING.md"])
def test_every_songkit_command_in_the_documents_parses(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)  # some options, --log-file for one, open a file as soon as they are read
    text = (ROOT / page).read_text()
    names = "|".join(COMMANDS)
    lines = re.findall(rf"^ {{0,8}}(?:pip install [^&\n]*&& )?songkit ((?:{names})[^\n#]*)", text, re.MULTILINE)
    for line in lines:
        words = shlex.split(line.split("  ")[0])
        command = songkit.get_command(click.Context(songkit), words[0])
        assert command is not None
        if isinstance(command, click.Group):
            words, command = words[1:], command.get_command(click.Context(command), words[1])
        assert command is not None, line
        command.make_context(words[0], words[1:], resilient_parsing=False)
    assert page != "README.md" or {line.split()[0] for line in lines} == set(COMMANDS)


def test_paths_in_the_architecture_exist() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    for path in re.findall(r"`((?:songkit|tests|docs|cli|generate|chains|analysis|master|report)/[\w/]+\.\w+)`", text):
        assert (ROOT / path).exists() or (ROOT / "songkit" / path).exists(), path
