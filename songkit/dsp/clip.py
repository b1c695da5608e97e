"""A clipper's curve: straight to the knee, a parabola through it, flat at the ceiling."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from songkit.audio import Samples
from songkit.dsp.oversample import Oversampled, factor_for
from songkit.units import db_to_gain

Floats = npt.NDArray[np.float64]

FACTOR = 8
_CLOSE = 1e-5  # samples nearer than this: their mean is the curve at the middle, to rounding


class Clipper:
    """Holds samples under the ceiling by their value alone; everything below the knee stays as it is, bit for bit.

    With v = |x|, a where the knee begins and b where it ends (both as far from the ceiling), clipping takes away
        0 to a;    (v - a)^2 / (2 (b - a)) to b;    v - ceiling beyond.
    """

    def __init__(self, sample_rate: int, channels: int, *, drive_db: float, ceiling_dbfs: float, knee_db: float):
        self._drive = np.float32(db_to_gain(drive_db))
        self._ceiling = db_to_gain(ceiling_dbfs)
        self._begin = self._ceiling * db_to_gain(-knee_db)
        self._width = 2.0 * (self._ceiling - self._begin)
        factor = factor_for(sample_rate, FACTOR)
        self._oversampled = Oversampled(self._change, factor, channels, averaged=True)
        self._channels = channels
        self._clipped = self._frames = 0

    def push(self, block: Samples) -> Samples:
        """What is ready of the output; float32 `(channels, frames)`."""
        return self._joined(self._oversampled.push(block * self._drive))

    def finish(self) -> Samples:
        """The rest; called once."""
        return self._joined(self._oversampled.finish())

    def facts(self) -> dict[str, float]:
        """Share of the samples that stood over the ceiling, in percent."""
        return {"clipped_percent": 100.0 * self._clipped / max(1, self._frames * self._channels)}

    def _joined(self, hops: list[tuple[Samples, Samples]]) -> Samples:
        parts = [np.zeros((self._channels, 0), np.float32)]
        for samples, change in hops:
            self._clipped += int(np.count_nonzero(np.abs(samples) > self._ceiling))
            self._frames += samples.shape[1]
            parts.append(samples + change)
        return np.concatenate(parts, axis=1)

    def _change(self, samples: Floats) -> Floats:
        """Mean of what clipping adds on the straight line from each sample's forerunner to it."""
        change = np.zeros(samples.shape)
        over = np.abs(samples) > self._begin
        over[:, 1:] |= over[:, :-1].copy()
        row, at = np.nonzero(over)
        now, before = samples[row, at], samples[row, at - 1]
        step = now - before
        close = np.abs(step) < _CLOSE
        mean = (self._integral(now) - self._integral(before)) / np.where(close, 1.0, step)
        change[row, at] = np.where(close, self._taken((now + before) / 2.0), mean)
        return change

    def _taken(self, samples: Floats) -> Floats:
        size = np.abs(samples)
        inside = np.clip(size - self._begin, 0.0, self._width)
        bent = inside * inside / (2.0 * self._width) if self._width else inside
        return -np.sign(samples) * (bent + np.maximum(size - self._begin - self._width, 0.0))

    def _integral(self, samples: Floats) -> Floats:
        """Integral of `_taken` from zero; an even function."""
        size = np.abs(samples)
        inside = np.clip(size - self._begin, 0.0, self._width)
        beyond = np.maximum(size - self._begin - self._width, 0.0)
        bent = inside**3 / (6.0 * self._width) if self._width else 0.0
        return -np.asarray(bent + beyond * (self._width / 2.0 + beyond / 2.0))
