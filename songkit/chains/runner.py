"""Chains and steps over a signal: the blocks come out as the caller takes them, and what each step found after them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Any

from songkit.audio import Audio, Format, Samples
from songkit.blocks import AudioSource, Source, collect, info_of
from songkit.chains.chain import Chain, split_tail
from songkit.chains.passes import Run
from songkit.chains.planner import plan
from songkit.chains.plans import Plan
from songkit.master.processor import Processor
from songkit.progress import Progress, silent
from songkit.spool import Spool


class Rendered:
    """A signal about to come out: format and length are known, `blocks` gives it once, then `facts` are complete.

    `frames` is None where only the run will tell. Closes itself after the last block; as a context manager, also
    when the caller stops early.
    """

    def __init__(
        self, run: Run, earlier: tuple[Mapping[str, Any], ...] = (), resources: ExitStack | None = None
    ) -> None:
        self._run = run
        self._earlier = earlier
        self._resources = resources or ExitStack()
        self._state = "ready"

    @property
    def plan(self) -> Plan:
        return self._run.plan

    @property
    def format(self) -> Format:
        return self._run.out.format

    @property
    def frames(self) -> int | None:
        return self._run.out.frames

    def blocks(self) -> Iterator[Samples]:
        """The result from the first frame on, once. Raises SignalError for the first sample that is not finite."""
        if self._state != "ready":
            raise RuntimeError("the blocks of a rendered signal can be taken once")
        self._state = "running"
        return self._blocks()

    def _blocks(self) -> Iterator[Samples]:
        try:
            yield from self._run.last_pass()
            self._state = "done"
        finally:
            self.close()

    @property
    def facts(self) -> tuple[Mapping[str, Any], ...]:
        """Per step its number, its name, and what it found, or why it was `skipped`; after the last block."""
        if self._state != "done":
            raise RuntimeError("the facts of a rendered signal are known after its last block")
        told = {link.step.number: link.facts() for link in self._run.links}
        return self._earlier + tuple(
            told.get(step.number, {"step": step.number, "name": step.name, "skipped": step.skipped})
            for step in self._run.plan.steps
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """Lines for the user, each with its step; after the last block."""
        return tuple(
            f"step {facts['step']} ({facts['name']}): {line}"
            for facts in self.facts
            for line in facts.get("warnings", ())
        )

    def close(self) -> None:
        """Gives memory, disk and processes back."""
        self._run.resources.close()
        self._resources.close()

    def __enter__(self) -> Rendered:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def render(
    steps: Sequence[Processor],
    source: Source,
    progress: Progress = silent,
    *,
    mix: float = 1.0,
    first_step: int = 1,
) -> Rendered:
    """Steps over a source: what needs the whole programme is measured and solved here, the last pass is left to take.

    The source is run through once (a signal in memory or in a spool as often as needed). `mix` is the strength of
    all steps together, `first_step` the number of the first one in messages. Raises ChainError where a step does not
    fit the format, SignalError for samples that are not finite (with stage and time), OutputError on a full disk.
    """
    run = Run(plan(steps, info_of(source), mix=mix, first_step=first_step), progress, render)
    try:
        run.prepare(source)
    except BaseException:
        run.resources.close()
        raise
    return Rendered(run)


def render_chain(chain: Chain, source: Source, progress: Progress = silent) -> Rendered:
    """A whole chain over a source: `bypass` and `mix: 0` leave everything out, a `mix` between blends the head.

    The closing loudness and limiter steps work on the blend, so that what they promise holds for what comes out.
    """
    head, tail = split_tail(chain.working_steps)
    if not head or not tail or chain.mix in (0.0, 1.0):
        return render((*head, *tail), source, progress, mix=chain.mix if head else 1.0)
    blend = render(head, source, progress, mix=chain.mix)
    with ExitStack() as resources:
        kept = resources.enter_context(Spool(blend.format, expected_frames=blend.frames))
        for block in blend.blocks():
            kept.push(block)
        rendered = render(tail, kept, progress, first_step=1 + len(head))
        return Rendered(rendered._run, earlier=blend.facts, resources=resources.pop_all())


def run(chain: Chain, audio: Audio, progress: Progress = silent) -> Audio:
    """A chain over a signal in memory: one push of the same code."""
    rendered = render_chain(chain, AudioSource(audio), progress)
    return collect(rendered.blocks(), rendered.format)
