"""Stereo width by band: the side is split at crossovers and weighted, the mid keeps step through the same all-pass."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from songkit.audio import Format, Samples
from songkit.dsp.biquad import Cascade
from songkit.dsp.crossover import band_sections, sum_sections

FRONT = ("FL", "FR")


class BandWidth:
    """Side gain per band on the front pair; the mono sum keeps its magnitude whatever the widths are.

    Side bands and everything else (mid, other speakers) go through the same all-pass, so that with all widths at 1
    the magnitude is flat and the channels are lined up. Without crossovers there is no all-pass either.
    """

    def __init__(self, format: Format, widths: Sequence[float], crossovers_hz: Sequence[float]) -> None:
        rate = format.sample_rate
        self._pair = [format.layout.index(speaker) for speaker in FRONT]
        self._widths = [np.float32(width) for width in widths]
        # Bands of no width need no filter.
        self._bands = [
            Cascade(sections, 1) if width else None
            for sections, width in zip(band_sections(crossovers_hz, rate), widths, strict=True)
        ]
        self._through = Cascade(sum_sections(crossovers_hz, rate), format.channels)

    def push(self, block: Samples) -> Samples:
        """The block, wider or narrower; float32 `(channels, frames)` in and out."""
        left, right = self._pair
        side = (block[left : left + 1] - block[right : right + 1]) * np.float32(0.5)
        wanted = np.zeros_like(side)
        for band, width in zip(self._bands, self._widths, strict=True):
            if band is not None:
                wanted += width * band.push(side)
        out = self._through.push(block)
        mid = (out[left] + out[right]) * np.float32(0.5)
        out[left], out[right] = mid + wanted[0], mid - wanted[0]
        return out
