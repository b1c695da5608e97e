"""What dynamics processors are made of: level detectors, static curves, ballistics.

    block -> level (peak held, or mean square) -> curve: level to reduction in dB -> ballistics -> gain

Feed-forward and in the log domain, after D. Giannoulis, M. Massberg and J. D. Reiss, "Digital dynamic range compressor
design: a tutorial and analysis", J. Audio Eng. Soc. 60 (2012). Reductions are positive dB. Levels come in lanes:
`(1, frames)` where all channels share one detector, else `(channels, frames)`.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from songkit.audio import Samples
from songkit.dsp.native import FUSED, native

Floats = npt.NDArray[np.float64]

DETECTOR_MS = 10.0  # half a period of 50 Hz: the level of any tone above is steady, and so is its gain
_HOLD_PARTS = 10
_SILENT = 1e-10  # -200 dBFS stands for the level of nothing
_TINY = 1e-30  # where states are set to zero, far above denormal numbers


class HeldPeak:
    """Highest sample of the last `hold_ms` (kept in ten parts, so up to a tenth more); rises at once.

    `before` is what is held at the start, as if it had been the peak of the time before.
    """

    def __init__(self, sample_rate: int, lanes: int, hold_ms: float = DETECTOR_MS, before: float = 0.0) -> None:
        self._part_frames = max(1, round(hold_ms / 1000.0 * sample_rate / _HOLD_PARTS))
        self._parts = np.full((lanes, _HOLD_PARTS + 1), before, np.float32)
        self._position = 0
        self.hold_ms = (_HOLD_PARTS + 0.5) * self._part_frames / sample_rate * 1000.0
        """Mean time for which a peak is held."""

    def level_db(self, magnitudes: Samples) -> Floats:
        """Level of each frame in dBFS from |samples| `(lanes, frames)`."""
        levels_db = np.empty(magnitudes.shape)
        _hold(np.ascontiguousarray(magnitudes), self._part_frames, self._position, self._parts, levels_db)
        self._position += magnitudes.shape[1]
        return levels_db


class MeanSquare:
    """Mean square over `window_ms` (exponential, one time constant), the loudest channel's in one lane."""

    def __init__(self, sample_rate: int, channels: int, window_ms: float = DETECTOR_MS) -> None:
        self._smoothing = 1.0 - decay(window_ms, sample_rate)
        self._state = np.zeros(channels)

    def level_db(self, key: Samples, linked: bool) -> Floats:
        """Level of each frame in dBFS (a full-scale sine reads -3.01) from samples `(channels, frames)`."""
        power = np.empty(key.shape)
        _mean_square(np.ascontiguousarray(key), self._smoothing, self._state, power)
        if linked:
            power = np.max(power, axis=0, keepdims=True)
        return decibels(power) / 2.0


class Ballistics:
    """Smooths reductions: up with the attack time, down with the release time, each to 63 % of the way."""

    def __init__(self, sample_rate: int, lanes: int, attack_ms: float, release_ms: float) -> None:
        self._attack = decay(attack_ms, sample_rate)
        self._release = decay(release_ms, sample_rate)
        self._state = np.zeros(lanes)
        self._sums = np.zeros(lanes)
        self._frames = 0
        self.max_db = 0.0

    def smooth(self, targets_db: Floats) -> Floats:
        """Reduction of each frame in dB from the static curve's `(lanes, frames)`."""
        reductions = np.empty(targets_db.shape)
        _smooth(np.ascontiguousarray(targets_db), self._attack, self._release, self._state, self._sums, reductions)
        self._frames += targets_db.shape[1]
        self.max_db = max(self.max_db, float(np.max(reductions, initial=0.0)))
        return reductions

    @property
    def mean_db(self) -> float:
        """Mean reduction over all frames and lanes so far."""
        return float(np.mean(self._sums)) / max(1, self._frames)


def decay(time_ms: float, sample_rate: int) -> float:
    """Factor per frame that leaves 1/e (37 %) after `time_ms`; 0 for no time."""
    return math.exp(-1000.0 / (time_ms * sample_rate)) if time_ms > 0.0 else 0.0


def decibels(amplitudes: npt.NDArray[np.floating]) -> Floats:
    """20 log10 of amplitudes, nothing below -200 dB."""
    levels: Floats = np.log(np.maximum(amplitudes, _SILENT, dtype=np.float64))
    return levels * (20.0 / math.log(10.0))


