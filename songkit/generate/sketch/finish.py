"""The last stage of the mix, linear in its stems: balance of the bands, width, section rides, level and peaks.

Everything here is a filter or a common gain, so stems that go through the same `Finish` sum to the mix.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from songkit.analysis.peaks import PeakMeter
from songkit.blocks import split
from songkit.generate.sketch.buses import CONTROL_HZ, STEREO, apply_curve, integrated_lufs
from songkit.generate.sketch.form import Kind
from songkit.generate.sketch.plan import Plan
from songkit.generate.sketch.voices import SAMPLE_RATE, Wave
from songkit.units import db_to_gain

TARGET_LUFS = -16.0
CEILING_DBTP = -1.1

CENTRES_HZ = (63.0, 125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0, 16_000.0)
# Octave bands against the sum of all, in dB: the long-term spectrum of a finished pop song, its dips smoothed.
POP_BANDS_DB = (-8.5, -13.0, -10.5, -8.8, -6.3, -8.3, -13.0, -12.8, -20.0)
MOST_CORRECTION_DB = 9.0
EQ_Q = 1.2

SIDE_TO_MID_DB = -11.0
WIDTH_LIMITS = (0.25, 2.5)

# Loudness of sections against the chorus, in LU.
RIDES_LU: dict[Kind, float] = {
    "intro": -6.0, "verse": -4.4, "prechorus": -2.2, "chorus": 0.0, "bridge": -4.5, "interlude": -2.6, "solo": -1.0,
    "outro": -4.5,
}  # fmt: skip
MOST_RIDE_DB = 7.0

Floats = npt.NDArray[np.float64]


@dataclass(slots=True)
class Finish:
    """Settings found from the mix; `gains` is the common gain curve, `control_hz` points a second."""

    bands_db: Floats
    width: float
    gains: Floats

    def apply(self, samples: Wave) -> Wave:
        """The finished samples, `(2, frames)`; the input may be changed."""
        samples = _equalised(samples, self.bands_db)
        _widen(samples, self.width)
        apply_curve(samples, self.gains, PEAK_HZ)
        return samples


PEAK_BLOCK = 32
PEAK_HZ = SAMPLE_RATE / PEAK_BLOCK
LOOK_BLOCKS = 40
"""Blocks of 32 frames to each side over which the peak gain moves (29 ms)."""


def find_finish(mix: Wave, plan: Plan) -> Finish:
    """Measures the mix `(2, frames)` and finds the settings that bring it to its targets."""
    bands_db = _correction(mix, _wanted_bands(plan))
    shaped = _equalised(mix, bands_db)
    width = _width(shaped, plan.decisions.draw("width", -1.2, 1.2))
    _widen(shaped, width)
    ride = _ride(shaped, plan)
    points = shaped.shape[1] // PEAK_BLOCK + 2
    ride = np.interp(np.arange(points) / PEAK_HZ, np.arange(ride.size) / CONTROL_HZ, ride)
    apply_curve(shaped, ride, PEAK_HZ)
    return Finish(bands_db, width, ride * _level_and_peaks(shaped))


def _level_and_peaks(shaped: Wave) -> Floats:
    """The gain curve that brings the mix to its loudness under its ceiling: three rounds at most."""
    loudness = integrated_lufs(shaped)
    level = 1.0 if loudness is None else db_to_gain(TARGET_LUFS - loudness)
    ceiling = db_to_gain(CEILING_DBTP - 0.3)
    for last in (False, False, True):
        limiting = _peak_gains(shaped, level, ceiling)
        trial = shaped * np.float32(level)
        apply_curve(trial, limiting, PEAK_HZ)
        meter = PeakMeter(STEREO)
        for block in split(trial):
            meter.push(block)
        over_db = max(0.0, (meter.result().true_peak_dbtp or -99.0) - CEILING_DBTP)
        reached = integrated_lufs(trial)
        lack_db = 0.0 if reached is None else TARGET_LUFS - reached
        if last or (over_db == 0.0 and abs(lack_db) < 0.15):
            break
        # What the limiter took is given back by the next round's level.
        level *= db_to_gain(lack_db)
        ceiling *= db_to_gain(-1.1 * over_db)
    return level * limiting


def band_levels(mix: Wave) -> Floats:
    """Power of the octave bands around CENTRES_HZ against the sum of all, in dB, of `(2, frames)` samples."""
    size = 8192
    starts = range(0, max(1, mix.shape[1] - size), max(size // 2, mix.shape[1] // 400))
    window = np.hanning(size)
    power = np.zeros(size // 2 + 1)
    for start in starts:
        block = mix[:, start : start + size]
        power += np.sum(np.abs(np.fft.rfft(block * window[: block.shape[1]], n=size)) ** 2, axis=0)
    frequency = np.fft.rfftfreq(size, 1.0 / SAMPLE_RATE)
    bands = [power[(frequency >= hz / 2**0.5) & (frequency < hz * 2**0.5)].sum() for hz in CENTRES_HZ]
    return np.asarray(10.0 * np.log10((np.array(bands) + 1e-20) / (power.sum() + 1e-20)))


def _wanted_bands(plan: Plan) -> Floats:
    genre = np.array(plan.genre.bands_db)
    octaves = np.arange(len(CENTRES_HZ)) - 4.0
    tilt = plan.style.mood.tilt_db + plan.decisions.draw("tilt", -0.35, 0.35)
    return np.asarray(np.array(POP_BANDS_DB) + genre + tilt * octaves)


def _correction(mix: Wave, wanted: Floats) -> Floats:
    """Gains of the nine bells that bring the bands to what is wanted, neighbours' overlap taken into account."""
    lack = np.clip(wanted - band_levels(mix), -MOST_CORRECTION_DB, MOST_CORRECTION_DB)
    lack -= np.mean(lack[2:7])
    overlap = np.stack([_bell_db(np.array(CENTRES_HZ), hz) for hz in CENTRES_HZ], axis=1)
    gains = np.linalg.solve(overlap + 0.05 * np.eye(len(CENTRES_HZ)), lack)
    return np.asarray(np.clip(gains, -MOST_CORRECTION_DB, MOST_CORRECTION_DB))


