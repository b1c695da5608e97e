"""The parts of a page that show a master: before and after, curves, files with their checks, what each step did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from songkit.analysis import Analysis
from songkit.chains.chain import settings, step_name
from songkit.report import plots, sections, views
from songkit.report.axes import Scale, value_ticks
from songkit.report.balance import balance, shifted
from songkit.report.figures import MAIN, main_value
from songkit.report.look import Look
from songkit.report.markup import Markup, figure_text, join, table, tag
from songkit.report.material import Material
from songkit.report.players import Players
from songkit.report.plots import Curve
from songkit.report.results import Check, Delivered, Master
from songkit.report.tone_curve import KEYS, tone_curve
from songkit.report.wording import describe_signal, facts, number, split_unit

HISTORY = "reduction_history_db"
HISTORY_SECONDS = 0.1
LEAST_SHOWN_DB = 0.1
NOT_TOLD = ("step", "name", "warnings", "skipped", HISTORY, *KEYS)


Places = Mapping[str, Path]
"""Where the files lie by now, by name."""


def named(result: Master, places: Places | None = None) -> list[tuple[str, Path, Analysis]]:
    """The source and every delivered file: name on the page, place, figures."""
    places = places or {}
    delivered = [
        (f"Master, {name}", places.get(output.path.name, output.path), output.analysis)
        for name, output in zip(_names(result), result.outputs, strict=True)
    ]
    return [("Source", result.source, result.before), *delivered]


def parts(result: Master, material: Material, players: Players, places: Places | None = None) -> list[Markup]:
    """Everything but the verdict, in reading order."""
    versions = named(result, places)
    deck = players.deck(
        "Player of source and master",
        [(name, path, describe_signal(analysis.format)) for name, path, analysis in versions],
    )
    looks = [(name, material.looks[path]) for name, path, _ in versions[:2] if path in material.looks]
    over_time = [
        *(
            sections.outline(look.waveform, look.seconds, title=f"Waveform: {_small(name)}", look="low")
            for name, look in looks
        ),
        _loudness(result),
        _reduction(result),
        *(views.spectrogram(look, f"Spectrogram: {_small(name)}") for name, look in looks),
    ]
    tone = [_balance(result, looks), tone_curve(result.facts)]
    images = [views.stereo_image(look, f"Stereo image: {_small(name)}") for name, look in looks]
    spread = views.distributions([(f"Loudness: {_small(name)}", analysis) for name, _, analysis in versions[:2]])
    return [
        *([sections.section("Listen", deck)] if deck else []),
        sections.section("Before and after", _comparison(result)),
        *([sections.section("Over time", *over_time)] if any(over_time) else []),
        *([sections.section("Tone", *tone)] if any(tone) else []),
        *([sections.section("Stereo", tag("div", *images, class_="pair"))] if any(images) else []),
        *([sections.section("How loud for how long", tag("div", *spread, class_="pair"))] if spread else []),
        sections.section("Delivered files", *(_file(output) for output in result.outputs)),
        sections.section("What the chain did", *_chain(result)),
        *([sections.section("Warnings", warnings(result.warnings))] if result.warnings else []),
    ]


def warnings(lines: Sequence[str]) -> Markup:
    return tag("ul", *(tag("li", line) for line in lines), class_="plain")


def target_lufs(result: Master) -> float | None:
    """The loudness that the chain's last step asks for."""
    asked = [getattr(step, "target_lufs", None) for step in result.chain.working_steps]
    return next((value for value in reversed(asked) if value is not None), None)


def _comparison(result: Master) -> Markup:
    """One row per figure, so that before and after stand side by side on a narrow screen too."""
    names = _names(result)
    analyses = [result.before, *(output.analysis for output in result.outputs)]
    rows = (
        (f"{row.label}, {row.unit}", *(figure_text(main_value(analysis, row)) for analysis in analyses)) for row in MAIN
    )
    head = ("", "before", *(f"after, {name}" for name in names))
    return table(head, rows, "Before and after", "l" + "r" * len(analyses))


def _names(result: Master) -> list[str]:
    """The delivered files by their format, or by name where two have the same."""
    suffixes = [output.path.suffix for output in result.outputs]
    return [
        output.path.suffix[1:].upper() if suffixes.count(output.path.suffix) == 1 else output.path.name
        for output in result.outputs
    ]


def _small(name: str) -> str:
    """A name inside of a title."""
    return name[:1].lower() + name[1:]


