"""Runs the passes of a plan: all but the last at once, the last one block by block as it is taken."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

from songkit.audio import Samples
from songkit.blocks import AudioSource, Meter, Source, SourceInfo, Stage, info_of
from songkit.chains.firewall import CheckedSource
from songkit.chains.link import Link, pumped
from songkit.chains.mixing import blended
from songkit.chains.planner import info_after
from songkit.chains.plans import Pass, Plan, PlannedStep
from songkit.master.processor import MeasuredProcessor, NestingProcessor, RunSteps, SolvedProcessor, StreamProcessor
from songkit.progress import Progress, watched
from songkit.spool import Spool


class Run:
    """One run of a plan; `resources` gives back the spools and whatever the stages hold.

    `run_steps` is what steps that hold steps run them with.
    """

    def __init__(self, plan: Plan, progress: Progress, run_steps: RunSteps) -> None:
        self.plan = plan
        self._run_steps = run_steps
        self.links: list[Link] = []
        self.resources = ExitStack()
        self.out: SourceInfo = plan.info_out
        self._progress = progress
        self._current: Source
        self._dry: Source | None = None
        self._last_links: list[Link] = []

    def prepare(self, source: Source) -> None:
        """Runs every pass but the last: what the steps must know is measured and solved."""
        self._current = CheckedSource(source)
        if self.plan.mix < 1.0:
            self._current = self._dry = self._kept(self._current, [], None, "reading")
        opened: Stage | None = None
        for each in self.plan.passes:
            links = self._started(each, opened)
            if each.prepares is None:
                self._last_links = links
            else:
                opened = self._learned(each.prepares, links)

    def last_pass(self) -> Iterator[Samples]:
        """The result, block by block."""
        blocks = pumped(watched(self._current, self._progress, "rendering"), self._last_links)
        if self._dry is None:
            yield from blocks
        else:
            yield from blended(self._dry, blocks, self.plan.mix)

    def _started(self, each: Pass, opened: Stage | None) -> list[Link]:
        """The links of a pass; its first step may have been opened by the pass before."""
        info = info_of(self._current)
        links = []
        for step in each.steps:
            stage = opened if opened is not None else _start(step, info)
            opened = None
            link = Link(step, stage, info)
            self.resources.callback(link.close)
            links.append(link)
            info = info_after(step.processor, info)
        self.links += links
        self.out = info
        return links

    def _learned(self, step: PlannedStep, links: list[Link]) -> Stage:
        """Runs a pass and has the next step learn from what comes out of it."""
        processor = step.processor
        if isinstance(processor, SolvedProcessor | NestingProcessor):
            if links or not _in_reach(self._current):
                self._current = self._kept(self._current, links, None, f"reading for {step.label}")
            if isinstance(processor, NestingProcessor):
                return processor.nest(self._current, self._run_steps, self._progress)
            return processor.solve(self._current, self._progress)
        if not isinstance(processor, MeasuredProcessor):
            raise TypeError(f"{step.label} needs nothing and opens no pass")
        meter = processor.meter(self.out)
        if links or not _in_reach(self._current):
            self._current = self._kept(self._current, links, meter, f"measuring for {step.label}")
        elif meter is not None:
            for block in watched(self._current, self._progress, f"measuring for {step.label}"):
                meter.push(block)
        return processor.start(info_of(self._current), meter.result() if meter is not None else None)

    def _kept(self, source: Source, links: list[Link], meter: Meter | None, stage: str) -> Spool:
        """What comes out of the links, kept for the next pass while a meter watches."""
        kept = self.resources.enter_context(Spool(self.out.format, expected_frames=self.out.frames))
        for block in pumped(watched(source, self._progress, stage), links):
            kept.push(block)
            if meter is not None:
                meter.push(block)
        if isinstance(source, Spool) and source is not self._dry:
            source.close()
        return kept


def _start(step: PlannedStep, info: SourceInfo) -> Stage:
    processor = step.processor
    if isinstance(processor, StreamProcessor):
        return processor.start(info)
    if isinstance(processor, MeasuredProcessor):
        return processor.start(info, None)
    raise TypeError(f"{step.label} is neither streamed, measured nor solved")


def _in_reach(source: Source) -> bool:
    """Whether a signal can be run through again at no cost: in memory, or kept already."""
    if isinstance(source, CheckedSource):
        source = source.source
    return isinstance(source, AudioSource | Spool)
