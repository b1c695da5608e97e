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
from songkit.atomic import make_folder
from songkit.chains import Chain
from songkit.deliver.album import master_album, order_album
from songkit.deliver.order import Order, destinations, order, refuse_shared, settle
from songkit.deliver.programme import Programme, deliver_all, judge
from songkit.deliver.reading import METERS
from songkit.deliver.result import AlbumFigures, AlbumResult, Check, Delivered, DeliveryError, MasterResult
from songkit.deliver.tail import Track
from songkit.errors import SignalError
from songkit.progress import Progress, about, silent
from songkit.tags import read_tags

__all__ = [
    "AlbumFigures",
    "AlbumResult",
    "Check",
    "Delivered",
    "DeliveryError",
    "MasterResult",
    "Order",
    "destinations",
    "master_album",
    "master_file",
    "order",
    "order_album",
    "refuse_shared",
    "settle",
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
    tags: Mapping[str, str] | None = None,
    progress: Progress = silent,
) -> MasterResult:
    """Masters one file through a chain and delivers it; every delivered file is decoded, measured and checked.

    Writes `<stem>.master.wav` beside the source unless `output`, `output_dir` or `stem` say otherwise, and with
    `platforms` one `<stem>.master-<platform>.wav` for each. Loudness in LUFS, ceiling in dBTP. `tags` are added to
    those carried over from the source. Raises InputError, ChainError, OutputError, and DeliveryError (the files are
    there; `.result` holds the MasterResult) when a check of the chain fails, when a codec cannot be brought below the
    ceiling, or, with `strict`, when the target loudness was not reached.
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
    )
    if output_dir is not None:
        make_folder(Path(output_dir))
    result = _carry_out(asked, tags or {}, about(progress, asked.source.info.path.name))
    judge(result.outputs, result, strict=strict)
    return result


def _carry_out(asked: Order, tags: Mapping[str, str], progress: Progress) -> MasterResult:
    source = asked.source
    before = analyze(source, info=source.info, meters=METERS, progress=progress)
    if before.levels.rms_dbfs is None:
        raise SignalError(f"{source.info.path} is digital silence: there is nothing to master")
    carried = read_tags(source.info.path).with_extra(tags)
    programme = Programme(asked.chain, source, (Track(source, carried),), asked.force, progress)
    done = deliver_all(programme, [((path,), target) for path, target in asked.outputs])
    outputs = tuple(delivery.outputs[0] for delivery in done.deliveries)
    warnings = [*source.info.notes, *carried.notes, *done.warnings]
    warnings += [f"{output.path.name}: {line}" for output in outputs for line in output.warnings]
    return MasterResult(source.info.path, asked.chain, before, outputs, done.facts, tuple(dict.fromkeys(warnings)))
