"""Tempo and key as hints: known songs, what is too short or silent, and one line where the library is missing."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from songkit.analysis.hints import TONICS, Hints, hints_of, key_of
from songkit.audio import Audio
from songkit.blocks import AudioSource
from songkit.cli import run
from songkit.report.asides import hint_lines
from tests import signals
from tests.test_cli_analyze import write

SCALES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}


@pytest.mark.parametrize("mode", SCALES)
@pytest.mark.parametrize("tonic", range(12))
def test_a_scale_that_leans_on_its_triad_has_its_key(mode: str, tonic: int) -> None:
    classes = np.full(12, 0.05)
    for degree in SCALES[mode]:
        classes[(tonic + degree) % 12] = 0.4
    for degree in (0, 3 if mode == "minor" else 4, 7):
        classes[(tonic + degree) % 12] += 0.5
    key, confidence, second = key_of(classes)
    assert key == f"{TONICS[tonic]} {mode}"
    assert 0.3 < confidence <= 1.0 and second != key


def test_without_the_library_one_line_names_the_extra_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "a.wav", signals.song(seconds=1))
    monkeypatch.setitem(sys.modules, "librosa", None)
    monkeypatch.delitem(sys.modules, "librosa")
    monkeypatch.setattr(sys, "meta_path", [_NoLibrosa(), *sys.meta_path])
    assert run(["analyze", str(path), "--hints"]) == 5
    out, err = capsys.readouterr()
    assert out == ""
    assert "librosa is not installed" in err and "songkit[hints]" in err


class _NoLibrosa:
    def find_spec(self, name: str, *_: object) -> None:
        if name == "librosa":
            raise ModuleNotFoundError("No module named 'librosa'", name="librosa")


def test_what_has_no_hints_says_why() -> None:
    pytest.importorskip("librosa")
    assert hints_of(AudioSource(signals.song(seconds=3))).reason == "needs 8 s"
    assert hints_of(AudioSource(signals.silence(10.0))) == Hints(reason="nothing to hear")
    assert "nothing to hear" in hint_lines(Hints(reason="nothing to hear"))[0]


def test_a_click_track_over_a_chord_has_its_tempo_and_key() -> None:
    pytest.importorskip("librosa")
    rate, seconds, bpm = 44_100, 16.0, 120.0
    time = np.arange(round(seconds * rate)) / rate
    beat = np.exp(-(time % (60 / bpm)) / 0.05)
    chord = sum(np.sin(2 * np.pi * hz * time) for hz in (220.0, 261.63, 329.63, 440.0))
    wave = (0.1 * chord * (0.3 + 0.7 * beat)).astype(np.float32)
    found = hints_of(AudioSource(Audio(np.stack([wave, wave]), rate)))
    assert found.tempo_bpm == pytest.approx(bpm, rel=0.04)
    assert found.key == "A minor"
    assert found.tempo_confidence is not None and 0.5 < found.tempo_confidence <= 1.0
    assert "beats per minute (confidence" in "\n".join(hint_lines(found))