def _bell_db(frequency_hz: Floats, centre_hz: float) -> Floats:
    """Share of a bell's gain in dB at other frequencies (analogue bell of Q, small gains)."""
    detune = EQ_Q * (frequency_hz / centre_hz - centre_hz / frequency_hz)
    return np.asarray(1.0 / (1.0 + detune**2))


def _equalised(samples: Wave, bands_db: Floats) -> Wave:
    from songkit.dsp.biquad import Cascade
    from songkit.dsp.filter_design import bell, butterworth_highpass

    bells = [bell(hz, float(gain), EQ_Q, SAMPLE_RATE) for hz, gain in zip(CENTRES_HZ, bands_db, strict=True)]
    sections = np.concatenate([butterworth_highpass(24.0, 2, SAMPLE_RATE), *bells])
    return Cascade(sections, samples.shape[0]).push(samples)


def _width(samples: Wave, wish_db: float) -> float:
    mid = float(np.mean(np.square(samples[0] + samples[1], dtype=np.float32)))
    side = float(np.mean(np.square(samples[0] - samples[1], dtype=np.float32)))
    if side <= 1e-12 * mid or mid == 0.0:
        return 1.0
    now_db = 10.0 * np.log10(side / mid)
    return float(np.clip(db_to_gain(SIDE_TO_MID_DB + wish_db - now_db), *WIDTH_LIMITS))


def _widen(samples: Wave, width: float) -> None:
    """Scales the side signal, in place."""
    for start in range(0, samples.shape[1], 1 << 18):
        block = samples[:, start : start + (1 << 18)]
        mid, side = 0.5 * (block[0] + block[1]), np.float32(0.5 * width) * (block[0] - block[1])
        block[0], block[1] = mid + side, mid - side


def _ride(samples: Wave, plan: Plan) -> Floats:
    """Gain curve that gives each section its loudness against the choruses."""
    contrast = plan.decisions.draw("contrast", 0.95, 1.3)
    levels = []
    for section in plan.sections:
        start = max(0, round(plan.grid.time(section.first_bar) * SAMPLE_RATE))
        end = min(samples.shape[1], round(plan.grid.time(section.last_bar + 1) * SAMPLE_RATE))
        levels.append(integrated_lufs(np.ascontiguousarray(samples[:, start:end])) if end > start else None)
    full = [
        level
        for section, level in zip(plan.sections, levels, strict=True)
        if section.kind == "chorus" and level is not None
    ]
    known = [level for level in levels if level is not None]
    top = float(np.mean(full)) if full else max(known, default=-20.0)
    points = samples.shape[1] * CONTROL_HZ // SAMPLE_RATE + 2
    gains_db = np.zeros(points)
    for section, level in zip(plan.sections, levels, strict=True):
        wanted = top + contrast * RIDES_LU[section.kind] + 0.3 * min(section.turn, 2)
        gain = 0.0 if level is None else float(np.clip(wanted - level, -MOST_RIDE_DB, MOST_RIDE_DB))
        gains_db[max(0, round(plan.grid.time(section.first_bar) * CONTROL_HZ)) :] = gain
    kernel = np.hanning(0.5 * CONTROL_HZ)
    # Mode "same" with edges held, so that the first and the last bar keep their level.
    half = kernel.size // 2
    padded = np.pad(gains_db, (half, kernel.size - 1 - half), mode="edge")
    smooth = np.convolve(padded, kernel / kernel.sum(), mode="valid")
    return np.asarray(10.0 ** (smooth / 20.0))


def _peak_gains(samples: Wave, level: float, ceiling: float) -> Floats:
    """Gain curve, a point each 32 frames, that holds samples under the ceiling: sliding minimum, smoothed."""
    blocks = samples.shape[1] // PEAK_BLOCK
    whole = samples[:, : blocks * PEAK_BLOCK].reshape(2, blocks, PEAK_BLOCK)
    peaks = level * np.maximum(whole.max(axis=(0, 2)), -whole.min(axis=(0, 2)))
    # A point of the curve acts on the block before and the block after it.
    needed = np.minimum(1.0, ceiling / np.maximum(np.pad(peaks, (1, 1), mode="edge"), 1e-9))
    needed = np.minimum(needed[:-1], needed[1:])
    needed = np.append(needed, needed[-1])
    lowest = sliding_minimum(needed, LOOK_BLOCKS)
    kernel = np.hanning(2 * LOOK_BLOCKS + 3)[1:-1]
    return np.convolve(np.pad(lowest, LOOK_BLOCKS, mode="edge"), kernel / kernel.sum(), mode="valid")


def sliding_minimum(values: Floats, reach: int) -> Floats:
    """Minimum over `reach` neighbours to each side, by doubling windows."""
    padded = np.pad(values, reach, mode="edge")
    size, width = 1, 2 * reach + 1
    while 2 * size <= width:
        padded = np.minimum(padded[:-size], padded[size:])
        size *= 2
    rest = width - size
    return np.asarray(np.minimum(padded[: padded.size - rest], padded[rest:]))
