"""What `songkit analyze` adds when asked: playback on platforms, other meters' readings, changes since a baseline."""

from __future__ import annotations

from collections.abc import Sequence

from songkit.analysis import Analysis
from songkit.analysis.baseline import Compared
from songkit.analysis.hints import Hints
from songkit.analysis.listening import Heard
from songkit.analysis.second_opinion import KNOWN, Opinion
from songkit.report.columns import table, wrapped
from songkit.report.style import Style, plain
from songkit.report.wording import number, visible

MOST_DIFFERENCES = 40


def heard_lines(heard: Sequence[Heard], style: Style = plain) -> list[str]:
    """One row per platform: the gain, loudness and true peak after it, and what holds it back."""
    if not heard:
        return [f"  {style('What listeners hear', 'heading')}  undefined: no loudness or no true peak"]
    rows = [("platform", "gain dB", "LUFS", "dBTP", "", "")]
    rows += [
        (
            entry.platform,
            number(entry.gain_db, signed=True),
            number(entry.integrated_lufs),
            number(entry.true_peak_dbtp, signed=True),
            entry.change,
            entry.note,
        )
        for entry in heard
    ]
    head, *body = table(rows, "lrrrll")
    return [f"  {style('What listeners hear', 'heading')}", style(head, "quiet"), *body]


def opinion_lines(analysis: Analysis, opinions: Sequence[Opinion], style: Style = plain) -> list[str]:
    """Our readings and those of the others side by side, then what is known of the others."""
    ours = (analysis.loudness.integrated_lufs, analysis.loudness.range_lu, analysis.peaks.true_peak_dbtp)
    rows: list[tuple[str, ...]] = [("meter", "integrated LUFS", "range LU", "true peak dBTP", "")]
    rows.append(("songkit", *map(_told, ours), ""))
    for opinion in opinions:
        figures = (opinion.integrated_lufs, opinion.range_lu, opinion.true_peak_dbtp)
        rows.append((f"{opinion.meter} {opinion.version}", *map(_told, figures), visible(opinion.reason)))
    head, *body = table(rows, "lrrrl")
    known = [line for opinion in opinions for line in wrapped(f"{opinion.meter}: {KNOWN[opinion.meter]}", " " * 4)]
    return [
        f"  {style('Second opinion', 'heading')}",
        style(head, "quiet"),
        *body,
        *(style(line, "quiet") for line in known),
    ]


def hint_lines(hints: Hints, style: Style = plain) -> list[str]:
    """Tempo and key, called what they are, or why there are none."""
    title = style("Hints", "heading")
    if hints.tempo_bpm is None or hints.tempo_confidence is None or hints.key_confidence is None:
        return [f"  {title}     none: {hints.reason}"]
    return [
        f"  {title}     about {hints.tempo_bpm:.0f} beats per minute (confidence {hints.tempo_confidence:.2f})",
        f"            {hints.key} (confidence {hints.key_confidence:.2f}), else {hints.second_key}",
    ]


def compared_lines(compared: Compared, style: Style = plain) -> list[str]:
    """What changed since the baseline, a line each."""
    title = style("Against the baseline", "heading")
    if compared.same:
        return [f"  {title}  nothing changed"]
    lines = [f"  {title}"]
    lines += [f"    new finding: {code}" for code in compared.new_findings]
    lines += [f"    gone: {code}" for code in compared.gone_findings]
    lines += [f"    {difference.message}" for difference in compared.figures[:MOST_DIFFERENCES]]
    left = len(compared.figures) - MOST_DIFFERENCES
    return [*lines, f"    and {left} figures more (--json has all)"] if left > 0 else lines


def _told(value: float | None) -> str:
    return "-" if value is None else number(value, 2)
