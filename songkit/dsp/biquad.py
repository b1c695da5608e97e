"""Second-order sections in series: one compiled pass over all sections of all channels.

Direct form I in float64, whose one recursion is a single multiplication and addition long:
    y[n] = (b0 x[n] + b1 x[n-1] + b2 x[n-2] - a2 y[n-2]) - a1 y[n-1]
Two channels and two sections go side by side, because a single recursion waits for itself most of the time.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from songkit.audio import Samples
from songkit.dsp.filter_design import Sections
from songkit.dsp.native import FUSED, Fixed, inlined, native

Floats = npt.NDArray[np.float64]

# States are looked at for denormal numbers, which slow a filter a hundredfold in silence, every so many frames of the
# programme (not of the block: the same samples must come out whatever the blocks are).
_GRID_FRAMES = 256
# -600 dB: far below any float32 signal, far above where denormal numbers begin.
_TINY = 1e-30
_IDENTITY = np.array([[1.0, 0.0, 0.0, 0.0, 0.0]])


@inlined
def _two_sections(work: Floats, first: Floats, second: Floats, past: Floats, next_past: Floats) -> None:
    """Two sections at once over the frames of `work` `(frames, 2)`, in place."""
    b0, b1, b2, a1, a2 = first
    d0, d1, d2, c1, c2 = second
    x1, u1, x2, u2, y1, v1, y2, v2 = past
    z1, w1, z2, w2 = next_past[4:]
    for frame in range(work.shape[0]):
        x, u = work[frame, 0], work[frame, 1]
        y = (b0 * x + b1 * x1 + b2 * x2 - a2 * y2) - a1 * y1
        v = (b0 * u + b1 * u1 + b2 * u2 - a2 * v2) - a1 * v1
        z = (d0 * y + d1 * y1 + d2 * y2 - c2 * z2) - c1 * z1
        w = (d0 * v + d1 * v1 + d2 * v2 - c2 * w2) - c1 * w1
        x2, u2, x1, u1, y2, v2, y1, v1 = x1, u1, x, u, y1, v1, y, v
        z2, w2, z1, w1 = z1, w1, z, w
        work[frame, 0], work[frame, 1] = z, w
    past[0], past[1], past[2], past[3], past[4], past[5], past[6], past[7] = x1, u1, x2, u2, y1, v1, y2, v2
    next_past[0], next_past[1], next_past[2], next_past[3] = y1, v1, y2, v2
    next_past[4], next_past[5], next_past[6], next_past[7] = z1, w1, z2, w2


@native("void(const float32[:,:], const float64[:,:], float64[:,:,:], int64, float64[:,:], float32[:,:])", FUSED)
def _filter(
    block: Samples,
    sections: Sections,
    past: Floats,
    position: int,
    work: Floats,
    out: Samples,
) -> None:  # pragma: no cover (compiled)
    """Filter `block` into `out`; `past` is `(pairs of channels, sections, 8)`: x[n-1], x[n-2], y[n-1], y[n-2], of both.

    `position` is the number of the block's first frame in the programme, `work` has room for `(256, 2)`. The number of
    sections is even.
    """
    channels, frames = block.shape
    for a in range(0, channels, 2):
        b = min(a + 1, channels - 1)  # an odd last channel runs twice
        kept = past[a // 2]
        frame: Any = np.int64(0)  # a literal 0 would have the functions below compiled once more
        while frame < frames:
            count = min(frames - frame, _GRID_FRAMES - (position + frame) % _GRID_FRAMES)
            for index in range(count):
                work[index, 0] = block[a, frame + index]
                work[index, 1] = block[b, frame + index]
            for s in range(0, sections.shape[0], 2):
                _two_sections(work[:count], sections[s], sections[s + 1], kept[s], kept[s + 1])
            for index in range(count):
                x, u = work[index, 0], work[index, 1]
                out[a, frame + index] = 0.0 if abs(x) < _TINY else x
                out[b, frame + index] = 0.0 if abs(u) < _TINY else u
            frame += count
            if (position + frame) % _GRID_FRAMES == 0:
                for s in range(kept.shape[0]):
                    for k in range(8):
                        if abs(kept[s, k]) < _TINY:
                            kept[s, k] = 0.0


class Cascade:
    """Sections `(n, 5)` over `channels` channels, with the state between blocks; no sections are the identity."""

    def __init__(self, sections: Sections, channels: int) -> None:
        pairs = np.concatenate([sections, _IDENTITY]) if len(sections) % 2 else sections
        self._sections = Fixed(np.ascontiguousarray(pairs, np.float64))
        self._past = Fixed(np.zeros(((channels + 1) // 2, len(pairs), 8)))
        self._work = Fixed(np.empty((_GRID_FRAMES, 2)))
        self._position = 0

    def push(self, block: Samples) -> Samples:
        """The block filtered; float32 `(channels, frames)` in and out."""
        out = np.empty(block.shape, np.float32)
        _filter(np.ascontiguousarray(block), self._sections, self._past, self._position, self._work, out)
        self._position += block.shape[1]
        return out
