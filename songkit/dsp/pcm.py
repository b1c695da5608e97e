"""PCM bytes as they lie in a file (interleaved, little-endian) from and to float32 samples, in one pass each."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from songkit.audio import Samples
from songkit.dsp.native import inlined, native

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
    # The bytes go to the top of 32 bits, where the last one brings the sign; then down again. One plain loop for each
    # size: the compiler does many frames at once.
    channels, frames = out.shape
    factor = np.float32(step)  # a power of two: only the integer is rounded
    for channel in range(channels):
        row = out[channel]
        if size == 2:
            at = 2 * channel
            for frame in range(frames):
                high = np.uint32(raw[at]) << np.uint32(16) | np.uint32(raw[at + 1]) << np.uint32(24)
                row[frame] = np.float32(np.int32(high) >> np.int32(16)) * factor
                at += 2 * channels
        elif size == 3:
            at = 3 * channel
            for frame in range(frames):
                low = np.uint32(raw[at]) << np.uint32(8) | np.uint32(raw[at + 1]) << np.uint32(16)
                high = np.uint32(raw[at + 2]) << np.uint32(24)
                row[frame] = np.float32(np.int32(low | high) >> np.int32(8)) * factor
                at += 3 * channels
        else:
            at = 4 * channel
            for frame in range(frames):
                low = np.uint32(raw[at]) | np.uint32(raw[at + 1]) << np.uint32(8)
                high = np.uint32(raw[at + 2]) << np.uint32(16) | np.uint32(raw[at + 3]) << np.uint32(24)
                row[frame] = np.float32(np.int32(low | high)) * factor
                at += 4 * channels


@inlined
def _integer(value: float, scale: float) -> np.int32:
    return np.int32(min(max(value, -scale), scale - 1.0))


@native("int64(const float32[:,:], int64, float64, uint8[:])")
def _encode(block: Samples, size: int, scale: float, raw: Bytes) -> int:  # pragma: no cover (compiled)
    channels, frames = block.shape
    clipped = 0
    for channel in range(channels):
        row = block[channel]
        if size == 3:
            at = 3 * channel
            for frame in range(frames):
                value = np.rint(np.float64(row[frame]) * scale)
                clipped += int(abs(value) > scale)
                whole = _integer(value, scale)
                raw[at] = whole & np.int32(255)
                raw[at + 1] = whole >> np.int32(8) & np.int32(255)
                raw[at + 2] = whole >> np.int32(16) & np.int32(255)
                at += 3 * channels
            continue
        for frame in range(frames):
            value = np.rint(np.float64(row[frame]) * scale)
            clipped += int(abs(value) > scale)
            whole = _integer(value, scale)
            at = (frame * channels + channel) * size
            for place in range(size):
                raw[at + place] = whole >> np.int32(8 * place) & np.int32(255)
    return clipped
