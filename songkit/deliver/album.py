"""Album mode: the tracks are one programme, so one drive serves all and what was quieter stays quieter.

The target is the loudness of the loudest track, as AES TD1008 normalises albums (loudest track -14 LUFS, the others
by the same gain). Because the chain runs over the joined tracks, nothing starts anew at a joint: tracks that join still
join, at any sample rate, and their lengths add up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import accumulate
from pathlib import Path

from songkit.analysis import Analysis, analyze
from songkit.atomic import make_folder, remove_leftovers
from songkit.audio import Format, Samples
from songkit.blocks import BLOCK_FRAMES, info_of
from songkit.chains import Chain, step_name
from songkit.deliver.order import Order, opened, refuse_misfits, refuse_shared
from songkit.deliver.papers import Papers, album_papers
from songkit.deliver.programme import Done, Files, Programme, Steps, deliver_all, judge
from songkit.deliver.reading import METERS
from songkit.deliver.result import AlbumFigures, AlbumResult, MasterResult
from songkit.deliver.tail import Delivery, Track
from songkit.errors import ChainError, SignalError, UsageError
from songkit.files import FileSource
from songkit.master.loudness import AlbumLoudness, Loudness
from songkit.progress import Progress, about, silent
from songkit.runs import locked_outputs
from songkit.targets import Target


class Joined:
    """Sources of one format as one, without a gap."""

    def __init__(self, sources: Sequence[FileSource]) -> None:
        self._sources = sources

    @property
    def format(self) -> Format:
        return self._sources[0].format

    @property
    def frames(self) -> int:
        return sum(source.frames for source in self._sources)

    def blocks(self, frames: int = BLOCK_FRAMES) -> Iterator[Samples]:
        for source in self._sources:
            yield from source.blocks(frames)


def master_album(
    paths: Sequence[Path | str],
    chain: Chain | str = "streaming",
    *,
    output_dir: Path | str | None = None,
    target_lufs: float | None = None,
    ceiling_dbtp: float | None = None,
    platforms: Sequence[str] = (),
    force: bool = False,
    strict: bool = False,
    provenance: bool = True,
    tags: Mapping[str, str] | None = None,
    progress: Progress = silent,
) -> AlbumResult:
    """Masters the tracks of an album with one gain for all: the loudest meets the target, the others keep their place.

    Files are named as `master_file` names them. A track that is missing or fails stops the album, and then no file of
    that target appears. Raises as `master_file` and `order_album` do.
    """
    orders = order_album(
        paths,
        chain,
        output_dir=output_dir,
        target_lufs=target_lufs,
        ceiling_dbtp=ceiling_dbtp,
        platforms=platforms,
        force=force,
    )
    if output_dir is not None:
        make_folder(Path(output_dir))
    outputs = [path for asked in orders for path, _ in asked.outputs]
    with locked_outputs(outputs):
        for path in outputs:
            remove_leftovers(path)
        result = carry_out_album(orders, album_papers(orders, tags or {}, told=provenance), progress)
    judge([output for track in result.tracks for output in track.outputs], result, strict=strict)
    return result


def order_album(
    paths: Sequence[Path | str],
    chain: Chain | str = "streaming",
    *,
    output_dir: Path | str | None = None,
    target_lufs: float | None = None,
    ceiling_dbtp: float | None = None,
    platforms: Sequence[str] = (),
    force: bool = False,
) -> tuple[Order, ...]:
    """The orders of an album's tracks, with every check that needs no processing.

    Raises as `order`, UsageError for tracks that differ in sample rate or channels, OutputError for two that would
    become one file, and ChainError for a step that changes the length of what it gets (trim).
    """
    orders = tuple(
        opened(
            path,
            chain,
            output_dir=output_dir,
            target_lufs=target_lufs,
            ceiling_dbtp=ceiling_dbtp,
            platforms=platforms,
            force=force,
        )
        for path in paths
    )
    if not orders:
        raise UsageError("an album has at least one track")
    first = orders[0].source
    for other in (asked.source for asked in orders[1:]):
        if other.format != first.format:
            raise UsageError(
                f"{first.info.path} has {_words(first.format)}, but {other.info.path} has {_words(other.format)}",
                "the tracks of an album must agree; convert one of them first",
            )
    for step in orders[0].chain.working_steps:
        if step.changes_length and not step.bypass:
            raise ChainError(
                f"{step_name(step)} changes the length of what it gets, and would move the joints of the album",
                "leave it out of the chain, or master the tracks one by one",
            )
    refuse_shared((asked.source.info.path, asked.outputs) for asked in orders)
    programme = info_of(Joined([asked.source for asked in orders]))
    refuse_misfits(orders[0].chain, programme, [target for _, target in orders[0].outputs])
    return tuple(replace(asked, programme=programme) for asked in orders)


def _words(format: Format) -> str:
    return f"{format.sample_rate} Hz and {' '.join(format.layout)}"


def carry_out_album(orders: Sequence[Order], papers: Sequence[Papers], progress: Progress) -> AlbumResult:
    """The orders of an album's tracks, under the lock of their outputs."""
    before = [_measured(asked.source, about(progress, asked.source.info.path.name)) for asked in orders]
    tracks = [Track(asked.source, each) for asked, each in zip(orders, papers, strict=True)]
    if all(analysis.levels.rms_dbfs is None for analysis in before):
        raise SignalError("every track is digital silence: there is nothing to master")
    joined = Joined([asked.source for asked in orders])
    ends = accumulate(asked.source.frames / joined.format.sample_rate for asked in orders)
    adapt = partial(_by_the_loudest, tuple(ends))
    chain, force = orders[0].chain, orders[0].force
    programme = Programme(chain, joined, tuple(tracks), force, about(progress, "album"), adapt=adapt)
    rows = zip(*(asked.outputs for asked in orders), strict=True)
    files: list[Files] = [(tuple(path for path, _ in row), row[0][1]) for row in rows]
    done = deliver_all(programme, files)
    figures = [_figures(target, delivery) for (_, target), delivery in zip(files, done.deliveries, strict=True)]
    results = [
        _of_track(asked, track.papers, analysis, index, done)
        for index, (asked, track, analysis) in enumerate(zip(orders, tracks, before, strict=True))
    ]
    return AlbumResult(tuple(results), tuple(figures))


