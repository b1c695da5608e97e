"""The inter-sample peak against signals whose true peak is known."""

from __future__ import annotations

import numpy as np
import pytest

from songkit.audio import Samples
from songkit.blocks import split
from songkit.dsp.truepeak import (
    BENT,
    BENT_PROBE,
    HALF,
    MISSED,
    PAD,
    PHASES,
    PROBE,
    REACH,
    TABLE,
    TAPS,
    TruePeakMeter,
    TruePeaks,
    interval_peaks,
)
from songkit.units import gain_to_db
from tests.signals import noise


def measure(samples: Samples, block_frames: int = 65_536) -> TruePeaks:
    meter = TruePeakMeter(samples.shape[0])
    for block in split(samples, block_frames):
        meter.push(block)
    return meter.result()


def swelling_sine(
    frequency: float, phase_degrees: float, amplitude: float = 0.5, sample_rate: int = 48_000, frames: int = 6_000
) -> Samples:
    """A sine of the given share of the rate that comes and goes slowly: nothing rings but the sine itself."""
    time = np.arange(frames)
    edge = np.clip(np.minimum(time, frames - 1 - time) / (frames / 4), 0, 1)
    wave = amplitude * np.sin(np.pi / 2 * edge) ** 2 * np.sin(2 * np.pi * frequency * time + np.radians(phase_degrees))
    return wave[np.newaxis].astype(np.float32)


@pytest.mark.parametrize("sample_rate", [44_100, 48_000, 96_000, 192_000])
@pytest.mark.parametrize("frequency_hz", [50.0, 997.0, 5_000.0, 11_025.0, 12_000.0, 16_000.0, 19_200.0, 20_000.0])
def test_sine_reads_its_amplitude_at_any_phase(sample_rate: int, frequency_hz: float) -> None:
    for phase_degrees in (0.0, 18.0, 45.0, 60.0, 67.5, 90.0):
        wave = swelling_sine(frequency_hz / sample_rate, phase_degrees, frames=round(sample_rate * 0.2))
        assert -0.05 < gain_to_db(measure(wave).peak / 0.5) < 0.03


# EBU Tech 3341 (2023) tests 15 to 19: sines at fs/4, fs/6 and fs/8 with the sampling phase given, 0.5 FS (-6.0 dBTP),
# and at 1.41 FS (+3.0 dBTP); tolerance +0.2/-0.4 dB. Ours: a tenth of that.
@pytest.mark.parametrize(
    ("divisor", "phase_degrees", "amplitude"),
    [(4, 0.0, 0.5), (4, 45.0, 0.5), (6, 60.0, 0.5), (8, 67.5, 0.5), (4, 45.0, 1.41)],
)
@pytest.mark.parametrize("sample_rate", [44_100, 48_000])
def test_ebu_3341_sines(sample_rate: int, divisor: int, phase_degrees: float, amplitude: float) -> None:
    wave = swelling_sine(1 / divisor, phase_degrees, amplitude)
    assert gain_to_db(measure(wave).peak / amplitude) == pytest.approx(0.0, abs=0.02)


@pytest.mark.parametrize("offset", [0, 1, 2, 3])
def test_burst_decimated_at_four_offsets(offset: int) -> None:
    """As in EBU Tech 3341 tests 20 to 23: one loud period, low-passed, decimated; the fine signal knows its peak."""
    from scipy.signal import firwin

    fine = np.zeros(32_000)
    fine[16_000:16_064] = np.sin(2 * np.pi * np.arange(64) / 64)  # fs/4 at sixteen times the rate
    fine = np.convolve(fine, firwin(2_049, 1 / 17.5, window=("kaiser", 8.0)), "same")
    peak = measure(fine[np.newaxis, 4 * offset :: 16].astype(np.float32)).peak
    assert gain_to_db(peak / np.abs(fine).max()) == pytest.approx(0.0, abs=0.05)


def test_never_below_the_sample_peak() -> None:
    for position in (0, 1, 500, 999):
        lone = np.zeros((1, 1_000), np.float32)
        lone[0, position] = -0.5
        found = measure(lone)
        assert found.peak == pytest.approx(0.5, abs=1e-6)
        assert found.frames[0] == pytest.approx(position, abs=0.01)


def test_where_the_peak_lies_between_samples() -> None:
    """fs/4 at 45 degrees: the true peak lies halfway between two equal samples."""
    wave = 0.5 * np.sin(np.pi / 2 * np.arange(2_000) + np.pi / 4) * np.hanning(2_000)
    found = measure(wave[np.newaxis].astype(np.float32))
    assert found.frames[0] % 1 == pytest.approx(0.5, abs=0.1)
    assert abs(found.frames[0] - 999.5) < 3


