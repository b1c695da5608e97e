"""Every meter of the table: contract, known answers, and the odd signals."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

from songkit.analysis import METERS, Analysis, analyze
from songkit.audio import Audio, Format
from songkit.blocks import AudioSource, Meter, split
from songkit.errors import UsageError
from tests.signals import multichannel, noise, pink, silence, sine, song


def measure(audio: Audio, *meters: str) -> Analysis:
    return analyze(AudioSource(audio), meters=meters or None)


def same(one: object, other: object) -> bool:
    """Equal but for the last digits that summing in another order costs."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-4, abs_tol=1e-6)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return one == other


def strict(analysis: Analysis) -> str:
    return json.dumps(analysis.to_dict(series=True), allow_nan=False)


@pytest.mark.parametrize("name", METERS)
@pytest.mark.parametrize("frames", [pytest.param(97, marks=pytest.mark.long), 4801])
def test_blocks_of_any_size_give_what_the_whole_gives(name: str, frames: int) -> None:
    audio = song(12.0)
    samples = audio.samples.copy()
    samples[:, 200_000:201_000] = 0.0
    samples = np.clip(samples, -0.45, 0.45)

    def run(blocks: int) -> Any:
        meter: Meter = METERS[name](audio.format)
        for block in split(samples, blocks):
            meter.push(block)
        return meter.result()

    assert same(asdict(run(frames)), asdict(run(samples.shape[1])))


@pytest.mark.parametrize(
    "audio",
    [
        Audio(np.zeros((2, 0), np.float32), 44_100),
        Audio(np.full((2, 1), 0.5, np.float32), 44_100),
        Audio(np.array([[0.1, -0.2, 0.3]], np.float32), 44_100),
        silence(4.0),
        Audio(np.full((2, 96_000), 0.25, np.float32), 48_000),
        Audio(np.sign(sine(100, 0, 4.0).samples), 48_000),
        Audio(np.full((2, 48_000), np.nan, np.float32), 48_000),
        Audio(np.full((1, 48_000), np.inf, np.float32), 8_000),
        sine(440, -6.0, 1.0, channels=1),
        multichannel(4.0, 6),
        multichannel(4.0, 8),
        noise(-10, 1.0, 192_000),
        noise(-10, 3.0, 8_000, channels=1),
    ],
    ids=["empty", "1 frame", "3 frames", "silence", "dc", "square", "nan", "inf", "mono", "5.1", "7.1", "192k", "8k"],
)
def test_every_signal_is_answered_in_strict_json(audio: Audio) -> None:
    analysis = measure(audio)
    values = json.loads(strict(analysis))
    assert values["format"]["frames"] == audio.frames
    for group in ("levels", "peaks", "loudness", "dynamics", "spectrum", "stereo"):
        for name, value in values[group].items():
            if value is None and name not in ("cutoff_confidence", "momentary_max_seconds", "short_term_max_seconds"):
                is_time = name.endswith("_seconds")
                assert is_time or analysis.undefined[f"{group}.{name}"], f"{group}.{name} is null without a reason"


def test_groups_and_names_are_those_that_scripts_rely_on() -> None:
    values = measure(song(12.0)).to_dict()
    expected = {
        "levels": ["rms_dbfs", "crest_db", "dc_offset", "noise_floor_dbfs"],
        "peaks": ["sample_peak_dbfs", "true_peak_dbtp"],
        "loudness": ["integrated_lufs", "short_term_max_lufs", "momentary_max_lufs", "range_lu", "plr_lu"],
        "dynamics": ["dr14"],
        "spectrum": ["centroid_hz", "rolloff_hz", "flatness", "tilt_db_per_octave", "cutoff_hz", "bands_db"],
        "stereo": ["correlation", "width_db", "mono_loss_db"],
        "defects": ["nonfinite_samples", "clipping", "silence", "clicks", "dropouts", "hum"],
    }
    for group, names in expected.items():
        assert set(names) <= set(values[group]), group
    assert {"format", "findings", "score", "undefined"} <= set(values)
    assert "waveform" not in values
    assert "short_term_lufs" not in values["loudness"]


def test_levels_of_a_sine_and_a_square() -> None:
    levels = measure(sine(1000, -6.0, 2.0), "levels").levels
    assert levels.rms_dbfs == pytest.approx(-9.01, abs=0.01)
    assert levels.crest_db == pytest.approx(3.01, abs=0.01)
    square = measure(
        Audio(np.sign(sine(100, 0, 2.0, phase_degrees=1).samples) * np.float32(0.5), 48_000), "levels"
    ).levels
    assert square.rms_dbfs == pytest.approx(-6.02, abs=0.01)
    assert square.crest_db == pytest.approx(0.0, abs=0.01)


