"""The curve of a reference matching as a plot: gain over frequency, of the mid and of the side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from songkit.report import plots
from songkit.report.axes import Scale, frequency_scale, frequency_ticks, value_ticks
from songkit.report.markup import Markup, join, tag
from songkit.report.wording import number

KEYS = ("frequencies_hz", "gain_db", "side_gain_db")
"""The facts that are drawn here; a table of what was found leaves them out."""

_LEAST_RANGE_DB = 3.0


def tone_curve(told: Sequence[Mapping[str, Any]]) -> Markup:
    """A plot for the first step that tells of one; nothing where none does."""
    found = next((facts for facts in told if facts.get(KEYS[0])), None)
    if found is None:
        return Markup("")
    named = [("mid", "first", found["gain_db"])]
    if "side_gain_db" in found:
        named.append(("side", "second", found["side_gain_db"]))
    reach = max(_LEAST_RANGE_DB, *(abs(value) for _, _, values in named for value in values)) + 0.5
    x = frequency_scale()
    y = Scale(-reach, reach)
    paths = (
        tag("path", class_=f"curve {look}", d=frequency_path(found["frequencies_hz"], values, x, y))
        for _, look, values in named
    )
    extremes = [extreme(values) for _, _, values in named for extreme in (min, max)]
    description = f"Gain over frequency, {number(min(extremes))} to {number(max(extremes), signed=True)} dB"
    return plots.plot(
        "Matched to the references",
        description,
        join(paths),
        frequency_ticks(),
        value_ticks(y, 1.0 if reach < 5.0 else 3.0),
        unit="dB over Hz",
        keys=[(name, look) for name, look, _ in named],
    )


def frequency_path(frequencies_hz: Sequence[float], values: Sequence[float], x: Scale, y: Scale) -> str:
    """A curve over frequency as an SVG path."""
    points = (
        f"{10 * x.percent(math.log2(hz)):.1f},{plots.HEIGHT - y.percent(value):.2f}"
        for hz, value in zip(frequencies_hz, values, strict=True)
    )
    return "M" + "L".join(points)
