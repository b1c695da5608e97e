"""Dither: the error has no memory of the music, its spectrum is the one that was asked for, and nothing clips."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from songkit.audio import Audio
from songkit.dsp.dither import Dither, reach_steps
from songkit.dsp.noise_shaping import shaping_filter
from tests import signals

STEP = 2.0**-15


def dithered(audio: Audio, *, shaped: bool, seed: int = 5) -> npt.NDArray[np.float32]:
    return Dither(audio.format, 16, seed, shaped=shaped).push(audio.samples)


def error_steps(audio: Audio, *, shaped: bool) -> npt.NDArray[np.float64]:
    return (dithered(audio, shaped=shaped).astype(np.float64) - audio.samples) / STEP


def band_db(error: npt.NDArray[np.float64], rate: int, low_hz: float, high_hz: float) -> float:
    """Mean power per bin of a band."""
    power = np.abs(np.fft.rfft(error[0])) ** 2
    hz = np.fft.rfftfreq(error.shape[1], 1 / rate)
    return float(10 * np.log10(power[(hz > low_hz) & (hz < high_hz)].mean()))


@pytest.mark.parametrize("shaped", [False, True])
def test_blocks_of_any_size_are_dithered_alike_and_lie_on_the_grid(shaped: bool) -> None:
    audio = signals.noise(-20, 0.3)
    whole = dithered(audio, shaped=shaped)
    stage = Dither(audio.format, 16, seed=5, shaped=shaped)
    parts = [stage.push(audio.samples[:, start : start + 777]) for start in range(0, audio.frames, 777)]
    assert np.array_equal(whole, np.concatenate(parts, axis=1))
    assert not ((whole.astype(np.float64) / STEP) % 1).any()


@pytest.mark.parametrize("shaped", [False, True])
def test_dither_starts_with_the_first_sample_that_loses_bits(shaped: bool) -> None:
    noise = signals.noise(-20, 0.2)
    samples = (np.round(noise.samples * 2**15) / 2**15).astype(np.float32)
    assert np.array_equal(Dither(noise.format, 16, 1, shaped=shaped).push(samples), samples)
    samples[1, 5000] += np.float32(2.0**-18)
    out = Dither(noise.format, 16, 1, shaped=shaped).push(samples)
    assert np.array_equal(out[:, :5000], samples[:, :5000])
    assert not np.array_equal(out[:, 5000:], samples[:, 5000:])


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_the_shaped_error_leaves_the_ear_alone_and_pays_elsewhere(rate: int) -> None:
    audio = signals.pink(-30, 4.0, rate)
    plain, shaped = error_steps(audio, shaped=False), error_steps(audio, shaped=True)
    ear = (2000.0, 5000.0)
    assert band_db(shaped, rate, *ear) < band_db(plain, rate, *ear) - 15
    assert band_db(shaped, rate, 17_000, 20_000) > band_db(plain, rate, 17_000, 20_000)
    # what the filter is designed for is what comes out, at every frequency
    hz = np.fft.rfftfreq(4096, 1 / rate)
    designed = 20 * np.log10(np.abs(np.fft.rfft([1.0, *shaping_filter(rate)], 4096)))
    for low in range(500, 20_000, 500):
        band = (hz >= low) & (hz < low + 500)
        expected = 10 * np.log10(np.mean(10 ** (designed[band] / 10)))
        measured = band_db(shaped, rate, low, low + 500) - band_db(plain, rate, low, low + 500)
        assert measured == pytest.approx(expected, abs=0.7), low
    # the information it carries is the same: the decibels of the filter have a mean of zero (Gerzon and Craven)
    assert designed.mean() == pytest.approx(0.0, abs=0.05)


@pytest.mark.parametrize("shaped", [False, True])
def test_the_error_knows_nothing_of_the_music(shaped: bool) -> None:
    audio = signals.sine(441.0, -90.0, 10.0, 44_100)
    error = error_steps(audio, shaped=shaped)
    music = audio.samples[0] / np.std(audio.samples[0])
    spectrum = np.abs(np.fft.rfft(error[0] * np.hanning(error.shape[1])))
    around = np.median(spectrum[4000:5000])
    for harmonic in range(1, 8):  # truncation would leave harmonics of a quiet tone 20 dB and more over the noise
        assert spectrum[4410 * harmonic] < 5 * around, harmonic
    assert abs(np.mean(error[0] * music)) < 0.02
    if not shaped:
        assert np.std(error) == pytest.approx(0.5, rel=0.02)


@pytest.mark.parametrize("shaped", [False, True])
def test_noise_alone_never_clips_and_reaches_no_further_than_said(shaped: bool) -> None:
    top = 1.0 - STEP
    samples = np.clip(signals.sine(997.0, 0.0, 1.0).samples, -1.0, top).astype(np.float32)
    samples[:, ::7] *= np.float32(0.99999)
    audio = Audio(samples, 48_000)
    out = dithered(audio, shaped=shaped)
    assert out.min() >= -1.0 and out.max() <= top
    reach = reach_steps(48_000, shaped=shaped)
    assert np.abs(error_steps(audio, shaped=shaped)).max() <= reach
    over = Audio(np.full((2, 100), 1.2345, np.float32), 48_000)
    assert dithered(over, shaped=shaped).min() > 1.2, "what is beyond full scale is the writer's to count"


def test_silence_after_music_has_the_noise_of_the_grid_and_no_tone() -> None:
    samples = np.zeros((2, 96_000), np.float32)
    samples[:, 0] = STEP / 3
    error = dithered(Audio(samples, 48_000), shaped=True)[:, 1000:] / STEP
    power = np.abs(np.fft.rfft(error[0] * np.hanning(error.shape[1]))) ** 2
    smooth = np.convolve(power, np.ones(201) / 201, "same")
    assert (power[500:-500] / smooth[500:-500]).max() < 25, "a limit cycle would stand out as a line"
