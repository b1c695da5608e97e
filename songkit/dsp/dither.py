"""TPDF dither for integer PCM, from the first sample on that does not lie on the target's grid.

Before that sample rounding loses nothing, so nothing is added: a 16-bit file that passes through unchanged stays
bit-identical, and digital silence at the head stays digital silence. (Lipshitz, Wannamaker and Vanderkooy,
"Quantization and dither", JAES 40, 1992: triangular, two steps wide, makes the error's mean and variance constant.)
"""

from __future__ import annotations

import numpy as np

from songkit.audio import Format, Samples


class Dither:
    """A Stage that adds triangular noise of one step each way for `bit_depth` bits, seeded, once bits are lost."""

    latency_frames = 0

    def __init__(self, format: Format, bit_depth: int, seed: int) -> None:
        self.format = format
        self._scale = float(2 ** (bit_depth - 1))
        self._random = np.random.default_rng(seed)
        self._active = False

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
        # One draw per sample in time order, so that the size of the blocks does not change the noise. A 32-bit word
        # split into two 16-bit halves is two uniform draws; their difference is triangular.
        words = self._random.integers(0, 2**32, size=(block.shape[1], block.shape[0]), dtype=np.uint32)
        triangle = (words >> 16).astype(np.float32) - (words & 0xFFFF).astype(np.float32)
        # integers on the grid are what is wanted exactly: the sum is rounded here, in double precision
        scaled = block * self._scale + triangle.T.astype(np.float64) / 2**16
        return np.ascontiguousarray(np.rint(scaled) / self._scale, dtype=np.float32)
