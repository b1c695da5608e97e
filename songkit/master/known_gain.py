"""A limiter that has run already: its gain was kept, and is applied again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from songkit.audio import Format, Samples
from songkit.master.limiter import limiter_facts
from songkit.spool import MEBIBYTE, Spool

if TYPE_CHECKING:
    from songkit.dsp.gain_follower import Pace
    from songkit.dsp.limit import TruePeakLimiter

MEMORY_LIMIT_BYTES = 48 * MEBIBYTE  # one channel, beside the spool of the signal


class KeptGain:
    """The gain of a limiter, frame by frame, taken while it runs."""

    def __init__(self, sample_rate: int, frames: int | None) -> None:
        self.spool = Spool(Format.of(sample_rate, 1), MEMORY_LIMIT_BYTES, expected_frames=frames)

    def push(self, gains: Samples) -> None:
        """Float32 `(frames,)`."""
        self.spool.push(gains.reshape(1, -1))


class KnownGainStage:
    """The limiter's output, sample for sample, at the price of a multiplication."""

    latency_frames = 0

    def __init__(self, format: Format, kept: KeptGain, limiter: TruePeakLimiter, pace: Pace) -> None:
        self.format = format
        self._gains = kept.spool
        self._position = 0
        self._facts = limiter_facts(limiter.reduction(), pace)

    def push(self, block: Samples) -> Samples:
        gains = self._gains.read(self._position, block.shape[1])
        self._position += block.shape[1]
        return block * gains

    def finish(self) -> Samples:
        import numpy as np

        return np.zeros((self.format.channels, 0), np.float32)

    def close(self) -> None:
        """Gives the kept gain's memory or disk back."""
        self._gains.close()

    def facts(self) -> Mapping[str, Any]:
        return self._facts
