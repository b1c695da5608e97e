"""Gate, de-esser, dynamic equaliser, multiband compressor and transient shaper."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from songkit.audio import Audio
from songkit.dsp.biquad import Cascade
from songkit.dsp.crossover import band_sections, sum_sections
from songkit.master.deesser import Deesser
from songkit.master.dynamic_eq import DynamicEq
from songkit.master.gate import Gate
from songkit.master.multiband import Multiband
from songkit.master.processor import Processor
from songkit.master.transients import Transients
from tests import signals
from tests.stages import ODD_SIZES, facts, info, run, run_stage

RATE = 48_000


def multiband(crossovers_hz=(120, 2000), **settings) -> Multiband:
    return Multiband.model_validate(
        {"crossovers_hz": crossovers_hz, "bands": [settings] * (len(crossovers_hz) + 1)},
    )


def dynamic(shape: str, frequency_hz: float, **settings) -> DynamicEq:
    return DynamicEq.model_validate({"bands": [{"shape": shape, "frequency_hz": frequency_hz, **settings}]})


STEPS: dict[str, Processor] = {
    "gate": Gate(threshold_db=-5, hold_ms=5, release_ms=20),
    "deesser": Deesser(threshold_db=-30, q=0.4),
    "dynamic_eq": dynamic("bell", 800, threshold_db=-50),
    "multiband": multiband(threshold_db=-50, ratio=3, attack_ms=3),
    "transients": Transients(attack_db=6, sustain_db=-6),
}


def level_db(samples: np.ndarray) -> float:
    return float(10 * np.log10(2 * np.mean(samples.astype(float) ** 2)))


def change_db(step: Processor, audio: Audio) -> float:
    """Level out over level in, after the first half."""
    half = slice(audio.frames // 2, None)
    return level_db(run(step, audio)[:, half]) - level_db(audio.samples[:, half])


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_blocks_of_any_size_give_the_same_samples(name, channels):
    audio = signals.multichannel(0.5, channels)
    whole = run(STEPS[name], audio)
    assert whole.shape == audio.samples.shape and not np.allclose(whole, audio.samples, atol=1e-4)
    assert np.array_equal(whole, run(STEPS[name], audio, ODD_SIZES))


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("sample_rate", [16_000, 44_100, 192_000])
def test_silence_stays_silent_and_noise_finite_at_every_rate(name, sample_rate):
    assert not np.any(run(STEPS[name], signals.silence(0.2, sample_rate)))
    assert np.isfinite(run(STEPS[name], signals.noise(6, 0.2, sample_rate))).all()


# The gate


def test_a_gate_leaves_what_is_above_and_turns_down_what_is_below():
    step = Gate(threshold_db=-40, ratio=3, range_db=60)
    loud = signals.sine(200, -20, 0.5)  # starts at zero: the gate must not close before the first wave
    assert np.array_equal(run(step, loud), loud.samples)
    assert change_db(step, signals.sine(200, -50, 2.0)) == pytest.approx(-20, abs=0.1)
    assert change_db(Gate(threshold_db=-40, ratio=100, range_db=24), signals.sine(200, -50, 2.0)) == pytest.approx(
        -24, abs=0.1
    )


def test_a_gate_holds_then_closes_and_opens_in_its_times():
    constant = {"seconds": 0.5, "phase_degrees": 90, "channels": 1}
    parts = [signals.sine(RATE / 2, level, **constant).samples for level in (0, -60, 0)]
    samples = np.concatenate(parts, axis=1)
    step = Gate(threshold_db=-40, ratio=100, range_db=20, attack_ms=5, hold_ms=100, release_ms=50)
    reduction = -20 * np.log10(np.abs(run(step, Audio(samples, RATE)) / samples))[0]
    after = reduction[RATE // 2 : RATE]
    assert np.all(after[: round(0.099 * RATE)] == 0)
    assert np.argmax(after >= 20 * (1 - np.exp(-1))) / RATE * 1000 == pytest.approx(100 + 5 + 50, abs=6)
    opening = reduction[RATE:]
    assert np.argmax(opening <= 20 * np.exp(-1)) / RATE * 1000 == pytest.approx(5, abs=0.2)


# The de-esser


def sibilant(level_dbfs: float) -> Audio:
    return Audio(signals.sine(6500, level_dbfs, 1.0).samples, RATE)


@pytest.mark.parametrize("level", [-6.0, -40.0])
def test_the_deesser_hears_sibilance_at_any_level_and_leaves_vowels(level):
    step = Deesser(range_db=6)
    assert change_db(step, sibilant(level)) == pytest.approx(-6, abs=0.1)
    assert abs(change_db(step, signals.sine(400, level, 1.0))) < 0.01
    assert facts(step, sibilant(level))["max_reduction_db"] == pytest.approx(6, abs=0.01)


# The dynamic equaliser


@pytest.mark.parametrize(
    ("shape", "inside_hz", "outside_hz"), [("bell", 1000, 30), ("low_shelf", 20, 15_000), ("high_shelf", 20_000, 20)]
)
def test_a_dynamic_band_cuts_where_it_is_loud(shape, inside_hz, outside_hz):
    step = dynamic(shape, 1000, threshold_db=-30, ratio=100, range_db=8)
    assert change_db(step, signals.sine(inside_hz, -6, 1.0)) == pytest.approx(-8, abs=0.1)
    assert abs(change_db(step, signals.sine(inside_hz, -50, 1.0))) < 1e-3
    both = Audio(signals.sine(inside_hz, -6, 1.0).samples + signals.sine(outside_hz, -6, 1.0).samples, RATE)
    out = run(step, both)[0, RATE // 2 :]
    at = round(outside_hz / 2)
    heard = np.abs(np.fft.rfft(out * np.hanning(out.size)))[at]
    was = np.abs(np.fft.rfft(both.samples[0, RATE // 2 :] * np.hanning(out.size)))[at]
    assert abs(20 * np.log10(heard / was)) < 0.25


def test_a_dynamic_band_follows_its_curve():
    step = dynamic("bell", 1000, threshold_db=-30, ratio=4, range_db=24)
    assert change_db(step, signals.sine(1000, -14, 1.0)) == pytest.approx(-12, abs=0.1)


# The multiband compressor


@pytest.mark.parametrize("crossovers_hz", [(120.0,), (120.0, 2000.0), (30.0, 200.0, 900.0, 5000.0, 15_000.0)])
@pytest.mark.parametrize("sample_rate", [44_100, 96_000])
def test_bands_add_up_to_a_flat_all_pass(crossovers_hz, sample_rate):
    impulse = np.zeros((1, sample_rate), np.float32)
    impulse[0, 0] = 1.0
    bands = [Cascade(sections, 1).push(impulse) for sections in band_sections(crossovers_hz, sample_rate)]
    response = np.fft.rfft(np.sum(bands, axis=0, dtype=float)[0])
    assert np.max(np.abs(20 * np.log10(np.abs(response)))) < 0.01
    allpass = np.fft.rfft(Cascade(sum_sections(crossovers_hz, sample_rate), 1).push(impulse)[0].astype(float))
    assert np.max(np.abs(response - allpass)) < 1e-4


def test_idle_it_is_its_own_dry_path():
    """What `mix` blends: dry through the same all-pass, so that nothing cancels at the crossovers."""
    step = multiband(threshold_db=0, ratio=4, knee_db=0)
    audio = signals.noise(-30, 0.3)
    dry = run_stage(step.dry(info()), audio.samples)
    assert np.max(np.abs(run(step, audio) - dry)) < 1e-6
    assert np.max(np.abs(dry - audio.samples)) > 1e-3


def test_each_band_has_its_own_compressor():
    step = Multiband.model_validate(
        {
            "crossovers_hz": [200, 4000],
            "bands": [{"threshold_db": -30, "ratio": 4, "knee_db": 0}, {"ratio": 1}, {"ratio": 1, "makeup_db": 3}],
        }
    )
    assert change_db(step, signals.sine(50, -10, 1.0)) == pytest.approx(-15, abs=0.25)  # -48 dB go by
    assert change_db(step, signals.sine(900, -10, 1.0)) == pytest.approx(0, abs=0.05)
    assert change_db(step, signals.sine(14_000, -10, 1.0)) == pytest.approx(3, abs=0.05)
    told = facts(step, signals.sine(50, -10, 1.0))["bands"]
    assert [round(band["max_reduction_db"]) for band in told] == [15, 0, 0]


def test_bands_and_crossovers_must_fit():
    for values in (
        {"crossovers_hz": [120], "bands": [{}]},
        {"crossovers_hz": [2000, 120], "bands": [{}, {}, {}]},
        {"crossovers_hz": [5], "bands": [{}, {}]},
        {"bands": [{"mix": 1}, {}, {}]},
    ):
        with pytest.raises(ValidationError):
            Multiband.model_validate(values)
    assert "crossovers_hz 15000" in multiband((100, 15_000)).check(info(22_050))


# The transient shaper


def hits(level: float) -> Audio:
    """Decaying tones, one each half second."""
    time = np.arange(RATE // 2) / RATE
    one = level * np.sin(2 * np.pi * 400 * time) * np.exp(-time / 0.08)
    return Audio(np.tile(one, (2, 6)).astype(np.float32), RATE)


@pytest.mark.parametrize("level", [0.5, 0.05])
def test_onsets_and_tails_change_whatever_their_level(level):
    audio = hits(level)
    onset, tail = slice(2 * RATE, 2 * RATE + 480), slice(2 * RATE + 9600, 2 * RATE + 19_200)

    def change(step: Transients, where: slice) -> float:
        return level_db(run(step, audio)[:, where]) - level_db(audio.samples[:, where])

    assert change(Transients(attack_db=6), onset) > 3
    assert abs(change(Transients(attack_db=6), tail)) < 1
    assert change(Transients(sustain_db=6), tail) > 3
    assert abs(change(Transients(sustain_db=6), onset)) < 1
    assert change(Transients(attack_db=-6), onset) < -3


def test_a_steady_tone_has_no_transients():
    assert abs(change_db(Transients(attack_db=12, sustain_db=12), signals.sine(200, -20, 3.0))) < 0.01


def test_neutral_settings_are_the_identity():
    steps = (Gate(ratio=1), Gate(range_db=0), Deesser(range_db=0), dynamic("bell", 100, ratio=1), Transients())
    for step in (*steps, multiband(ratio=1)):
        assert step.is_identity(info())
    for step in STEPS.values():
        assert not step.is_identity(info())
