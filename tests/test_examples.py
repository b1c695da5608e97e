"""Every example runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from songkit.audio import Encoding
from songkit.chains import Chain, lint
from songkit.deliver import master_file
from songkit.files import AudioWriter
from songkit.generate import lyrics
from tests import signals

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture
def song(tmp_path: Path) -> Path:
    audio = signals.song(seconds=4)
    path = tmp_path / "song.wav"
    with AudioWriter(path, audio.format, Encoding("wav", 24), frames=audio.frames) as writer:
        writer.push(audio.samples)
        writer.commit()
    return path


def test_scripts_run(song: Path) -> None:
    scripts = sorted(EXAMPLES.glob("*.py"))
    assert scripts
    for script in scripts:
        done = subprocess.run([sys.executable, str(script), str(song)], capture_output=True, text=True, check=True)
        assert "song.master.wav: -14.0 LUFS" in done.stdout
        assert "song.master.flac: -14.0 LUFS" in done.stdout


def test_chains_are_clean_and_deliver(song: Path, tmp_path: Path) -> None:
    chains = sorted(EXAMPLES.glob("*.yaml"))
    assert chains
    for path in chains:
        chain = Chain.load(str(path))
        assert [row for row in lint(chain) if row.severity != "note"] == []
        assert master_file(song, chain, output_dir=tmp_path / path.stem).outputs


def test_lyric_sheets_can_be_sung() -> None:
    sheets = sorted(EXAMPLES.glob("*.lrc"))
    assert sheets
    for sheet in sheets:
        read = lyrics.load(sheet)
        assert len(read.lines) > 4
        assert lyrics.check(read, read.lines[-1].start_seconds + 10) == []
