"""The parts of a page that show one analysis: verdict, findings, curves over time, spectrum, figures, score."""

from __future__ import annotations

import math
from collections.abc import Sequence

from songkit.analysis import Analysis, Score
from songkit.analysis.waveform import Waveform
from songkit.report import plots, views
from songkit.report.axes import Scale, Tick, frequency_label, level_scale, time_scale, time_ticks, value_ticks
from songkit.report.balance import balance
from songkit.report.figures import MAIN, Row, groups, show
from songkit.report.grouped import LISTED_TIMES, FindingGroup, grouped
from songkit.report.look import Look
from songkit.report.markup import Markup, figure_text, join, table, tag, text
from songkit.report.plots import Curve, Level
from songkit.report.verdict import NOT_LOOKED_FOR, Verdict, looked_for
from songkit.report.wording import number
from songkit.units import gain_to_db

SERIES_SECONDS = 0.1
SHORT_TERM_SECONDS, MOMENTARY_SECONDS = 3.0, 0.4
LOWEST_OCTAVE_HZ = 31.5
CARDS = (*MAIN[:1], MAIN[2], MAIN[3], MAIN[4], Row("dynamic range", "dynamics.dr14", "DR", 0))


def section(title: str, *parts: str, id: str | None = None) -> Markup:
    return tag("section", tag("h2", title), *parts, id=id)


def verdict(found: Verdict, analysis: Analysis | None = None, of: str = "") -> Markup:
    """The answer first, with the figures that everyone asks for; `of` says of what."""
    words = {"good": "Good", "warning": "Attention", "error": "Problem"}
    return tag(
        "section",
        tag("p", tag("strong", words[found.level], class_=f"badge {found.level}"), class_="status"),
        tag("h2", found.headline),
        tag("p", found.detail),
        tag("p", of, class_="asked quiet") if of else "",
        cards(analysis) if analysis is not None else "",
        class_=f"verdict {found.level}",
    )


def cards(analysis: Analysis) -> Markup:
    """The main figures, large."""
    shown = [entry for row in CARDS if (entry := show(analysis, row)) is not None]
    return tag(
        "dl",
        *(
            tag(
                "div",
                tag("dt", entry.label),
                tag("dd", tag("b", figure_text(entry.value)), " ", tag("span", entry.unit or entry.note)),
            )
            for entry in shown
        ),
        class_="cards",
    )


def findings(kinds: Sequence[FindingGroup], *, heard: bool = False) -> Markup:
    """Every kind of finding: severity in words, what was measured, where, what to do; `heard`: places can be played."""
    if not kinds:
        return tag("p", "Every detector came back empty.")
    items = (
        tag(
            "li",
            tag("strong", kind.word, class_=f"badge {kind.severity}"),
            tag("span", str(kind.number), class_="ordinal", aria_hidden="true"),
            tag("h3", kind.code.replace("-", " ").capitalize()),
            tag("p", kind.measured),
            tag("p", tag("b", _times(kind)), *_places(kind, heard=heard), class_="where") if kind.times else "",
            tag("p", tag("b", "What to do "), kind.advice),
            id=f"finding-{kind.number}",
        )
        for kind in kinds
    )
    return tag("ol", *items, class_="findings")


def waveform(analysis: Analysis, kinds: Sequence[FindingGroup] = (), title: str = "Waveform", look: str = "") -> Markup:
    """The outline, with findings marked on it; nothing where it was not measured."""
    return outline(analysis.waveform, analysis.format.seconds, kinds, title, look)


def outline(
    wave: Waveform, seconds: float, kinds: Sequence[FindingGroup] = (), title: str = "Waveform", look: str = ""
) -> Markup:
    """The same of an outline that comes from elsewhere."""
    if not wave.lowest:
        return Markup("")
    top = max(1.0, *wave.highest, *(-value for value in wave.lowest))
    y = Scale(-1.02 * top, 1.02 * top)
    drawing = plots.outline(wave.lowest, wave.highest, wave.slice_seconds, seconds, y)
    edges = join(
        tag(
            "line",
            class_="full-scale",
            x1="0",
            x2="1000",
            y1=f"{100 - y.percent(edge):.2f}",
            y2=f"{100 - y.percent(edge):.2f}",
        )
        for edge in (-1.0, 1.0)
    )
    x_ticks = time_ticks(time_scale(seconds))
    ticks = [Tick(y.percent(gain), _dbfs(gain)) for gain in (-1.0, -0.5, 0.0, 0.5, 1.0)]
    marked = sum(finding.start_seconds is not None for kind in kinds for finding in kind.findings)
    description = f"Outline of all channels over {seconds:.1f} seconds, {marked} places marked"
    over = plots.marks(kinds, seconds)
    return plots.plot(
        title,
        description,
        join([drawing, edges]),
        x_ticks,
        ticks,
        unit="dBFS",
        over=over,
        look=look,
        seconds=time_scale(seconds).high,
    )


