"""One row per file for spreadsheets: `COLUMNS` is the table of what stands in it, with the unit in each name.

A column keeps its name, meaning and unit; new ones come at the end.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from songkit.analysis import Analysis
from songkit.analysis.profiles import BrokenLimit
from songkit.analysis.result import figure
from songkit.errors import SongkitError

DECIMALS = 4


@dataclass(frozen=True, slots=True)
class Column:
    """`path` is the figure's place in `Analysis.to_dict()`; columns without one are told of the file as a whole."""

    name: str
    about: str
    path: str = ""


COLUMNS: tuple[Column, ...] = (
    Column("path", "the file, as it was named or found"),
    Column("status", "`ok`; `outside`: a limit of the profile is broken; `failed`: could not be measured"),
    Column("reason", "which limits are broken, or why it failed"),
    Column("errors", "kinds of findings that are errors, by their codes"),
    Column("warnings", "kinds of findings that are warnings, by their codes"),
    Column("container", "what the file is by its content"),
    Column("codec", "how its samples are coded"),
    Column("bit_depth", "of PCM and lossless codecs"),
    Column("bitrate_kbps", "of lossy codecs", "format.bitrate_kbps"),
    Column("sample_rate_hz", "frames per second", "format.sample_rate"),
    Column("channels", "how many", "format.channels"),
    Column("seconds", "length", "format.seconds"),
    Column("integrated_lufs", "loudness of the whole, gated (BS.1770)", "loudness.integrated_lufs"),
    Column("short_term_max_lufs", "of windows of 3 s", "loudness.short_term_max_lufs"),
    Column("momentary_max_lufs", "of windows of 0.4 s", "loudness.momentary_max_lufs"),
    Column("range_lu", "loudness range (EBU Tech 3342)", "loudness.range_lu"),
    Column("plr_lu", "true peak over integrated loudness", "loudness.plr_lu"),
    Column("psr_min_lu", "lowest true peak over short-term loudness", "loudness.psr_min_lu"),
    Column("true_peak_dbtp", "highest peak between samples", "peaks.true_peak_dbtp"),
    Column("sample_peak_dbfs", "highest sample", "peaks.sample_peak_dbfs"),
    Column("samples_over", "samples beyond full scale", "peaks.samples_over"),
    Column("overs", "regions beyond full scale between samples", "peaks.overs.count"),
    Column("rms_dbfs", "RMS of all channels, a sine of full scale at -3.01", "levels.rms_dbfs"),
    Column("crest_db", "sample peak over RMS", "levels.crest_db"),
    Column("noise_floor_dbfs", "RMS of the quietest stretches", "levels.noise_floor_dbfs"),
    Column("dr_db", "dynamic range, before DR14 rounds it", "dynamics.dr_db"),
    Column("centroid_hz", "centre of the spectrum's weight", "spectrum.centroid_hz"),
    Column("rolloff_hz", "85 % of the power lie below", "spectrum.rolloff_hz"),
    Column("tilt_db_per_octave", "slope of the spectrum", "spectrum.tilt_db_per_octave"),
    Column("flatness", "0 tone to 1 white noise", "spectrum.flatness"),
    Column("noisiness", "0 to 1, noise of any colour above 0.5", "spectrum.noisiness"),
    Column("sibilance_db", "5 to 10 kHz against 200 Hz to 2 kHz", "spectrum.sibilance_db"),
    Column("harshness_db", "2 to 5 kHz against 200 Hz to 2 kHz", "spectrum.harshness_db"),
    Column("cutoff_hz", "where a codec or resampler cut, empty without evidence", "spectrum.cutoff_hz"),
    Column("cutoff_confidence", "0.5 to 1", "spectrum.cutoff_confidence"),
    Column("correlation", "of left and right, -1 to 1", "stereo.correlation"),
    Column("width_db", "side against mid", "stereo.width_db"),
    Column("mono_loss_db", "what a mono sum loses", "stereo.mono_loss_db"),
    Column("balance_db", "left over right", "stereo.balance_db"),
    Column("nonfinite_samples", "NaN and infinite samples", "defects.nonfinite_samples"),
    Column("clipped_tops", "flat tops", "defects.clipping.runs"),
    Column("clicks", "impulses", "defects.clicks.count"),
    Column("dropouts", "gaps of zero inside the signal", "defects.dropouts.count"),
    Column("hum_dbfs", "level of mains hum, empty without any", "defects.hum.level_dbfs"),
    Column("head_silence_seconds", "before the first sound", "defects.silence.head_seconds"),
    Column("tail_silence_seconds", "after the last sound", "defects.silence.tail_seconds"),
    Column("inside_silence_seconds", "in pauses of 2 s and more", "defects.silence.inside_seconds"),
    Column("rounded_tops", "tops that were cut before resampling or coding", "defects.clipping.rounded_tops"),
    Column("score", "0 to 100 as a raw take", "score.total"),
)


def head() -> str:
    """The line of names."""
    return _line([column.name for column in COLUMNS])


def row(
    path: object, analysis: Analysis | None, broken: Sequence[BrokenLimit] = (), error: SongkitError | None = None
) -> str:
    """The line of a file: empty cells where a figure has no value, or where there was nothing to measure."""
    if error is not None:
        status, reason = "failed", error.message
    else:
        status, reason = ("outside" if broken else "ok"), "; ".join(limit.message for limit in broken)
    told = {"path": str(path), "status": status, "reason": reason}
    if analysis is not None:
        told |= {name: _codes(analysis, name.removesuffix("s")) for name in ("errors", "warnings")}
        told |= {name: _cell(getattr(analysis.format, name)) for name in ("container", "codec", "bit_depth")}
        told |= {column.name: _cell(_figure(analysis, column.path)) for column in COLUMNS if column.path}
    return _line([told.get(column.name, "") for column in COLUMNS])


def _codes(analysis: Analysis, severity: str) -> str:
    return " ".join(dict.fromkeys(found.code for found in analysis.findings if found.severity == severity))


def _figure(analysis: Analysis, path: str) -> float | None:
    """The figure, or None where its whole group was not measured and its zeros mean nothing."""
    group = path.rpartition(".")[0]
    return None if {group, group.rpartition(".")[0]} & analysis.undefined.keys() else figure(analysis, path)


def _cell(value: float | str | None) -> str:
    if value is None:
        return ""
    return f"{round(value, DECIMALS) + 0.0:.10g}" if isinstance(value, float) else str(value)


def _line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    # a file name need not be UTF-8, the table is
    return text.getvalue().encode("utf-8", "backslashreplace").decode()
