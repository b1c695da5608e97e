"""A programme through the head of a chain once, and from there to every target."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from songkit.blocks import Source
from songkit.chains import Chain, render, split_tail
from songkit.deliver.asked import Asked
from songkit.deliver.order import chain_for
from songkit.deliver.result import AlbumResult, Delivered, DeliveryError, MasterResult
from songkit.deliver.tail import Delivery, Job, Track, Wish, deliver
from songkit.master.processor import Processor
from songkit.progress import Progress
from songkit.spool import Spool
from songkit.targets import Target

Steps = tuple[Processor, ...]
Files = tuple[tuple[Path, ...], Target]
"""The files of one target: one, or one for each track of an album."""


@dataclass(frozen=True, slots=True)
class Programme:
    """What goes through the chain: the source, and the tracks that it consists of."""

    chain: Chain
    source: Source
    tracks: tuple[Track, ...]
    force: bool
    progress: Progress
    aside: bool = False
    """Whether another file by the name of an output is moved aside."""
    adapt: Callable[[Steps], Steps] = lambda steps: steps
    """What becomes of the chain's steps for this programme: an album is measured by its loudest track."""


@dataclass(frozen=True, slots=True)
class Done:
    """Every delivery, and what the steps of the head found and said."""

    deliveries: tuple[Delivery, ...]
    facts: tuple[Mapping[str, Any], ...]
    warnings: tuple[str, ...]


def deliver_all(programme: Programme, files: Sequence[Files]) -> Done:
    """Every target; the head of the chain runs once, unless what targets ask for themselves reaches into it."""
    deliveries: list[Delivery] = []
    facts: tuple[Mapping[str, Any], ...] | None = None
    warnings: list[str] = []
    for head, wishes in _by_head(programme, files):
        mix = programme.chain.mix if head else 1.0
        rendered = render(programme.adapt(head), programme.source, programme.progress, mix=mix)
        with Spool(rendered.format, expected_frames=rendered.frames) as spool:
            for block in rendered.blocks():
                spool.push(block)
            job = Job(
                chain=programme.chain,
                tracks=programme.tracks,
                spool=spool,
                first_step=len(head) + 1,
                force=programme.force,
                progress=programme.progress,
                aside=programme.aside,
            )
            deliveries += [deliver(job, wish) for wish in wishes]
        facts = tuple(rendered.facts) if facts is None else facts
        warnings += rendered.warnings
    return Done(tuple(deliveries), facts or (), tuple(dict.fromkeys(warnings)))


def _by_head(programme: Programme, files: Sequence[Files]) -> Iterator[tuple[Steps, list[Wish]]]:
    settled = []
    for paths, target in files:
        chain = chain_for(programme.chain, target)
        head, tail = split_tail(chain.working_steps)
        settled.append((head, Wish(paths, target, programme.adapt(tail), Asked.of(chain))))
    for head, group in groupby(settled, key=lambda pair: pair[0]):
        yield head, [wish for _, wish in group]


def judge(outputs: Sequence[Delivered], result: MasterResult | AlbumResult, *, strict: bool) -> None:
    """Raises DeliveryError, which holds the result, where a check has failed or, if `strict`, a target was missed."""
    broken = [f"{output.path.name}: {check}" for output in outputs for check in output.checks if not check.passed]
    if strict:
        broken += [f"{output.path.name}: {output.shortfall}" for output in outputs if output.shortfall]
    if broken:
        raise DeliveryError(
            "; ".join(broken), "the files were written; change the chain's target, or its checks", result
        )
