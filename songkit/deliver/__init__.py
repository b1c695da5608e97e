"""From a source and a chain to delivered files: one tail per target, encoded, tagged, decoded again, verified.

    source ─ head of the chain, once ─► spool ─► per target: fold, resample ─► tail ─► dither ─► encode, tag
                                                               ▲                                    │
                                                               └─ a lower ceiling ◄─ decode, measure┘
                                                                                       then renamed into place

Loudness and true peak are read from the decoded file before it gets its name; a codec that lifts peaks over the ceiling
is answered by a lower ceiling in front of it, a bounded number of times.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from songkit.analysis import analyze
from songkit.chains import Chain, render, split_tail
from songkit.deliver.order import Order, order
from songkit.deliver.result import Check, Delivered, DeliveryError, MasterResult
from songkit.deliver.tail import METERS, Job, deliver
from songkit.errors import SignalError
from songkit.progress import Progress, about, silent
from songkit.spool import Spool
from songkit.tags import read_tags

__all__ = ["Check", "Delivered", "DeliveryError", "MasterResult", "Order", "master_file", "order"]


def master_file(
    path: Path | str,
    chain: Chain | str = "streaming",
    *,
    output: Path | str | None = None,
    output_dir: Path | str | None = None,
    stem: str | None = None,
    target_lufs: float | None = None,
    ceiling_dbtp: float | None = None,
    force: bool = False,
    strict: bool = False,
    tags: Mapping[str, str] | None = None,
    progress: Progress = silent,
) -> MasterResult:
    """Masters one file through a chain and delivers it; every delivered file is decoded, measured and checked.

    Writes `<stem>.master.wav` beside the source unless `output`, `output_dir` or `stem` say otherwise. Loudness in
    LUFS, ceiling in dBTP. `tags` are added to those carried over from the source. Raises InputError, ChainError,
    OutputError, and DeliveryError (the files are there; `.result` holds the MasterResult) when a check of the chain
    fails or, with `strict`, when the target loudness was not reached.
    """
    asked = order(
        path,
        chain,
        output=output,
        output_dir=output_dir,
        stem=stem,
        target_lufs=target_lufs,
        ceiling_dbtp=ceiling_dbtp,
        force=force,
    )
    if output_dir is not None:
        Path(output_dir).mkdir(parents=True, exist_ok=True)
    result = _carry_out(asked, tags or {}, about(progress, asked.source.info.path.name))
    _judge(result, strict=strict)
    return result


def _carry_out(asked: Order, tags: Mapping[str, str], progress: Progress) -> MasterResult:
    source, chain = asked.source, asked.chain
    before = analyze(source, info=source.info, meters=METERS, progress=progress)
    if before.levels.rms_dbfs is None:
        raise SignalError(f"{source.info.path} is digital silence: there is nothing to master")
    carried = read_tags(source.info.path).with_extra(tags)
    head, tail = split_tail(chain.working_steps)
    rendered = render(head, source, progress, mix=chain.mix if head else 1.0)
    with Spool(rendered.format, expected_frames=rendered.frames) as spool:
        for block in rendered.blocks():
            spool.push(block)
        job = Job(asked, spool, tail, len(head) + 1, carried, progress)
        outputs = tuple(deliver(job, path, target) for path, target in asked.outputs)
    warnings = [*source.info.notes, *carried.notes, *rendered.warnings]
    warnings += [f"{output.path.name}: {line}" for output in outputs for line in output.warnings]
    return MasterResult(source.info.path, chain, before, outputs, tuple(rendered.facts), tuple(dict.fromkeys(warnings)))


def _judge(result: MasterResult, *, strict: bool) -> None:
    broken = [
        f"{output.path.name}: {check}" for output in result.outputs for check in output.checks if not check.passed
    ]
    if strict:
        broken += [f"{output.path.name}: {output.shortfall}" for output in result.outputs if output.shortfall]
    if broken:
        raise DeliveryError(
            "; ".join(broken), "the files were written; change the chain's target, or its checks", result
        )
