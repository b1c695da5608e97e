"""K-weighted energy of ITU-R BS.1770-5 Annex 1: both filters, squares and channel weights in one kernel.

The filters are defined by tables at 48 kHz. Other rates get "the same frequency response": from 44.1 kHz on the
bilinear transform of the analogue prototypes behind the tables (within 0.005 dB), below that the signal is first
upsampled by a whole factor, because a bilinear redesign is up to 0.2 dB off there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from songkit.audio import Samples
from songkit.dsp.native import FUSED, Fixed, native
from songkit.dsp.upsample import Upsampler

LOWEST_DIRECT_RATE = 44_100
SUB_BLOCKS_PER_SECOND = 100

# Analogue prototypes that give the tables of Annex 1 (48 kHz) back to 9e-16.
SHELF_HZ, SHELF_DB, SHELF_Q, SHELF_BAND_EXPONENT = (
    1681.974450955533,
    3.999843853973347,
    0.7071752369554196,
    0.4996667741545416,
)
HIGH_PASS_HZ, HIGH_PASS_Q = 38.13547087602444, 0.5003270373238773

# Below this a state is nothing but a denormal number that would slow the filter a hundredfold in silence.
_TINY = 1e-30


def coefficients(sample_rate: int) -> npt.NDArray[np.float64]:
    """Rows `b0 b1 b2 a1 a2` of the shelf (stage 1) and the high-pass (stage 2) at a rate of 44.1 kHz or more."""
    k = math.tan(math.pi * SHELF_HZ / sample_rate)
    high = 10.0 ** (SHELF_DB / 20.0)
    band = high**SHELF_BAND_EXPONENT
    a0 = 1.0 + k / SHELF_Q + k * k
    shelf = [
        (high + band * k / SHELF_Q + k * k) / a0,
        2.0 * (k * k - high) / a0,
        (high - band * k / SHELF_Q + k * k) / a0,
        2.0 * (k * k - 1.0) / a0,
        (1.0 - k / SHELF_Q + k * k) / a0,
    ]
    k = math.tan(math.pi * HIGH_PASS_HZ / sample_rate)
    a0 = 1.0 + k / HIGH_PASS_Q + k * k
    # The table's b is 1, -2, 1 and not divided by a0: its passband gain of +0.0433 dB belongs to the response.
    k_48 = math.tan(math.pi * HIGH_PASS_HZ / 48_000)
    gain = (1.0 + k_48 / HIGH_PASS_Q + k_48 * k_48) / a0
    high_pass = [gain, -2.0 * gain, gain, 2.0 * (k * k - 1.0) / a0, (1.0 - k / HIGH_PASS_Q + k * k) / a0]
    return np.array([shelf, high_pass])


@native("void(const float32[:,:], float64[:], float64[:,:], float64[:,:], int64[:], float64[:])", FUSED)
def _add_energy(
    block: Samples,
    weights: npt.NDArray[np.float64],
    coefficients: npt.NDArray[np.float64],
    state: npt.NDArray[np.float64],
    ends: npt.NDArray[np.int64],
    energies: npt.NDArray[np.float64],
) -> None:
    """Add to `energies[k]` the weighted squares of the frames before `ends[k]`; `state` is `(channels, 6)`.

    Two channels go side by side, because a single recursion waits for itself most of the time; direct form I, because
    it waits for one multiplication and addition only.
    """
    b0, b1, b2, a1, a2 = coefficients[0]
    d0, d1, d2, c1, c2 = coefficients[1]
    channels = block.shape[0]
    for a in range(0, channels, 2):
        b = min(a + 1, channels - 1)  # an odd last channel goes beside itself, counted once
        weight_a, weight_b = weights[a], weights[b] if b > a else 0.0
        if weight_a == 0.0 and weight_b == 0.0:
            continue
        x1, x2, y1, y2, z1, z2 = state[a]
        u1, u2, v1, v2, w1, w2 = state[b]
        frame = 0
        for part in range(ends.shape[0]):
            total_a = total_b = 0.0
            while frame < ends[part]:
                x, u = np.float64(block[a, frame]), np.float64(block[b, frame])
                y = (b0 * x + b1 * x1 + b2 * x2 - a2 * y2) - a1 * y1
                v = (b0 * u + b1 * u1 + b2 * u2 - a2 * v2) - a1 * v1
                z = (d0 * y + d1 * y1 + d2 * y2 - c2 * z2) - c1 * z1
                w = (d0 * v + d1 * v1 + d2 * v2 - c2 * w2) - c1 * w1
                x2, u2, x1, u1, y2, v2, y1, v1, z2, w2, z1, w1 = x1, u1, x, u, y1, v1, y, v, z1, w1, z, w
                total_a += z * z
                total_b += w * w
                frame += 1
            if abs(x1) + abs(x2) + abs(y1) + abs(y2) + abs(z1) + abs(z2) < _TINY:
                x1 = x2 = y1 = y2 = z1 = z2 = 0.0
            if abs(u1) + abs(u2) + abs(v1) + abs(v2) + abs(w1) + abs(w2) < _TINY:
                u1 = u2 = v1 = v2 = w1 = w2 = 0.0
            energies[part] += weight_a * total_a
            energies[part] += weight_b * total_b
        state[b, 0], state[b, 1], state[b, 2], state[b, 3], state[b, 4], state[b, 5] = u1, u2, v1, v2, w1, w2
        state[a, 0], state[a, 1], state[a, 2], state[a, 3], state[a, 4], state[a, 5] = x1, x2, y1, y2, z1, z2


class KWeightedEnergy:
    """Weighted sums of squares in sub-blocks of 10 ms (or `per_second`), for a signal in blocks of any size.

    `rate` is the rate of the frames that are counted: the signal's own, or the upsampled one. Where 10 ms is no whole
    number of frames the sub-blocks end at the nearest frame.
    """

    def __init__(self, sample_rate: int, weights: Sequence[float], per_second: int = SUB_BLOCKS_PER_SECOND) -> None:
        factor = -(-LOWEST_DIRECT_RATE // sample_rate)
        self.rate = sample_rate * factor
        self.per_second = per_second
        self.frames = 0
        self.total = 0.0
        self._weights = Fixed(np.array(weights, np.float64))
        self._upsampler = Upsampler(factor, len(weights)) if factor > 1 else None
        self._coefficients = Fixed(coefficients(self.rate))
        self._state = Fixed(np.zeros((len(weights), 6)))
        self._open = 0.0
        self._done = 0

    def push(self, block: Samples) -> npt.NDArray[np.float64]:
        """Energies (sums of squares) of the sub-blocks that ended inside this block."""
        return self._add(block if self._upsampler is None else self._upsampler.push(block))

    def finish(self) -> npt.NDArray[np.float64]:
        """The sub-blocks that the upsampler's delay held back; `total` and `frames` then count everything."""
        return self._add(self._upsampler.finish()) if self._upsampler is not None else np.zeros(0)

    def _add(self, block: Samples) -> npt.NDArray[np.float64]:
        frames = block.shape[1]
        last = ((self.frames + frames) * self.per_second * 2 + self.rate) // (2 * self.rate)
        # Sub-block k ends at the frame nearest to (k + 1) * 10 ms.
        ends = (np.arange(self._done + 1, last + 1) * self.rate + self.per_second // 2) // self.per_second
        ends = ends[ends <= self.frames + frames] - self.frames
        energies = np.zeros(len(ends) + 1)
        _add_energy(
            np.ascontiguousarray(block),
            self._weights,
            self._coefficients,
            self._state,
            np.append(ends, frames).astype(np.int64),
            energies,
        )
        self.frames += frames
        self.total += float(energies.sum())
        self._done += len(ends)
        energies[0] += self._open
        self._open = float(energies[-1])
        return energies[:-1]
