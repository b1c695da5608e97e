"""What the commands print: lines of text, at most 100 columns, made and not printed here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from songkit.analysis import Analysis, Score
from songkit.report import verdict
from songkit.report.columns import shortened, table, wrapped
from songkit.report.figures import MAIN, groups, main_value
from songkit.report.grouped import FindingGroup, grouped
from songkit.report.results import Delivered, Master, MasterOrder, RunFile, RunTake, Takes
from songkit.report.style import Role, Style, plain
from songkit.report.verdict import Verdict
from songkit.report.wording import describe_signal, describe_target, number, visible

NAME_WIDTH = 34
_ROLES: dict[str, Role] = {"error": "error", "warning": "warning", "info": "info"}
_STATES: dict[str, Role] = {"valid": "good", "rejected": "warning", "failed": "error"}


def analysis_lines(analysis: Analysis, style: Style = plain) -> list[str]:
    """The table of `songkit analyze`: figures in groups, findings with times and what to do, the score."""
    signal = analysis.format
    lines = [style(line, "title") for line in wrapped(visible(signal.path or "signal in memory"), "")]
    lines += [style(line, "quiet") for line in wrapped(describe_signal(signal))]
    lines += ["", *_verdict_lines(verdict.of_analysis(analysis), style), ""]
    lines += _figure_lines(analysis, style)
    lines += _octave_lines(analysis, style)
    lines += _finding_lines(grouped(analysis.findings), style)
    lines += _score_line(analysis.score, style)
    missing = [path for path, reason in analysis.undefined.items() if reason == "not measured"]
    if missing:
        lines += ["", *wrapped("not measured: " + ", ".join(missing))]
    return lines


def explain_lines(score: Score, style: Style = plain) -> list[str]:
    """How a score comes about: the gates, then raw value, target, weight and contribution of each term."""
    lines = [
        style(f"  Score {number(score.total)} of 100 as a raw take", "heading") + f" (weights version {score.version})"
    ]
    for gate in score.gates:
        if not gate.passed:
            lines += wrapped(f"gate {gate.name} is closed: {gate.reason}")
    if score.valid:
        lines.append(f"  all {len(score.gates)} gates are open")
    rows = [("term", "raw", "target", "weight", "contribution")]
    for term in score.terms:
        raw = "-" if term.raw is None else f"{term.raw:.4g}"
        target = f"{term.target_low:g} to {term.target_high:g}"
        rows.append((term.name, raw, target, number(term.weight), number(term.contribution)))
    head, *body = table(rows, "lrlrr")
    return [*lines, style(head, "quiet"), *body]


def order_lines(order: MasterOrder, style: Style = plain) -> list[str]:
    """What `songkit master --plan` is about to do: source, files, passes, latency, memory, resolved settings."""
    chain, info = order.chain, order.source.info
    lines = [
        style(line, "title") for line in wrapped(f"{visible(info.path)} through the chain {visible(chain.name)}", "")
    ]
    if chain.about:
        lines += [style(line, "quiet") for line in wrapped(visible(chain.about))]
    for path, target in order.outputs:
        conversion = target.format_for(order.source.format)
        told = (describe_target(target.model_copy(update=_settled(order, target))), *conversion.notes)
        lines += wrapped(f"{visible(path)} ({'; '.join(told)})", "  writes   ")
    asked = [("target", order.asked_lufs, "LUFS"), ("ceiling", order.asked_ceiling_dbtp, "dBTP")]
    promised = [f"{name} {value:g} {unit}" for name, value, unit in asked if value is not None]
    lines.append("  asked    " + (", ".join(promised) or "no loudness, no ceiling"))
    for line in order.planned().lines():
        lines += wrapped(visible(line), "  ", " " * 11)
    for note in info.notes:
        lines += _warning(note, style)
    return lines


def master_lines(result: Master, style: Style = plain) -> list[str]:
    """What `songkit master` did: before and after, checks, files, warnings."""
    named = [("source", result.before), *((visible(output.path.name), output.analysis) for output in result.outputs)]
    lines = [style(line, "title") for line in wrapped(visible(result.source), "")]
    lines += ["", *_verdict_lines(verdict.of_master(result), style), ""]
    lines += _comparison(named, style)
    lines += [line for output in result.outputs for line in _check_lines(output, style)]
    lines.append("")
    for output in result.outputs:
        about = f"{visible(output.path)} ({describe_signal(output.analysis.format)})"
        lines += wrapped(about, "  wrote    ")
    for warning in result.warnings:
        lines += _warning(warning, style)
    return lines


def run_lines(result: Takes, *, explain: bool = False, style: Style = plain) -> list[str]:
    """What `make` or `generate` did: the generator and why, all takes, the winner, the delivered files, warnings."""
    order = result.order
    lines = [style(line, "title") for line in wrapped(visible(order.title), "")]
    maker = order.generator
    lines += wrapped(f"{maker.name} {maker.version}: {visible(maker.about)}", "  made by  ")
    lines += wrapped(visible(order.why), "  why      ")
    lines += _honesty_lines(result)
    lines += wrapped(visible(result.folder), "  kept in  ")
    lines += ["", *_verdict_lines(verdict.of_run(result), style), ""]
    lines += _take_lines(result, style)
    for take in result.takes if explain else ():
        if take.score is not None:
            lines += ["", style(f"  Seed {take.seed}", "heading"), *explain_lines(take.score, style)]
    lines.append("")
    for file in result.delivered:
        lines += wrapped(_delivered(file), "  wrote    ")
    for warning in result.warnings:
        lines += _warning(warning, style)
    return lines


def _honesty_lines(result: Takes) -> list[str]:
    """What the generator says of its voice, and what it did not understand."""
    facts = result.winner.take.facts if result.winner.take is not None else {}
    lines = wrapped(visible(facts["voice"]), "  voice    ") if "voice" in facts else []
    if facts.get("style_words_not_used"):
        lines += wrapped("style words " + visible(", ".join(facts["style_words_not_used"])), "  not used ")
    return lines


def _verdict_lines(found: Verdict, style: Style) -> list[str]:
    first, *rest = wrapped(visible(found.headline))
    return [style(first, found.level), *(style(line, found.level) for line in rest), *wrapped(visible(found.detail))]


def _figure_lines(analysis: Analysis, style: Style) -> Iterator[str]:
    shown = list(groups(analysis))
    labels = max((len(row.label) for _, rows in shown for row in rows), default=0)
    values = max((len(row.value) for _, rows in shown for row in rows), default=0)
    for title, rows in shown:
        for index, row in enumerate(rows):
            heading = style(f"{title:<9}", "heading") if index == 0 else " " * 9
            text = f"{row.label:<{labels}}  {row.value:>{values}} {row.unit}"
            first, *rest = wrapped(visible(row.note), " " * (12 + labels + 2 + values + 1 + 10))
            note = first[12 + len(text) :]
            yield f"  {heading} {text}{style(note, 'quiet') if row.note else ''}".rstrip()
            yield from (style(line, "quiet") for line in rest)


def _octave_lines(analysis: Analysis, style: Style) -> list[str]:
    bands = analysis.spectrum.bands_db
    if not bands:
        return []
    centres = [f"{float(hz) / 1000:g}k" if float(hz) >= 1000 else hz for hz in bands]
    levels = ["-" if level is None else f"{level:.0f}" for level in bands.values()]
    head, body = table([["Hz", *centres], ["dBFS", *levels]], "l" + "r" * len(bands), indent="")
    return [f"  {style('Octaves  ', 'heading')} {style(head, 'quiet')}", f"            {body}"]


def _finding_lines(kinds: Sequence[FindingGroup], style: Style) -> list[str]:
    if not kinds:
        return ["", f"  {style('Findings', 'heading')}  none"]
    lines = ["", f"  {style('Findings', 'heading')}"]
    width = max(len(kind.code) for kind in kinds)
    for kind in kinds:
        times = kind.times or "whole file"
        where = f"{len(kind.findings)} times: {times}" if len(kind.findings) > 1 else times
        first, *rest = wrapped(where, " " * (2 + 7 + 2 + width + 2))
        label = f"  {style(f'{kind.word:<7}', _ROLES[kind.severity])}  {style(f'{kind.code:<{width}}', 'title')}  "
        lines += [label + first.lstrip(), *rest]
        lines += wrapped(visible(kind.measured), " " * 11)
        lines += wrapped(kind.advice, " " * 11 + "-> ")
    return lines


def _score_line(score: Score | None, style: Style) -> list[str]:
    if score is None:
        return []
    closed = [f"gate {gate.name} is closed: {gate.reason}" for gate in score.gates if not gate.passed]
    first, *rest = wrapped("; ".join([f"{number(score.total)} of 100 as a raw take", *closed]), " " * 12)
    return ["", f"  {style('Score', 'heading')}     {first.lstrip()}", *rest]


def _comparison(named: Sequence[tuple[str, Analysis]], style: Style) -> list[str]:
    """One row per version of the same music, one column per figure that mastering changes."""
    rows = [("", *(row.label for row in MAIN)), ("", *(row.unit for row in MAIN))]
    rows += [(shortened(name, NAME_WIDTH), *(main_value(analysis, row) for row in MAIN)) for name, analysis in named]
    lines = table(rows, "l" + "r" * len(MAIN))
    return [style(line, "quiet") for line in lines[:2]] + lines[2:]


def _check_lines(output: Delivered, style: Style) -> Iterator[str]:
    for check in output.checks:
        word = style("passed", "good") if check.passed else style("FAILED", "error")
        first, *rest = wrapped(f"{visible(output.path.name)}: {check}", " " * 11)
        yield f"  {word}   {first.lstrip()}"
        yield from rest


def _take_lines(result: Takes, style: Style) -> list[str]:
    head = ("", "seed", "state", "score", *(row.label for row in MAIN), "")
    units = ("", "", "", "of 100", *(row.unit for row in MAIN), "")
    rows = [head, units, *(_take_row(take, result) for take in result.takes)]
    first, second, *body = table(rows, "lrlr" + "r" * len(MAIN) + "l")
    lines = [style(first, "quiet"), style(second, "quiet")]
    for take, line in zip(result.takes, body, strict=True):
        lines.append(line.replace(take.state, style(take.state, _STATES[take.state]), 1))
        for reason in take.reasons:
            lines += wrapped(visible(reason), " " * 6 + "-> ")
    return lines


def _take_row(take: RunTake, result: Takes) -> tuple[str, ...]:
    mark = "*" if take.seed == result.winner.seed else ""
    score = "-" if take.score is None else number(take.score.total)
    figures = ["-" if take.analysis is None else main_value(take.analysis, row) for row in MAIN]
    return (mark, str(take.seed), take.state, score, *figures, "found again" if take.reused else "")


def _delivered(file: RunFile) -> str:
    loudness = _dig(file.record, "analysis", "loudness", "integrated_lufs")
    peak = _dig(file.record, "analysis", "peaks", "true_peak_dbtp")
    told = [f"{number(loudness)} LUFS"] if loudness is not None else []
    told += [f"{number(peak, 2, signed=True)} dBTP"] if peak is not None else []
    return f"{visible(file.path)}" + (f" ({', '.join(told)})" if told else "")


def _dig(record: Mapping[str, Any], *path: str) -> float | None:
    value: Any = record
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, int | float) else None


def _settled(order: MasterOrder, target: Any) -> dict[str, Any]:
    """The target's open fields as this source settles them."""
    encoding = target.encoding(order.source.info.bit_depth)
    rate = target.format_for(order.source.format).format.sample_rate
    return {"bit_depth": encoding.bit_depth, "bitrate_kbps": encoding.bitrate_kbps, "sample_rate": rate}


def _warning(line: str, style: Style) -> list[str]:
    first, *rest = wrapped(visible(line), " " * 11)
    return [f"  {style('warning', 'warning')}  {first.lstrip()}", *rest]
