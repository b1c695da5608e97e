"""What is no take: each kind is named with its figure, and real music passes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from songkit.audio import Audio
from songkit.generate.validate import validate
from tests.generators import write_take
from tests.signals import noise, pink, sine, song


def written(path: Path, audio: Audio) -> Path:
    soundfile.write(path, audio.samples.T, audio.sample_rate, subtype="FLOAT")
    return path


@pytest.mark.parametrize(
    ("behaviour", "says"),
    [
        ("silence", "digital silence"),
        ("constant", "constant: 100.0% of the power is DC (offset 0.250 of full scale)"),
        ("nan", "1 samples are not finite (NaN or infinite), the first at 0:05.000"),
        ("noise", "noise only: noisiness 0."),
        ("clipped", "clipped throughout: 6"),
        ("dead-head", "3.00 s of silence before the first sound"),
        ("short", "4.00 s long where 10.00 s were asked for"),
    ],
)
def test_each_kind_of_no_music_is_named_with_its_figure(tmp_path: Path, behaviour: str, says: str) -> None:
    write_take(tmp_path / "take.wav", behaviour, 10.0, 3)
    found = validate(tmp_path / "take.wav", 10.0)
    assert not found.valid
    assert len(found.complaints) == 1
    assert found.complaints[0].startswith(says)
    assert found.analysis is not None


def test_what_does_not_open_is_a_complaint(tmp_path: Path) -> None:
    write_take(tmp_path / "take.wav", "not-audio", 10.0, 3)
    for path in (tmp_path / "take.wav", tmp_path / "none.wav"):
        found = validate(path, 10.0)
        assert found.analysis is None and len(found.complaints) == 1


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("level", [0.05, 0.9, 1.5])
def test_a_song_passes_and_is_measured_once(tmp_path: Path, seed: int, level: float) -> None:
    found = validate(written(tmp_path / "take.wav", song(10.0, seed=seed, level=level)), 10.4)
    assert found.complaints == ()
    assert found.analysis is not None and found.analysis.loudness.integrated_lufs is not None


def test_pink_noise_is_no_music_but_a_noisy_song_is(tmp_path: Path) -> None:
    assert "noise only" in validate(written(tmp_path / "p.wav", pink(-20, 10, 44_100)), 10.0).complaints[0]
    music, hiss = song(10.0, level=0.5), noise(-50.0, 10.0, 44_100)
    mixed = Audio(music.samples + hiss.samples, 44_100)
    assert validate(written(tmp_path / "m.wav", mixed), 10.0).valid


def test_a_collapse_and_a_whisper_are_named(tmp_path: Path) -> None:
    samples = song(10.0).samples.copy()
    samples[:, 4 * 44_100 :] = 0
    assert "silent for 6.0 of 10.0 s" in validate(written(tmp_path / "c.wav", Audio(samples, 44_100)), 10.0).complaints
    (silent,) = validate(written(tmp_path / "w.wav", sine(440, -70.0, 10.0)), 10.0).complaints
    assert silent.startswith("silent: RMS -73.0 dBFS")


def test_dc_beside_music_is_not_constant(tmp_path: Path) -> None:
    samples = np.clip(song(10.0, level=0.4).samples + 0.05, -1, 1)
    assert validate(written(tmp_path / "d.wav", Audio(samples, 44_100)), 10.0).valid
