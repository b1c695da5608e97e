"""Filters and the equaliser: designs against scipy and the analogue curves, what comes out against the designs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy import signal

from songkit.audio import Audio
from songkit.dsp import filter_design as design
from songkit.dsp.biquad import Cascade
from songkit.master import PROCESSORS
from songkit.master.eq import Eq
from songkit.master.filters import HighPass, LowPass
from tests import signals
from tests.stages import ODD_SIZES, info, run

RATES = (8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 88_200, 96_000, 176_400, 192_000)


def eq(*bands: dict) -> Eq:
    return Eq.model_validate({"bands": bands})


def response_db(sections: np.ndarray, frequencies: np.ndarray, sample_rate: int) -> np.ndarray:
    """scipy's reading of a design."""
    sos = np.column_stack([sections[:, :3], np.ones(len(sections)), sections[:, 3:]])
    return 20 * np.log10(np.abs(signal.sosfreqz(sos, frequencies, fs=sample_rate)[1]) + 1e-20)


def measured_db(step, frequencies: np.ndarray, sample_rate: int, frames: int = 1 << 17) -> np.ndarray:
    """What the running filter does: the spectrum of its answer to one impulse."""
    samples = np.zeros((1, frames), np.float32)
    samples[0, 0] = 1.0
    answer = run(step, Audio(samples, sample_rate))[0].astype(float)
    kernel = np.exp(-2j * np.pi * np.outer(frequencies / sample_rate, np.arange(frames)))
    return 20 * np.log10(np.abs(kernel @ answer))


@pytest.mark.parametrize("order", range(1, 9))
@pytest.mark.parametrize("kind", ["lowpass", "highpass"])
def test_passes_are_butterworth(kind, order):
    build = design.butterworth_lowpass if kind == "lowpass" else design.butterworth_highpass
    for sample_rate in (8_000, 44_100, 192_000):
        frequencies = np.geomspace(5, 0.49 * sample_rate, 200)
        for cutoff_hz in (5.0, 80.0, 3_000.0):
            sos = signal.butter(order, cutoff_hz, kind, fs=sample_rate, output="sos")
            expected = 20 * np.log10(np.abs(signal.sosfreqz(sos, frequencies, fs=sample_rate)[1]) + 1e-20)
            ours = response_db(build(cutoff_hz, order, sample_rate), frequencies, sample_rate)
            heard = expected > -150
            assert np.max(np.abs(ours - expected)[heard]) < 1e-3


