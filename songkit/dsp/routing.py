"""Filters on a part of the signal: every channel, or the mid, side, left or right of stereo."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Literal

import numpy as np

from songkit.audio import Samples
from songkit.dsp.biquad import Cascade
from songkit.dsp.filter_design import Sections

Target = Literal["stereo", "mid", "side", "left", "right"]

# What each target is made of left and right, and how a change of it goes back into them.
_TAKEN: dict[Target, tuple[float, float]] = {
    "mid": (0.5, 0.5),
    "side": (0.5, -0.5),
    "left": (1.0, 0.0),
    "right": (0.0, 1.0),
}
_GIVEN: dict[Target, tuple[float, float]] = {
    "mid": (1.0, 1.0),
    "side": (1.0, -1.0),
    "left": (1.0, 0.0),
    "right": (0.0, 1.0),
}


class Routed:
    """Sections in series, each on its own target; `parts` keep their order, neighbours on one target share a pass."""

    def __init__(self, parts: Sequence[tuple[Target, Sections]], channels: int) -> None:
        self._routes = [
            (
                target,
                Cascade(np.concatenate([sections for _, sections in group]), channels if target == "stereo" else 1),
            )
            for target, group in groupby(parts, key=lambda part: part[0])
        ]

    def push(self, block: Samples) -> Samples:
        """The block filtered; float32 `(channels, frames)` in and out."""
        for target, cascade in self._routes:
            block = cascade.push(block) if target == "stereo" else _on_part(block, target, cascade)
        return block


def _on_part(block: Samples, target: Target, cascade: Cascade) -> Samples:
    """What the filter changes in the part is added to both channels: the other part stays as it is, bit for bit."""
    left, right = np.array(_TAKEN[target], np.float32)
    part: Samples = left * block[:1] + right * block[1:]
    change: Samples = cascade.push(part) - part
    given: Samples = np.array(_GIVEN[target], np.float32)[:, np.newaxis]
    return block + given * change
