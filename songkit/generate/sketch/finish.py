"""The last stage of the mix, linear in its stems: section rides, balance of the bands, width, level and peaks.

Everything here is a gain curve or a filter that all stems share, so stems that go through the same `Finish` sum to
the mix. It works block by block: nothing as long as the song is held beside the mix itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from songkit.analysis.loudness import LoudnessMeter
from songkit.analysis.peaks import PeakMeter
from songkit.audio import Samples
from songkit.blocks import BLOCK_FRAMES, split
from songkit.generate.sketch.balance import Equaliser, find_bells, long_term_power, wanted_bands
from songkit.generate.sketch.buses import CONTROL_HZ, STEREO, curve_at, integrated_lufs
from songkit.generate.sketch.form import Kind
from songkit.generate.sketch.plan import Plan
from songkit.generate.sketch.voices import SAMPLE_RATE, Wave
from songkit.units import db_to_gain

TARGET_LUFS = -16.0
CEILING_DBTP = -1.1
ROUNDS = 3

SIDE_TO_MID_DB = -11.0
WIDTH_LIMITS = (0.25, 2.5)

# Loudness of sections against the chorus, in LU.
RIDES_LU: dict[Kind, float] = {
    "intro": -6.0, "verse": -4.4, "prechorus": -2.2, "chorus": 0.0, "bridge": -4.5, "interlude": -2.6, "solo": -1.0,
    "outro": -4.5,
}  # fmt: skip
MOST_RIDE_DB = 7.0

PEAK_BLOCK = 32
PEAK_HZ = SAMPLE_RATE / PEAK_BLOCK
LOOK_BLOCKS = 40
"""Blocks of 32 frames to each side over which the peak gain moves (29 ms)."""
FADE_IN_SECONDS, FADE_OUT_SECONDS = 0.003, 0.35

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Finish:
    """Settings found from the mix, in the order in which they act.

    `ride` is a gain curve of CONTROL_HZ points a second, `bells_db` the balance, `width` the gain of the side signal,
    `level` the last gain curve, PEAK_HZ points a second.
    """

    ride: Floats
    bells_db: Floats
    width: float
    level: Floats

    def finished(self, blocks: Iterable[Samples]) -> Iterator[Wave]:
        """A stem from its first frame on, as it sounds in the finished mix."""
        equaliser = Equaliser(self.bells_db)
        at = 0
        for block in blocks:
            ridden = block * curve_at(self.ride, CONTROL_HZ, at, block.shape[1])
            yield _widened(equaliser.push(ridden), self.width) * curve_at(self.level, PEAK_HZ, at, block.shape[1])
            at += block.shape[1]

    def levelled(self, mix: Wave) -> Iterator[Wave]:
        """The last step for the mix that `find_finish` has brought this far."""
        at = 0
        for block in split(mix):
            yield block * curve_at(self.level, PEAK_HZ, at, block.shape[1])
            at += block.shape[1]


def find_finish(mix: Wave, plan: Plan) -> Finish:
    """Finds all settings, and brings the mix `(2, frames)` through all but the last, in place."""
    ride = _ride(mix, plan)
    for start, block in _places(mix):
        block *= curve_at(ride, CONTROL_HZ, start, block.shape[1])
    bells_db = find_bells(long_term_power(mix), wanted_bands(plan))
    equaliser = Equaliser(bells_db)
    for _, block in _places(mix):
        block[:] = equaliser.push(block)
    width = _width(mix, plan.decisions.draw("width", -1.2, 1.2))
    for _, block in _places(mix):
        block[:] = _widened(block, width)
    return Finish(ride, bells_db, width, _level(mix))


def _places(samples: Wave) -> Iterator[tuple[int, Wave]]:
    """First frame and view of each block, to be written to."""
    for start in range(0, samples.shape[1], BLOCK_FRAMES):
        yield start, samples[:, start : start + BLOCK_FRAMES]


def _width(samples: Wave, wish_db: float) -> float:
    mid = side = 0.0
    for _, block in _places(samples):
        mid += float(np.sum(np.square(block[0] + block[1], dtype=np.float64)))
        side += float(np.sum(np.square(block[0] - block[1], dtype=np.float64)))
    if side <= 1e-12 * mid or mid == 0.0:
        return 1.0
    now_db = 10.0 * np.log10(side / mid)
    return float(np.clip(db_to_gain(SIDE_TO_MID_DB + wish_db - now_db), *WIDTH_LIMITS))


def _widened(block: Samples, width: float) -> Wave:
    """The block with its side signal scaled."""
    mid, side = 0.5 * (block[0] + block[1]), np.float32(0.5 * width) * (block[0] - block[1])
    return np.stack([mid + side, mid - side])


def _level(shaped: Wave) -> Floats:
    """The gain curve that brings the mix to its loudness under its ceiling, with its fades: a few rounds at most."""
    peaks = _block_peaks(shaped)
    fades = _fades(peaks.size, shaped.shape[1])
    loudness = integrated_lufs(shaped)
    gain = 1.0 if loudness is None else db_to_gain(TARGET_LUFS - loudness)
    ceiling = db_to_gain(CEILING_DBTP - 0.3)
    for last in (*(ROUNDS - 1) * (False,), True):
        curve = gain * fades * _peak_gains(gain * peaks, ceiling)
        reached_lufs, true_peak_dbtp = _measured(shaped, curve)
        over_db = max(0.0, true_peak_dbtp - CEILING_DBTP)
        lack_db = 0.0 if reached_lufs is None else TARGET_LUFS - reached_lufs
        if last or (over_db == 0.0 and abs(lack_db) < 0.15):
            break
        # What the limiter took is given back by the next round's level.
        gain *= db_to_gain(lack_db)
        ceiling *= db_to_gain(-1.1 * over_db)
    return curve * db_to_gain(-over_db)  # where the rounds did not suffice, the ceiling wins


def _measured(shaped: Wave, curve: Floats) -> tuple[float | None, float]:
    """Loudness and true peak under a gain curve."""
    loudness, peak = LoudnessMeter(STEREO, series=False), PeakMeter(STEREO)
    for start, block in _places(shaped):
        trial = block * curve_at(curve, PEAK_HZ, start, block.shape[1])
        loudness.push(trial)
        peak.push(trial)
    true_peak_dbtp = peak.result().true_peak_dbtp
    return loudness.result().programme_lufs, -99.0 if true_peak_dbtp is None else true_peak_dbtp


def _fades(points: int, frames: int) -> Floats:
    """Begin and end without a step: a gain at each point of a curve of PEAK_HZ."""
    seconds = np.arange(points) / PEAK_HZ
    left = np.clip((frames / SAMPLE_RATE - seconds) / FADE_OUT_SECONDS, 0.0, 1.0)
    return np.asarray(np.clip(seconds / FADE_IN_SECONDS, 0.0, 1.0) * (0.5 - 0.5 * np.cos(np.pi * left)))


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


def _block_peaks(samples: Wave) -> Floats:
    """The highest sample of each PEAK_BLOCK frames, as points of a curve: one acts on the block before and after it."""
    blocks = -(-samples.shape[1] // PEAK_BLOCK)
    peaks = np.zeros(blocks)
    for start, block in _places(samples):
        level = np.max(np.abs(block), axis=0)
        level = np.pad(level, (0, -level.size % PEAK_BLOCK)).reshape(-1, PEAK_BLOCK).max(axis=1)
        peaks[start // PEAK_BLOCK : start // PEAK_BLOCK + level.size] = level
    padded = np.pad(peaks, (1, 2), mode="edge")
    return np.asarray(np.maximum(padded[:-1], padded[1:]))


def _peak_gains(peaks: Floats, ceiling: float) -> Floats:
    """Gain curve that holds the peaks under the ceiling: sliding minimum, smoothed."""
    lowest = sliding_minimum(np.minimum(1.0, ceiling / np.maximum(peaks, 1e-9)), LOOK_BLOCKS)
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
