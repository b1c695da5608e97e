"""Declip and declick: what was lost comes back nearer, what was not touched stays bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from songkit.audio import Audio, Samples
from songkit.chains import Chain, stock_names
from songkit.chains.chain import step_name
from songkit.dsp.interpolation import interpolate
from songkit.master.declick import Declick
from songkit.master.declip import Declip
from songkit.master.ffmpeg_filter import FILTERS
from tests import signals
from tests.stages import ODD_SIZES, facts, run

RATE = 44_100


def tune(seconds: float = 3.0, peak: float = 0.9) -> Audio:
    """Plucked harmonic notes, different in both channels: predictable as music is, without noise."""
    rng = np.random.default_rng(4)
    out = np.zeros((2, round(seconds * RATE)))
    for start in np.arange(0.05, seconds - 0.6, 0.25):
        at, time = round(start * RATE), np.arange(round(0.5 * RATE)) / RATE
        note = 110 * 2 ** (rng.integers(0, 24) / 12)
        pluck = sum(np.sin(2 * np.pi * note * h * time + h) / h * np.exp(-time * (3 + h)) for h in range(1, 12))
        fade = np.minimum(1, time / 0.03) * np.minimum(1, (0.5 - time) / 0.05)
        out[:, at : at + len(time)] += np.array([[1.0], [0.8]]) * pluck * fade * rng.uniform(0.5, 1.0, (2, 1))
    return Audio((out * peak / np.max(np.abs(out))).astype(np.float32), RATE)


def likeness_db(wanted: Samples, got: Samples) -> float:
    """Signal to distortion ratio."""
    error = got.astype(float) - wanted
    return float(10 * np.log10(np.sum(wanted.astype(float) ** 2) / np.sum(error**2)))


def clipped(audio: Audio, level: float) -> Audio:
    return Audio(np.clip(audio.samples, -level, level), audio.sample_rate)


@pytest.mark.parametrize(("level", "better_by_db"), [(0.6, 12), (0.4, 5)])
def test_clipped_tops_come_back(level: float, better_by_db: float) -> None:
    clean = tune()
    flat = clipped(clean, level)
    out = run(Declip(max_lift_db=9), flat)
    assert likeness_db(clean.samples, out) > likeness_db(clean.samples, flat.samples) + better_by_db
    was_flat = np.abs(flat.samples) >= level
    assert np.all(np.abs(out[was_flat]) >= level - 1e-6)
    changed = out != flat.samples
    assert not np.any(changed & (np.abs(flat.samples) < level - 1e-4))


def test_tops_clipped_and_then_made_quieter_come_back() -> None:
    clean = tune()
    quiet = np.round(np.clip(clean.samples, -0.6, 0.6) * 0.5 * 32_768) / 32_768
    audio, wanted = Audio(quiet.astype(np.float32), RATE), clean.samples / 2
    assert likeness_db(wanted, run(Declip(), audio)) > likeness_db(wanted, audio.samples) + 10
    told = facts(Declip(), audio)
    assert told["clip_level_dbfs"] == pytest.approx(20 * np.log10(0.3), abs=0.01) and told["rebuilt_samples"] > 50


def test_no_peak_rises_more_than_allowed() -> None:
    out = run(Declip(max_lift_db=2), clipped(tune(), 0.3))
    assert 0.3 < np.max(np.abs(out)) <= 0.3 * 10 ** (2 / 20) + 1e-6


@pytest.mark.parametrize(
    "audio",
    [
        tune(),
        tune(peak=1.0),
        signals.song(4.0),
        signals.sine(997, 0, 1.0),
        signals.sine(40, -3, 1.0),
        signals.noise(-9),
    ],
    ids=["tune", "full scale", "song", "sine", "bass", "noise"],
)
def test_what_is_not_clipped_stays_bit_for_bit(audio: Audio) -> None:
    samples = np.clip(audio.samples, -2, 2)
    assert run(Declip(), Audio(samples, audio.sample_rate)).tobytes() == samples.tobytes()
    assert facts(Declip(), audio) == {"clip_level_dbfs": None}


def with_clicks(audio: Audio, length: int) -> tuple[Audio, list[int]]:
    rng = np.random.default_rng(9)
    samples = audio.samples.copy()
    at = list(range(9_000, samples.shape[1] - 9_000, 11_003))
    for index, start in enumerate(at):
        shape = np.exp(-np.arange(length) * 3 / length) * np.cos(np.arange(length) * 1.1)
        samples[index % 2, start : start + length] += (rng.choice([-1, 1]) * 0.7 * shape).astype(np.float32)
    return Audio(samples, audio.sample_rate), at


@pytest.mark.parametrize(("length", "quieter_by_db"), [(1, 40), (3, 40), (12, 25), (30, 15)])
def test_clicks_go(length: int, quieter_by_db: float) -> None:
    clean = tune(peak=0.4)
    spoilt, at = with_clicks(clean, length)
    assert facts(Declick(), spoilt)["clicks"] == len(at)
    out = run(Declick(), spoilt)
    assert likeness_db(clean.samples, out) > likeness_db(clean.samples, spoilt.samples) + quieter_by_db
    touched = np.flatnonzero((out != spoilt.samples).any(axis=0))
    assert all(min(abs(frame - start) for start in at) < 60 for frame in touched)


@pytest.mark.parametrize(
    "audio",
    [tune(), signals.song(6.0), signals.noise(-12, 2.0), signals.sine(997, -6, 1.0), signals.sine(60, -1, 1.0)],
    ids=["tune", "song", "noise", "sine", "bass"],
)
def test_sound_without_clicks_passes_bit_for_bit(audio: Audio) -> None:
    assert run(Declick(), audio).tobytes() == audio.samples.tobytes()


def test_a_click_near_the_border_of_a_window_goes_too() -> None:
    clean = tune(peak=0.4)
    for at in range(2_048 * 12 - 20, 2_048 * 12 + 20, 7):
        spoilt = clean.samples.copy()
        spoilt[0, at : at + 8] += 0.5
        out = run(Declick(), Audio(spoilt, RATE))
        assert likeness_db(clean.samples, out) > likeness_db(clean.samples, spoilt) + 20, at


@pytest.mark.parametrize("step", [Declip(), Declick()], ids=["declip", "declick"])
def test_blocks_of_odd_sizes_give_the_same(step: Declip | Declick) -> None:
    spoilt, _ = with_clicks(clipped(tune(1.5), 0.5), 5)
    clipped_again = clipped(spoilt, 0.5)
    audio = clipped_again if isinstance(step, Declip) else spoilt
    assert np.array_equal(run(step, audio), run(step, audio, ODD_SIZES))
    assert not np.array_equal(run(step, audio), audio.samples)


def test_a_gap_in_tones_is_filled() -> None:
    time = np.arange(2_048) / RATE
    window = np.sin(2 * np.pi * 440 * time) + 0.5 * np.sin(2 * np.pi * 1_733 * time + 1)
    lost = np.zeros(2_048, np.bool_)
    lost[1_000:1_040] = True
    spoilt = np.where(lost, 0.0, window)
    interpolate(spoilt, lost, rounds=3)
    assert np.max(np.abs(spoilt - window)) < 1e-3


def test_denoising_is_there_and_no_stock_chain_uses_it() -> None:
    denoisers = {"afftdn", "afwtdn"}
    assert denoisers <= FILTERS
    assert "anlmdn" not in FILTERS  # it was seen to crash
    for name in stock_names():
        for step in Chain.load(name).steps:
            assert step_name(step) != "ffmpeg" or step.model_dump()["filter"] not in denoisers, name
