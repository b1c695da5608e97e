"""Reverb and delay as sends: the signal stays, the effect comes when, where and as loud as it was asked to."""

from __future__ import annotations

import numpy as np
import pytest

from songkit.audio import Audio, Format
from songkit.blocks import SourceInfo
from songkit.master.sends import Delay, Reverb
from tests import signals
from tests.stages import ODD_SIZES, run

RATE = 48_000


def click(at: int = 1_000, seconds: float = 2.0, channels: int = 2) -> Audio:
    samples = np.zeros((channels, round(seconds * RATE)), np.float32)
    samples[:, at] = 0.5
    return Audio(samples, RATE)


@pytest.mark.parametrize("step", [Reverb(predelay_ms=40), Delay(time_ms=100)], ids=lambda step: type(step).__name__)
def test_nothing_is_changed_before_the_effect_answers(step: Reverb | Delay) -> None:
    audio = signals.noise(-20, 0.5)
    out = run(step, audio)
    assert out.shape == audio.samples.shape
    assert np.array_equal(out[:, :1_920], audio.samples[:, :1_920])
    assert not np.array_equal(out, audio.samples)


def test_echoes_come_in_time_and_as_loud_as_asked() -> None:
    out = run(Delay(time_ms=250, feedback=0.5, send_db=-6, highpass_hz=10), click())
    echoes = [float(out[0, 1_000 + 12_000 * turn]) for turn in range(5)]
    wanted = [0.5, *(0.5 * 10 ** (-6 / 20) * 0.5**turn for turn in range(4))]
    assert echoes == pytest.approx(wanted, rel=2e-3)
    assert np.max(np.abs(out[0, 1_100:12_900])) < 1e-3


def test_one_echo_without_feedback() -> None:
    out = run(Delay(time_ms=100, feedback=0, send_db=0, highpass_hz=10), click())
    assert np.max(np.abs(out[0, 8_000:])) < 1e-3


@pytest.mark.parametrize("room_size", [0.1, 0.6])
@pytest.mark.parametrize("channels", [1, 2])
def test_the_room_is_as_loud_as_asked(room_size: float, channels: int) -> None:
    noise = np.tile(signals.noise(-20, 6.0, channels=1).samples, (channels, 1))
    audio = Audio(noise, RATE)
    room = (run(Reverb(room_size=room_size, send_db=-10, highpass_hz=10), audio) - noise)[:, 3 * RATE :]
    assert 20 * np.log10(np.std(room) / np.std(noise)) == pytest.approx(-10, abs=0.7)


def test_the_room_answers_after_its_predelay_and_dies_away() -> None:
    room = run(Reverb(predelay_ms=100, room_size=0.5), click(seconds=3.0)) - click(seconds=3.0).samples
    first = int(np.flatnonzero(np.abs(room).max(axis=0) > 1e-5)[0])
    assert 1_000 + 4_800 <= first < 1_000 + 4_800 + 2_400
    early, late = np.std(room[:, 6_000:30_000]), np.std(room[:, -24_000:])
    assert late < 10 ** (-50 / 20) * early


def test_lows_are_not_sent() -> None:
    low, high = (
        float(np.std((run(Reverb(highpass_hz=400), tone) - tone.samples)[:, RATE:]))
        for tone in (signals.sine(50, -6, 2.0), signals.sine(1_600, -6, 2.0))
    )
    assert low < 0.06 * high


def test_of_surround_only_the_front_pair_stands_in_the_room() -> None:
    audio = signals.multichannel(0.5, 6)
    out = run(Reverb(send_db=0), audio)
    assert np.array_equal(out[2:], audio.samples[2:])
    assert not np.array_equal(out[:2], audio.samples[:2])
    centre = SourceInfo(Format(RATE, ("FC", "BL", "BR")), None)
    assert "front pair" in (Reverb().check(centre) or "")
    assert Reverb().check(SourceInfo(Format(RATE, ("FC",)), None)) is None


@pytest.mark.parametrize("step", [Reverb(), Delay(time_ms=20)], ids=lambda step: type(step).__name__)
def test_blocks_of_odd_sizes_give_the_same(step: Reverb | Delay) -> None:
    audio = signals.noise(-20, 0.5)
    assert np.array_equal(run(step, audio), run(step, audio, ODD_SIZES))
