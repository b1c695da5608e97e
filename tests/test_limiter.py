"""The limiter: its ceiling by our meter and by a foreign one, energy over drive, distortion, what stays untouched."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from songkit.analysis.loudness import LoudnessMeter
from songkit.audio import Audio
from songkit.blocks import Reporting, SourceInfo, split
from songkit.dsp.truepeak import TruePeakMeter
from songkit.master.limiter import Limiter
from songkit.units import db_to_gain, gain_to_db
from tests.signals import multichannel, noise, pink, silence, sine, song

CEILING_DBTP = -1.0


def limit(audio: Audio, block_frames: int = 65_536, **settings: Any) -> tuple[Audio, dict[str, Any]]:
    stage = Limiter(**{"ceiling_dbtp": CEILING_DBTP, **settings}).start(SourceInfo(audio.format, audio.frames))
    blocks = [stage.push(block) for block in split(audio.samples, block_frames)]
    samples = np.concatenate([np.zeros((audio.channels, 0), np.float32), *blocks, stage.finish()], axis=1)
    assert isinstance(stage, Reporting)
    return Audio(samples, audio.sample_rate, audio.layout), dict(stage.facts())


def over_db(audio: Audio, ceiling_dbtp: float = CEILING_DBTP) -> float:
    meter = TruePeakMeter(audio.channels)
    meter.push(audio.samples)
    return gain_to_db(meter.result().peak) - ceiling_dbtp


def foreign_over_db(audio: Audio, half_taps: int = 64, beta: float = 8.6) -> float:
    """The same by an interpolator that shares nothing with ours: 16x, `2 * half_taps` input samples long."""
    from scipy.signal import firwin, resample_poly

    padded = np.pad(audio.samples.astype(np.float64), ((0, 0), (half_taps, half_taps)))
    taps = firwin(32 * half_taps + 1, 1 / 16, window=("kaiser", beta))
    return gain_to_db(float(np.abs(resample_poly(padded, 16, 1, axis=1, window=taps)).max())) - CEILING_DBTP


def ungated_lufs(audio: Audio) -> float:
    meter = LoudnessMeter(audio.format)
    meter.push(audio.samples)
    lufs = meter.result().ungated_lufs
    assert lufs is not None
    return lufs


def scaled(audio: Audio, gain_db: float) -> Audio:
    return Audio(audio.samples * np.float32(db_to_gain(gain_db)), audio.sample_rate, audio.layout)


def clipped_square(frequency_hz: float, sample_rate: int = 44_100) -> Audio:
    return Audio(np.clip(20 * sine(frequency_hz, 0.0, 1.0, sample_rate).samples, -1.5, 1.5), sample_rate)


def impulses() -> Audio:
    rng = np.random.default_rng(4)
    return Audio(((rng.random((2, 48_000)) > 0.999) * rng.standard_normal((2, 48_000)) * 8).astype(np.float32), 48_000)


HARD = {
    "white noise": noise(-6.0),
    "white noise +24 dB": noise(18.0, seed=2, sample_rate=44_100),
    "random signs": Audio(2 * np.sign(noise(0.0, channels=1, seed=3).samples), 48_000),
    "clipped square 997 Hz": clipped_square(997.0),
    "clipped square 3333 Hz": clipped_square(3_333.3),
    "fs/4 at 45 degrees": sine(12_000.0, 6.0, phase_degrees=45.0),
    "19 kHz": sine(19_000.0, 12.0, sample_rate=44_100),
    "impulses": impulses(),
    "song +24 dB": scaled(song(4.0, level=1.0), 24.0),
    "8 kHz noise": noise(0.0, sample_rate=8_000),
    "192 kHz noise": noise(0.0, seconds=0.5, sample_rate=192_000),
}


@pytest.mark.parametrize("pace", [{}, {"lookahead_ms": 0.5, "hold_ms": 0.0, "release_ms": 2.0}], ids=["clean", "fast"])
@pytest.mark.parametrize("name", HARD)
def test_ceiling_holds_by_our_meter_and_by_a_foreign_one(name: str, pace: dict[str, float]) -> None:
    limited, _ = limit(HARD[name], **pace)
    assert limited.frames == HARD[name].frames
    assert over_db(limited) <= 0.0
    for half_taps, beta in ((16, 5.0), (64, 8.6), (256, 8.6)):
        assert foreign_over_db(limited, half_taps, beta) <= 0.05


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2**32 - 1),
    drive_db=st.floats(-12.0, 36.0),
    ceiling_dbtp=st.floats(-20.0, 0.0),
    lookahead_ms=st.floats(0.5, 10.0),
    hold_ms=st.floats(0.0, 10.0),
    release_ms=st.floats(1.0, 500.0),
    sample_rate=st.sampled_from([8_000, 22_050, 44_100, 48_000, 96_000]),
    channels=st.sampled_from([1, 2, 6]),
    kind=st.sampled_from(["noise", "signs", "bursts", "steps"]),
)
def test_ceiling_holds_whatever_comes(
    seed: int,
    drive_db: float,
    ceiling_dbtp: float,
    lookahead_ms: float,
    hold_ms: float,
    release_ms: float,
    sample_rate: int,
    channels: int,
    kind: str,
) -> None:
    rng = np.random.default_rng(seed)
    frames = int(rng.integers(1, 30_000))
    raw = rng.standard_normal((channels, frames)) * 0.5
    if kind == "signs":
        raw = np.sign(raw)
    elif kind == "bursts":
        raw = raw * np.repeat(rng.random((1, frames // 300 + 1)) > 0.7, 300, axis=1)[:, :frames] * 4
    elif kind == "steps":
        raw = np.repeat(rng.standard_normal((channels, frames // 50 + 1)), 50, axis=1)[:, :frames]
    audio = Audio(raw.astype(np.float32), sample_rate)
    limited, facts = limit(
        audio,
        ceiling_dbtp=ceiling_dbtp,
        gain_db=drive_db,
        lookahead_ms=lookahead_ms,
        hold_ms=hold_ms,
        release_ms=release_ms,
    )
    assert limited.frames == audio.frames
    assert np.isfinite(limited.samples).all()
    assert over_db(limited, ceiling_dbtp) <= 0.0
    assert facts["max_reduction_db"] >= 0.0


@pytest.mark.parametrize(
    "audio", [song(4.0, level=0.8), pink(-16.0, 3.0), noise(-12.0, 2.0)], ids=["song", "pink", "white"]
)
def test_more_drive_never_gives_less_energy(audio: Audio) -> None:
    energies = [ungated_lufs(limit(audio, gain_db=drive_db)[0]) for drive_db in np.arange(0.0, 36.1, 1.5)]
    assert np.all(np.diff(energies) >= -0.001)
    assert energies[-1] > energies[0]


@pytest.mark.parametrize(
    ("frequency_hz", "highest_db"), [(50.0, -90.0), (100.0, -90.0), (997.0, -100.0), (1_000.0, -100.0)]
)
@pytest.mark.parametrize("sample_rate", [44_100, 48_000])
def test_distortion_of_a_sine_driven_6_db_over(frequency_hz: float, highest_db: float, sample_rate: int) -> None:
    limited, facts = limit(sine(frequency_hz, CEILING_DBTP, 2.0, sample_rate, channels=1), gain_db=6.0)
    steady = limited.samples[0, sample_rate // 2 : sample_rate * 3 // 2].astype(np.float64)
    time = np.arange(len(steady)) / sample_rate
    basis = np.stack([np.sin(2 * np.pi * frequency_hz * time), np.cos(2 * np.pi * frequency_hz * time)], axis=1)
    weights = np.linalg.lstsq(basis, steady, rcond=None)[0]
    rest = steady - basis @ weights
    assert gain_to_db(float(np.sqrt(np.mean(rest**2) / np.mean((basis @ weights) ** 2)))) < highest_db
    assert gain_to_db(float(np.hypot(*weights))) == pytest.approx(CEILING_DBTP, abs=0.01)
    assert facts["max_reduction_db"] == pytest.approx(6.0, abs=0.05)


@pytest.mark.parametrize(
    "audio", [song(3.0, level=0.7), sine(997.0, -1.01), multichannel(1.0)], ids=["song", "sine", "5.1"]
)
def test_nothing_over_means_nothing_changed(audio: Audio) -> None:
    limited, facts = limit(audio)
    assert np.array_equal(limited.samples, audio.samples)
    assert facts["max_reduction_db"] == 0.0
    assert facts["limited_share"] == 0.0
    assert not any(facts["reduction_history_db"])


def test_after_the_release_the_samples_are_the_input_again() -> None:
    samples = sine(440.0, -12.0, 8.0, channels=1).samples.copy()
    samples[0, 48_000:48_200] *= 8
    limited, facts = limit(Audio(samples, 48_000))
    assert np.array_equal(limited.samples[0, :47_500], samples[0, :47_500])
    assert not np.array_equal(limited.samples[0, 47_900:48_300], samples[0, 47_900:48_300])
    assert np.array_equal(limited.samples[0, 5 * 48_000 :], samples[0, 5 * 48_000 :])
    assert facts["reduction_history_db"].index(max(facts["reduction_history_db"])) in (9, 10)


def test_drive_below_the_ceiling_is_plain_gain() -> None:
    audio = song(2.0, level=0.2)
    limited, _ = limit(audio, gain_db=6.0)
    assert np.array_equal(limited.samples, audio.samples * np.float32(db_to_gain(6.0)))


def test_release_is_slower_after_sustained_reduction() -> None:
    """Time until half of 6 dB has come back, after 20 ms and after 2 s of reduction."""

    def half_release_seconds(loud_seconds: float) -> float:
        rate = 48_000
        samples = sine(1_000.0, -13.0, loud_seconds + 3.0, channels=1).samples.copy()
        begin, end = rate, rate + round(loud_seconds * rate)
        samples[0, begin:end] *= db_to_gain(18.0)
        limited, _ = limit(Audio(samples, rate))
        gain = limited.samples[0] / np.where(np.abs(samples[0]) < 1e-3, np.nan, samples[0])
        return float(np.nanargmax(np.where(np.arange(len(gain)) > end, gain, 0) > db_to_gain(-3.0)) - end) / rate

    assert 0.02 < half_release_seconds(0.02) < 0.1
    assert half_release_seconds(2.0) > 3 * half_release_seconds(0.02)


def test_linked_channels_keep_the_image() -> None:
    samples = np.concatenate([sine(997.0, 6.0, channels=1).samples, sine(997.0, -20.0, channels=1).samples])
    linked, _ = limit(Audio(samples, 48_000))
    apart, _ = limit(Audio(samples, 48_000), linked=False)
    middle = slice(12_000, 36_000)
    before, after = samples[:, middle].std(axis=1), linked.samples[:, middle].std(axis=1)
    assert gain_to_db(after[1] / after[0]) == pytest.approx(gain_to_db(before[1] / before[0]), abs=0.001)
    assert np.array_equal(apart.samples[1], samples[1])
    assert over_db(apart) <= 0.0


@pytest.mark.parametrize("block_frames", [1, 13, 8_192, 10_000])
@pytest.mark.parametrize("linked", [True, False])
def test_blocks_of_any_size_equal_the_whole(block_frames: int, linked: bool) -> None:
    audio = song(0.1 if block_frames == 1 else 1.5, level=1.0)
    whole, told = limit(audio, audio.frames, gain_db=9.0, linked=linked)
    parts, again = limit(audio, block_frames, gain_db=9.0, linked=linked)
    assert np.array_equal(whole.samples, parts.samples)
    assert told == again


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_silence_stays_silent(channels: int) -> None:
    limited, facts = limit(silence(0.5, channels=channels), gain_db=24.0)
    assert limited.samples.shape == (channels, 24_000)
    assert not limited.samples.any()
    assert facts["max_reduction_db"] == 0.0


@pytest.mark.parametrize("frames", [0, 1, 3, 50])
def test_clips_of_a_few_samples(frames: int) -> None:
    audio = Audio(np.full((2, frames), 3.0, np.float32), 44_100)
    limited, _ = limit(audio)
    assert limited.frames == frames
    assert frames == 0 or over_db(limited) <= 0.0


def test_input_is_not_written_to() -> None:
    audio = song(1.0, level=1.0)
    before = audio.samples.copy()
    limit(audio, gain_db=12.0)
    assert np.array_equal(audio.samples, before)


@pytest.mark.parametrize("bad", [{"ceiling_dbtp": 1.0}, {"lookahead_ms": 0.0}, {"release_ms": -1.0}, {"ratio": 2}])
def test_bad_settings_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Limiter(**bad)
