"""From a source and a chain to delivered files: one tail per target, encoded, tagged, decoded again, verified.

    source ─ head of the chain, once ─► spool ─► per target: fold, resample ─► tail ─► dither ─► encode, tag
                                                               ▲                                    │
                                                               └─ a lower ceiling ◄─ decode, measure┘
                                                                                       then renamed into place

Loudness and true peak are read from the decoded file before it gets its name; a codec that lifts peaks over the ceiling
is answered by a lower ceiling in front of it, a bounded number of times. An album goes the same way as one programme,
which is cut at the joints of its tracks (`master_album`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from songkit.analysis import analyze
from songkit.atomic import make_folder, remove_leftovers
from songkit.chains import Chain
from songkit.deliver.again import done_already
from songkit.deliver.album import carry_out_album, master_album, order_album
from songkit.deliver.order import Order, destinations, order, refuse_shared, settle
from songkit.deliver.papers import Papers, album_papers, papers_for, versions_for
from songkit.deliver.programme import Programme, deliver_all, judge
from songkit.deliver.reading import METERS, sample_digest
from songkit.deliver.result import AlbumFigures, AlbumResult, Check, Delivered, DeliveryError, MasterResult
from songkit.deliver.tail import Track
from songkit.errors import SignalError, UsageError
from songkit.progress import Progress, about, silent
from songkit.provenance import Record
from songkit.runs import locked_outputs

__all__ = [
    "AlbumFigures",
    "AlbumResult",
    "Check",
    "Delivered",
    "DeliveryError",
    "MasterResult",
    "Order",
    "Papers",
    "album_papers",
    "carry_out",
    "carry_out_album",
    "destinations",
    "master_album",
    "master_file",
    "order",
    "order_album",
    "papers_for",
    "refuse_shared",
    "sample_digest",
    "settle",
    "versions_for",
]


def master_file(
    path: Path | str,
    chain: Chain | str = "streaming",
    *,
    output: Path | str | None = None,
    output_dir: Path | str | None = None,
    stem: str | None = None,
    target_lufs: float | None = None,
    ceiling_dbtp: float | None = None,
    platforms: Sequence[str] = (),
    force: bool = False,
    strict: bool = False,
    skip_existing: bool = False,
    provenance: bool = True,
    source_record: Record | None = None,
    tags: Mapping[str, str] | None = None,
    progress: Progress = silent,
) -> MasterResult:
    """Masters one file through a chain and delivers it; every delivered file is decoded, measured and checked.

    Writes `<stem>.master.wav` beside the source unless `output`, `output_dir` or `stem` say otherwise, and with
    `platforms` one `<stem>.master-<platform>.wav` for each. Loudness in LUFS, ceiling in dBTP. `tags` are added to
    those carried over from the source, and so is the record of how the file was made, unless `provenance` is False
    (`source_record` says where the source comes from, if it does not say so itself). With `skip_existing` an output
    that is done already, by its record's key and its samples, is left as it is, and another file by its name is moved
    aside. No two processes write the same output at once. Raises InputError, ChainError, OutputError, and DeliveryError
    (the files are there; `.result` holds the MasterResult) when a check of the chain fails, when a codec cannot be
    brought below the ceiling, or, with `strict`, when the target loudness was not reached.
    """
    asked = order(
        path,
        chain,
        output=output,
        output_dir=output_dir,
        stem=stem,
        target_lufs=target_lufs,
        ceiling_dbtp=ceiling_dbtp,
        platforms=platforms,
        force=force,
        skip_existing=skip_existing,
    )
    if skip_existing and not provenance:
        raise UsageError("what is done already is found by its tags", "leave out --no-tags, or --skip-existing")
    if output_dir is not None:
        make_folder(Path(output_dir))
    report = about(progress, asked.source.info.path.name)
    with locked_outputs(path for path, _ in asked.outputs):
        papers = papers_for(asked, tags or {}, told=provenance, source_record=source_record)
        result = carry_out(asked, *papers, report)
    judge(result.outputs, result, strict=strict)
    return result


def carry_out(asked: Order, papers: Papers, notes: Sequence[str], progress: Progress) -> MasterResult:
    """An order under the lock of its outputs; `notes` are on the source's tags."""
    source = asked.source
    for path, _ in asked.outputs:
        remove_leftovers(path)
    before = analyze(source, info=source.info, meters=METERS, progress=progress)
    if before.levels.rms_dbfs is None:
        raise SignalError(f"{source.info.path} is digital silence: there is nothing to master")
    ready = _ready(asked, papers, progress)
    track = Track(source, papers)
    programme = Programme(asked.chain, source, (track,), asked.force, progress, asked.skip_existing and not asked.force)
    missing = [(path, target) for path, target in asked.outputs if path not in ready]
    done = deliver_all(programme, [((path,), target) for path, target in missing])
    made = {path: delivery.outputs[0] for (path, _), delivery in zip(missing, done.deliveries, strict=True)}
    outputs = tuple({**ready, **made}[path] for path, _ in asked.outputs)
    warnings = [*source.info.notes, *notes, *done.warnings]
    warnings += [f"{output.path.name}: {line}" for output in outputs for line in output.warnings]
    return MasterResult(source.info.path, asked.chain, before, outputs, done.facts, tuple(dict.fromkeys(warnings)))


def _ready(asked: Order, papers: Papers, progress: Progress) -> dict[Path, Delivered]:
    """Outputs that are done already, where that was asked for."""
    if not asked.skip_existing:
        return {}
    found = {path: done_already(path, target, papers, asked.chain, progress) for path, target in asked.outputs}
    return {path: delivered for path, delivered in found.items() if delivered is not None}
