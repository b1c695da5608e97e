"""The figures of an analysis in the order in which a reader wants them: label, value, unit, and why there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from songkit.analysis import Analysis
from songkit.analysis.result import figure
from songkit.report.wording import number
from songkit.units import clock

NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True)
class Row:
    """A figure and how it is written; `path` is its place in `Analysis.to_dict()`."""

    label: str
    path: str
    unit: str = ""
    decimals: int = 1
    signed: bool = False
    at: str = ""
    """The path of the time at which it was reached."""
    none: str = ""
    """What stands there when there is no value and no reason: nothing was found."""
    instead_of: str = ""
    """The path without whose value alone this row matters."""
    read: Callable[[Analysis], float | None] | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A row for an analysis: `value` is "-" where there is none, `note` then says why."""

    label: str
    value: str
    unit: str
    note: str


def _largest_dc(analysis: Analysis) -> float | None:
    offsets = analysis.levels.dc_offset
    return 100.0 * max(offsets, key=abs) if offsets else None


GROUPS: tuple[tuple[str, tuple[Row, ...]], ...] = (
    (
        "Loudness",
        (
            Row("integrated", "loudness.integrated_lufs", "LUFS"),
            Row("whole file, ungated", "loudness.ungated_lufs", "LUFS", instead_of="loudness.integrated_lufs"),
            Row("short-term maximum", "loudness.short_term_max_lufs", "LUFS", at="loudness.short_term_max_seconds"),
            Row("momentary maximum", "loudness.momentary_max_lufs", "LUFS", at="loudness.momentary_max_seconds"),
            Row("range (LRA)", "loudness.range_lu", "LU"),
            Row("peak to loudness (PLR)", "loudness.plr_lu", "LU"),
            Row("lowest over 3 s (PSR)", "loudness.psr_min_lu", "LU", at="loudness.psr_min_seconds"),
        ),
    ),
    (
        "Peaks",
        (
            Row("true peak", "peaks.true_peak_dbtp", "dBTP", 2, True, at="peaks.true_peak_seconds"),
            Row("sample peak", "peaks.sample_peak_dbfs", "dBFS", 2, True, at="peaks.sample_peak_seconds"),
            Row("samples over full scale", "peaks.samples_over", "", 0),
            Row("overs between samples", "peaks.overs.count", "", 0),
        ),
    ),
    (
        "Levels",
        (
            Row("RMS", "levels.rms_dbfs", "dBFS"),
            Row("crest factor", "levels.crest_db", "dB"),
            Row("noise floor", "levels.noise_floor_dbfs", "dBFS"),
            Row("DC offset", "levels.rms_dbfs", "% of FS", 3, signed=True, read=_largest_dc),
            Row("dynamic range (DR14)", "dynamics.dr14", "", 0),
        ),
    ),
    (
        "Spectrum",
        (
            Row("centroid", "spectrum.centroid_hz", "Hz", 0),
            Row("roll-off (85 %)", "spectrum.rolloff_hz", "Hz", 0),
            Row("tilt", "spectrum.tilt_db_per_octave", "dB/octave", signed=True),
            Row("flatness", "spectrum.flatness", "", 4),
            Row("noisiness", "spectrum.noisiness", "", 2),
            Row("sibilance (5 to 10 kHz)", "spectrum.sibilance_db", "dB", signed=True),
            Row("harshness (2 to 5 kHz)", "spectrum.harshness_db", "dB", signed=True),
            Row("cut-off", "spectrum.cutoff_hz", "Hz", 0),
        ),
    ),
    (
        "Stereo",
        (
            Row("correlation", "stereo.correlation", "", 2, signed=True),
            Row("width (side to mid)", "stereo.width_db", "dB", signed=True),
            Row("loss in mono", "stereo.mono_loss_db", "dB"),
            Row("balance (left over right)", "stereo.balance_db", "dB", signed=True),
        ),
    ),
    (
        "Defects",
        (
            Row("samples not finite", "defects.nonfinite_samples", "", 0),
            Row("clipped tops", "defects.clipping.runs", "", 0),
            Row("clicks", "defects.clicks.count", "", 0),
            Row("dropouts", "defects.dropouts.count", "", 0),
            Row("mains hum", "defects.hum.level_dbfs", "dBFS", none="none"),
            Row("silence at the head", "defects.silence.head_seconds", "s", 2),
            Row("silence at the tail", "defects.silence.tail_seconds", "s", 2),
            Row("silence inside", "defects.silence.inside_seconds", "s", 2),
        ),
    ),
)

# What a master changes, and what takes are compared by.
MAIN = (
    Row("integrated", "loudness.integrated_lufs", "LUFS"),
    Row("short-term max", "loudness.short_term_max_lufs", "LUFS"),
    Row("true peak", "peaks.true_peak_dbtp", "dBTP", 2, signed=True),
    Row("range", "loudness.range_lu", "LU"),
    Row("PLR", "loudness.plr_lu", "LU"),
)


def groups(analysis: Analysis) -> Iterator[tuple[str, list[Shown]]]:
    """Every group that was measured, with its rows."""
    for title, rows in GROUPS:
        shown = [entry for row in rows if (entry := show(analysis, row)) is not None]
        if shown:
            yield title, shown


def show(analysis: Analysis, row: Row) -> Shown | None:
    """A row for this analysis, None where it was not measured or does not matter."""
    reason = reason_for(analysis, row.path)
    if reason == NOT_MEASURED or (row.instead_of and figure(analysis, row.instead_of) is not None):
        return None
    value = row.read(analysis) if row.read else figure(analysis, row.path)
    if value is None:
        return Shown(row.label, "-" if reason or not row.none else row.none, "", reason)
    at = figure(analysis, row.at) if row.at else None
    note = "" if at is None else f"at {clock(at)}"
    return Shown(row.label, number(value, row.decimals, signed=row.signed), row.unit, note)


def main_value(analysis: Analysis, row: Row) -> str:
    """The bare number of a row, "-" where there is none."""
    value = figure(analysis, row.path)
    return "-" if value is None else number(value, row.decimals, signed=row.signed)


def reason_for(analysis: Analysis, path: str) -> str:
    """Why there is no figure at this path: its own reason, or that of the group it stands in; empty without one."""
    while path:
        if path in analysis.undefined:
            return analysis.undefined[path]
        path = path.rpartition(".")[0]
    return ""