def gains(reductions_db: Floats, makeup_db: float = 0.0) -> Samples:
    """Amplitude factors of reductions."""
    return np.exp(((makeup_db - reductions_db) * (math.log(10.0) / 20.0)).astype(np.float32))


def compression(level_db: Floats, threshold_db: float, ratio: float, knee_db: float) -> Floats:
    """Static curve of a compressor: reduction in dB for a level (equation 4 of the paper), quadratic in the knee."""
    reductions = np.empty(level_db.shape)
    flat = np.ascontiguousarray(level_db, np.float64).reshape(-1)
    _bend(flat, threshold_db, 1.0 - 1.0 / ratio, knee_db, reductions.reshape(-1))
    return reductions


def expansion(level_db: Floats, threshold_db: float, ratio: float, range_db: float) -> Floats:
    """Static curve of a downward expander: `ratio` dB out per dB in below the threshold, at most `range_db`."""
    return np.clip((threshold_db - level_db) * (ratio - 1.0), 0.0, range_db)


def linked(targets_db: Floats, link: float) -> Floats:
    """Each lane's reduction moved towards the largest one by `link`, 0 to 1."""
    if link == 0.0 or len(targets_db) == 1:
        return targets_db
    largest: Floats = np.max(targets_db, axis=0)
    return targets_db + link * (largest - targets_db)


@native("void(const float64[:], float64, float64, float64, float64[:])")
def _bend(
    levels: Floats, threshold: float, slope: float, knee: float, reductions: Floats
) -> None:  # pragma: no cover (compiled)
    half = knee / 2.0
    share = 0.5 / knee if knee > 0.0 else 0.0
    for index in range(len(levels)):
        over = levels[index] - threshold
        inside = min(max(over + half, 0.0), knee)
        reductions[index] = (max(over - half, 0.0) + inside * inside * share) * slope


@native("void(const float32[:,:], int64, int64, float32[:,:], float64[:,:])")
def _hold(
    magnitudes: Samples, part_frames: int, position: int, parts: Samples, levels_db: Floats
) -> None:  # pragma: no cover (compiled)
    """`parts[lane]` holds the maxima of the last ten whole parts and, last, of the one that is open.

    What is held seldom changes: a logarithm is taken only when it does.
    """
    last = parts.shape[1] - 1
    frames = magnitudes.shape[1]
    for lane in range(magnitudes.shape[0]):
        told = np.float32(-1.0)
        told_db = 0.0
        frame = 0
        while frame < frames:
            done, inside = divmod(position + frame, part_frames)
            if inside == 0:
                parts[lane, done % last] = parts[lane, last]
                parts[lane, last] = 0.0
            level = np.float32(0.0)
            for part in range(last + 1):
                level = max(level, parts[lane, part])
            now = parts[lane, last]
            end = min(frames, frame + part_frames - inside)
            while frame < end:
                now = max(now, magnitudes[lane, frame])
                level = max(level, now)
                if level != told:
                    told = level
                    told_db = math.log(max(np.float64(level), _SILENT)) * (20.0 / math.log(10.0))
                levels_db[lane, frame] = told_db
                frame += 1
            parts[lane, last] = now


@native("void(const float32[:,:], float64, float64[:], float64[:,:])")
def _mean_square(key: Samples, smoothing: float, state: Floats, power: Floats) -> None:  # pragma: no cover (compiled)
    for channel in range(key.shape[0]):
        mean = state[channel]
        for frame in range(key.shape[1]):
            sample = np.float64(key[channel, frame])
            mean += smoothing * (sample * sample - mean)
            if mean < _TINY:
                mean = 0.0
            power[channel, frame] = mean
        state[channel] = mean


@native("void(const float64[:,:], float64, float64, float64[:], float64[:], float64[:,:])", FUSED)
def _smooth(
    targets: Floats, attack: float, release: float, state: Floats, sums: Floats, reductions: Floats
) -> None:  # pragma: no cover (compiled)
    """Smooth branching detector (equation 16 of the paper) on reductions in dB."""
    for lane in range(targets.shape[0]):
        reduction, total = state[lane], sums[lane]
        for frame in range(targets.shape[1]):
            target = targets[lane, frame]
            # Both ways are worked out while it is decided: what the recursion waits for is one multiplication.
            up = (1.0 - attack) * target + attack * reduction
            down = (1.0 - release) * target + release * reduction
            reduction = up if target > reduction else down
            if reduction < 1e-9:
                reduction = 0.0
            total += reduction
            reductions[lane, frame] = reduction
        state[lane], sums[lane] = reduction, total
