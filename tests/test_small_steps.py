"""Gain, DC removal, fades and trim."""

from __future__ import annotations

import numpy as np
import pytest

from songkit.audio import Audio
from songkit.errors import SignalError
from songkit.master.dc import RemoveDC
from songkit.master.fade import Fade
from songkit.master.gain import Gain
from songkit.master.trim import Trim
from tests import signals
from tests.stages import ODD_SIZES, facts, info, run, start

RATE = 48_000


def test_gain_is_exact():
    audio = signals.noise(-20, 0.1)
    assert np.allclose(run(Gain(gain_db=6), audio), audio.samples * 10 ** (6 / 20), rtol=1e-6)
    assert np.max(np.abs(run(Gain(gain_db=40), signals.sine(1000, -3, 0.1)))) > 50  # nothing is clipped
    assert Gain().is_identity(info()) and not Gain(gain_db=0.1).is_identity(info())


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_dc_goes_and_nothing_else(channels):
    clean = signals.multichannel(0.5, channels)
    still = clean.samples - clean.samples.mean(axis=1, dtype=float, keepdims=True)
    offsets = np.linspace(-0.2, 0.3, channels)[:, np.newaxis]
    audio = Audio((still + offsets).astype(np.float32), RATE)
    out = run(RemoveDC(), audio)
    assert np.max(np.abs(out.mean(axis=1, dtype=float))) < 1e-8
    assert np.max(np.abs(out - still)) < 1e-7
    assert facts(RemoveDC(), audio)["dc_offset"] == pytest.approx(offsets[:, 0], abs=1e-7)
    assert np.array_equal(out, run(RemoveDC(), audio, ODD_SIZES))


def test_dc_of_silence_and_of_nothing():
    assert not np.any(run(RemoveDC(), signals.silence(0.1)))
    assert run(RemoveDC(), signals.silence(0)).shape == (2, 0)


@pytest.mark.parametrize("curve", ["linear", "cosine", "equal_power"])
def test_fades_start_and_end_at_zero_and_leave_the_middle(curve):
    ones = Audio(np.ones((2, RATE), np.float32), RATE)
    out = run(Fade(in_seconds=0.2, out_seconds=0.3, curve=curve), ones)
    assert out[0, 0] == 0 and out[0, -1] == 0
    assert np.all(out[:, 9_600:-14_400] == 1)
    assert np.all(np.diff(out[0, :9_601]) >= 0) and np.all(np.diff(out[0, -14_401:]) <= 0)
    half = {"linear": 0.5, "cosine": 0.5, "equal_power": np.sqrt(0.5)}[curve]
    assert out[0, 4_800] == pytest.approx(half, abs=1e-6)
    assert np.array_equal(out, run(Fade(in_seconds=0.2, out_seconds=0.3, curve=curve), ones, ODD_SIZES))


def test_a_fade_out_counts_the_frames_where_the_length_is_not_known():
    step = Fade(out_seconds=0.5)
    meter = step.meter(info())
    assert meter is not None and step.meter(info(frames=RATE)) is None
    assert Fade(in_seconds=1).meter(info()) is None
    meter.push(np.ones((2, RATE), np.float32))
    stage = step.start(info(), meter.result())
    out = stage.push(np.ones((2, RATE), np.float32))
    assert out[0, RATE // 2 - 1] == 1 and out[0, -1] == 0


def test_fades_longer_than_the_programme_are_refused():
    step = Fade(in_seconds=1, out_seconds=1)
    assert "do not fit into 1.5 s" in step.check(info(frames=RATE * 3 // 2))
    assert step.check(info(frames=RATE * 2)) is None and step.check(info()) is None
    with pytest.raises(SignalError, match="fade: "):
        step.start(info(), RATE)
    assert Fade().is_identity(info()) and not step.is_identity(info())


def padded(head: int, tail: int, level: float = 0.0) -> Audio:
    sound = signals.noise(-12, 0.5).samples
    dead = [np.full((2, n), level, np.float32) for n in (head, tail)]
    return Audio(np.concatenate([dead[0], sound, dead[1]], axis=1), RATE)


@pytest.mark.parametrize("sizes", [None, ODD_SIZES])
def test_trim_cuts_head_and_tail_and_keeps_margins(sizes):
    audio = padded(20_000, 30_000, level=1e-4)
    out = run(Trim(threshold_db=-60, keep_head_ms=10, keep_tail_ms=100), audio, sizes)
    begin, end = 20_000 - 480, 20_000 + 24_000 + 4_800
    assert np.array_equal(out, audio.samples[:, begin:end])


def test_trim_tells_what_went_and_never_cuts_sound():
    told = facts(Trim(keep_head_ms=0, keep_tail_ms=0), padded(24_000, 48_000))
    assert told["head_removed_seconds"] == pytest.approx(0.5, abs=1e-3)
    assert told["tail_removed_seconds"] == pytest.approx(1.0, abs=1e-3)
    whole = padded(0, 0)
    assert np.array_equal(run(Trim(), whole), whole.samples)


def test_trim_hears_every_channel():
    samples = np.zeros((6, 1000), np.float32)
    samples[5, 300] = -0.5
    out = run(Trim(keep_head_ms=0, keep_tail_ms=0), Audio(samples, RATE))
    assert out.shape == (6, 1) and out[5, 0] == -0.5


def test_trim_of_silence_is_an_error_that_says_so():
    for audio in (signals.silence(0.5), signals.silence(0), signals.sine(100, -80)):
        with pytest.raises(SignalError, match="trim: the whole programme is below -60 dBFS"):
            start(Trim(), audio)
