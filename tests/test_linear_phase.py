"""The linear-phase equaliser: the same magnitude as the minimum-phase one, no phase shift, lined up by its latency."""

from __future__ import annotations

import numpy as np
import pytest

from songkit.audio import Audio
from songkit.master.eq import Eq
from tests import signals
from tests.stages import ODD_SIZES, info, run, start

RATE = 44_100
BANDS = (
    {"shape": "highpass", "frequency_hz": 40},
    {"shape": "low_shelf", "frequency_hz": 120, "gain_db": 3},
    {"shape": "bell", "frequency_hz": 3000, "gain_db": -6, "q": 2},
    {"shape": "high_shelf", "frequency_hz": 10_000, "gain_db": 4},
)


def eq(*bands: dict, phase: str = "linear") -> Eq:
    return Eq.model_validate({"bands": bands, "phase": phase})


def spectrum(samples: np.ndarray) -> np.ndarray:
    return np.fft.rfft(samples.astype(float))


@pytest.mark.parametrize("sample_rate", [8_000, 44_100, 192_000])
def test_same_magnitude_and_no_phase(sample_rate):
    frames = 2 * sample_rate
    impulse = np.zeros((1, frames), np.float32)
    impulse[0, frames // 2] = 1.0
    bands = [band for band in BANDS if band["frequency_hz"] < sample_rate / 2]
    linear = spectrum(run(eq(*bands), Audio(impulse, sample_rate))[0]) / spectrum(impulse[0])
    minimum = spectrum(run(eq(*bands, phase="minimum"), Audio(impulse, sample_rate))[0])
    heard = slice(40, None)  # bins of 0.5 Hz: from 20 Hz on
    difference_db = 20 * np.log10(np.abs(linear[heard]) / np.abs(minimum[heard]))
    assert np.max(np.abs(difference_db)) < 0.1
    assert np.max(np.abs(np.angle(linear[heard]))) < 1e-3


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_blocks_of_any_size_and_length(channels):
    audio = signals.multichannel(1.3, channels, RATE)
    whole = run(eq(*BANDS), audio)
    assert whole.shape == audio.samples.shape
    assert np.array_equal(whole, run(eq(*BANDS), audio, (*ODD_SIZES, 20_000)))


@pytest.mark.parametrize("frames", [0, 1, 8_190, 8_191, 16_384])
def test_any_length_comes_out_whole(frames):
    samples = signals.noise(-20, 1.0, RATE).samples[:, :frames]
    stage = start(eq(*BANDS), Audio(samples, RATE))
    out = [stage.push(samples).shape[1], stage.finish().shape[1]]
    assert sum(out) == frames + stage.latency_frames


@pytest.mark.parametrize("target", ["mid", "side", "left", "right"])
def test_targets_agree_with_the_minimum_phase_ones(target):
    """A tone that is in both parts comes out at the same level on each side (the phase differs)."""
    bands = ({**BANDS[2], "target": target}, {"shape": "tilt", "frequency_hz": 1000, "gain_db": 2})
    tone = signals.sine(3000, -6, 1.0, RATE)
    samples = tone.samples * np.array([[1.0], [0.25]], np.float32)
    middle = slice(RATE // 4, -RATE // 4)
    rms = [
        np.sqrt(np.mean(run(eq(*bands, phase=phase), Audio(samples, RATE))[:, middle] ** 2, axis=1))
        for phase in ("linear", "minimum")
    ]
    assert rms[0] == pytest.approx(rms[1], rel=1e-3)


def test_silence_stays_silent_and_flat_is_the_identity():
    assert not np.any(run(eq(*BANDS), signals.silence(0.5, RATE)))
    assert eq({"shape": "bell", "frequency_hz": 100}).is_identity(info(RATE))
