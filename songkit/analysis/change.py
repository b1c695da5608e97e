"""How music moves: how much the octaves' levels change over time, and whether the same stretch comes again and again.

Change is the standard deviation over time of each octave's level in dB (means of 1 s, floored 40 dB under the loudest),
averaged over the octaves: a drone has next to none, a song 3 dB and more. Repetition is the highest correlation of the
octaves' course (0.1 s steps) with itself 1 to 30 s later: exactly 1 for a loop, well below that for playing.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

LEAST_SECONDS = 9.5  # of whole frames: what a file of 10 s has
RANGE_DB = 40.0
SHORTEST_LAG_SECONDS, LONGEST_LAG_SECONDS = 1.0, 30.0
STEP_SECONDS = 0.1
LEAST_CHANGE_DB = 0.5


def change_db(octaves: npt.NDArray[np.float32], hop_seconds: float) -> float | None:
    """Mean standard deviation of the octaves' levels; `octaves` is power `(frames, octaves)`. None below 10 s."""
    levels = _levels_db(octaves, hop_seconds, 1.0)
    return None if levels is None else float(levels.std(axis=0).mean())


def repetition(octaves: npt.NDArray[np.float32], hop_seconds: float) -> float | None:
    """Highest self-similarity over the lags, 0 to 1; None below 10 s and for sound that does not change at all."""
    levels = _levels_db(octaves, hop_seconds, STEP_SECONDS)
    if levels is None or levels.std(axis=0).mean() < LEAST_CHANGE_DB:
        return None
    moves = levels - levels.mean(axis=0)
    step = max(1, round(STEP_SECONDS / hop_seconds)) * hop_seconds
    first = round(SHORTEST_LAG_SECONDS / step)
    last = min(round(LONGEST_LAG_SECONDS / step), len(moves) // 2)
    return max(0.0, *(_similarity(moves[:-lag], moves[lag:]) for lag in range(first, last + 1)))


def _levels_db(
    octaves: npt.NDArray[np.float32], hop_seconds: float, step_seconds: float
) -> npt.NDArray[np.float64] | None:
    """Levels of the mean power of each step, floored; None below 10 s or without any power."""
    if len(octaves) * hop_seconds < LEAST_SECONDS or not octaves.any():
        return None
    group = max(1, round(step_seconds / hop_seconds))
    count = len(octaves) // group
    power = octaves[: count * group].reshape(count, group, -1).mean(axis=1, dtype=np.float64)
    floor = float(power.max()) * 10.0 ** (-RANGE_DB / 10.0)
    levels: npt.NDArray[np.float64] = 10.0 * np.log10(np.maximum(power, floor))
    return levels


def _similarity(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> float:
    norm = float(np.sqrt(np.sum(a * a) * np.sum(b * b)))
    return min(1.0, float(np.sum(a * b)) / norm) if norm > 0.0 else 0.0
