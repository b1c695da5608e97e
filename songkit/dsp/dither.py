"""Dither for integer PCM, from the first sample on that does not lie on the target's grid.

Before that sample rounding loses nothing, so nothing is added: a 16-bit file that passes through unchanged stays
bit-identical, and digital silence at the head stays digital silence. (Lipshitz, Wannamaker and Vanderkooy,
"Quantization and dither", JAES 40, 1992: triangular, two steps wide, makes the error's mean and variance constant.)
With `shaped` the error goes where the ear is deaf (see `noise_shaping`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from songkit.audio import Format, Samples

_PLAIN_REACH_STEPS = 1.5


def reach_steps(sample_rate: int, *, shaped: bool) -> float:
    """How far dither and rounding move a sample at most, in steps of the grid."""
    if not shaped:
        return _PLAIN_REACH_STEPS
    from songkit.dsp import noise_shaping

    return noise_shaping.reach_steps(noise_shaping.shaping_filter(sample_rate))


class Dither:
    """A Stage that rounds to `bit_depth` bits with seeded triangular noise of one step each way, once bits are lost.

    What fits the grid fits it afterwards: noise alone never clips a sample.
    """

    latency_frames = 0

    def __init__(self, format: Format, bit_depth: int, seed: int, *, shaped: bool = False) -> None:
        self.format = format
        self._scale = float(2 ** (bit_depth - 1))
        self._random = np.random.default_rng(seed)
        self._active = False
        self._shaper = None
        if shaped:
            from songkit.dsp.noise_shaping import NoiseShaper

            self._shaper = NoiseShaper(format.sample_rate, format.channels, self._scale)

    def push(self, block: Samples) -> Samples:
        if not self._active:
            scaled = block.astype(np.float64) * self._scale
            off_grid = np.any(scaled != np.rint(scaled), axis=0)
            if not off_grid.any():
                return block
            self._active = True
            first = int(np.argmax(off_grid))
            return np.concatenate([block[:, :first], self._add(block[:, first:])], axis=1)
        return self._add(block)

    def finish(self) -> Samples:
        return np.zeros((self.format.channels, 0), np.float32)

    def _add(self, block: Samples) -> Samples:
        noise = self._triangle(block)
        if self._shaper is not None:
            return self._shaper.round(block, noise)
        # integers on the grid are what is wanted exactly: the sum is rounded here, in double precision
        scaled = block * self._scale
        dithered = np.rint(scaled + noise.astype(np.float64))
        if dithered.size and max(dithered.max(), -dithered.min()) >= self._scale:
            fits = (np.rint(scaled) >= -self._scale) & (np.rint(scaled) <= self._scale - 1)
            dithered = np.where(fits, np.clip(dithered, -self._scale, self._scale - 1), dithered)
        return np.ascontiguousarray(dithered / self._scale, dtype=np.float32)

    def _triangle(self, block: Samples) -> npt.NDArray[np.float32]:
        """One draw per sample in time order, so that the size of the blocks does not change the noise."""
        # A 32-bit word split into two 16-bit halves is two uniform draws; their difference is triangular.
        words = self._random.integers(0, 2**32, size=(block.shape[1], block.shape[0]), dtype=np.uint32)
        triangle = (words >> 16).astype(np.float32) - (words & 0xFFFF).astype(np.float32)
        return triangle.T / np.float32(2**16)
