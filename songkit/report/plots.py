"""Plots as SVG inside HTML: curves stretch with the page, axes and marks stay text of a readable size."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from songkit.report.axes import Scale, Tick, time_scale, time_ticks
from songkit.report.grouped import FindingGroup
from songkit.report.markup import Markup, join, tag

WIDTH, HEIGHT = 1000.0, 100.0
MOST_POINTS = 1200
PIN_DISTANCE_PERCENT = 3.0
LEAST_MARK_PERCENT = 0.25


@dataclass(frozen=True, slots=True)
class Curve:
    """Values every `step_seconds` from `start_seconds` on; `look` is its class in the style sheet."""

    name: str
    look: str
    values: Sequence[float | None]
    start_seconds: float
    step_seconds: float


@dataclass(frozen=True, slots=True)
class Level:
    """A constant, drawn across the plot."""

    name: str
    look: str
    value: float


def plot(
    title: str,
    description: str,
    drawing: Markup,
    x_ticks: Iterable[Tick],
    y_ticks: Iterable[Tick],
    *,
    unit: str,
    keys: Sequence[tuple[str, str]] = (),
    over: Iterable[Markup] = (),
    aside: str = "",
    look: str = "",
    seconds: float | None = None,
) -> Markup:
    """A figure: title, key of the curves `(name, look)`, drawing with axes, and HTML that lies `over` the drawing.

    `aside` stands where a key of curves would. `seconds` where the drawing goes from left to right over time: players
    follow on it, and jump to where it is clicked.
    """
    x_ticks, y_ticks = list(x_ticks), list(y_ticks)
    lines = [_line("grid", 0, HEIGHT - tick.percent, WIDTH, HEIGHT - tick.percent) for tick in y_ticks]
    lines += [_line("grid", 10 * tick.percent, 0, 10 * tick.percent, HEIGHT) for tick in x_ticks]
    svg = tag(
        "svg",
        tag("title", description),
        *lines,
        drawing,
        viewBox=f"0 0 {WIDTH:g} {HEIGHT:g}",
        preserveAspectRatio="none",
        role="img",
        aria_label=description,
    )
    y_axis = (tag("span", tick.label, style=f"bottom:{tick.percent:g}%") for tick in y_ticks)
    x_axis = (
        tag("span", tick.label, style=f"left:{tick.percent:g}%", class_="minor" if tick.minor else None)
        for tick in x_ticks
    )
    return tag(
        "figure",
        tag("figcaption", tag("h3", title), tag("span", unit, class_="unit"), _key(keys), aside),
        tag(
            "div",
            tag("div", *y_axis, class_="y", aria_hidden="true"),
            tag("div", svg, *over, class_="area"),
            tag("div", *x_axis, class_="x", aria_hidden="true"),
            class_="frame",
        ),
        class_=f"plot {look}".strip(),
        data_seconds=None if seconds is None else f"{seconds:.3f}",
    )


def curves(
    title: str,
    description: str,
    drawn: Sequence[Curve | Level],
    seconds: float,
    y: Scale,
    y_ticks: Iterable[Tick],
    unit: str,
    over: Iterable[Markup] = (),
) -> Markup:
    """Several curves and levels over the time of a programme."""
    x = time_scale(seconds)
    paths = (
        _line(f"curve {each.look}", 0, HEIGHT - y.percent(each.value), WIDTH, HEIGHT - y.percent(each.value))
        if isinstance(each, Level)
        else tag("path", class_=f"curve {each.look}", d=_path(each, x, y))
        for each in drawn
    )
    keys = [(each.name, each.look) for each in drawn]
    return plot(
        title, description, join(paths), time_ticks(x), y_ticks, unit=unit, keys=keys, over=over, seconds=x.high
    )


def outline(
    lowest: Sequence[float], highest: Sequence[float], slice_seconds: float, seconds: float, y: Scale
) -> Markup:
    """The outline of a waveform as one closed shape."""
    x = time_scale(seconds)
    places = [10 * x.percent((index + 0.5) * slice_seconds) for index in range(len(lowest))]
    top = [f"{place:.1f},{HEIGHT - y.percent(value):.1f}" for place, value in zip(places, highest, strict=True)]
    bottom = [f"{place:.1f},{HEIGHT - y.percent(value):.1f}" for place, value in zip(places, lowest, strict=True)]
    return tag("polygon", class_="wave", points=" ".join([*top, *reversed(bottom)]))


def bars(levels: Sequence[float | None], y: Scale) -> Markup:
    """A bar per level, from the bottom up, side by side."""
    width = WIDTH / max(1, len(levels))
    return join(
        tag(
            "rect",
            class_="bar",
            x=f"{(index + 0.15) * width:.1f}",
            y=f"{HEIGHT - y.percent(level):.2f}",
            width=f"{0.7 * width:.1f}",
            height=f"{y.percent(level):.2f}",
        )
        for index, level in enumerate(levels)
        if level is not None
    )


def marks(kinds: Iterable[FindingGroup], seconds: float) -> list[Markup]:
    """Where findings are: a stripe for each, and a numbered link to its text where there is room for one."""
    x = time_scale(seconds)
    stripes, pins, taken = [], [], list[float]()
    for kind in kinds:
        for finding in kind.findings:
            if finding.start_seconds is None:
                continue
            left = x.percent(finding.start_seconds)
            width = max(LEAST_MARK_PERCENT, x.percent(finding.end_seconds or finding.start_seconds) - left)
            place = f"left:{min(left, 100 - width):g}%;width:{width:.3f}%"
            stripes.append(tag("span", class_=f"mark {kind.severity}", style=place, aria_hidden="true"))
            if all(abs(left - other) >= PIN_DISTANCE_PERCENT for other in taken):
                taken.append(left)
                label = f"finding {kind.number}, {kind.word}: {finding.measured}"
                pin = tag(
                    "a",
                    str(kind.number),
                    class_=f"pin {kind.severity}",
                    style=f"left:{left:g}%",
                    href=f"#finding-{kind.number}",
                    aria_label=label,
                    title=label,
                )
                pins.append((left, pin))
    return [*stripes, *(pin for _, pin in sorted(pins, key=lambda entry: entry[0]))]


def image(address: Markup) -> Markup:
    """A picture that fills the drawing."""
    return tag("image", href=address, width=f"{WIDTH:g}", height=f"{HEIGHT:g}", preserveAspectRatio="none")


def line_at(look: str, x_percent: float) -> Markup:
    """An upright line."""
    return _line(look, 10 * x_percent, 0, 10 * x_percent, HEIGHT)


def _line(look: str, x1: float, y1: float, x2: float, y2: float) -> Markup:
    return tag("line", class_=look, x1=f"{x1:.1f}", y1=f"{y1:.2f}", x2=f"{x2:.1f}", y2=f"{y2:.2f}")


def _path(curve: Curve, x: Scale, y: Scale) -> str:
    """Straight lines between the points; nothing where there is no value."""
    group = math.ceil(len(curve.values) / MOST_POINTS) or 1
    commands, pen_down = [], False
    for index in range(0, len(curve.values), group):
        found = [value for value in curve.values[index : index + group] if value is not None]
        if found:
            # of each group the highest, so that no maximum is lost
            place = 10 * x.percent(curve.start_seconds + index * curve.step_seconds)
            commands.append(f"{'L' if pen_down else 'M'}{place:.1f},{HEIGHT - y.percent(max(found)):.2f}")
        pen_down = bool(found)
    return "".join(commands)


def _key(keys: Sequence[tuple[str, str]]) -> Markup:
    if len(keys) < 2:
        return Markup("")
    swatch = (
        tag("li", tag("svg", _line(f"curve {look}", 0, 5, 26, 5), viewBox="0 0 26 10", aria_hidden="true"), name)
        for name, look in keys
    )
    return tag("ul", *swatch, class_="key")
