"""What `songkit compare` prints: figures before and after, then what lies between them."""

from __future__ import annotations

from collections.abc import Iterator

from songkit.analysis.result import figure
from songkit.compare import Alignment, Comparison, Curve
from songkit.report.columns import shortened, table, wrapped
from songkit.report.figures import MAIN, Row
from songkit.report.style import Style, plain
from songkit.report.wording import describe_signal, number, visible

NAME_WIDTH = 30
ROWS = (*MAIN, Row("width", "stereo.width_db", "dB", signed=True))
# Below it nothing but rounding is left.
ROUNDING_DB = -90.0


def comparison_lines(found: Comparison, style: Style = plain) -> list[str]:
    """The table of `songkit compare`."""
    lines = []
    for word, analysis in (("before", found.before), ("after", found.after)):
        about = f"{visible(analysis.format.path)} ({describe_signal(analysis.format)})"
        lines += wrapped(about, f"  {word:<9}")
    lines += ["", *_figure_lines(found, style), ""]
    lines += [f"  {label:<9}{text}" for label, text in _between(found)]
    if found.curve is not None and not found.identical:
        lines += ["", *_curve_lines(found.curve, style)]
    for note in found.notes:
        lines += wrapped(visible(note), "  note     ")
    return lines


def _figure_lines(found: Comparison, style: Style) -> list[str]:
    rows = [("", *(row.label for row in ROWS)), ("", *(row.unit for row in ROWS))]
    values = [[figure(analysis, row.path) for row in ROWS] for analysis in (found.before, found.after)]
    for analysis, figures in zip((found.before, found.after), values, strict=True):
        name = shortened(visible(analysis.format.path).rpartition("/")[2], NAME_WIDTH)
        rows.append((name, *(_shown(value, row) for value, row in zip(figures, ROWS, strict=True))))
    changes = [None if a is None or b is None else b - a for a, b in zip(*values, strict=True)]
    rows.append(("change", *(_shown(value, row, signed=True) for value, row in zip(changes, ROWS, strict=True))))
    lines = table(rows, "l" + "r" * len(ROWS))
    return [style(line, "quiet") for line in lines[:2]] + lines[2:]


def _shown(value: float | None, row: Row, *, signed: bool = False) -> str:
    return "-" if value is None else number(value, row.decimals, signed=signed or row.signed)


def _between(found: Comparison) -> Iterator[tuple[str, str]]:
    if found.identical:
        yield "same", "every sample is the same"
        return
    seconds = found.after.format.seconds - found.before.format.seconds
    yield "length", "the same" if seconds == 0.0 else f"{number(seconds, 3, signed=True)} s"
    if found.alignment is not None:
        yield "delay", _delay(found.alignment)
        yield "polarity", _polarity(found.alignment)
    if found.gain_db is not None:
        yield "gain", f"{number(found.gain_db, 2, signed=True)} dB (shared by most of the spectrum)"
    if found.residual_db is not None:
        only = "; nothing but gain and time changed" if found.residual_db <= ROUNDING_DB else ""
        yield "residual", f"{number(found.residual_db)} dB after alignment and gain{only}"


def _delay(alignment: Alignment) -> str:
    if alignment.delay_frames == 0.0:
        return "none"
    late = "later" if alignment.delay_frames > 0.0 else "earlier"
    frames, milliseconds = abs(alignment.delay_frames), abs(alignment.delay_seconds) * 1000.0
    return f"{frames:g} frames ({number(milliseconds, 3)} ms) {late}"


def _polarity(alignment: Alignment) -> str:
    return "the same" if not alignment.inverted else "inverted in " + " ".join(alignment.inverted)


def _curve_lines(curve: Curve, style: Style) -> list[str]:
    """The third octaves in rows of ten."""
    lines = [f"  {style('Tone', 'heading')}     third octaves, dB beyond the common gain"]
    for start in range(0, len(curve.frequencies_hz), 10):
        part = slice(start, start + 10)
        head = [f"{hz / 1000:.3g}k" if hz >= 999.5 else f"{hz:.0f}" for hz in curve.frequencies_hz[part]]
        body = ["-" if gain is None else number(gain, 1, signed=True) for gain in curve.gain_db[part]]
        first, second = table([["Hz", *head], ["dB", *body]], "l" + "r" * len(head), indent=" " * 11)
        lines += [style(first, "quiet"), second]
    return lines