@pytest.mark.parametrize("slope", [6, 12, 18, 24, 48])
def test_a_running_filter_meets_its_design(slope):
    frequencies = np.array([20.0, 50.0, 100.0, 500.0, 1_000.0, 2_000.0, 8_000.0, 16_000.0])
    for step, build in (
        (HighPass(cutoff_hz=100, slope_db_per_octave=slope), design.butterworth_highpass(100, slope // 6, 44_100)),
        (LowPass(cutoff_hz=2000, slope_db_per_octave=slope), design.butterworth_lowpass(2000, slope // 6, 44_100)),
    ):
        expected = response_db(build, frequencies, 44_100)
        heard = expected > -80
        assert np.max(np.abs(measured_db(step, frequencies, 44_100) - expected)[heard]) < 0.01
    at_cutoff = measured_db(HighPass(cutoff_hz=100, slope_db_per_octave=slope), np.array([100.0]), 44_100)
    assert at_cutoff[0] == pytest.approx(-3.01, abs=0.01)


ANALOGUE = {
    "bell": (design.bell, design.bell_prototype, (0.1, 0.5, 1.0, 3.0, 10.0, 40.0)),
    "low_shelf": (design.low_shelf, design.low_shelf_prototype, (0.3, 0.7071, 2.0)),
    "high_shelf": (design.high_shelf, design.high_shelf_prototype, (0.3, 0.7071, 2.0)),
    "tilt": (design.tilt, design.tilt_prototype, (None,)),
}


@pytest.mark.parametrize("shape", ANALOGUE)
def test_bands_follow_the_analogue_curve_to_18_khz(shape):
    """At 44.1 kHz within 0.3 dB; a bilinear 10 kHz bell would be 1.8 dB off at 15 kHz."""
    build, prototype, widths = ANALOGUE[shape]
    frequencies = np.geomspace(20, 18_000, 300)
    worst = 0.0
    for gain_db in (-24.0, -12.0, -3.0, 0.5, 6.0, 12.0, 24.0):
        for frequency_hz in np.geomspace(10, 18_000, 14):
            for q in widths:
                extra = () if q is None else (q,)
                sections = build(frequency_hz, gain_db, *extra, 44_100)
                expected = 10 * np.log10(prototype(gain_db, *extra).power(frequencies / frequency_hz))
                error = np.max(np.abs(response_db(sections, frequencies, 44_100) - expected))
                worst = max(worst, error if abs(gain_db) > 12 else error * 1.5)  # 0.2 dB up to 12 dB of gain
    assert worst < 0.3


def test_known_points_of_the_prototypes():
    """Half the gain in dB at a shelf's corner, all of it at a bell's centre, a tilt crosses zero at its pivot."""
    one = np.ones(1)
    assert 10 * np.log10(design.bell_prototype(6, 2).power(one))[0] == pytest.approx(6)
    assert 10 * np.log10(design.low_shelf_prototype(6, 0.7071).power(one))[0] == pytest.approx(3)
    assert 10 * np.log10(design.high_shelf_prototype(6, 0.7071).power(one))[0] == pytest.approx(3)
    assert 10 * np.log10(design.tilt_prototype(6).power(np.array([1e-4, 1.0, 1e4]))) == pytest.approx([-3, 0, 3])


@pytest.mark.parametrize(
    "band",
    [
        {"shape": "bell", "frequency_hz": 1000, "gain_db": 6, "q": 2},
        {"shape": "bell", "frequency_hz": 10_000, "gain_db": -9, "q": 1},
        {"shape": "low_shelf", "frequency_hz": 100, "gain_db": 4},
        {"shape": "high_shelf", "frequency_hz": 8000, "gain_db": -6},
        {"shape": "tilt", "frequency_hz": 700, "gain_db": 3},
        {"shape": "notch", "frequency_hz": 3000, "q": 5},
        {"shape": "highpass", "frequency_hz": 40, "slope_db_per_octave": 24},
        {"shape": "lowpass", "frequency_hz": 12_000, "slope_db_per_octave": 18},
    ],
    ids=lambda band: f"{band['shape']}-{band['frequency_hz']}",
)
def test_a_running_band_meets_its_design(band):
    step = eq(band)
    frequencies = np.array([30.0, 60.0, 200.0, 700.0, 2_000.0, 6_000.0, 10_000.0, 15_000.0])
    expected = response_db(step.bands[0].sections(44_100), frequencies, 44_100)
    assert np.max(np.abs(measured_db(step, frequencies, 44_100) - expected)) < 0.01


def test_boost_and_cut_are_mirror_images():
    audio = signals.noise(-20, 0.5, 44_100)
    up, down = (eq({"shape": "bell", "frequency_hz": 9000, "gain_db": gain_db}) for gain_db in (8, -8))
    back = run(down, Audio(run(up, audio), 44_100))
    assert np.max(np.abs(back - audio.samples)) < 1e-6


def test_a_notch_takes_its_tone_and_leaves_the_others():
    step = eq({"shape": "notch", "frequency_hz": 1000, "q": 30})
    tail = slice(24_000, None)
    assert np.max(np.abs(run(step, signals.sine(1000, 0))[:, tail])) < 1e-3
    other = signals.sine(2000, 0)
    assert np.max(np.abs(run(step, other)[0, tail])) == pytest.approx(1.0, abs=0.002)


def test_blocks_of_any_size_give_the_same_samples():
    step = eq(
        {"shape": "bell", "frequency_hz": 3000, "gain_db": 4},
        {"shape": "low_shelf", "frequency_hz": 100, "gain_db": -3, "target": "side"},
        {"shape": "high_shelf", "frequency_hz": 9000, "gain_db": 2, "target": "left"},
    )
    audio = signals.noise(-12, 0.5)
    for filters in (step, HighPass(cutoff_hz=30, slope_db_per_octave=48), LowPass(cutoff_hz=5000)):
        assert np.array_equal(run(filters, audio), run(filters, audio, ODD_SIZES))


@pytest.mark.parametrize("channels", [1, 2, 3, 6, 8])
def test_channels_do_not_hear_one_another(channels):
    audio = signals.multichannel(0.2, channels)
    step = eq({"shape": "bell", "frequency_hz": 500, "gain_db": 6}, {"shape": "highpass", "frequency_hz": 40})
    whole = run(step, audio)
    for channel in range(channels):
        alone = run(step, Audio(audio.samples[channel], audio.sample_rate))
        assert np.array_equal(whole[channel], alone[0])


def test_silence_after_sound_ends_in_exact_zeros_and_no_denormal_number():
    samples = np.zeros((2, 48_000 * 20), np.float32)
    samples[:, :4800] = signals.noise(0, 0.1).samples
    step = eq({"shape": "bell", "frequency_hz": 200, "gain_db": 6}, {"shape": "lowpass", "frequency_hz": 12_000})
    out = run(step, Audio(samples, 48_000))
    assert not np.any(out[:, -4800:])
    sounding = np.abs(out[out != 0])
    assert sounding.min() > np.finfo(np.float32).tiny


def test_silence_stays_silent():
    for step in (HighPass(), LowPass(), eq({"shape": "high_shelf", "frequency_hz": 8000, "gain_db": 12})):
        assert not np.any(run(step, signals.silence(0.2)))


def test_a_broken_sample_is_not_hidden():
    samples = signals.noise(-12, 0.1).samples.copy()
    samples[0, 100] = np.nan
    assert np.isnan(run(HighPass(cutoff_hz=100), Audio(samples, 48_000))[0, 100:]).all()


@pytest.mark.parametrize("sample_rate", RATES)
def test_every_rate_is_finite_and_stable(sample_rate):
    nyquist_hz = sample_rate / 2
    audio = signals.noise(-6, 0.3, sample_rate)
    for frequency_hz in (5.0, 0.3 * nyquist_hz, 0.999 * nyquist_hz):
        steps = [
            HighPass(cutoff_hz=frequency_hz, slope_db_per_octave=48),
            LowPass(cutoff_hz=frequency_hz, slope_db_per_octave=42),
            eq({"shape": "bell", "frequency_hz": frequency_hz, "gain_db": -24, "q": 10}),
            eq({"shape": "notch", "frequency_hz": frequency_hz, "q": 200}),
            eq({"shape": "low_shelf", "frequency_hz": frequency_hz, "gain_db": 12}),
            eq({"shape": "high_shelf", "frequency_hz": frequency_hz, "gain_db": 12}),
        ]
        for step in steps:
            out = run(step, audio)
            assert np.isfinite(out).all() and np.max(np.abs(out)) < 100


def test_the_lowest_filter_at_the_highest_rate_is_exact():
    step = HighPass(cutoff_hz=5, slope_db_per_octave=48)
    sections = design.butterworth_highpass(5, 8, 192_000)
    audio = signals.noise(-6, 3.0, 192_000, 1)
    sos = signal.butter(8, 5, "high", fs=192_000, output="sos")
    assert np.max(np.abs(np.roots([1, *sections[0, 3:]]))) < 1
    assert np.max(np.abs(run(step, audio) - signal.sosfilt(sos, audio.samples.astype(float)))) < 1e-4


bands = st.one_of(
    st.fixed_dictionaries(
        {
            "shape": st.sampled_from(["bell", "low_shelf", "high_shelf"]),
            "gain_db": st.floats(-24, 24),
            "q": st.floats(0.1, 2),
        }
    ),
    st.fixed_dictionaries({"shape": st.just("tilt"), "gain_db": st.floats(-24, 24)}),
    st.fixed_dictionaries({"shape": st.just("notch"), "q": st.floats(0.1, 200)}),
    st.fixed_dictionaries(
        {
            "shape": st.sampled_from(["highpass", "lowpass"]),
            "slope_db_per_octave": st.sampled_from(range(6, 49, 6)),
        }
    ),
)


@settings(max_examples=60, deadline=None)
@given(band=bands, share=st.floats(0.0, 0.9999), sample_rate=st.sampled_from(RATES))
def test_any_band_is_stable_of_minimum_phase_and_finite(band, share, sample_rate):
    frequency_hz = max(5.0, 5.0 * (sample_rate / 10.0) ** share)
    step = eq({**band, "frequency_hz": frequency_hz})
    for row in step.bands[0].sections(sample_rate):
        assert np.max(np.abs(np.roots([1.0, *row[3:]]))) < 1
        assert np.max(np.abs(np.roots(row[:3])), initial=0.0) <= 1 + 1e-6
    out = run(step, signals.noise(-20, 0.05, sample_rate))
    assert np.isfinite(out).all()


def test_mid_and_side_reach_only_their_part():
    audio = signals.noise(-20, 0.5)
    left, right = audio.samples
    mid = run(eq({"shape": "lowpass", "frequency_hz": 300, "target": "mid"}), audio)
    assert np.max(np.abs((mid[0] - mid[1]) - (left - right))) < 1e-6
    side = run(eq({"shape": "lowpass", "frequency_hz": 300, "target": "side"}), audio)
    assert np.max(np.abs((side[0] + side[1]) - (left + right))) < 1e-6
    sections = design.butterworth_lowpass(300, 2, 48_000)
    expected = Cascade(sections, 1).push(((left - right) / 2)[np.newaxis])[0]
    assert np.max(np.abs((side[0] - side[1]) / 2 - expected)) < 1e-6
    twin = Audio(np.stack([left, left]), 48_000)
    assert np.array_equal(run(eq({"shape": "highpass", "frequency_hz": 300, "target": "side"}), twin), twin.samples)


def test_left_and_right_leave_the_other_channel_alone():
    audio = signals.noise(-20, 0.2)
    out = run(eq({"shape": "bell", "frequency_hz": 1000, "gain_db": 6, "target": "right"}), audio)
    both = run(eq({"shape": "bell", "frequency_hz": 1000, "gain_db": 6}), audio)
    assert np.array_equal(out[0], audio.samples[0])
    assert np.max(np.abs(out[1] - both[1])) < 1e-6


def test_a_flat_equaliser_is_the_identity_and_says_so():
    step = eq({"shape": "bell", "frequency_hz": 1000}, {"shape": "tilt", "frequency_hz": 1000})
    assert step.is_identity(info())
    audio = signals.noise(-20, 0.1)
    assert np.array_equal(run(step, audio), audio.samples)
    assert not eq({"shape": "notch", "frequency_hz": 1000}).is_identity(info())


def test_what_does_not_fit_the_format_is_named():
    assert "cutoff_hz 30000" in HighPass(cutoff_hz=30_000).check(info(48_000))
    assert "24000 Hz" in LowPass(cutoff_hz=24_000).check(info(48_000))
    assert LowPass(cutoff_hz=23_999).check(info(48_000)) is None
    fine, high = {"shape": "notch", "frequency_hz": 50}, {"shape": "bell", "frequency_hz": 20_000, "gain_db": 1}
    assert "bands[1].frequency_hz 20000" in eq(fine, high).check(info(32_000))
    assert "bands[0].target side" in eq({**fine, "target": "side"}).check(info(48_000, 6))
    assert eq({**fine, "target": "side"}).check(info(48_000, 2)) is None


@pytest.mark.parametrize(
    "values",
    [
        {"bands": []},
        {"bands": [{"shape": "bell", "frequency_hz": 0}]},
        {"bands": [{"shape": "notch", "frequency_hz": 100, "gain_db": 3}]},
        {"bands": [{"shape": "shelf", "frequency_hz": 100}]},
        {"bands": [{"frequency_hz": 100}]},
        {"bands": [{"shape": "bell", "frequency_hz": float("nan")}]},
    ],
)
def test_bad_bands_are_refused(values):
    with pytest.raises(ValidationError):
        Eq.model_validate(values)


def test_slopes_come_in_steps_of_six():
    with pytest.raises(ValidationError):
        HighPass(slope_db_per_octave=10)
    assert PROCESSORS["highpass"] is HighPass