def test_dc_stands_in_its_channel() -> None:
    samples = sine(1000, -20, 1.0).samples + np.array([[0.1], [-0.02]], np.float32)
    left, right = measure(Audio(samples, 48_000), "levels").levels.dc_offset
    assert left == pytest.approx(0.1, abs=1e-4)
    assert right == pytest.approx(-0.02, abs=1e-4)


def test_noise_floor_is_that_of_the_pauses() -> None:
    samples = np.concatenate([noise(-10, 2.0).samples, noise(-60, 2.0).samples, silence(2.0).samples], axis=1)
    floor = measure(Audio(samples, 48_000), "levels").levels.noise_floor_dbfs
    assert floor == pytest.approx(-60.0, abs=0.5)


def test_peaks_and_their_times() -> None:
    samples = np.zeros((2, 48_000), np.float32)
    samples[1, 12_000] = -0.5
    peaks = measure(Audio(samples, 48_000), "peaks").peaks
    assert peaks.sample_peak_dbfs == pytest.approx(-6.02, abs=0.01)
    assert peaks.true_peak_dbtp == pytest.approx(-6.02, abs=0.05)
    assert peaks.sample_peak_seconds == pytest.approx(0.25)
    assert peaks.true_peak_seconds == pytest.approx(0.25, abs=1e-4)


@pytest.mark.parametrize(("shape", "dr"), [(lambda x: x, 0.0), (np.sign, -3.01)])
def test_dr14_of_a_sine_is_0_and_of_a_square_minus_3(shape: object, dr: float) -> None:
    wave = sine(997, -3.0, 12.0, 44_100, phase_degrees=0.5).samples
    dynamics = measure(Audio(shape(wave), 44_100), "dynamics").dynamics  # type: ignore[operator]
    assert dynamics.dr_db == pytest.approx(dr, abs=0.02)
    assert dynamics.dr14 == round(dr)


def test_white_noise_has_the_spectrum_of_white_noise() -> None:
    spectrum = measure(noise(-20, 8.0), "spectrum").spectrum
    assert spectrum.centroid_hz == pytest.approx(12_000, rel=0.01)
    assert spectrum.rolloff_hz == pytest.approx(0.85 * 24_000, rel=0.01)
    # Two channels averaged: the power has 4 degrees of freedom, e^psi(2) / 2 = 0.763; one channel: e^-gamma = 0.5615.
    assert spectrum.flatness == pytest.approx(0.763, abs=0.01)
    mono = measure(noise(-20, 8.0, channels=1), "spectrum").spectrum
    assert mono.flatness == pytest.approx(0.5615, abs=0.01)
    assert spectrum.tilt_db_per_octave == pytest.approx(0.0, abs=0.1)
    assert spectrum.cutoff_hz is None


def test_pink_noise_falls_3_db_per_octave_and_has_equal_octaves() -> None:
    spectrum = measure(pink(-20, 12.0), "spectrum").spectrum
    assert spectrum.tilt_db_per_octave == pytest.approx(-3.01, abs=0.15)
    assert spectrum.bands_db is not None
    middle = [level for name, level in spectrum.bands_db.items() if name in ("125", "500", "1000", "4000", "8000")]
    assert np.ptp(middle) < 0.6


def test_an_octave_holds_the_level_of_its_tone() -> None:
    bands = measure(sine(1000, -10.0, 4.0), "spectrum").spectrum.bands_db
    assert bands is not None
    assert bands["1000"] == pytest.approx(-13.01, abs=0.05)


@pytest.mark.parametrize("cutoff_hz", [11_000, 13_000, 16_000, 17_500, 19_000])
def test_a_cut_off_is_found_within_300_hz(cutoff_hz: float) -> None:
    spectrum = measure(low_passed(song(8.0), cutoff_hz, 60.0), "spectrum").spectrum
    assert spectrum.cutoff_hz == pytest.approx(cutoff_hz, abs=300)
    assert (spectrum.cutoff_confidence or 0) > 0.7


def test_a_gradual_roll_off_is_no_cut_off() -> None:
    audio = noise(-20, 6.0, 44_100)
    spectrum = np.fft.rfft(audio.samples)
    hz = np.fft.rfftfreq(audio.frames, 1 / 44_100)
    spectrum /= 1 + (hz / 3000) ** 4  # 24 dB per octave from 3 kHz on
    analysis = measure(Audio(np.fft.irfft(spectrum, n=audio.frames).astype(np.float32), 44_100), "spectrum")
    assert analysis.spectrum.cutoff_hz is None
    assert "gradually" in analysis.undefined["spectrum.cutoff_hz"]


