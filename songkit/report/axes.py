"""Scales and ticks of plots: where a value stands, and which round values are written beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from songkit.units import clock

STEPS_SECONDS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
MOST_TIME_TICKS = 9
LOWEST_HZ, HIGHEST_HZ = 20.0, 20_000.0
FREQUENCIES_HZ = (20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000)
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


def frequency_scale() -> Scale:
    """What ears hear, in octaves: values are `math.log2` of frequencies in Hz."""
    return Scale(math.log2(LOWEST_HZ), math.log2(HIGHEST_HZ))


def frequency_ticks() -> list[Tick]:
    """1, 2, 5, 10 and so on; on a narrow screen every second one."""
    scale = frequency_scale()
    return [
        Tick(scale.percent(math.log2(hz)), frequency_label(hz), index % NARROW_EVERY == 1)
        for index, hz in enumerate(FREQUENCIES_HZ)
    ]


def frequency_label(hz: float) -> str:
    """`500`, `2k`."""
    return f"{hz / 1000:g}k" if hz >= 1000 else f"{hz:g}"


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