def _measured(source: FileSource, progress: Progress) -> Analysis:
    """The track as it came. Raises SignalError where it is broken, because later nobody knows which track it was."""
    found = analyze(source, info=source.info, meters=METERS, progress=progress)
    if found.defects.nonfinite_samples:
        raise SignalError(
            f"{source.info.path}: {found.defects.nonfinite_samples} samples are NaN or Inf",
            "nothing was written; mend the track, or leave it out",
        )
    return found


def _by_the_loudest(ends_seconds: tuple[float, ...], steps: Steps) -> Steps:
    """The steps with every loudness step measuring by the loudest track."""
    return tuple(
        AlbumLoudness(**dict(step), ends_seconds=ends_seconds) if type(step) is Loudness else step for step in steps
    )


def _figures(target: Target, delivery: Delivery) -> AlbumFigures:
    loudest = delivery.outputs[delivery.loudest]
    return AlbumFigures(
        target=target,
        lufs=delivery.album.lufs,
        true_peak_dbtp=delivery.album.true_peak_dbtp,
        loudest=loudest.path,
        loudest_lufs=delivery.loudest_lufs,
    )


def _of_track(asked: Order, carried: Papers, before: Analysis, index: int, done: Done) -> MasterResult:
    outputs = tuple(delivery.outputs[index] for delivery in done.deliveries)
    warnings = [*asked.source.info.notes, *carried.tags.notes, *done.warnings]
    warnings += [f"{output.path.name}: {line}" for output in outputs for line in output.warnings]
    path = asked.source.info.path
    return MasterResult(path, asked.chain, before, outputs, done.facts, tuple(dict.fromkeys(warnings)))
