"""The curve of a slow gain that brings a programme to a loudness range, found on its blocks of 100 ms.

    short[t]   loudness of the window around t (3 s: short-term loudness, EBU Tech 3341), gated as the range is (3342)
    gain[t]    share * (mean - short[t]), within bounds; none where a gate is closed; then smoothed

A gain this slow leaves a block what it was but for its level, so what the curve does to the range is known without
running it: the share is the smallest whose result keeps to the range.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from songkit.analysis.loudness import (
    ABSOLUTE_GATE_LUFS,
    OFFSET_LU,
    RANGE_GATE_LU,
    Energies,
    from_lufs,
    range_lu,
    to_lufs,
    windows,
)

Curve = npt.NDArray[np.float64]

BLOCKS_PER_SECOND = 10
HALVINGS = 14
CLOSE_LU = 0.02


@dataclass(frozen=True, slots=True)
class Leveling:
    """The gain in dB at the middle of each 100 ms, and the range before and after it; None where there is no range."""

    gains_db: Curve
    before_lu: float | None
    after_lu: float | None


def level(
    blocks: Energies, window_blocks: int, max_range_lu: float, max_boost_db: float, max_cut_db: float
) -> Leveling:
    """The curve for the K-weighted mean squares of 100 ms each. All zeros where the range is kept already."""
    before = _range(blocks, window_blocks)
    still = Leveling(np.zeros(len(blocks)), before, before)
    if before is None or before <= max_range_lu:
        return still
    wanted_db = _towards_the_mean(blocks, window_blocks)

    def tried(share: float) -> Leveling:
        gains_db = _smooth(np.clip(share * wanted_db, -max_cut_db, max_boost_db), window_blocks)
        after = _range(blocks * 10.0 ** (gains_db / 10), window_blocks)
        return Leveling(gains_db, before, after)

    low, high, best = 0.0, 1.0, tried(1.0)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        attempt = tried(middle)
        if attempt.after_lu is not None and attempt.after_lu <= max_range_lu + CLOSE_LU:
            high, best = middle, attempt
        else:
            low = middle
    return best


def _range(blocks: Energies, window_blocks: int) -> float | None:
    sums = windows(blocks, window_blocks) / window_blocks
    return range_lu(sums) if len(sums) else None


def _towards_the_mean(blocks: Energies, window_blocks: int) -> Curve:
    """What each moment is away from the mean, in dB; what a gate leaves out is not lifted."""
    around = windows(blocks, window_blocks) / window_blocks
    ahead = window_blocks // 2
    around = np.pad(around, (ahead, len(blocks) - len(around) - ahead), "edge")
    loud = around[around >= from_lufs(ABSOLUTE_GATE_LUFS)]
    gate = float(loud.mean()) * 10.0 ** (-RANGE_GATE_LU / 10)
    mean_lufs = to_lufs(float(loud[loud >= gate].mean()))
    short_lufs = OFFSET_LU + 10.0 * np.log10(np.maximum(around, from_lufs(-200.0)))
    return np.where(around >= gate, mean_lufs - short_lufs, 0.0)


def _smooth(gains_db: Curve, window_blocks: int) -> Curve:
    """Weighted by a Hann window a third as long as the one that the loudness was taken from."""
    reach = max(1, window_blocks // 6)
    weights = np.hanning(2 * reach + 3)[1:-1]
    return np.convolve(np.pad(gains_db, reach, "edge"), weights / weights.sum(), "valid")
