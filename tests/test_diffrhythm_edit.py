"""Recordings edited and continued: what lies outside the segments stays as it is, sample for sample."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from songkit.audio import Audio, Encoding, Samples
from songkit.cli import run
from songkit.errors import SignalError, UsageError
from songkit.files import AudioWriter, read_audio
from songkit.generate import GENERATORS
from songkit.generate.diffrhythm import PACKAGES
from songkit.make import TakesResult, edit_song, parse_segments
from tests.signals import silence, song
from tests.tiny_diffrhythm import keep_to_one_process
from tests.tiny_diffrhythm import write as write_models

RATE = 44_100

pytestmark = pytest.mark.skipif(
    any(find_spec(package) is None for package in PACKAGES),
    reason="not all of the extra is installed: pip install 'songkit[diffrhythm]'",
)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_models(tmp_path_factory.mktemp("models"))


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    monkeypatch.setitem(GENERATORS, "diffrhythm", "tests.tiny_diffrhythm:Tiny")
    keep_to_one_process(monkeypatch)


def put(path: Path, audio: Audio) -> Path:
    with AudioWriter(path, audio.format, Encoding("wav", "float32")) as writer:
        writer.push(audio.samples)
        writer.close()
        writer.commit()
    return path


def edit(recording: Path, models: Path, **more: Any) -> TakesResult:
    options = {"models": str(models), "quality": "preview", "precision": "fp32", "threads": 1}
    return edit_song(recording, output_dir=recording.parent / "run", options=options, **more)


def samples_of(result: TakesResult) -> Samples:
    take = result.takes[0].take
    assert take is not None, result.takes[0].reasons
    return read_audio(take.audio).samples


def test_outside_the_segments_a_recording_stays_sample_for_sample(tmp_path: Path, models: Path) -> None:
    original = song(11.0)
    result = edit(put(tmp_path / "in.wav", original), models, segments=[(4.0, 6.5)])
    edited = samples_of(result)
    assert edited.shape == original.samples.shape
    # Segments begin and end with the latent frame that their time falls into: up to 46 ms before it.
    before, after = int((4.0 - 2048 / RATE) * RATE), int(6.5 * RATE)
    np.testing.assert_array_equal(edited[:, :before], original.samples[:, :before])
    np.testing.assert_array_equal(edited[:, after:], original.samples[:, after:])
    inside = slice(int(4.2 * RATE), int(6.3 * RATE))
    assert np.abs(edited[:, inside] - original.samples[:, inside]).mean() > 0.01
    take = result.takes[0].take
    assert take is not None and take.facts["edited"] == "in.wav"
    assert result.order.request.options["style"]["parts"][0]["recording"], "the style is that of the recording"


def test_a_recording_is_continued_without_a_click(tmp_path: Path, models: Path) -> None:
    original = song(7.3)
    result = edit(put(tmp_path / "in.wav", original), models, seconds=11.0, style="calm piano")
    continued = samples_of(result)
    assert continued.shape == (2, 11 * RATE)
    kept = int(7.0 * RATE)
    np.testing.assert_array_equal(continued[:, :kept], original.samples[:, :kept])
    assert np.abs(continued[:, int(7.4 * RATE) :]).mean() > 0.01
    usual = np.abs(np.diff(original.samples)).max() + np.abs(np.diff(continued[:, 8 * RATE :])).max()
    assert np.abs(np.diff(continued[:, kept : int(7.4 * RATE)])).max() < usual


def test_the_command_edits_a_mono_file_of_another_rate(
    tmp_path: Path, models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stereo = song(10.5, 48_000)
    mono = put(tmp_path / "mono.wav", Audio(stereo.samples[:1].copy(), 48_000, ("FC",)))
    arguments = ["edit", str(mono), "--segments", "0-3", "--quality", "preview", "--threads", "1"]
    assert run([*arguments, "--models", str(models), "-o", str(tmp_path / "run")]) == 0
    assert "made by  diffrhythm" in capsys.readouterr().out


def test_a_silent_recording_is_refused(tmp_path: Path, models: Path) -> None:
    with pytest.raises(SignalError, match="silent"):
        edit(put(tmp_path / "in.wav", silence(11.0)), models, segments=[(1.0, 2.0)], style="calm piano")


def test_segments_are_read_as_they_are_written() -> None:
    assert parse_segments("25-50") == ((25.0, 50.0),)
    assert parse_segments("0-8.5, 80-end") == ((0.0, 8.5), (80.0, None))
    for wrong in ("", "25", "a-b", "10-20;30-40", "-1-5"):
        with pytest.raises(UsageError, match="is no segment"):
            parse_segments(wrong)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({}, "nothing to edit"),
        ({"segments": [(6.0, 4.0)]}, "from 6 to 4 is no piece of a song"),
        ({"segments": [(30.0, None)]}, "30 s lies after the end of the song"),
    ],
)
def test_what_cannot_be_edited_is_refused(more: dict[str, Any], says: str, tmp_path: Path, models: Path) -> None:
    with pytest.raises(UsageError, match=says):
        edit(put(tmp_path / "in.wav", song(11.0)), models, **more)
