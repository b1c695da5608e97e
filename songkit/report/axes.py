"""Scales and ticks of plots: where a value stands, and which round values are written beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from songkit.units import clock

STEPS_SECONDS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
MOST_TIME_TICKS = 9
NARROW_EVERY = 2
"""On a narrow screen only every second tick is written."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A written value at `percent` of the axis; `minor` ones are left out where there is little room."""

    percent: float
    label: str
    minor: bool = False


@dataclass(frozen=True, slots=True)
class Scale:
    """A range of values along an axis."""

    low: float
    high: float

    def percent(self, value: float) -> float:
        """Place of a value from the low end on, 0 to 100, held inside."""
        share = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.0
        return round(100.0 * min(1.0, max(0.0, share)), 3) + 0.0


def time_scale(seconds: float) -> Scale:
    """The whole programme; one of no length still has an axis."""
    return Scale(0.0, max(seconds, 0.01))


def time_ticks(scale: Scale) -> list[Tick]:
    """Round times, at most nine."""
    step = next((step for step in STEPS_SECONDS if scale.high / step < MOST_TIME_TICKS), STEPS_SECONDS[-1])
    count = min(math.floor(scale.high / step + 1e-9), 50)
    return [
        Tick(scale.percent(index * step), _time_label(index * step, step), index % NARROW_EVERY == 1)
        for index in range(count + 1)
    ]


def value_ticks(scale: Scale, step: float) -> list[Tick]:
    """Multiples of `step` inside the scale."""
    first = math.ceil(scale.low / step - 1e-9)
    last = math.floor(scale.high / step + 1e-9)
    return [
        Tick(scale.percent(index * step), f"{index * step + 0.0:g}".replace("-", "\u2212"))
        for index in range(first, last + 1)
    ]


def level_scale(values: Sequence[float], step: float = 5.0, most: float = 40.0) -> Scale:
    """From a multiple of `step` below the lowest value (at most `most` below the top) to one above the highest."""
    if not values:
        return Scale(-most, 0.0)
    high = step * math.ceil(max(values) / step + 0.2)
    low = step * math.floor(min(values) / step)
    return Scale(min(max(low, high - most), high - 2 * step), high)


def _time_label(seconds: float, step: float) -> str:
    if step < 1:
        return f"{seconds:g} s"
    return clock(seconds).rpartition(".")[0]
