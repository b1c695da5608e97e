"""Dehum: planted hum is found to thousandths of a Hz and goes from the first sample on; music beside it stays."""

from __future__ import annotations

import numpy as np
import pytest

from songkit.audio import Audio
from songkit.dsp.dehum import notches
from songkit.master.dehum import Dehum
from tests import signals
from tests.stages import ODD_SIZES, facts, info, run

RATE = 44_100
SECONDS = 14.0


def hum(frequency_hz: float, level_dbfs: float = -30, seconds: float = SECONDS) -> Audio:
    """A buzz of eight harmonics, of that RMS."""
    time = np.arange(round(seconds * RATE)) / RATE
    wave = sum(np.sin(2 * np.pi * frequency_hz * k * time + k * k) / k for k in range(1, 9))
    wave *= 10 ** (level_dbfs / 20) / np.std(wave)
    return Audio(np.tile(wave, (2, 1)).astype(np.float32), RATE)


def over(music: Audio, other: Audio) -> Audio:
    return Audio(music.samples + other.samples, music.sample_rate)


@pytest.mark.parametrize("frequency_hz", [50.0, 49.93, 60.04])
def test_hum_under_music_is_found_and_goes(frequency_hz: float) -> None:
    buzz = hum(frequency_hz)
    spoilt = over(signals.song(SECONDS), buzz)
    found = facts(Dehum(), spoilt)["hum_hz"]
    assert found == pytest.approx(frequency_hz, abs=0.004)
    # the notches are linear: what they leave of the hum in the music is what they leave of it alone
    left = run(Dehum(frequency_hz=found), buzz)
    for part in np.split(left, 7, axis=1):
        assert 20 * np.log10(np.std(part) / np.std(buzz.samples)) < -30


def test_music_beside_the_lines_stays() -> None:
    for line_hz in (50.0, 60.0):
        hz = np.arange(5, 20_000, 0.5)
        response_db = 20 * np.log10(np.maximum(magnitude_at(notches(RATE, line_hz, 8, 1.0), hz), 1e-9))
        beside = np.min(np.abs(hz[:, np.newaxis] - line_hz * np.arange(1, 9)), axis=1) >= 4
        assert np.max(np.abs(response_db[beside])) < 0.1
        assert np.all(response_db[np.isin(hz, line_hz * np.arange(1, 9))] < -100)


def magnitude_at(sections: np.ndarray, hz: np.ndarray) -> np.ndarray:
    z = np.exp(-2j * np.pi * hz / RATE)
    response = np.ones(len(hz), complex)
    for b0, b1, b2, a1, a2 in sections:
        response *= (b0 + b1 * z + b2 * z * z) / (1 + a1 * z + a2 * z * z)
    return np.abs(response)


def test_music_between_the_lines_comes_out_as_it_went_in() -> None:
    tones = [signals.sine(hz, -20, 8.0, RATE, 2) for hz in (45.0, 77.0, 110.0, 220.5, 1_000.0, 9_000.0)]
    for tone in tones:
        out = run(Dehum(frequency_hz=50), tone)[:, RATE:-RATE]
        assert 20 * np.log10(np.std(out) / np.std(tone.samples)) == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize("audio", [signals.song(12.0), signals.pink(-20, 12.0, RATE)], ids=["song", "noise"])
def test_without_hum_every_bit_stays(audio: Audio) -> None:
    assert run(Dehum(), audio).tobytes() == audio.samples.tobytes()
    assert facts(Dehum(), audio)["hum_hz"] is None


def test_a_programme_too_short_to_tell_says_so() -> None:
    short = hum(50, seconds=3.0)
    assert "needs 10 s" in facts(Dehum(), short)["warnings"][0]
    assert np.array_equal(run(Dehum(), short), short.samples)
    given = run(Dehum(frequency_hz=50), short)
    assert given.shape == short.samples.shape and np.std(given) < 0.1 * np.std(short.samples)


@pytest.mark.parametrize("seconds", [2.0, 6.0])
def test_blocks_of_odd_sizes_give_the_same(seconds: float) -> None:
    audio = over(signals.noise(-20, seconds, RATE), hum(50, seconds=seconds))
    assert np.array_equal(run(Dehum(frequency_hz=50), audio), run(Dehum(frequency_hz=50), audio, ODD_SIZES))


def test_what_does_not_fit_is_refused() -> None:
    assert Dehum(frequency_hz=50, harmonics=40).check(info(8_000)) is None
    assert notches(8_000, 900, 40, 1.0).shape == (4, 5)  # only lines below half the rate
