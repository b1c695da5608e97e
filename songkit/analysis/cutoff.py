"""Where a spectrum was cut off: the edge that lossy codecs and resamplers leave.

Evidence is an edge: the level falls by 20 dB or more within 1 kHz, more steeply than it fell before, and never comes
back above. A gradual roll-off is no evidence, and neither is an edge next to the Nyquist frequency, which every
converter leaves. Typical of MP3: 16 to 17 kHz at 128 kb/s, 18.6 to 19 at 192, 20 to 20.5 at 320.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

LOWEST_HZ = 2000.0
NYQUIST_SHARE = 0.95
EDGE_HZ = 1000.0
LEAST_DROP_DB = 20.0
STEEPER_DB = 12.0  # than over the kilohertz before
FLOOR_DB = -140.0  # per bin: nothing below it is told from zero
FULL_CONFIDENCE_DB = 50.0


@dataclass(frozen=True, slots=True)
class Cutoff:
    """The frequency and how sure it is (0.5 to 1), or the reason why none is named."""

    hz: float | None = None
    confidence: float | None = None
    reason: str = ""


def find_cutoff(hz: npt.NDArray[np.float64], power: npt.NDArray[np.float64]) -> Cutoff:
    """The cut-off of a long-term power spectrum (mean square per bin)."""
    step = float(hz[1])
    smooth = max(1, round(150.0 / step))
    padded = np.pad(power, smooth // 2, mode="edge")
    level = np.maximum(
        10.0 * np.log10(np.convolve(padded, np.ones(smooth) / smooth, "valid")[: len(hz)] + 1e-30), FLOOR_DB
    )
    width = round(EDGE_HZ / step)
    first, last = round(LOWEST_HZ / step), round(NYQUIST_SHARE * float(hz[-1]) / step)
    if last - first < 2 * width:
        return Cutoff(reason="the sample rate is too low to tell")
    highest_above = np.maximum.accumulate(level[::-1])[::-1]
    at = np.arange(first, min(last, len(hz) - width // 2 - 1))
    above = np.minimum(at + width, len(hz) - 1)
    drop = level[at] - highest_above[above]
    before = level[np.maximum(0, at - width)] - level[at]
    edges = at[
        (drop >= LEAST_DROP_DB)
        & (drop - np.maximum(0.0, before) >= STEEPER_DB)
        & (level[at] > FLOOR_DB + LEAST_DROP_DB)
    ]
    if not len(edges):
        return Cutoff(reason="no edge in the spectrum: it reaches up or rolls off gradually")
    # The top of the edge: among neighbouring candidates the one with the deepest drop, then down to 6 dB below it.
    group = edges[edges >= edges[-1] - 2 * width]
    top = int(group[np.argmax(level[group] - highest_above[np.minimum(group + width, len(hz) - 1)])])
    fall = np.flatnonzero(level[top:] <= level[top] - 6.0)
    edge = top + int(fall[0])
    deepest = float(level[top] - highest_above[min(top + width, len(hz) - 1)])
    confidence = 0.5 + 0.5 * min(1.0, (deepest - LEAST_DROP_DB) / (FULL_CONFIDENCE_DB - LEAST_DROP_DB))
    return Cutoff(float(hz[edge]), confidence)