def loudness_history(
    analysis: Analysis, target_lufs: float | None = None, kinds: Sequence[FindingGroup] = ()
) -> Markup:
    """Momentary and short-term loudness over time, with integrated loudness and target across."""
    found = analysis.loudness
    drawn: list[Curve | Level] = []
    if any(value is not None for value in found.momentary_lufs):
        drawn.append(Curve("momentary (400 ms)", "faint", found.momentary_lufs, MOMENTARY_SECONDS, SERIES_SECONDS))
    if any(value is not None for value in found.short_term_lufs):
        drawn.append(Curve("short-term (3 s)", "first", found.short_term_lufs, SHORT_TERM_SECONDS, SERIES_SECONDS))
    if not drawn:
        return Markup("")
    return history("Loudness", [*drawn, *levels(found.integrated_lufs, target_lufs)], analysis.format.seconds, kinds)


def levels(integrated_lufs: float | None, target_lufs: float | None) -> list[Level]:
    """Integrated loudness and target as lines, where there are any."""
    named = (("integrated", "second", integrated_lufs), ("target", "target", target_lufs))
    return [
        Level(f"{name} {number(value)}".replace("-", "\u2212"), look, value)
        for name, look, value in named
        if value is not None
    ]


def history(title: str, drawn: Sequence[Curve | Level], seconds: float, kinds: Sequence[FindingGroup] = ()) -> Markup:
    """Loudness curves over time."""
    values = [
        value
        for each in drawn
        for value in ([each.value] if isinstance(each, Level) else each.values)
        if value is not None
    ]
    y = level_scale(values)
    description = f"{title} in LUFS over {seconds:.1f} seconds: " + ", ".join(each.name for each in drawn)
    stripes = [mark for mark in plots.marks(kinds, seconds) if "pin" not in mark[:20]]
    return plots.curves(title, description, drawn, seconds, y, value_ticks(y, _step(y)), "LUFS", over=stripes)


def spectrum(analysis: Analysis) -> Markup:
    """Level of each octave, with the cut-off where there is one."""
    bands = analysis.spectrum.bands_db
    if not bands or not any(level is not None for level in bands.values()):
        return Markup("")
    known = [level for level in bands.values() if level is not None]
    y = level_scale(known, 10.0, 70.0)
    drawing = [plots.bars(list(bands.values()), y)]
    over = []
    share = 100.0 / len(bands)
    for index, level in enumerate(bands.values()):
        place = f"left:{(index + 0.5) * share:.3g}%;bottom:{0 if level is None else y.percent(level):g}%"
        over.append(tag("span", figure_text("-" if level is None else f"{level:.0f}"), class_="value", style=place))
    cutoff_hz = analysis.spectrum.cutoff_hz
    if cutoff_hz is not None:
        octave = math.log2(cutoff_hz / LOWEST_OCTAVE_HZ) + 0.5
        place_percent = min(100.0, max(0.0, octave * share))
        drawing.append(plots.line_at("cutoff", place_percent))
        words = f"cut-off {cutoff_hz / 1000:.1f} kHz"
        over.append(tag("span", words, class_="cutoff-label", style=f"right:{100 - place_percent:.3g}%"))
    ticks = [Tick((index + 0.5) * share, frequency_label(float(hz))) for index, hz in enumerate(bands)]
    description = "Level of each octave: " + ", ".join(
        f"{frequency_label(float(hz))} Hz {'empty' if level is None else f'{level:.0f} dBFS'}"
        for hz, level in bands.items()
    )
    return plots.plot(
        "Level by octave", description, join(drawing), ticks, value_ticks(y, 10.0), unit="dBFS (RMS) over Hz", over=over
    )