def test_a_peak_behind_the_last_sample_is_flushed_out() -> None:
    """The end of a signal rings: two equal samples and nothing after them pass 1.1 between them."""
    inside, ending = np.zeros((1, 300), np.float32), np.zeros((1, 152), np.float32)
    inside[0, 150:152] = ending[0, 150:152] = 0.8
    assert measure(inside).peak > 0.98
    assert measure(ending).peak == pytest.approx(measure(inside).peak, rel=1e-6)


@pytest.mark.parametrize("block_frames", [1, 7, 1_000, 16_433, 50_000])
def test_blocks_of_any_size_read_the_same(block_frames: int) -> None:
    samples = noise(-12.0, seconds=0.02 if block_frames == 1 else 1.0).samples
    assert measure(samples, block_frames) == measure(samples, samples.shape[1])


def test_skipping_leaves_nothing_out() -> None:
    """The meter against every point of the grid of 16, worked out in full."""
    samples = noise(-12.0, seconds=0.5, channels=1, seed=5).samples
    padded = np.pad(samples[0].astype(np.float64), (48, 48))
    full = np.max([np.abs(np.convolve(padded, taps[::-1].astype(np.float64), "valid")).max() for taps in TABLE])
    peak = measure(samples).peak
    assert 0.0 <= gain_to_db(peak / full) < 0.03  # the parabola sees what lies between sixteenths


def test_reach_bounds_the_interpolator() -> None:
    worst = np.sign(TABLE[8])[np.newaxis].astype(np.float32)
    assert 0.95 * REACH < measure(worst).peak <= REACH * 1.001


def test_channels_are_told_apart() -> None:
    samples = np.concatenate([swelling_sine(0.01, 0.0, level) for level in (0.1, 0.9, 0.4, 0.2, 0.3, 0.7)])
    assert measure(samples).peaks == pytest.approx((0.1, 0.9, 0.4, 0.2, 0.3, 0.7), rel=0.003)


@pytest.mark.parametrize("frames", [0, 1, 3])
def test_silence_and_almost_nothing(frames: int) -> None:
    assert measure(np.zeros((2, frames), np.float32)).peaks == (0.0, 0.0)


def test_one_bad_sample_spoils_only_its_surroundings() -> None:
    samples = noise(-12.0, seconds=1.0, channels=1).samples.copy()
    samples[0, 40_000] = 0.95
    samples[0, 10_000] = np.nan
    assert measure(samples).peak >= 0.95


def of_second_differences(taps: np.ndarray) -> float:
    return float(np.abs(np.cumsum(np.cumsum(taps))[:-2]).sum())


def test_what_is_ruled_out_by_second_differences_is_ruled_out_for_certain() -> None:
    places = np.arange(TAPS) - (HALF - 1)
    bent = []
    for taps in TABLE.astype(np.float64):
        share = float(taps @ places)
        assert -1e-6 < share < 1.0
        beside = taps.copy()
        beside[HALF - 1] -= 1.0 - share
        beside[HALF] -= share
        bent.append(of_second_differences(beside))
    assert 0.97 * BENT < max(bent) < BENT
    assert 0.97 * BENT_PROBE < of_second_differences(PROBE.astype(np.float64)) < BENT_PROBE
    fine = TABLE.astype(np.float64)
    curves = (fine[:-2] - 2 * fine[1:-1] + fine[2:]) * PHASES**2
    curvature = max(map(of_second_differences, curves))
    assert 0.9 * MISSED < curvature / 128 < MISSED


@pytest.mark.parametrize("cutoff", [0.01, 0.1, 0.4, 0.99])
@pytest.mark.parametrize("threshold", [0.3, 0.8])
def test_peaks_are_those_of_looking_everywhere(cutoff: float, threshold: float) -> None:
    from scipy.signal import butter, sosfilt

    random = np.random.default_rng(5)
    frames = 8_000
    wave = sosfilt(butter(2, cutoff, output="sos"), random.standard_normal((2, frames)))
    wave *= 0.1 + np.abs(np.sin(np.arange(frames) / 700)) ** 3
    wave = (wave / np.abs(wave).max()).astype(np.float32)
    peaks = np.zeros(frames - TAPS, np.float32)  # interval i has its taps from sample i + 1 on
    interval_peaks(np.pad(wave, ((0, 0), (0, PAD))), threshold, peaks)
    under = np.lib.stride_tricks.sliding_window_view(wave, TAPS, axis=1)[:, 1:]
    grid = np.abs(np.einsum("cft,pt->cfp", under, TABLE)).max(axis=(0, 2))
    # a top next to a sample may be told by the interval on its other side; the parabola adds next to nothing
    high = grid[1:-1] >= threshold
    assert high.any()
    assert np.all(around(peaks)[high] >= grid[1:-1][high] * (1 - 1e-3))
    assert np.all(peaks[1:-1][high] <= around(grid)[high] * 1.006)


def around(values: np.ndarray) -> np.ndarray:
    """The highest of each value and the two beside it, without the first and the last one."""
    highest: np.ndarray = np.maximum(values[1:-1], np.maximum(values[:-2], values[2:]))
    return highest
