"""Pictures of a recording: spectrogram, stereo image, width by octave, how loudness is distributed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from songkit.analysis import Analysis
from songkit.report import plots
from songkit.report.axes import (
    Scale,
    Tick,
    frequency_label,
    frequency_ticks,
    time_scale,
    time_ticks,
    value_ticks,
)
from songkit.report.look import FIELD_POWER, Look
from songkit.report.markup import Markup, join, tag
from songkit.report.raster import legend, picture
from songkit.report.wording import number
from songkit.units import gain_to_db

SHOWN_DB = 84.0
"""From the brightest to the darkest colour of a spectrogram."""
FIELD_DB = 50.0
RINGS_DB = (0.0, -6.0, -12.0, -20.0, -40.0)
SHARE_TICKS = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 25.0)


def spectrogram(look: Look, title: str = "Spectrogram") -> Markup:
    """Level over time and frequency, 0 dB a sine at full scale; nothing for silence."""
    loudest = float(look.spectrogram_db.max(initial=-200.0))
    if loudest < -120.0:
        return Markup("")
    top = min(0.0, 6.0 * math.ceil(loudest / 6.0))
    image = plots.image(picture((look.spectrogram_db - (top - SHOWN_DB)) / SHOWN_DB))
    seconds = look.seconds
    description = f"Level over time and frequency, 20 Hz to 20 kHz over {seconds:.1f} seconds, the loudest bright"
    return plots.plot(
        title,
        description,
        image,
        time_ticks(time_scale(seconds)),
        [tick for tick in frequency_ticks() if tick.label in ("50", "100", "500", "1k", "5k", "10k")],
        unit="Hz",
        aside=_legend(f"{top - SHOWN_DB:g}", f"{top:g} dBFS"),
        look="tall",
        seconds=time_scale(seconds).high,
    )


def stereo_image(look: Look, title: str = "Stereo image") -> Markup:
    """Where the samples of the front pair lie: mid upwards, left to the left; nothing without a pair or in silence."""
    if look.field is None or not look.field.any():
        return Markup("")
    share = 10.0 * np.log10(np.maximum(look.field / look.field.max(), 1e-12))
    image = plots.image(picture(1.0 + share / FIELD_DB))
    places = [(1.0 - math.sqrt(0.5)) * 50.0, 50.0, 100.0 - (1.0 - math.sqrt(0.5)) * 50.0]
    names = [Tick(place, label) for place, label in zip(places, ("L", "mono", "R"), strict=True)]
    top = gain_to_db(look.reach)
    rings = [Tick(50.0 + 50.0 * _ring(db - top), number(db, 0)) for db in RINGS_DB if db <= top + 0.1]
    return plots.plot(
        title,
        "How often the front pair lies where: upright is mono, lying is inverted, leaning is one side",
        image,
        names,
        [Tick(tick.percent, tick.label.replace("-", "\u2212")) for tick in rings],
        unit="dBFS from the middle",
        aside=_legend("rare", "often"),
        look="square",
    )


def widths(levels: Mapping[str, float | None] | None) -> Markup:
    """Side against mid in each octave; nothing where it was not measured or both channels are the same."""
    known = [level for level in (levels or {}).values() if level is not None]
    if not levels or not known:
        return Markup("")
    low = min(-20.0, 10.0 * math.floor(max(-40.0, min(known)) / 10.0))
    y = Scale(low, max(3.0, 3.0 * math.ceil(max(known) / 3.0)))
    share = 100.0 / len(levels)
    ticks = [Tick((index + 0.5) * share, frequency_label(float(hz)), index % 2 == 1) for index, hz in enumerate(levels)]
    told = ", ".join(
        f"{frequency_label(float(hz))} Hz {'–' if level is None else number(level, 0)}" for hz, level in levels.items()
    )
    zero = tag("line", class_="zero", x1="0", x2="1000", y1=_height(y, 0.0), y2=_height(y, 0.0))
    return plots.plot(
        "Width by octave",
        f"Side against mid in dB: {told}",
        join([plots.bars(list(levels.values()), y), zero]),
        ticks,
        value_ticks(y, 10.0),
        unit="dB side to mid, over Hz",
        look="half",
    )


def distributions(named: Sequence[tuple[str, Analysis]]) -> list[Markup]:
    """How much of the time each loudness has (3 s windows), every version on the same scales."""
    found = [(name, each) for name, each in named if each.loudness.histogram]
    steps = [int(step) for _, each in found for step in each.loudness.histogram]
    if not steps:
        return []
    low, high = 5 * math.floor(min(steps) / 5), 5 * math.ceil((max(steps) + 1) / 5)
    most = 100.0 * max(share for _, each in found for share in each.loudness.histogram.values())
    return [_distribution(name, each, Scale(low, high), most) for name, each in found]


def _distribution(name: str, analysis: Analysis, x: Scale, most_percent: float) -> Markup:
    y = Scale(0.0, 1.08 * most_percent)
    shares = analysis.loudness.histogram
    bars = plots.bars(
        [100.0 * shares[str(lu)] if str(lu) in shares else None for lu in range(int(x.low), int(x.high))], y
    )
    integrated = analysis.loudness.integrated_lufs
    drawing, over = [bars], list[Markup]()
    if integrated is not None:
        place = x.percent(integrated)
        drawing.append(plots.line_at("cutoff", place))
        words = f"integrated {number(integrated)}".replace("-", "\u2212")
        # on the side where there is more room
        side = f"right:{100 - place:.3g}%" if place > 50.0 else f"left:calc({place:.3g}% + .4rem)"
        over.append(tag("span", words, class_="cutoff-label", style=side))
    step = next((step for step in SHARE_TICKS if most_percent / step <= 5.0), SHARE_TICKS[-1])
    common = max(shares, key=lambda lu: shares[lu])
    description = f"Share of the time at each loudness; the most common is {common} to {int(common) + 1} LUFS"
    return plots.plot(
        name,
        description,
        join(drawing),
        value_ticks(x, 5.0),
        value_ticks(y, step),
        unit="% of the time, over LUFS (3 s)",
        over=over,
        look="half",
    )


def _legend(low: str, high: str) -> Markup:
    """The scale of colours with its ends in words."""
    bar = tag("img", src=legend(), alt="from dark to bright")
    return tag("span", low.replace("-", "\u2212"), bar, high.replace("-", "\u2212"), class_="scale")


def _ring(db: float) -> float:
    """Distance of a level from the middle of the stereo image, 0 to 1."""
    return float(10.0 ** (db * FIELD_POWER / 20.0))


def _height(y: Scale, value: float) -> str:
    return f"{plots.HEIGHT - y.percent(value):.2f}"