def low_passed(audio: Audio, cutoff_hz: float, depth_db: float) -> Audio:
    """Everything above the cut-off lowered by `depth_db`, over 200 Hz."""
    hz = np.fft.rfftfreq(audio.frames, 1 / audio.sample_rate)
    gain = 10 ** (-depth_db / 20 * np.clip((hz - cutoff_hz) / 200, 0, 1))
    return Audio(np.fft.irfft(np.fft.rfft(audio.samples) * gain, n=audio.frames).astype(np.float32), audio.sample_rate)


def test_stereo_relations() -> None:
    unrelated = measure(noise(-20, 5.0), "stereo").stereo
    assert unrelated.correlation == pytest.approx(0.0, abs=0.02)
    assert unrelated.width_db == pytest.approx(0.0, abs=0.1)
    assert unrelated.mono_loss_db == pytest.approx(3.01, abs=0.1)
    same_both = measure(sine(440, -10, 1.0), "stereo")
    assert same_both.stereo.correlation == pytest.approx(1.0)
    assert same_both.stereo.mono_loss_db == pytest.approx(0.0, abs=1e-6)
    assert same_both.undefined["stereo.width_db"] == "both channels are the same"
    inverted = Audio(sine(440, -10, 1.0).samples * np.array([[1], [-1]], np.float32), 48_000)
    analysis = measure(inverted, "stereo")
    assert analysis.stereo.correlation == pytest.approx(-1.0)
    assert "cancel" in analysis.undefined["stereo.mono_loss_db"]


def test_meters_can_be_chosen_and_what_was_not_asked_says_so() -> None:
    analysis = measure(song(2.0), "levels")
    assert analysis.levels.rms_dbfs is not None
    assert analysis.undefined["spectrum"] == "not measured"
    assert analysis.to_dict()["spectrum"] is None
    assert analysis.to_dict()["defects"]["clicks"] is None
    assert analysis.score is None
    with pytest.raises(UsageError, match="loudnes") as caught:
        measure(song(1.0), "loudnes")
    assert "loudness" in caught.value.hint


def test_a_waveform_has_a_bounded_number_of_points() -> None:
    audio = noise(-20, 30.0, 48_000)
    waveform = measure(audio, "waveform").waveform
    assert 1000 <= len(waveform.lowest) <= 2001
    assert max(waveform.highest) == pytest.approx(float(audio.samples.max()))
    assert len(waveform.lowest) * waveform.slice_seconds == pytest.approx(30.0, abs=waveform.slice_seconds)


def test_dual_mono_counts_a_single_channel_twice() -> None:
    from songkit.analysis.loudness import LoudnessMeter

    audio = sine(997, -20, 2.0, channels=1)
    plain, doubled = (LoudnessMeter(audio.format, dual_mono=asked) for asked in (False, True))
    for meter in (plain, doubled):
        meter.push(audio.samples)
    assert (doubled.result().integrated_lufs or 0) - (plain.result().integrated_lufs or 0) == pytest.approx(
        3.01, abs=0.01
    )


def test_a_clip_too_short_for_the_gate_still_has_a_programme_loudness() -> None:
    analysis = measure(sine(997, -20, 0.2), "loudness")
    assert analysis.loudness.integrated_lufs is None
    assert "0.4 s" in analysis.undefined["loudness.integrated_lufs"]
    assert analysis.loudness.programme_lufs == pytest.approx(-20.0, abs=0.3)


def test_importing_the_room_loads_no_heavy_library() -> None:
    code = "import sys, songkit.analysis, songkit.analysis.profiles; print(*sys.modules)"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert not loaded & {"numba", "scipy", "soundfile", "soxr", "pedalboard", "pyloudnorm"}


def test_pyloudnorm_agrees_where_it_is_right() -> None:
    pyloudnorm = pytest.importorskip("pyloudnorm")
    audio = song(10.0, 48_000)
    other = pyloudnorm.Meter(48_000, filter_class="DeMan").integrated_loudness(audio.samples.T.astype(float))
    assert measure(audio, "loudness").loudness.integrated_lufs == pytest.approx(other, abs=0.05)


def test_every_meter_takes_the_formats_that_songkit_reads() -> None:
    for layout in (("FC",), ("FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR")):
        for rate in (8_000, 192_000):
            for meter in METERS.values():
                meter(Format(rate, layout)).result()
