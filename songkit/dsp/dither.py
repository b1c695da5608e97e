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
from songkit.dsp.native import native

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
        self._spare = np.zeros(0, np.uint32)
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
        words = self._draw(block.size).reshape(block.shape[1], block.shape[0])
        if self._shaper is not None:
            return self._shaper.round(block, triangle(words))
        out = np.empty(block.shape, np.float32)
        _round(np.ascontiguousarray(block), np.ascontiguousarray(words.T), self._scale, out)
        return out

    def _draw(self, count: int) -> npt.NDArray[np.uint32]:
        """One random word per sample in time order, so that the size of the blocks does not change the noise."""
        pairs = self._random.integers(0, 2**64, size=(count - len(self._spare) + 1) // 2, dtype=np.uint64)
        words = np.concatenate([self._spare, pairs.view(np.uint32)]) if len(self._spare) else pairs.view(np.uint32)
        self._spare = words[count:]
        return words[:count]


def triangle(words: npt.NDArray[np.uint32]) -> npt.NDArray[np.float32]:
    """Triangular noise of one step each way, `(channels, frames)`, from random words `(frames, channels)`.

    A word split into two halves of 16 bits is two uniform draws; their difference is triangular.
    """
    noise = (words >> 16).astype(np.float32) - (words & 0xFFFF).astype(np.float32)
    return noise.T / np.float32(2**16)


@native("void(const float32[:,:], const uint32[:,:], float64, float32[:,:])")
def _round(
    block: Samples, words: npt.NDArray[np.uint32], scale: float, out: Samples
) -> None:  # pragma: no cover (compiled)
    """Add what `triangle` makes of the words `(channels, frames)`, and round; in double precision.

    What lies on the grid stays on it, what is beyond full scale already is not the dither's business.
    """
    step = 1.0 / scale
    for channel in range(block.shape[0]):
        row, random, rounded = block[channel], words[channel], out[channel]
        for frame in range(block.shape[1]):
            word = random[frame]
            noise = np.int32(np.int32(word >> np.uint32(16)) - np.int32(word & np.uint32(0xFFFF)))
            wanted = np.float64(row[frame]) * scale
            value = np.rint(wanted + np.float64(noise) * (1.0 / 65536.0))
            near = np.rint(wanted)
            held = min(max(value, -scale), scale - 1.0)
            rounded[frame] = (held if abs(near + 0.5) < scale else value) * step
