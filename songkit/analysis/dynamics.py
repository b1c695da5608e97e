"""DR14, the dynamic range of the Pleasurize Music Foundation ("Measuring DR", version 1.3, Algorithmix 2009).

Blocks of 3 s (132 480 frames at 44.1 kHz); per channel the 20 % loudest blocks' RMS (3.01 dB up, so that a sine reads
its peak) against the second-highest block peak; the mean over the channels, rounded. The text leaves the incomplete
last block open: here it counts with its own length. A channel that is silent throughout is left out of the mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from songkit.audio import Format, Samples
from songkit.units import gain_to_db

BLOCK_SECONDS = 3
BLOCK_FRAMES_44100 = 132_480  # the text's own figure, 0.1 % more than 3 s
LOUDEST_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Dynamics:
    """`dr14` as it is published, a whole number, and `dr_db` before rounding."""

    dr14: int | None = None
    dr_db: float | None = None
    undefined: Mapping[str, str] = field(default_factory=dict)


class DynamicsMeter:
    def __init__(self, format: Format) -> None:
        rate = format.sample_rate
        self._length = BLOCK_FRAMES_44100 if rate == 44_100 else BLOCK_SECONDS * rate
        self._done: list[npt.NDArray[np.float64]] = []
        self._filled = 0
        self._squares = np.zeros(format.channels)
        self._peaks = np.zeros(format.channels)

    def push(self, block: Samples) -> None:
        start = 0
        while start < block.shape[1]:
            part = block[:, start : start + self._length - self._filled]
            self._squares += np.einsum("cf,cf->c", part, part, dtype=np.float64)
            self._peaks = np.maximum(self._peaks, np.maximum(part.max(axis=1), -part.min(axis=1)))
            self._filled += part.shape[1]
            start += part.shape[1]
            if self._filled == self._length:
                self._close()

    def result(self) -> Dynamics:
        if self._filled:
            self._close()
        if not self._done:
            return Dynamics(undefined={"dr14": "no audio", "dr_db": "no audio"})
        squares, peaks = np.stack(self._done, axis=2)
        loudest = max(1, int(LOUDEST_SHARE * squares.shape[1]))
        values = [
            gain_to_db(float(peak)) - gain_to_db(float(np.sqrt(np.sort(row)[-loudest:].mean())))
            for row, peak in zip(squares, np.sort(peaks, axis=1)[:, -min(2, peaks.shape[1])], strict=True)
            if peak > 0.0
        ]
        if not values:
            reason = "digital silence" if not peaks.any() else "sound in a single block of 3 s only"
            return Dynamics(undefined={"dr14": reason, "dr_db": reason})
        dr_db = float(np.mean(values))
        return Dynamics(dr14=round(dr_db), dr_db=dr_db)

    def _close(self) -> None:
        self._done.append(np.stack([2.0 * self._squares / self._filled, self._peaks]))
        self._filled = 0
        self._squares = np.zeros_like(self._squares)
        self._peaks = np.zeros_like(self._peaks)
