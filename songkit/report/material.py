"""What a page needs of the files themselves: previews to hear and looks to see, each file read once."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from songkit.analysis import Analysis
from songkit.errors import SongkitError
from songkit.files import FileSource, open_source
from songkit.progress import Progress, about, silent, watched
from songkit.report.clips import Clip, ClipWriter, Previews, plan_previews, preview_rate
from songkit.report.look import Look, LookMeter
from songkit.report.wording import visible
from songkit.units import db_to_gain

STAGE = "previews"


@dataclass(frozen=True, slots=True)
class Recording:
    """A file on a page: its name there, and what was measured of it."""

    name: str
    path: Path
    analysis: Analysis

    @property
    def seconds(self) -> float:
        return self.analysis.format.seconds


@dataclass(frozen=True, slots=True)
class Material:
    """Clips and looks by path; `missing` says which file gave none, and why."""

    clips: dict[Path, Clip] = field(default_factory=dict)
    looks: dict[Path, Look] = field(default_factory=dict)
    missing: dict[Path, str] = field(default_factory=dict)
    previews: Previews | None = None


def recordings(named: Sequence[tuple[str, Path | str | None, Analysis | None]]) -> list[Recording]:
    """Those that are files and hold something, each path once."""
    found: dict[Path, Recording] = {}
    for name, path, analysis in named:
        if path is not None and analysis is not None and analysis.format.frames:
            found.setdefault(Path(path), Recording(name, Path(path), analysis))
    return list(found.values())


def gather(wanted: Sequence[Recording], seen: Collection[Path] = (), progress: Progress = silent) -> Material:
    """A preview of every file, and a look at those in `seen`.

    A page is worth having without them: a file that is gone, has changed or cannot be encoded is told of in `missing`.
    """
    if not wanted:
        return Material()
    plan = plan_previews([each.seconds for each in wanted], _loudest_seconds(wanted[0].analysis))
    rate = preview_rate(wanted[0].analysis.format.sample_rate)
    clips: dict[Path, Clip] = {}
    looks: dict[Path, Look] = {}
    missing: dict[Path, str] = {}
    with tempfile.TemporaryDirectory(prefix="songkit-") as folder:
        for index, each in enumerate(wanted):
            try:
                found, look = _read(
                    each, Path(folder) / f"{index}.mp3", plan, rate, each.path in seen, about(progress, each.name)
                )
            except SongkitError as error:
                missing[each.path] = f"{each.name}: {visible(error.message)}"
                continue
            clips[each.path] = found
            if look is not None:
                looks[each.path] = look
    return Material(clips, looks, missing, plan)


def _read(
    each: Recording, mp3: Path, plan: Previews, sample_rate: int, look: bool, progress: Progress
) -> tuple[Clip, Look | None]:
    source = open_source(each.path)
    if source.frames != each.analysis.format.frames:
        raise SongkitError("the file has changed since it was measured")
    meter = _look_meter(each, source) if look else None
    with ClipWriter(mp3, source.format, plan, sample_rate) as writer:
        for raw in watched(source, progress, STAGE):
            block = np.nan_to_num(raw, posinf=0.0, neginf=0.0)  # as all meters take them
            writer.push(block)
            if meter is not None:
                meter.push(block)
        return writer.close(each.name), None if meter is None else meter.result()


def _look_meter(each: Recording, source: FileSource) -> LookMeter:
    peak_dbfs = each.analysis.peaks.sample_peak_dbfs
    return LookMeter(source.format, source.frames, None if peak_dbfs is None else db_to_gain(peak_dbfs))


def _loudest_seconds(analysis: Analysis) -> float | None:
    """The middle of the loudest three seconds."""
    at = analysis.loudness.short_term_max_seconds
    return None if at is None else at - 1.5
