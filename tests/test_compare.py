"""`songkit compare`: changes that were made on purpose are told, and none that was not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from songkit.audio import Audio
from songkit.cli import songkit
from songkit.compare import Comparison, compare_files
from songkit.errors import InputError
from songkit.master.compressor import Compressor
from songkit.master.eq import Eq
from songkit.master.resample import Resample
from songkit.report.comparison import comparison_lines
from tests import signals, stages
from tests.references import written

RATE = 44_100


def music(seconds: float = 5.0, channels: int = 2, sample_rate: int = RATE) -> Audio:
    return signals.pink(-20, seconds, sample_rate, channels)


def compared(tmp_path: Path, before: Audio, after: Audio) -> Comparison:
    return compare_files(written(before, tmp_path / "before.wav"), written(after, tmp_path / "after.wav"))


def changed(audio: Audio, samples: Any) -> Audio:
    return Audio(np.asarray(samples, np.float32), audio.sample_rate, audio.layout)


def late(audio: Audio, frames: int) -> Audio:
    if frames < 0:
        return changed(audio, audio.samples[:, -frames:])
    return changed(audio, np.pad(audio.samples, ((0, 0), (frames, 0))))


def test_the_same_is_called_the_same(tmp_path: Path) -> None:
    found = compared(tmp_path, music(), music())
    assert found.identical
    assert found.alignment is not None
    assert found.alignment.delay_frames == 0.0
    assert found.gain_db == 0.0


@pytest.mark.parametrize("gain_db", [-6.0, 3.5])
def test_a_gain_is_told_and_leaves_nothing(tmp_path: Path, gain_db: float) -> None:
    found = compared(tmp_path, music(), changed(music(), music().samples * 10 ** (gain_db / 20)))
    assert not found.identical
    assert found.gain_db == pytest.approx(gain_db, abs=1e-3)
    assert found.residual_db is not None
    assert found.residual_db < -120
    assert found.curve is not None
    assert max(abs(value) for value in found.curve.gain_db if value is not None) < 1e-3
    change = found.to_dict()["figures"]["integrated_lufs"]["change"]
    assert change == pytest.approx(gain_db, abs=0.01)


@pytest.mark.parametrize("frames", [1, 777, 100_000, -12_345])
def test_a_delay_is_found_to_the_frame(tmp_path: Path, frames: int) -> None:
    found = compared(tmp_path, music(), late(music(), frames))
    assert found.alignment is not None
    assert found.alignment.delay_frames == frames
    assert found.alignment.delay_seconds == pytest.approx(frames / RATE)
    assert found.residual_db is not None
    assert found.residual_db < -120


def test_a_delay_of_a_part_of_a_frame_is_found(tmp_path: Path) -> None:
    cycles = np.fft.rfftfreq(music().frames)
    spectrum = np.fft.rfft(music().samples) * (cycles < 0.4)
    audio = changed(music(), np.fft.irfft(spectrum))
    moved = changed(audio, np.fft.irfft(spectrum * np.exp(-2j * np.pi * cycles * 20.37)))
    found = compared(tmp_path, audio, moved)
    assert found.alignment is not None
    assert found.alignment.delay_frames == pytest.approx(20.37, abs=0.011)
    assert found.residual_db is not None
    assert found.residual_db < -50


def test_polarity_is_told_by_channel(tmp_path: Path) -> None:
    audio = music()
    both = compared(tmp_path, audio, late(changed(audio, -audio.samples), 50))
    assert both.alignment is not None
    assert both.alignment.inverted == ("FL", "FR")
    assert both.alignment.delay_frames == 50
    (tmp_path / "one").mkdir()
    one = compared(tmp_path / "one", audio, changed(audio, audio.samples * [[1.0], [-1.0]]))
    assert one.alignment is not None
    assert one.alignment.inverted == ("FR",)
    assert one.residual_db is not None
    assert one.residual_db < -120


def test_an_equaliser_is_seen_beside_gain_and_delay(tmp_path: Path) -> None:
    audio = music(8.0)
    eq = Eq.model_validate({"bands": [{"shape": "bell", "frequency_hz": 1000, "gain_db": 6, "q": 2}]})
    found = compared(tmp_path, audio, late(changed(audio, stages.run(eq, audio) * 2.0), 300))
    assert found.curve is not None
    curve = dict(zip(found.curve.frequencies_hz, found.curve.gain_db, strict=True))
    assert curve[1000.0] == pytest.approx(5.4, abs=0.4)  # a third octave of a narrow bell
    assert curve[62.5] == pytest.approx(0.0, abs=0.2)
    assert curve[16_000.0] == pytest.approx(0.0, abs=0.2)
    assert found.gain_db == pytest.approx(6.02, abs=0.2)
    assert found.alignment is not None
    assert found.alignment.delay_frames == pytest.approx(300, abs=0.5)
    assert found.residual_db is not None
    assert -30 < found.residual_db < -3


def test_compression_shows_in_loudness_and_residual(tmp_path: Path) -> None:
    song = signals.song(8)
    squeezed = changed(song, stages.run(Compressor(threshold_db=-30, ratio=6), song))
    found = compared(tmp_path, song, squeezed)
    figures = found.to_dict()["figures"]
    assert figures["plr_lu"]["change"] < -0.5 or figures["range_lu"]["change"] < -0.5
    assert found.residual_db is not None
    assert found.residual_db > -40


def test_width_is_told(tmp_path: Path) -> None:
    audio = music()
    left, right = audio.samples
    wider = changed(audio, np.stack([1.5 * left - 0.5 * right, 1.5 * right - 0.5 * left]))  # side doubled
    figures = compared(tmp_path, audio, wider).to_dict()["figures"]
    assert figures["width_db"]["change"] == pytest.approx(6.02, abs=0.05)


def test_of_another_rate_what_can_be_compared_is(tmp_path: Path) -> None:
    audio = music()
    other = Audio(stages.run(Resample(sample_rate_hz=48_000), audio), 48_000)
    found = compared(tmp_path, audio, other)
    assert any("rates differ" in note for note in found.notes)
    assert found.after.format.sample_rate == 48_000
    assert found.alignment is not None
    assert found.alignment.delay_frames == pytest.approx(0.0, abs=0.02)
    assert found.residual_db is not None
    assert found.residual_db < -15  # white up to half the rate, and the resampler cuts the top tenth
    assert found.gain_db == pytest.approx(0.0, abs=0.02)


def test_with_other_channels_both_are_folded(tmp_path: Path) -> None:
    audio = music()
    mono = Audio(audio.samples.mean(axis=0, keepdims=True), RATE)
    found = compared(tmp_path, audio, mono)
    assert any("channels differ" in note for note in found.notes)
    assert found.residual_db is not None
    assert found.residual_db < -100
    assert not found.identical


def test_six_channels_are_compared_one_by_one(tmp_path: Path) -> None:
    audio = signals.multichannel(3.0)
    turned = audio.samples.copy()
    turned[3] *= -1
    found = compared(tmp_path, audio, changed(audio, turned))
    assert found.alignment is not None
    assert found.alignment.inverted == ("LFE",)


def test_the_length_is_told_and_what_is_missing_counts_for_nothing(tmp_path: Path) -> None:
    audio = music(6.0)
    found = compared(tmp_path, audio, changed(audio, audio.samples[:, : 4 * RATE]))
    assert found.to_dict()["length_seconds"] == pytest.approx(-2.0)
    assert found.residual_db is not None
    assert found.residual_db < -120
    assert not found.identical


def test_strangers_are_not_lined_up(tmp_path: Path) -> None:
    found = compared(tmp_path, music(), signals.pink(-20, 5.0, RATE, seed=99))
    assert found.alignment is None
    assert found.residual_db is None
    assert any("no alignment" in note for note in found.notes)


@pytest.mark.parametrize("both", [True, False])
def test_silence_has_nothing_to_line_up(tmp_path: Path, both: bool) -> None:
    silence = signals.silence(2.0, RATE)
    found = compared(tmp_path, silence, silence if both else music(2.0))
    assert found.identical is both
    assert found.alignment is None
    assert any("digital silence" in note for note in found.notes)
    json.dumps(found.to_dict(), allow_nan=False)


def test_very_short_files_are_answered(tmp_path: Path) -> None:
    audio = Audio(np.array([[0.1, -0.2, 0.3]], np.float32), RATE)
    assert compared(tmp_path, audio, audio).identical


def test_long_files_are_lined_up_in_chunks(tmp_path: Path) -> None:
    audio = music(26.0, 1, 8_000)
    found = compared(tmp_path, audio, late(audio, 40_000))  # 5 s
    assert found.alignment is not None
    assert found.alignment.delay_frames == 40_000


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.wav does not exist"):
        compare_files(written(music(1.0), tmp_path / "there.wav"), tmp_path / "gone.wav")


def test_the_table_and_the_json_say_the_same(tmp_path: Path) -> None:
    before = written(music(), tmp_path / "before.wav")
    after = written(late(changed(music(), music().samples * -2.0), 441), tmp_path / "after.wav")
    shown = CliRunner().invoke(songkit, ["compare", str(before), str(after)], catch_exceptions=False)
    assert "441 frames (10.000 ms) later" in shown.stdout
    assert "inverted in FL FR" in shown.stdout
    assert "gain     +6.02 dB" in shown.stdout
    assert max(map(len, shown.stdout.splitlines())) <= max(100, len(str(after)) + 20)
    told = json.loads(CliRunner().invoke(songkit, ["compare", str(before), str(after), "--json"]).stdout)
    assert told["alignment"]["delay_frames"] == 441
    assert told["gain_db"] == pytest.approx(6.02, abs=0.01)


def test_lines_for_the_same_say_so(tmp_path: Path) -> None:
    lines = comparison_lines(compared(tmp_path, music(1.0), music(1.0)))
    assert any("every sample is the same" in line for line in lines)
