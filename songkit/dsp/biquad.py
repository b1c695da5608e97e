"""Second-order sections in series: one compiled pass over all sections of all channels.

Transposed direct form II in float64:
    y = b0 x + s1,   s1 <- b1 x - a1 y + s2,   s2 <- b2 x - a2 y
Two channels go side by side, because a single recursion waits for itself most of the time.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from songkit.audio import Samples
from songkit.dsp.filter_design import Sections
from songkit.dsp.native import FUSED, native

# States are looked at for denormal numbers, which slow a filter a hundredfold in silence, every so many frames of the
# programme (not of the block: the same samples must come out whatever the blocks are).
_GRID_FRAMES = 256
# -600 dB: far below any float32 signal, far above where denormal numbers begin.
_TINY = 1e-30


@native("void(const float32[:,:], const float64[:,:], float64[:,:,:], int64, float32[:,:])", FUSED)
def _filter(
    block: Samples, sections: Sections, state: npt.NDArray[np.float64], position: int, out: Samples
) -> None:  # pragma: no cover (compiled)
    """Filter `block` into `out`; `state` is `(channels rounded up to even, sections, 2)`.

    `position` is the number of the block's first frame in the programme.
    """
    channels, frames = block.shape
    for a in range(0, channels, 2):
        b = min(a + 1, channels - 1)  # an odd last channel runs twice, the second time with a state of its own
        frame = 0
        while frame < frames:
            end = min(frames, frame + _GRID_FRAMES - (position + frame) % _GRID_FRAMES)
            while frame < end:
                x = np.float64(block[a, frame])
                u = np.float64(block[b, frame])
                for s in range(sections.shape[0]):
                    y = sections[s, 0] * x + state[a, s, 0]
                    v = sections[s, 0] * u + state[a + 1, s, 0]
                    state[a, s, 0] = sections[s, 1] * x - sections[s, 3] * y + state[a, s, 1]
                    state[a + 1, s, 0] = sections[s, 1] * u - sections[s, 3] * v + state[a + 1, s, 1]
                    state[a, s, 1] = sections[s, 2] * x - sections[s, 4] * y
                    state[a + 1, s, 1] = sections[s, 2] * u - sections[s, 4] * v
                    x = y
                    u = v
                out[a, frame] = 0.0 if abs(x) < _TINY else x
                out[b, frame] = 0.0 if abs(u) < _TINY else u
                frame += 1
            if (position + end) % _GRID_FRAMES == 0:
                for s in range(sections.shape[0]):
                    for k in range(2):
                        if abs(state[a, s, k]) < _TINY:
                            state[a, s, k] = 0.0
                        if abs(state[a + 1, s, k]) < _TINY:
                            state[a + 1, s, k] = 0.0


class Cascade:
    """Sections `(n, 5)` over `channels` channels, with the state between blocks; no sections are the identity."""

    def __init__(self, sections: Sections, channels: int) -> None:
        self._sections = np.ascontiguousarray(sections, np.float64)
        self._state = np.zeros((channels + channels % 2, len(sections), 2))
        self._position = 0

    def push(self, block: Samples) -> Samples:
        """The block filtered; float32 `(channels, frames)` in and out."""
        out = np.empty(block.shape, np.float32)
        _filter(np.ascontiguousarray(block), self._sections, self._state, self._position, out)
        self._position += block.shape[1]
        return out
