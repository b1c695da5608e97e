"""What changed between two versions of a recording: time, gain, tone, loudness, width, and what is left unexplained.

1. Both files are measured as they are.
2. Of another rate, the second is brought to the first one's; with other channels, both are folded to mono.
3. The cross-correlation says how far the second is behind, to a hundredth of a frame; up to 10 s are looked for.
4. Over the frames that both have: gain and curve from the long-term spectra, polarity and residual from the samples.

Everything runs in blocks: memory does not grow with the length.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from songkit.analysis import analyze
from songkit.audio import Samples
from songkit.blocks import BLOCK_FRAMES, Source
from songkit.chains import render
from songkit.compare.matching import Fold, Products, find_shift, products
from songkit.compare.result import Alignment, Comparison, Curve
from songkit.compare.tone import tone
from songkit.files import FileSource, open_source
from songkit.master.resample import Resample
from songkit.progress import Progress, about, silent
from songkit.spool import Spool

if TYPE_CHECKING:
    from songkit.dsp.alignment import Shift

__all__ = ["Alignment", "Comparison", "Curve", "compare_files"]

METERS = ("loudness", "peaks", "stereo")
# Below it the two have too little in common to be called one recording.
LEAST_CORRELATION = 0.1
LOWEST_RESIDUAL_DB = -140.0  # what the sums can tell from nothing


def compare_files(before: Path | str, after: Path | str, progress: Progress = silent) -> Comparison:
    """What changed from the file `before` to the file `after`. Raises InputError for what cannot be read."""
    first, second = open_source(Path(before)), open_source(Path(after))
    figures_before, figures_after = (
        analyze(source, info=source.info, meters=METERS, progress=about(progress, source.info.path.name))
        for source in (first, second)
    )
    notes = tuple(_notes(first, second))
    silent_ones = [each for each in (figures_before, figures_after) if each.peaks.sample_peak_dbfs is None]
    same_shape = first.format == second.format and first.frames == second.frames
    if silent_ones:
        both = len(silent_ones) == 2
        reason = "both are digital silence" if both else "one of the two is digital silence: nothing to line up"
        return Comparison(figures_before, figures_after, both and same_shape, None, None, None, None, (*notes, reason))
    with ExitStack() as resources:
        one, other = _Finite(first), _at_rate(_Finite(second), first.format.sample_rate, resources, progress)
        channels, fold = _folding(first, second)
        shift = find_shift(one, other, fold, channels, progress)
        found = products(one, other, fold, channels, shift, progress)
    alignment = _alignment(found, shift, first, channels)
    if alignment is None:
        notes = (*notes, "no alignment was found: the two have too little in common for a delay and a residual")
    gain_db, curve = tone(found.first_spectrum, found.second_spectrum)
    return Comparison(
        figures_before,
        figures_after,
        identical=same_shape and shift.frames == 0 and found.equal,
        alignment=alignment,
        gain_db=gain_db,
        curve=curve,
        residual_db=None if alignment is None else _residual_db(found),
        notes=notes,
    )


class _Finite:
    """A source whose samples that are not finite count as zero, as in every meter."""

    def __init__(self, source: FileSource) -> None:
        self._source = source
        self.format = source.format
        self.frames = source.frames

    def blocks(self, frames: int = BLOCK_FRAMES) -> Iterator[Samples]:
        for block in self._source.blocks(frames):
            yield np.nan_to_num(block, nan=0.0, posinf=0.0, neginf=0.0)


def _at_rate(source: Source, sample_rate: int, resources: ExitStack, progress: Progress) -> Source:
    """The source itself, or kept at another rate."""
    if source.format.sample_rate == sample_rate:
        return source
    rendered = render((Resample(sample_rate_hz=sample_rate),), source, progress)
    kept = resources.enter_context(Spool(rendered.format, expected_frames=rendered.frames))
    for block in rendered.blocks():
        kept.push(block)
    return kept


def _folding(first: FileSource, second: FileSource) -> tuple[int, Fold]:
    if first.format.layout == second.format.layout:
        return first.format.channels, lambda block: block
    return 1, lambda block: block.mean(axis=0, keepdims=True)


def _notes(first: FileSource, second: FileSource) -> Iterator[str]:
    rates = first.format.sample_rate, second.format.sample_rate
    if rates[0] != rates[1]:
        yield f"the rates differ ({rates[0]} and {rates[1]} Hz): lined up at {rates[0]} Hz"
    if first.format.layout != second.format.layout:
        yield (
            f"the channels differ ({' '.join(first.format.layout)} and {' '.join(second.format.layout)}): "
            "lined up as mono"
        )


def _alignment(found: Products, shift: Shift, first: FileSource, channels: int) -> Alignment | None:
    energies = float(np.sum(found.first)), float(np.sum(found.second))
    if not min(energies):
        return None
    correlation = float(np.sum(np.abs(found.cross))) / math.sqrt(energies[0] * energies[1])
    if correlation < LEAST_CORRELATION:
        return None
    delay = shift.frames + shift.fraction
    names = first.format.layout if channels == first.format.channels else ("mono",)
    inverted = tuple(name for name, cross in zip(names, found.cross, strict=True) if cross < 0.0)
    return Alignment(delay, delay / first.format.sample_rate, min(1.0, correlation), inverted)


def _residual_db(found: Products) -> float:
    """What the first under its best single gain, each channel's polarity set right, leaves of the second."""
    first, second, cross = (float(np.sum(each)) for each in (found.first, found.second, np.abs(found.cross)))
    share = max(0.0, 1.0 - cross * cross / (first * second))
    return max(LOWEST_RESIDUAL_DB, 10.0 * math.log10(share)) if share > 0.0 else LOWEST_RESIDUAL_DB
