"""Names and kinds of files that trip programs up: each is worked on like any other, or refused in one line, at once."""

from __future__ import annotations

import os
import sys
import unicodedata
from pathlib import Path

import pytest

from songkit.cli import run
from songkit.files import open_source
from tests.test_bad_input import good

NAMES = {
    "spaces": "a b  c.wav",
    "composed": unicodedata.normalize("NFC", "naïve.wav"),
    "decomposed": unicodedata.normalize("NFD", "naïve.wav"),
    "a newline": "two\nlines.wav",
    "a leading dash": "-x.wav",
    "an option": "--force",
    "a per cent sign": "%03d.wav",
    "a protocol of ffmpeg": "concat:a|b",
    "an address": "http:",
    "an escape": "\x1b[31mred.wav",
    "a pattern": "*.wav",
    "brackets": "[x].wav",
    "quotes": "q'uo\"te`$(x);.wav",
    "no Unicode": os.fsdecode(b"bad\xff.wav"),
}


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.timeout(60)
def test_any_name_is_worked_on(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    name = NAMES[kind]
    if sys.platform == "darwin" and kind == "no Unicode":
        pytest.skip("the file system knows Unicode only")
    monkeypatch.chdir(tmp_path)
    good(tmp_path).rename(tmp_path / name)
    assert run(["analyze", "--json", "--", name]) == 0
    assert run(["master", "--chain", "gentle", "-q", "--", name]) in (0, 3), capfd.readouterr().err
    stem = Path(name).stem
    assert sorted(os.listdir(tmp_path)) == sorted([name, f"{stem}.master.wav"])  # noqa: PTH208


def test_both_forms_of_a_letter_are_two_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    data = good(tmp_path).read_bytes()
    Path("in.wav").unlink()
    for kind in ("composed", "decomposed"):
        Path(NAMES[kind]).write_bytes(data)
    if len(list(tmp_path.iterdir())) < 2:
        pytest.skip("the file system takes both for one")
    assert run(["master", "-q", "--chain", "gentle", "--", NAMES["composed"], NAMES["decomposed"]]) in (0, 3)
    assert len(list(tmp_path.glob("*.master.wav"))) == 2


def test_a_name_that_leaves_no_room_for_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    name = "n" * 250 + ".wav"
    good(tmp_path).rename(tmp_path / name)
    assert run(["analyze", "--json", name]) == 0
    assert run(["master", name]) == 2
    error = capfd.readouterr().err
    assert "too long" in error and "Traceback" not in error
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.fixture
def trap(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """What is no file to read: some of it would give bytes forever, some would wait forever."""
    kind = request.param
    path = tmp_path / kind
    if kind == "loop":
        path.symlink_to(path)
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "long":
        return "x" * 5_000
    else:
        return f"/dev/{kind}"
    return str(path)


COMMANDS = (
    ["analyze"],
    ["master"],
    ["show"],
    ["reproduce"],
    ["make", "--seconds", "10", "-o", "run", "--lyrics"],
    ["lyrics", "check"],
    ["chains", "show"],
    ["chains", "lint"],
    ["master", "in.wav", "--chain"],
    ["analyze", "in.wav", "--profile"],
    ["analyze", "in.wav", "--baseline"],
    ["rank", ".", "--weights"],
)


@pytest.mark.parametrize("trap", ["loop", "fifo", "folder", "long", "zero", "full"], indirect=True)
@pytest.mark.timeout(30)
def test_what_is_no_file_is_refused_at_once(
    trap: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    good(tmp_path)
    monkeypatch.chdir(tmp_path)
    before = sorted(os.listdir(tmp_path))  # noqa: PTH208
    for command in COMMANDS:
        assert run([*command, trap]) in (1, 2), command
        said = capfd.readouterr()
        assert "Traceback" not in said.err, command
        assert "error" in (said.out + said.err).lower(), command
    assert sorted(os.listdir(tmp_path)) == before  # noqa: PTH208


def test_a_link_to_a_file_is_that_file(tmp_path: Path) -> None:
    path = good(tmp_path)
    (tmp_path / "link.wav").symlink_to(path)
    assert open_source(tmp_path / "link.wav").frames == open_source(path).frames