def _balance(result: Master, looks: Sequence[tuple[str, Look]]) -> Markup:
    """Third-octaves of source and master; where a step matched references, what it aimed at."""
    drawn = [
        (_small(name), look, seen.thirds_db) for (name, seen), look in zip(looks, ("dotted", "first"), strict=False)
    ]
    matched = next((facts for facts in result.facts if facts.get(KEYS[0])), None)
    if matched is not None and looks:
        aim = shifted(looks[0][1].thirds_db, matched["frequencies_hz"], matched["gain_db"])
        drawn.append(("aim of the step match", "faint", aim))
    return balance(drawn)


def _loudness(result: Master) -> Markup:
    """Short-term loudness of the source and of the first file; the others are the same music at the same level."""
    drawn: list[plots.Curve | plots.Level] = []
    for name, look, analysis in (
        ("before", "dotted", result.before),
        *(("after", "first", output.analysis) for output in result.outputs[:1]),
    ):
        values = analysis.loudness.short_term_lufs
        if any(value is not None for value in values):
            drawn.append(Curve(name, look, values, sections.SHORT_TERM_SECONDS, sections.SERIES_SECONDS))
    if not drawn:
        return Markup("")
    drawn += sections.levels(None, target_lufs(result))
    return sections.history("Short-term loudness (3 s)", drawn, result.before.format.seconds)


def _reduction(result: Master) -> Markup:
    """What the limiter of the first file took away over time, hanging from the top."""
    found = [fact for output in result.outputs[:1] for fact in output.facts if fact.get(HISTORY)]
    if not found:
        return Markup("")
    history = [-float(value) for value in found[-1][HISTORY]]
    if min(history) > -LEAST_SHOWN_DB:
        return tag(
            "p", f"The limiter took away {number(-min(history), 2)} dB at most: nothing to draw.", class_="quiet"
        )
    y = Scale(min(-3.0, *history) - 0.5, 0.0)
    seconds = max(result.before.format.seconds, HISTORY_SECONDS * len(history))
    curve = Curve("gain reduction", "first", history, HISTORY_SECONDS / 2, HISTORY_SECONDS)
    deepest = number(-min(history))
    description = f"Gain reduction of the limiter over time, {deepest} dB at most"
    ticks = value_ticks(y, 1.0 if y.low >= -6.0 else 2.0)
    return plots.curves("Gain reduction of the limiter", description, [curve], seconds, y, ticks, "dB")


def _file(output: Delivered) -> Markup:
    lines = [tag("p", describe_signal(output.analysis.format))]
    lines += [tag("p", note) for note in (*output.notes, *([output.shortfall] if output.shortfall else []))]
    lines.append(tag("p", tag("code", f"SHA-256 {output.sha256}")))
    if output.checks:
        lines.append(_checks(output))
    return tag("div", tag("h3", output.path.name), *lines, class_="file")


def _checks(output: Delivered) -> Markup:
    rows = (
        (
            " ".join(part for part in split_unit(check.name) if part),
            figure_text("-" if check.value is None else number(check.value, 2)),
            _wanted(check),
            tag(
                "strong", "passed" if check.passed else "failed", class_=f"badge {'good' if check.passed else 'error'}"
            ),
        )
        for check in output.checks
    )
    return table(("Check", "Measured", "Wanted", "Result"), rows, f"Checks of {output.path.name}", "lrll")


def _wanted(check: Check) -> str:
    bounds = (("at least", check.minimum), ("at most", check.maximum))
    return " and ".join(f"{word} {bound:g}".replace("-", "\u2212") for word, bound in bounds if bound is not None)


def _chain(result: Master) -> Iterator[Markup]:
    chain = result.chain
    if chain.about:
        yield tag("p", chain.about)
    yield _steps(result, result.facts, f"Steps of {chain.name}, once for all files") if result.facts else Markup("")
    for output in result.outputs:
        if output.facts:
            yield join(
                [tag("h3", f"For {output.path.name}"), _steps(result, output.facts, f"Steps for {output.path.name}")]
            )


def _steps(result: Master, told: Sequence[Mapping[str, Any]], caption: str) -> Markup:
    rows = (
        (str(fact["step"]), tag("span", str(fact["name"]), class_="name"), _settings(result, fact), _found(fact))
        for fact in told
    )
    return table(("Step", "Name", "Settings", "Found"), rows, caption, "rlww")


def _settings(result: Master, fact: Mapping[str, Any]) -> str:
    """The settings of the chain's step of that number, where it is that step (conversions stand in no chain)."""
    steps = result.chain.steps
    index = int(fact["step"]) - 1
    if not 0 <= index < len(steps) or step_name(steps[index]) != fact["name"]:
        return "–"
    return facts(settings(steps[index])) or "–"


def _found(fact: Mapping[str, Any]) -> str:
    if fact.get("skipped"):
        return f"left out: {fact['skipped']}"
    told = {name: value for name, value in fact.items() if value is not None}
    return facts(told, leave_out=NOT_TOLD) or "–"
