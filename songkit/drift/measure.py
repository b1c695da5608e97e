"""The figures of a mastered signal that are held against a baseline, and how far each may move."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from songkit.analysis import analyze
from songkit.audio import Format, Samples
from songkit.blocks import BLOCK_FRAMES, Source
from songkit.chains import Chain, Rendered, render_chain
from songkit.progress import Progress, named

TOLERANCES: dict[str, float] = {
    "seconds": 0.001,
    "integrated_lufs": 0.05,
    "true_peak_dbtp": 0.05,
    "range_lu": 0.1,
    "plr_lu": 0.1,
    "width_db": 0.1,
    "band_db": 0.1,
    "max_reduction_db": 0.2,
}
"""Each in its figure's own unit; `band_db` is that of every octave."""

METERS = ("peaks", "loudness", "stereo", "spectrum")

FLOOR_DB = -90.0
"""Bands and widths below this are dither and rounding: as good as empty, and all alike."""

Figures = dict[str, float | None]


def figures(chain: Chain, source: Source, progress: Progress) -> Figures:
    """Masters a signal in constant memory and measures what comes out; a figure that is not defined is None.

    Raises what the chain raises for that signal.
    """
    with render_chain(chain, source, progress) as rendered:
        analysis = analyze(_Once(rendered), meters=METERS, progress=named(progress, "measure"))
        reduction_db = deepest_reduction_db(rendered.facts)
    return {
        "seconds": round(analysis.format.seconds, 6),
        "integrated_lufs": _rounded(analysis.loudness.integrated_lufs),
        "true_peak_dbtp": _rounded(analysis.peaks.true_peak_dbtp),
        "range_lu": _rounded(analysis.loudness.range_lu),
        "plr_lu": _rounded(analysis.loudness.plr_lu),
        "width_db": _audible(analysis.stereo.width_db),
        **{f"band_{hz}_hz_db": _audible(db) for hz, db in (analysis.spectrum.bands_db or {}).items()},
        "max_reduction_db": _rounded(reduction_db),
    }


def tolerance(name: str) -> float | None:
    """How far the figure of that name may move; None for a name that no figure has."""
    return TOLERANCES.get("band_db" if name.startswith("band_") else name)


def deepest_reduction_db(facts: Iterable[Mapping[str, Any]]) -> float | None:
    """Of all limiters of a run; None where none of the steps limits."""
    told = [fact["max_reduction_db"] for fact in facts if fact.get("max_reduction_db") is not None]
    return max(told, default=None)


@dataclass(frozen=True, slots=True)
class _Once:
    """A rendered signal as a source for one pass."""

    rendered: Rendered

    @property
    def format(self) -> Format:
        return self.rendered.format

    @property
    def frames(self) -> int | None:
        return self.rendered.frames

    def blocks(self, frames: int = BLOCK_FRAMES) -> Iterator[Samples]:
        return self.rendered.blocks()


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _audible(value_db: float | None) -> float | None:
    return None if value_db is None or value_db < FLOOR_DB else round(value_db, 4)
