"""How the front pair relates: correlation, width, balance, and what is lost in mono.

With M = (L + R) / 2 and S = (L - R) / 2: width is S against M in dB, and the loss in mono is how much weaker M is than
the mean of both channels (0 dB for equal channels, 3 dB for unrelated ones, without end for inverted ones).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from songkit.analysis.events import Span
from songkit.audio import Format, Samples
from songkit.dsp.framing import Frames
from songkit.units import power_to_db, seconds_to_frames

FRAME_SECONDS = 0.1
INVERTED_CORRELATION = -0.5
LEAST_INVERTED_SECONDS = 2.0  # the default of ffmpeg's aphasemeter
_NAMES = ("correlation", "width_db", "mono_loss_db", "balance_db")


@dataclass(frozen=True, slots=True)
class Stereo:
    """Correlation from -1 to 1; width, loss and balance (left over right) in dB; the series has a value per 100 ms."""

    correlation: float | None = None
    width_db: float | None = None
    mono_loss_db: float | None = None
    balance_db: float | None = None
    correlation_series: tuple[float | None, ...] = field(default=(), repr=False, metadata={"series": True})
    undefined: Mapping[str, str] = field(default_factory=dict)


class StereoMeter:
    def __init__(self, format: Format) -> None:
        self._pair = [format.layout.index(name) for name in ("FL", "FR") if name in format.layout]
        self._frames = Frames(seconds_to_frames(FRAME_SECONDS, format.sample_rate), 2)
        self._sums: list[npt.NDArray[np.float64]] = []

    def push(self, block: Samples) -> None:
        if len(self._pair) == 2:
            pair = block if block.shape[0] == 2 else block[self._pair]
            self._sums.append(_products(self._frames.push(pair)))

    def result(self) -> Stereo:
        if len(self._pair) < 2:
            return Stereo(undefined=dict.fromkeys(_NAMES, "no left and right front channel"))
        sums = np.concatenate([*self._sums, _products(self._frames.rest()[np.newaxis])])
        left, right, cross, mid, side = (float(value) for value in sums.sum(axis=0))
        if left + right == 0.0:
            return Stereo(undefined=dict.fromkeys(_NAMES, "digital silence" if len(self._sums) else "no audio"))
        undefined = {}
        if left == 0.0 or right == 0.0:
            undefined["correlation"] = undefined["balance_db"] = "one channel is silent"
        if mid == 0.0:
            undefined["width_db"] = undefined["mono_loss_db"] = "the channels cancel each other in mono"
        elif side == 0.0:
            undefined["width_db"] = "both channels are the same"
        return Stereo(
            correlation=None if "correlation" in undefined else _correlation(left, right, cross),
            width_db=None if "width_db" in undefined else power_to_db(side) - power_to_db(mid),
            mono_loss_db=None if mid == 0.0 else max(0.0, power_to_db((left + right) / 2.0) - power_to_db(mid)),
            balance_db=None if "balance_db" in undefined else power_to_db(left) - power_to_db(right),
            correlation_series=tuple(_correlation(row[0], row[1], row[2]) for row in sums[:-1].tolist()),
            undefined=undefined,
        )


def low_correlation(series: Sequence[float | None]) -> tuple[Span, ...]:
    """Stretches of 2 s and more whose correlation stays below -0.5, from a series with a value per 100 ms."""
    spans: list[Span] = []
    start = 0
    for index, value in enumerate([*series, 1.0]):
        if value is None or value >= INVERTED_CORRELATION:
            if (index - start) * FRAME_SECONDS >= LEAST_INVERTED_SECONDS:
                spans.append(Span(start * FRAME_SECONDS, index * FRAME_SECONDS, 1))
            start = index + 1
    return tuple(spans)


def _products(frames: Samples) -> npt.NDArray[np.float64]:
    """Sums of LL, RR, LR, MM, SS per frame; the side is subtracted before it is squared, so equal channels give 0."""
    left, right = frames[:, 0], frames[:, 1]
    mid, side = (left + right) * np.float32(0.5), (left - right) * np.float32(0.5)
    pairs = ((left, left), (right, right), (left, right), (mid, mid), (side, side))
    return np.stack([np.einsum("nl,nl->n", a, b).astype(np.float64) for a, b in pairs], axis=1)


def _correlation(left: float, right: float, cross: float) -> float | None:
    if left <= 0.0 or right <= 0.0:
        return None
    return min(1.0, max(-1.0, cross / math.sqrt(left * right)))
