"""The compressor: static curve, times, detectors, link, and the promises of every stage."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from songkit.audio import Audio
from songkit.dsp.dynamics import compression
from songkit.master.compressor import Compressor
from tests import signals
from tests.stages import ODD_SIZES, facts, info, run

RATE = 48_000


def level(level_db: float, seconds: float = 1.0, channels: int = 2, sample_rate: int = RATE) -> np.ndarray:
    """A square-like constant: the level of every sample is known."""
    signs = np.where(np.arange(round(seconds * sample_rate)) % 2, 1.0, -1.0)
    return np.tile(signs * 10 ** (level_db / 20), (channels, 1)).astype(np.float32)


def gain_db(out: np.ndarray, samples: np.ndarray) -> np.ndarray:
    return 20 * np.log10(np.abs(out / samples))


def curve(level_db: float, threshold_db: float, ratio: float, knee_db: float) -> float:
    """The static curve as the paper writes it: output level for an input level."""
    over = level_db - threshold_db
    if 2 * over < -knee_db:
        return level_db
    if 2 * abs(over) <= knee_db:
        return level_db + (1 / ratio - 1) * (over + knee_db / 2) ** 2 / (2 * knee_db) if knee_db else level_db
    return threshold_db + over / ratio


@pytest.mark.parametrize("knee_db", [0.0, 6.0, 20.0])
@pytest.mark.parametrize("ratio", [1.5, 4.0, 100.0])
def test_static_curve_of_a_tone(ratio, knee_db):
    """Within 0.1 dB on a 1 kHz and a 60 Hz tone, whose peaks the detector must hold."""
    step = Compressor(threshold_db=-24, ratio=ratio, knee_db=knee_db, attack_ms=5, release_ms=100)
    for frequency_hz in (60.0, 997.0):
        for level_db in (-40.0, -30.0, -24.0, -18.0, -6.0, 0.0):
            out = run(step, signals.sine(frequency_hz, level_db, 0.5, channels=1))[0, RATE // 4 :]
            reached = 20 * np.log10(np.max(np.abs(out)))
            assert reached == pytest.approx(curve(level_db, -24, ratio, knee_db), abs=0.1)


def test_static_curve_is_smooth_at_the_knee():
    levels = np.linspace(-60, 0, 2001)
    reductions = compression(levels, -20, 4, 12)
    slopes = np.diff(reductions) / np.diff(levels)
    assert np.all(np.diff(slopes) > -1e-9) and np.max(np.diff(slopes)) < 0.01
    assert slopes[0] == 0 and slopes[-1] == pytest.approx(0.75)


@pytest.mark.parametrize("sample_rate", [8_000, 44_100, 192_000])
@pytest.mark.parametrize(("attack_ms", "release_ms"), [(20.0, 150.0), (5.0, 30.0), (50.0, 500.0)])
def test_times_are_those_of_63_percent(attack_ms, release_ms, sample_rate):
    step = Compressor(threshold_db=-30, ratio=4, knee_db=0, attack_ms=attack_ms, release_ms=release_ms)
    steps = [level(db, 2.5 * release_ms / 1000 + 0.3, 1, sample_rate) for db in (-40, -10, -40)]
    samples = np.concatenate(steps, axis=1)
    reduction = -gain_db(run(step, Audio(samples, sample_rate)), samples)[0]
    up, down = steps[0].shape[1], steps[0].shape[1] + steps[1].shape[1]
    full = 20 * 0.75
    share = 1 - np.exp(-1)
    rise = np.argmax(reduction[up:down] >= share * full) / sample_rate * 1000
    fall = np.argmax(reduction[down:] <= (1 - share) * reduction[down - 1]) / sample_rate * 1000
    assert rise == pytest.approx(attack_ms, rel=0.02, abs=0.3)
    assert fall == pytest.approx(release_ms, rel=0.03, abs=0.5)


def test_no_attack_time_is_at_once():
    samples = np.concatenate([level(-40, 0.1), level(-10, 0.1)], axis=1)
    out = run(Compressor(threshold_db=-30, ratio=100, knee_db=0, attack_ms=0), Audio(samples, RATE))
    assert gain_db(out, samples)[0, RATE // 10] == pytest.approx(-19.8, abs=0.01)


def test_rms_reads_a_sine_three_db_lower():
    tone = signals.sine(1000, -6, 1.0)
    for detector, level_db in (("peak", -6.0), ("rms", -9.01)):
        step = Compressor(threshold_db=-30, ratio=3, knee_db=0, detector=detector)
        out = run(step, tone)[0, RATE // 2 :]
        assert 20 * np.log10(np.max(np.abs(out))) == pytest.approx(-6 - (level_db + 30) * (1 - 1 / 3), abs=0.1)


def test_below_the_threshold_nothing_changes():
    audio = signals.sine(300, -40, 0.3)
    assert np.array_equal(run(Compressor(threshold_db=-18), audio), audio.samples)


def test_a_steady_tone_is_not_distorted():
    """The gain stands still on a tone of 60 Hz: harmonics stay below -90 dB."""
    tone = signals.sine(60, -6, 2.0, channels=1)
    out = run(Compressor(threshold_db=-30, ratio=4, attack_ms=10, release_ms=60), tone)[0, RATE:]
    spectrum = np.abs(np.fft.rfft(out * np.blackman(out.size)))
    fundamental = spectrum[55:66].max()
    assert 20 * np.log10(spectrum[100:].max() / fundamental) < -90


def test_makeup_and_auto():
    audio = signals.sine(300, -40, 0.1)
    assert np.allclose(run(Compressor(makeup_db=6), audio), audio.samples * 10 ** (6 / 20))
    auto = Compressor(threshold_db=-20, ratio=4, makeup_db="auto")
    assert auto.resolved_makeup_db == pytest.approx(7.5)
    assert np.allclose(run(auto, audio), audio.samples * 10 ** (7.5 / 20))


def test_linked_channels_share_one_gain_and_unlinked_do_not():
    samples = np.concatenate([level(-10, 0.5, 1), level(-40, 0.5, 1)])
    settings = {"threshold_db": -30, "ratio": 4, "knee_db": 0}
    for link, quiet in ((1.0, -15.0), (0.5, -7.5), (0.0, 0.0)):
        change = gain_db(run(Compressor(link=link, **settings), Audio(samples, RATE)), samples)[:, -1]
        assert change == pytest.approx([-15.0, quiet], abs=0.05)


def test_the_sidechain_highpass_makes_it_deaf_to_bass():
    bass = signals.sine(40, -6, 1.0)
    deaf = Compressor(threshold_db=-30, ratio=4, sidechain_highpass_hz=400)
    assert facts(Compressor(threshold_db=-30, ratio=4), bass)["max_reduction_db"] > 15
    assert facts(deaf, bass)["max_reduction_db"] < 0.1


def test_facts_tell_the_reduction():
    told = facts(Compressor(threshold_db=-30, ratio=4, knee_db=0, attack_ms=1), Audio(level(-10, 2.0), RATE))
    assert told["max_reduction_db"] == pytest.approx(15.0, abs=0.01)
    assert 14.9 < told["mean_reduction_db"] < 15.0


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize(
    "values",
    [{}, {"detector": "rms"}, {"link": 0.5, "sidechain_highpass_hz": 80}, {"detector": "rms", "link": 0.0}],
    ids=str,
)
def test_blocks_of_any_size_give_the_same_samples(values, channels):
    audio = Audio(signals.multichannel(0.7, channels).samples * np.float32(6), RATE)
    step = Compressor(threshold_db=-24, ratio=4, attack_ms=3, release_ms=40, **values)
    whole = run(step, audio)
    assert whole.shape == audio.samples.shape and np.max(np.abs(whole - audio.samples)) > 0.01
    assert np.array_equal(whole, run(step, audio, ODD_SIZES))


def test_silence_stays_silent_whatever_went_before():
    samples = np.concatenate([level(0, 0.2), np.zeros((2, RATE), np.float32)], axis=1)
    for detector in ("peak", "rms"):
        out = run(Compressor(detector=detector, makeup_db=12), Audio(samples, RATE))
        assert not np.any(out[:, round(0.2 * RATE) :])


@pytest.mark.parametrize("sample_rate", [8_000, 22_050, 96_000, 192_000])
def test_every_rate_is_finite(sample_rate):
    out = run(Compressor(attack_ms=0, release_ms=5, ratio=100), signals.noise(6, 0.2, sample_rate))
    assert np.isfinite(out).all()


def test_identity_and_bad_values():
    assert Compressor(ratio=1).is_identity(info()) and Compressor(ratio=1, makeup_db="auto").is_identity(info())
    assert not Compressor(ratio=1, makeup_db=1).is_identity(info()) and not Compressor().is_identity(info())
    for values in ({"ratio": 0.5}, {"release_ms": 0}, {"makeup_db": "some"}, {"detector": "vu"}, {"link": 2}):
        with pytest.raises(ValidationError):
            Compressor(**values)


def test_a_compressor_that_never_worked_says_so() -> None:
    quiet, loud = signals.sine(1000, -40.0), signals.sine(1000, -6.0)
    (warning,) = facts(Compressor(threshold_db=-18), quiet)["warnings"]
    assert "-18 dBFS" in warning
    assert "warnings" not in facts(Compressor(threshold_db=-18), loud)
    assert "warnings" not in facts(Compressor(threshold_db=-18, ratio=1, makeup_db=3), quiet)
