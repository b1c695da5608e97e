"""Saturation, clipper and exciter: harmonics where they belong, aliases nowhere, quiet and dull things left alone."""

from __future__ import annotations

import numpy as np
import pytest

from songkit.audio import Audio, Samples
from songkit.dsp.oversample import Oversampled, factor_for
from songkit.master.clipper import Clipper
from songkit.master.exciter import Exciter
from songkit.master.processor import Processor
from songkit.master.saturation import Saturation
from tests import signals
from tests.stages import ODD_SIZES, facts, info, run

RATE = 44_100
TONE_HZ = 4_999  # prime: no alias falls onto a harmonic


def spectrum(samples: Samples) -> np.ndarray:
    """Magnitudes of one second, one bin per Hz, after the start."""
    second = samples[0, 4_000 : 4_000 + RATE].astype(float)
    return np.abs(np.fft.rfft(second * np.blackman(RATE)))


def faded(audio: Audio) -> Audio:
    """Without the edges at which band-limiting rings."""
    return Audio(audio.samples * np.hanning(audio.frames).astype(np.float32), audio.sample_rate)


def aliases_db(step: Processor) -> float:
    """The highest line that is no harmonic, against the tone, for 5 kHz at -6 dBFS."""
    magnitudes = spectrum(run(step, signals.sine(TONE_HZ, -6, 1.2, RATE, 1)))
    tone = magnitudes[TONE_HZ]
    for harmonic in range(0, RATE // 2, TONE_HZ):
        magnitudes[max(0, harmonic - 12) : harmonic + 13] = 0  # the offset's blocker is still settling at 0 Hz
    return float(20 * np.log10(magnitudes.max() / tone))


def harmonics_db(step: Processor, level_dbfs: float = -9) -> np.ndarray:
    """Second to fifth harmonic of 200 Hz against the tone."""
    magnitudes = spectrum(run(step, signals.sine(200, level_dbfs, 1.2, RATE, 1)))
    return 20 * np.log10(magnitudes[[400, 600, 800, 1000]] / magnitudes[200])


@pytest.mark.parametrize("drive_db", [6, 14, 24])
@pytest.mark.parametrize("character", ["soft", "tube"])
def test_saturation_does_not_alias(character: str, drive_db: float) -> None:
    assert aliases_db(Saturation(character=character, drive_db=drive_db)) < -94


def test_tape_does_not_alias_at_its_default() -> None:
    assert aliases_db(Saturation(character="tape")) < -120


@pytest.mark.parametrize(("knee_db", "allowed_db"), [(0, -90), (1.5, -110)])
def test_the_clipper_does_not_alias_when_it_clips_6_db(knee_db: float, allowed_db: float) -> None:
    assert aliases_db(Clipper(ceiling_dbfs=-12, knee_db=knee_db)) < allowed_db
    assert aliases_db(Clipper(ceiling_dbfs=-12, drive_db=12, knee_db=knee_db)) < -80


def test_a_naive_clip_would_fail_that_test() -> None:
    tone = signals.sine(TONE_HZ, -6, 1.2, RATE, 1).samples
    assert spectrum(np.clip(tone, -0.25, 0.25))[11_433] > 10 ** (-60 / 20) * spectrum(tone)[TONE_HZ]


@pytest.mark.parametrize("character", ["soft", "tube", "tape"])
@pytest.mark.parametrize("drive_db", [0, 6, 24])
def test_saturation_keeps_the_level_of_a_sine_at_minus_12(character: str, drive_db: float) -> None:
    audio = signals.sine(200, -12, 1.0, RATE)
    out = run(Saturation(character=character, drive_db=drive_db), audio)[:, RATE // 4 :]
    assert 20 * np.log10(np.std(out) / np.std(audio.samples)) == pytest.approx(0, abs=0.06)


def test_characters_differ_in_their_harmonics() -> None:
    soft, tube = harmonics_db(Saturation(drive_db=8)), harmonics_db(Saturation(drive_db=8, character="tube"))
    assert soft[0] < -120 and soft[2] < -120 and -40 < soft[1] < -15  # odd ones only
    assert -30 < tube[0] < -10 and tube[0] > tube[1] + 3
    loud_highs = signals.sine(7_000, -6, 0.5, RATE)
    soft_highs, tape_highs = (run(Saturation(character=name), loud_highs) for name in ("soft", "tape"))
    assert np.std(tape_highs) < 0.93 * np.std(soft_highs)  # tape bends highs more


def test_what_is_quiet_keeps_its_shape_up_to_half_the_rate() -> None:
    quiet = signals.noise(-80, 1.0, RATE)
    for character in ("soft", "tape"):
        out = run(Saturation(character=character), quiet).astype(float)
        gain = float(np.vdot(out, quiet.samples) / np.vdot(quiet.samples, quiet.samples))
        assert np.max(np.abs(out / gain - quiet.samples)) < 1e-3 * np.max(np.abs(quiet.samples))


def test_tube_leaves_no_offset() -> None:
    out = run(Saturation(character="tube", drive_db=18), signals.sine(200, -6, 3.0, RATE, 1))
    assert abs(np.mean(out[0, -RATE:])) < 1e-4


def test_below_the_knee_the_clipper_changes_no_bit() -> None:
    audio = faded(signals.sine(300, -4, 1.0, RATE))
    assert np.array_equal(run(Clipper(ceiling_dbfs=-1, knee_db=2.9), audio), audio.samples)
    assert not np.array_equal(run(Clipper(ceiling_dbfs=-1, knee_db=6), audio), audio.samples)


def test_the_clipper_follows_its_curve_at_low_frequencies() -> None:
    audio = signals.sine(50, 0, 0.5, RATE, 1)
    wave = audio.samples.astype(float)
    hard = run(Clipper(ceiling_dbfs=-6, knee_db=0), audio)
    ceiling, begin = 10 ** (-6 / 20), 10 ** (-12 / 20)
    inside = slice(1_000, -1_000)
    assert np.max(np.abs(hard - np.clip(wave, -ceiling, ceiling))[:, inside]) < 2e-3
    soft = run(Clipper(ceiling_dbfs=-6, knee_db=6), audio)
    size, width = np.abs(wave), 2 * (ceiling - begin)
    bent = np.where(size > begin, size - (size - begin) ** 2 / (2 * width), size)
    wanted = np.sign(wave) * np.where(size > begin + width, ceiling, bent)
    assert np.max(np.abs(soft - wanted)[:, inside]) < 1e-4
    assert 60 < facts(Clipper(ceiling_dbfs=-6, knee_db=0), audio)["clipped_percent"] < 68  # 1 - 2/pi asin(0.501)


@pytest.mark.parametrize(
    "step",
    [Saturation(character="tape"), Clipper(ceiling_dbfs=-20), Exciter(from_hz=5_000)],
    ids=lambda step: step.about,
)
def test_blocks_of_odd_sizes_give_the_same(step: Processor) -> None:
    audio = signals.noise(-12, 0.3, RATE)
    assert np.array_equal(run(step, audio), run(step, audio, ODD_SIZES))


def test_oversampling_alone_gives_back_what_it_was_given() -> None:
    audio = faded(signals.noise(-12, 0.5, RATE))
    oversampled = Oversampled(lambda samples: samples.copy(), 4, 2)
    hops = oversampled.push(audio.samples) + oversampled.finish()
    there = np.concatenate([samples for samples, _ in hops], axis=1)
    back = np.concatenate([change for _, change in hops], axis=1)
    assert np.array_equal(there, audio.samples)
    within = np.fft.rfftfreq(audio.frames, 1 / RATE) < 20_000
    error = np.fft.rfft((back - there)[0])[within]
    assert np.max(np.abs(error)) < 2e-5 * np.max(np.abs(np.fft.rfft(there[0])))
    assert [factor_for(rate, 8) for rate in (8_000, 48_000, 88_200, 96_000, 192_000)] == [8, 8, 4, 4, 2]


def dull(seconds: float = 3.0, cutoff_hz: float = 10_000, level_dbfs: float = -20) -> Audio:
    """Pink noise that ends abruptly."""
    noise = signals.pink(level_dbfs, seconds, RATE)
    bins = np.fft.rfft(noise.samples)
    bins[:, np.fft.rfftfreq(noise.frames, 1 / RATE) > cutoff_hz] = 0
    return Audio(np.fft.irfft(bins, n=noise.frames).astype(np.float32), RATE)


def band_db(samples: Samples, low_hz: float, high_hz: float) -> float:
    hz = np.fft.rfftfreq(samples.shape[1], 1 / RATE)
    power = np.abs(np.fft.rfft(samples[0].astype(float))) ** 2
    return float(10 * np.log10(power[(hz >= low_hz) & (hz < high_hz)].sum()))


@pytest.mark.parametrize("amount_db", [0, -12])
@pytest.mark.parametrize("level_dbfs", [-10, -50])
def test_the_new_highs_lie_where_it_was_asked_to_at_any_loudness(amount_db: float, level_dbfs: float) -> None:
    audio = dull(cutoff_hz=8_000, level_dbfs=level_dbfs)
    new = run(Exciter(from_hz=8_000, amount_db=amount_db), audio) - audio.samples
    # 2 kHz each, so levels compare as densities do
    assert band_db(new, 8_400, 10_400) - band_db(audio.samples, 6_000, 8_000) == pytest.approx(amount_db, abs=1)
    assert band_db(new, 0, 7_000) < band_db(new, 8_000, 16_000) - 18


def test_the_exciter_finds_where_the_spectrum_ends() -> None:
    told = facts(Exciter(), dull(cutoff_hz=10_000))
    assert told["from_hz"] == pytest.approx(10_000, abs=200)
    full = signals.pink(-20, 3.0, RATE)
    assert np.array_equal(run(Exciter(), full), full.samples)
    assert "no cut-off was found" in facts(Exciter(), full)["warnings"][0]


def test_the_exciter_refuses_what_it_has_no_room_for() -> None:
    assert "half the sample rate" in (Exciter(from_hz=16_000).check(info(sample_rate=32_000)) or "")
    assert Exciter(from_hz=16_000).check(info()) is None


def test_an_onset_is_not_blown_up() -> None:
    audio = signals.sine(9_000, -6, 0.5, RATE)
    onset = np.concatenate([np.zeros((2, 5_000), np.float32), audio.samples], axis=1)
    assert np.max(np.abs(run(Exciter(from_hz=10_000, amount_db=0), Audio(onset, RATE)))) < 1.5
