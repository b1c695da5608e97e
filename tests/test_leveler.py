"""The leveler brings a wide programme to the range that was asked, lifts no silence, and leaves alone what fits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from songkit.analysis.loudness import Loudness, LoudnessMeter
from songkit.audio import Audio
from songkit.master.leveler import Leveler
from tests import stages
from tests.signals import multichannel, noise, silence


def scenes(*levels_db: float, seconds: float = 12.0, sample_rate: int = 48_000, channels: int = 2) -> Audio:
    """Noise in scenes of these levels (RMS)."""
    parts = [noise(level, seconds, sample_rate, channels, seed).samples for seed, level in enumerate(levels_db)]
    return Audio(np.concatenate(parts, axis=1), sample_rate)


def leveled(audio: Audio, **settings: Any) -> Audio:
    return Audio(stages.run(Leveler(**settings), audio), audio.sample_rate, audio.layout)


def loudness(audio: Audio) -> Loudness:
    meter = LoudnessMeter(audio.format)
    meter.push(audio.samples)
    return meter.result()


def rms_db(audio: Audio, start: float, end: float) -> float:
    part = audio.samples[:, round(start * audio.sample_rate) : round(end * audio.sample_rate)]
    return float(10 * np.log10(np.mean(np.square(part, dtype=np.float64))))


@pytest.mark.parametrize("max_range_lu", [4.0, 7.0, 11.0])
def test_a_wide_programme_ends_at_the_range_that_was_asked(max_range_lu: float) -> None:
    audio = scenes(-34, -16, -26, -20, -36, -15)
    before = loudness(audio).range_lu
    assert before is not None and before > 17
    settings = {"max_range_lu": max_range_lu, "max_boost_db": 20, "max_cut_db": 20}
    after = loudness(leveled(audio, **settings)).range_lu
    assert after == pytest.approx(max_range_lu, abs=0.1)
    told = stages.facts(Leveler(**settings), audio)
    assert told["range_before_lu"] == pytest.approx(before, abs=0.05)
    assert told["range_after_lu"] == pytest.approx(after, abs=0.05)
    assert "warnings" not in told


def test_order_is_kept_loud_stays_above_quiet() -> None:
    after = leveled(scenes(-34, -16, -26), max_range_lu=6, max_boost_db=20, max_cut_db=20)
    first, second, third = (rms_db(after, start + 3, start + 9) for start in (0, 12, 24))
    assert first < third < second


def test_what_fits_stays_bit_for_bit() -> None:
    for audio in (scenes(-20, -24, -18), scenes(-40, -10, seconds=1.2)):
        assert leveled(audio, max_range_lu=11).samples.tobytes() == audio.samples.tobytes()
    assert stages.facts(Leveler(), scenes(-40, -10, seconds=1.2))["range_before_lu"] is None


def test_silence_and_the_noise_of_a_room_are_not_lifted() -> None:
    room = scenes(-18, -75, -34, -75, -18, seconds=10)
    after = leveled(room, max_range_lu=4, max_boost_db=20)
    for start in (12.5, 32.5):
        assert rms_db(after, start, start + 5) <= rms_db(room, start, start + 5) + 0.1
    assert rms_db(after, 23, 27) > rms_db(room, 23, 27) + 3, "while what is quiet and meant is"
    assert not leveled(silence(8.0), max_range_lu=4).samples.any()


def test_bounds_hold_and_a_shortfall_is_told() -> None:
    audio = scenes(-28, -12, -27, -14)
    told = stages.facts(Leveler(max_range_lu=5, max_boost_db=2, max_cut_db=3), audio)
    assert told["max_boost_db"] <= 2 and told["max_cut_db"] <= 3
    assert "wider than the 5 that were asked" in told["warnings"][0]
    gain = leveled(audio, max_range_lu=5, max_boost_db=2, max_cut_db=3).samples / audio.samples
    assert 20 * np.log10(gain.min()) >= -3.001 and 20 * np.log10(gain.max()) <= 2.001


def test_the_gain_is_slow_and_never_late() -> None:
    audio = scenes(-36, -16, seconds=15)
    out = leveled(audio, max_range_lu=6, max_boost_db=20, max_cut_db=20)
    mono = out.samples[0].astype(np.float64) / audio.samples[0]
    gain_db = 20 * np.log10(np.median(mono[: len(mono) // 480 * 480].reshape(-1, 480), axis=1))
    assert np.abs(np.diff(gain_db)).max() * 100 < 15, "dB per second"
    at = 15 * 100
    assert gain_db[at - 300] - gain_db[at + 300] > 5
    middle = (gain_db[at - 300] + gain_db[at + 300]) / 2
    crossing = int(np.argmin(np.abs(gain_db[at - 300 : at + 300] - middle))) - 300
    assert abs(crossing) < 160, "the change stands around the joint, not behind it"


@pytest.mark.parametrize(
    "audio",
    [
        scenes(-34, -14, -30, seconds=5, sample_rate=22_050),
        scenes(-34, -14, -30, seconds=5, channels=1),
        Audio(multichannel(15.0).samples * np.repeat([0.1, 1.0, 0.2], 5 * 48_000).astype(np.float32), 48_000),
    ],
)
def test_any_rate_and_layout_in_blocks_of_any_size(audio: Audio) -> None:
    settings = {"max_range_lu": 6, "max_boost_db": 20, "max_cut_db": 20}
    whole = stages.run(Leveler(**settings), audio)
    assert whole.shape == audio.samples.shape
    np.testing.assert_allclose(stages.run(Leveler(**settings), audio, [4096, 1, 50_000, 333]), whole, atol=1e-6)
    assert loudness(Audio(whole, audio.sample_rate)).range_lu == pytest.approx(6, abs=0.3)
