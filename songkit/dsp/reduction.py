"""What a limiter did, told in decibels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from songkit.dsp.truepeak import Floats

CELL_MS = 10.0
SMOOTHED_CELLS = 5  # reductions are told after 50 ms of smoothing
HISTORY_CELLS = 10  # and as a history with one value per 100 ms
AUDIBLE_DB = 0.1  # what counts as "limited"


@dataclass(frozen=True, slots=True)
class Reduction:
    """What a limiter did, in dB of 0 or more.

    `history_db` has the deepest reduction (after 50 ms smoothing) of each 100 ms; `limited_share` is the share of the
    time with more than 0.1 dB; `deepest_dip_db` is what verifying took away beyond that, for some 100 samples.
    """

    max_reduction_db: float
    limited_share: float
    history_db: tuple[float, ...]
    deepest_dip_db: float


class ReductionMeter:
    """Watches the gains of a limiter."""

    def __init__(self, sample_rate: int, drive: float) -> None:
        self._cell = max(1, round(CELL_MS / 1000 * sample_rate))
        self._drive = drive
        self._means: list[Floats] = []
        self._rest = np.zeros(0, np.float32)
        self._limited = 0
        self._frames = 0

    def push(self, gains: Floats) -> None:
        """Take in the gains of the next frames, float32 `(frames,)`."""
        self._frames += len(gains)
        self._limited += int(np.count_nonzero(gains < self._drive * 10 ** (-AUDIBLE_DB / 20)))
        gains = np.concatenate([self._rest, gains])
        whole = len(gains) // self._cell * self._cell
        self._means.append(gains[:whole].reshape(-1, self._cell).mean(axis=1))
        self._rest = gains[whole:]

    def result(self, deepest_dip: float) -> Reduction:
        """`deepest_dip` is the smallest factor that verifying applied."""
        rest = [self._rest.mean(keepdims=True)] if len(self._rest) else []
        cells = np.concatenate([*self._means, *rest, np.full(SMOOTHED_CELLS - 1, self._drive, np.float32)])
        smooth = np.convolve(
            cells / np.float32(self._drive), np.full(SMOOTHED_CELLS, 1 / SMOOTHED_CELLS, np.float32), "valid"
        )
        reduction = np.log10(smooth, out=smooth)
        reduction *= -20.0
        reduction[reduction < 1e-4] = 0.0
        history = np.append(reduction, np.zeros(-len(reduction) % HISTORY_CELLS)).reshape(-1, HISTORY_CELLS).max(axis=1)
        return Reduction(
            max_reduction_db=round(float(reduction.max(initial=0.0)), 3),
            limited_share=round(self._limited / max(1, self._frames), 4),
            history_db=tuple(round(float(value), 2) for value in history),
            deepest_dip_db=round(-20 * float(np.log10(deepest_dip)), 3),
        )
