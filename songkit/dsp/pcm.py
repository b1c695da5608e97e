"""PCM bytes as they lie in a file (interleaved, little-endian) from and to float32 samples, in one pass each."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from songkit.audio import Samples
from songkit.dsp.native import native

Bytes = npt.NDArray[np.uint8]


def decode(raw: Bytes, channels: int, bits: int) -> Samples:
    """Samples `(channels, frames)` of whole frames of 16, 24 or 32 bits; full scale 1.0 is 2^(bits-1)."""
    size = bits // 8
    out = np.empty((channels, len(raw) // (channels * size)), np.float32)
    _decode(raw, size, 0.5 ** (bits - 1), out)
    return out


def encode(block: Samples, bits: int) -> tuple[Bytes, int]:
    """The bytes of samples at 16, 24 or 32 bits, and how many samples had to be clipped; samples must be finite.

    Rounded to the nearest integer. The highest code stands one step below full scale: exactly +1.0 takes it and is not
    counted as clipped.
    """
    size = bits // 8
    raw = np.empty(block.size * size, np.uint8)
    clipped = _encode(np.ascontiguousarray(block), size, 2.0 ** (bits - 1), raw)
    return raw, clipped


@native("void(const uint8[:], int64, float64, float32[:,:])")
def _decode(raw: Bytes, size: int, step: float, out: Samples) -> None:  # pragma: no cover (compiled)
    channels, frames = out.shape
    for channel in range(channels):
        for frame in range(frames):
            at = (frame * channels + channel) * size
            # The bytes go to the top of 32 bits, where the last one brings the sign; then down again.
            word = np.uint32(0)
            for place in range(size):
                word = (word >> np.uint32(8)) | (np.uint32(raw[at + place]) << np.uint32(24))
            out[channel, frame] = (np.int32(word) >> np.int32(32 - 8 * size)) * step


@native("int64(const float32[:,:], int64, float64, uint8[:])")
def _encode(block: Samples, size: int, scale: float, raw: Bytes) -> int:  # pragma: no cover (compiled)
    channels, frames = block.shape
    clipped = 0
    for channel in range(channels):
        for frame in range(frames):
            value = np.rint(block[channel, frame] * scale)
            if abs(value) > scale:
                clipped += 1
            whole = np.int64(min(max(value, -scale), scale - 1.0))
            at = (frame * channels + channel) * size
            for place in range(size):
                raw[at + place] = (whole >> np.int64(8 * place)) & np.int64(255)
    return clipped
