"""The figures of a delivered file that a chain's `checks` may bound, and where an analysis has them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """What is measured, and its place in `Analysis.to_dict()`; relative ones (no place) compare with what was asked."""

    about: str
    place: tuple[str, str] | None = None


FIGURES: dict[str, Figure] = {
    "loudness_error_lu": Figure("distance of the integrated loudness from the target that was asked, in LU"),
    "over_ceiling_db": Figure("true peak above the ceiling that was asked, in dB; 0 where it is kept"),
    "integrated_lufs": Figure("integrated loudness in LUFS", ("loudness", "integrated_lufs")),
    "short_term_max_lufs": Figure("loudest 3 seconds in LUFS", ("loudness", "short_term_max_lufs")),
    "momentary_max_lufs": Figure("loudest 400 milliseconds in LUFS", ("loudness", "momentary_max_lufs")),
    "range_lu": Figure("loudness range (LRA) in LU", ("loudness", "range_lu")),
    "plr_lu": Figure("true peak over integrated loudness (PLR) in LU", ("loudness", "plr_lu")),
    "true_peak_dbtp": Figure("true peak in dBTP", ("peaks", "true_peak_dbtp")),
    "sample_peak_dbfs": Figure("highest sample in dBFS", ("peaks", "sample_peak_dbfs")),
    "rms_dbfs": Figure("root mean square in dBFS", ("levels", "rms_dbfs")),
    "crest_db": Figure("sample peak over root mean square in dB", ("levels", "crest_db")),
}
