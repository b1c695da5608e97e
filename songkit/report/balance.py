"""The balance of tones: third-octaves of one or more versions at the same mean level, against the score's target.

The score wants a slope of the power density; a third-octave is wider the higher it lies, so the same slope is
3.01 dB per octave flatter here. The straight lines of both ends of the target cross where the mean of all bands lies.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from songkit.analysis.bands import TILT_RANGE_HZ
from songkit.analysis.score import load_weights
from songkit.report import plots
from songkit.report.axes import Scale, frequency_scale, frequency_ticks, level_scale, value_ticks
from songkit.report.markup import Markup, join, tag
from songkit.report.tone_curve import frequency_path
from songkit.report.wording import number

Levels = Mapping[str, float | None]

TILT = "spectrum.tilt_db_per_octave"
THIRD_OCTAVE_DB = 10.0 * math.log10(2.0)
"""How much faster the level of third-octaves rises, per octave, than the density in them."""
MOST_DB = 50.0
_ENDS = tuple(math.log2(hz) for hz in TILT_RANGE_HZ)
_MIDDLE = sum(_ENDS) / 2


def balance(named: Sequence[tuple[str, str, Levels]]) -> Markup:
    """A curve `(name, look, levels in dBFS by centre in Hz)` per version; nothing where none has power."""
    drawn = [(name, look, points) for name, look, levels in named if (points := _centred(levels))]
    if not drawn:
        return Markup("")
    low, high = target_db_per_octave()
    reach = [(octave - _MIDDLE) * (slope + THIRD_OCTAVE_DB) for octave in _ENDS for slope in (low, high)]
    x = frequency_scale()
    y = level_scale([*reach, *(db for _, _, points in drawn for _, db in points)], 10.0, MOST_DB)
    curves = (
        tag("path", class_=f"curve {look}", d=frequency_path([hz for hz, _ in points], [db for _, db in points], x, y))
        for _, look, points in drawn
    )
    target = f"target of the score: {number(low)} to {number(high)} dB per octave".replace("-", "\u2212")
    description = f"Level of third-octaves around their mean: {', '.join(name for name, _, _ in drawn)}; {target}"
    return plots.plot(
        "Third-octaves against the target",
        description,
        join([_corridor(low, high, x, y), *curves]),
        frequency_ticks(),
        value_ticks(y, 10.0),
        unit="dB around the mean, over Hz",
        keys=[*((name, look) for name, look, _ in drawn), (target, "target")],
    )


def target_db_per_octave() -> tuple[float, float]:
    """The slopes of the power density between which the score takes nothing away (pink noise has -3.0)."""
    wanted = load_weights().terms[TILT]
    return wanted.low, wanted.high


def shifted(levels: Levels, frequencies_hz: Sequence[float], gain_db: Sequence[float]) -> Levels:
    """The levels with a curve of gains over rising frequencies added: what a matching step aims at."""
    import numpy as np

    octaves = np.log2(np.maximum(frequencies_hz, 1.0))
    return {
        hz: None if level is None else level + float(np.interp(math.log2(float(hz)), octaves, gain_db))
        for hz, level in levels.items()
    }


def _centred(levels: Levels) -> list[tuple[float, float]]:
    """Frequencies and levels, less the mean level of the bands that the tilt is read from."""
    found = [(float(hz), level) for hz, level in levels.items() if level is not None]
    inside = [level for hz, level in found if TILT_RANGE_HZ[0] <= hz <= TILT_RANGE_HZ[1]]
    if not inside:
        return []
    mean = sum(inside) / len(inside)
    return [(hz, level - mean) for hz, level in found]


def _corridor(low: float, high: float, x: Scale, y: Scale) -> Markup:
    """Both ends of the target as lines through the middle of the range, and the area between them."""
    first, last = _ENDS

    def place(octave: float, slope: float) -> str:
        level = (octave - _MIDDLE) * (slope + THIRD_OCTAVE_DB)
        return f"{10 * x.percent(octave):.1f},{plots.HEIGHT - y.percent(level):.2f}"

    lines = (
        tag("path", class_="curve target", d=f"M{place(first, slope)}L{place(last, slope)}") for slope in (low, high)
    )
    left, right = ([place(octave, slope) for slope in (low, high)] for octave in (first, last))
    edge = " ".join([left[0], place(_MIDDLE, low), left[1]]), " ".join([right[0], place(_MIDDLE, low), right[1]])
    return join([*(tag("polygon", class_="corridor", points=points) for points in edge), *lines])
