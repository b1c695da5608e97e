"""Filters without phase shift: the magnitude of second-order sections as a symmetric FIR, by overlap-save.

Stereo targets become a 2 x 2 matrix of filters (mid: left and right hear (m + 1) / 2 of themselves and (m - 1) / 2 of
the other), so that any mixture of targets is one convolution.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from songkit.dsp.filter_design import Sections
from songkit.dsp.overlap_save import OverlapSave
from songkit.dsp.routing import Target

Floats = npt.NDArray[np.float64]

_SECONDS = 0.2  # the FIR is at least so long: a resolution of about 5 Hz
_OVERSAMPLING = 4  # of the response against the FIR's length, before it is cut


class LinearPhase(OverlapSave):
    """The magnitude of `parts` on `channels` channels; late by `latency_frames`."""

    def __init__(self, parts: Sequence[tuple[Target, Sections]], channels: int, sample_rate: int) -> None:
        points = 1 << math.ceil(math.log2(_SECONDS * sample_rate))
        taps = points - 1
        super().__init__(symmetric(_matrix(parts, channels, points), taps), channels, taps // 2)


def magnitude(sections: Sections, points: int) -> Floats:
    """|H| at `points` frequencies from 0 to half the sample rate, both included."""
    z = np.exp(-1j * np.pi * np.arange(points) / (points - 1))
    powers = np.stack([np.ones_like(z), z, z * z])
    response = np.ones(points)
    for row in sections:
        response *= np.abs(row[:3] @ powers) / np.abs(np.array([1.0, row[3], row[4]]) @ powers)
    return response


def _matrix(parts: Sequence[tuple[Target, Sections]], channels: int, stretch: int) -> Floats:
    """Response per frequency: `(points,)` where every channel has its own, else `(2, 2, points)` of left and right."""
    points = _OVERSAMPLING * stretch // 2 + 1
    if all(target == "stereo" for target, _ in parts):
        return np.asarray(np.prod([magnitude(sections, points) for _, sections in parts], axis=0) * np.ones(points))
    whole: Floats = np.eye(channels)[:, :, np.newaxis] * np.ones(points)
    for target, sections in parts:
        m = magnitude(sections, points)
        one, none = np.ones(points), np.zeros(points)
        own, other = (m + 1.0) / 2.0, (m - 1.0) / 2.0
        step = {
            "stereo": [[m, none], [none, m]],
            "mid": [[own, other], [other, own]],
            "side": [[own, -other], [-other, own]],
            "left": [[m, none], [none, one]],
            "right": [[one, none], [none, m]],
        }[target]
        whole = np.einsum("oif,ijf->ojf", np.array(step), whole)
    return whole


def symmetric(response: Floats, taps: int) -> Floats:
    """Symmetric FIR `(..., taps)` of a real response, faded out over its outer halves."""
    kernel = np.fft.irfft(response)
    half = taps // 2
    kernel = np.concatenate([kernel[..., -half:], kernel[..., : half + 1]], axis=-1)
    distance = np.abs(np.arange(-half, half + 1)) / (half + 1)
    fade = 0.5 + 0.5 * np.cos(np.pi * np.clip(2.0 * distance - 1.0, 0.0, 1.0))
    return np.asarray(kernel * fade)