def stereo(analysis: Analysis) -> Markup:
    """Correlation of left and right over time."""
    series, seconds = analysis.stereo.correlation_series, analysis.format.seconds
    if not any(value is not None for value in series):
        return Markup("")
    y = Scale(-1.0, 1.0)
    curve = Curve("correlation", "first", series, SERIES_SECONDS / 2, SERIES_SECONDS)
    ticks = [Tick(y.percent(value), label) for value, label in ((-1, "\u22121"), (0, "0"), (1, "+1"))]
    description = "Correlation of left and right over time: +1 mono, 0 unrelated, −1 inverted"
    return plots.curves("Stereo correlation", description, [curve], seconds, y, ticks, "+1 mono, −1 inverted")


def figures(analysis: Analysis) -> Markup:
    """All figures in groups; where there is none, the reason."""
    parts = []
    for title, shown in groups(analysis):
        rows = (
            (row.label, figure_text(row.value), join([row.unit, " " if row.unit and row.note else "", _note(row.note)]))
            for row in shown
        )
        parts.append(table((title, "Value", "Unit, remark"), rows, title, "lrl"))
    return tag("div", *parts, class_="tables")


def score(found: Score) -> Markup:
    """How the score comes about."""
    gates = [gate for gate in found.gates if not gate.passed]
    sentence = f"{number(found.total)} of 100 as a raw take (weights version {found.version}); " + (
        f"all {len(found.gates)} gates are open." if not gates else "a closed gate takes all points."
    )
    rows = (
        (
            term.name,
            "–" if term.raw is None else f"{term.raw:.4g}".replace("-", "\u2212"),
            f"{term.target_low:g} to {term.target_high:g}".replace("-", "\u2212"),
            number(term.weight),
            number(term.contribution),
        )
        for term in found.terms
    )
    closed = tag("ul", *(tag("li", f"Gate {gate.name} is closed: {gate.reason}") for gate in gates)) if gates else ""
    head = ("Term", "Measured", "Target", "Weight", "Points")
    return join([tag("p", sentence), closed, table(head, rows, "Score by term", "lrlrr")])


def analysis_parts(analysis: Analysis, look: Look | None = None) -> list[Markup]:
    """Everything but verdict and player, in reading order; `look` where the file could be read for it."""
    kinds = grouped(analysis.findings)
    over_time = [
        waveform(analysis, kinds),
        loudness_history(analysis, None, kinds),
        "" if look is None else views.spectrogram(look),
        stereo(analysis),
    ]
    thirds = analysis.spectrum.third_octaves_db
    tone = [spectrum(analysis), balance([("this file", "first", thirds)]) if thirds else ""]
    image = [
        "" if look is None else views.stereo_image(look),
        tag(
            "div",
            views.widths(analysis.spectrum.width_bands_db),
            *views.distributions([("Loudness distribution", analysis)]),
        ),
    ]
    return [
        section(
            "Findings",
            findings(kinds, heard=look is not None) if kinds or looked_for(analysis) else tag("p", NOT_LOOKED_FOR),
        ),
        *([section("Over time", *over_time)] if any(over_time) else []),
        *([section("Spectrum", *tone)] if any(tone) else []),
        *([section("Stereo and loudness", tag("div", *image, class_="pair"))] if any(image) else []),
        section("Figures", figures(analysis)),
        *([section("Score", score(analysis.score))] if analysis.score is not None else []),
    ]


def _times(kind: FindingGroup) -> str:
    return f"{len(kind.findings)} places " if len(kind.findings) > 1 else "At "


def _places(kind: FindingGroup, *, heard: bool) -> list[str]:
    """The first places, with commas; the script makes those that can be heard into buttons that work."""
    if not heard:
        return [kind.times]
    parts: list[str] = []
    for seconds, words in kind.places[:LISTED_TIMES]:
        label = f"Play from {words.partition(' ')[0]}"
        button = tag("button", words, type="button", disabled="", data_at=f"{seconds:.3f}", title=label)
        parts += [", ", button] if parts else [button]
    return [*parts, kind.more]


def _note(note: str) -> Markup:
    return tag("span", note, class_="quiet") if note else text("")


def _dbfs(gain: float) -> str:
    return "−∞" if gain == 0.0 else number(gain_to_db(abs(gain)), 0).replace("-", "\u2212")


def _step(y: Scale) -> float:
    return 5.0 if y.high - y.low <= 30.0 else 10.0
