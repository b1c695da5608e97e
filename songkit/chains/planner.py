"""From steps to passes: everything up to a step that must know the whole programme streams at once.

highpass, eq, dc, compressor, loudness
pass 1   highpass · eq            → kept, while the meter of dc watches
pass 2   dc · compressor          → kept, on which loudness finds its drive
pass 3   loudness                 → out
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Protocol, runtime_checkable

from songkit.blocks import SourceInfo
from songkit.chains.chain import step_name
from songkit.chains.plans import Need, Pass, Plan, PlannedStep
from songkit.errors import ChainError
from songkit.master import PROCESSORS
from songkit.master.processor import MeasuredProcessor, NestingProcessor, Processor, SolvedProcessor, StreamProcessor


@runtime_checkable
class Closing(Protocol):
    """A stage that holds something which must be given back even when the run ends early (a process, say)."""

    def close(self) -> None: ...


def plan(
    steps: Sequence[Processor], info: SourceInfo, *, mix: float = 1.0, first_step: int = 1, latency: bool = False
) -> Plan:
    """The passes for these steps over a signal of that format and length; no sample is touched.

    `mix` is the strength of all steps together, `first_step` the number of the first one in messages. With
    `latency`, the stages that need nothing but the format are started to ask them for theirs. Raises ChainError
    where a step does not fit the format, or cannot be mixed.
    """
    planned = tuple(_placed(steps, info, first_step, latency=latency))
    if all(step.skipped for step in planned):
        mix = 1.0  # the signal blended with itself is not the signal, bit for bit
    if mix < 1.0:
        for step in planned:
            if not step.skipped and not step.processor.mixable:
                raise ChainError(f"mix {mix:g} of the whole chain: {step.label} cannot be blended with what came in")
    return Plan(info, planned, tuple(_passes(planned, info)), mix)


def info_after(processor: Processor, info: SourceInfo) -> SourceInfo:
    """Format and length of what a step gives; the length is None where only the run will tell."""
    format_out = processor.format_out(info.format)
    if processor.changes_length or info.frames is None:
        return SourceInfo(format_out, None)
    return SourceInfo(format_out, frames_at_rate(info.frames, info.format.sample_rate, format_out.sample_rate))


def frames_at_rate(frames: int, source_hz: int, target_hz: int) -> int:
    """The same time at another rate, to the nearest frame."""
    return (2 * frames * target_hz + source_hz) // (2 * source_hz)


def _placed(steps: Sequence[Processor], info: SourceInfo, first_step: int, *, latency: bool) -> Iterator[PlannedStep]:
    for number, processor in enumerate(steps, start=first_step):
        step = PlannedStep(number, _name(processor), processor, info, skipped=_reason_to_skip(processor, info))
        if not step.skipped:
            _refuse_misfits(step)
            step = replace(step, need=_need(processor, info))
            if latency and isinstance(processor, StreamProcessor):
                step = replace(step, latency_frames=_latency(processor, info))
            info = info_after(processor, info)
        yield step


def _passes(steps: Sequence[PlannedStep], info: SourceInfo) -> Iterator[Pass]:
    running: list[PlannedStep] = []
    for step in steps:
        if step.skipped:
            continue
        if step.need != "nothing":
            yield Pass(tuple(running), step, step.info)
            running = []
        running.append(step)
        info = info_after(step.processor, step.info)
    yield Pass(tuple(running), None, info)


def _name(processor: Processor) -> str:
    """The step's name in chains; a class of one's own, which no chain can name, goes by its class name."""
    return step_name(processor) if type(processor) in PROCESSORS.values() else type(processor).__name__


def _reason_to_skip(processor: Processor, info: SourceInfo) -> str:
    if processor.bypass:
        return "bypass"
    if processor.mix == 0.0:
        return "mix 0"
    return "changes nothing" if processor.is_identity(info) else ""


def _refuse_misfits(step: PlannedStep) -> None:
    if problem := step.processor.check(step.info):
        raise ChainError(f"{step.label}: {problem}")
    step.processor.require()
    if step.processor.mix < 1.0 and not step.processor.mixable:
        raise ChainError(
            f"{step.label}: mix {step.processor.mix:g}, but it cannot be blended with what came in",
            "it changes length, rate or channels, holds a level, or its latency is not known; use mix 1, or bypass",
        )


def _need(processor: Processor, info: SourceInfo) -> Need:
    if isinstance(processor, SolvedProcessor | NestingProcessor):
        return "solution"
    if isinstance(processor, MeasuredProcessor) and processor.meter(info) is not None:
        return "measurement"
    return "nothing"


def _latency(processor: StreamProcessor, info: SourceInfo) -> int | None:
    stage = processor.start(info)
    try:
        return stage.latency_frames
    finally:
        if isinstance(stage, Closing):
            stage.close()
