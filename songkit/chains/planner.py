"""From steps to passes: everything up to a step that must know the whole programme streams at once.

highpass, eq, dc, compressor, loudness
pass 1   highpass · eq            → kept, while the meter of dc watches
pass 2   dc · compressor          → kept, on which loudness finds its drive
pass 3   loudness                 → out
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol, runtime_checkable

from songkit.blocks import BLOCK_FRAMES, SourceInfo
from songkit.chains.chain import settings, step_name
from songkit.errors import ChainError
from songkit.master import PROCESSORS
from songkit.master.processor import MeasuredProcessor, Processor, SolvedProcessor, StreamProcessor
from songkit.spool import MEBIBYTE, MEMORY_LIMIT_BYTES, spool_bytes
from songkit.units import clock, frames_to_seconds

Need = Literal["nothing", "measurement", "solution"]


@runtime_checkable
class Closing(Protocol):
    """A stage that holds something which must be given back even when the run ends early (a process, say)."""

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step in its place: what comes into it, what it must know first, and why it is left out (empty: it runs)."""

    number: int
    name: str
    processor: Processor
    info: SourceInfo
    need: Need = "nothing"
    skipped: str = ""
    latency_frames: int | None = None
    """Where it was asked for and can be known before the run."""

    @property
    def label(self) -> str:
        return f"step {self.number} ({self.name})"

    def to_dict(self) -> dict[str, Any]:
        return {
            "step": self.number,
            "name": self.name,
            "needs": self.need,
            "skipped": self.skipped or None,
            "latency_frames": self.latency_frames,
            "settings": settings(self.processor),
        }


@dataclass(frozen=True, slots=True)
class Pass:
    """Steps that stream together; `prepares` is the step that learns from what comes out, and opens the next pass."""

    steps: tuple[PlannedStep, ...]
    prepares: PlannedStep | None
    info_out: SourceInfo

    @property
    def kept_bytes(self) -> int | None:
        """What is kept of this pass for the next one; None where the length is not known yet."""
        if self.prepares is None:
            return 0
        return None if self.info_out.frames is None else spool_bytes(self.info_out.format, self.info_out.frames)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will do, before it does it."""

    source: SourceInfo
    steps: tuple[PlannedStep, ...]
    passes: tuple[Pass, ...]
    mix: float = 1.0

    @property
    def info_out(self) -> SourceInfo:
        return self.passes[-1].info_out

    @property
    def memory_bytes(self) -> int:
        """Upper bound of the samples held at once: kept signals up to their limit, and the blocks under way."""
        kept = [MEMORY_LIMIT_BYTES if size is None else min(size, MEMORY_LIMIT_BYTES) for size in self._kept()]
        running = 4 * (1 + max((len(each.steps) for each in self.passes), default=0))
        widest = max(self.source.format.channels, *(each.info_out.format.channels for each in self.passes))
        # a pass reads what the last one kept and fills the next
        return sum(sorted(kept)[-2:]) + running * BLOCK_FRAMES * widest

    @property
    def disk_bytes(self) -> int | None:
        """Upper bound of the temporary files at once; None where a length is not known yet."""
        kept = list(self._kept())
        if any(size is None for size in kept):
            return None
        return sum(sorted(size for size in kept if size is not None and size > MEMORY_LIMIT_BYTES)[-2:])

    def _kept(self) -> Iterator[int | None]:
        yield from (each.kept_bytes for each in self.passes if each.prepares is not None)
        if self.mix < 1.0:
            yield None if self.source.frames is None else spool_bytes(self.source.format, self.source.frames)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "source": _info_dict(self.source),
            "result": _info_dict(self.info_out),
            "mix": self.mix,
            "steps": [step.to_dict() for step in self.steps],
            "passes": [
                {
                    "steps": [step.number for step in each.steps],
                    "prepares": each.prepares.number if each.prepares else None,
                    "kept_bytes": each.kept_bytes,
                }
                for each in self.passes
            ],
            "memory_bytes": self.memory_bytes,
            "disk_bytes": self.disk_bytes,
        }

    def lines(self) -> list[str]:
        """The plan for a terminal."""
        lines = [f"source   {_info_line(self.source)}"]
        lines += [_step_line(step) for step in self.steps] or ["no steps: every sample stays as it is"]
        lines += [_pass_line(number, each) for number, each in enumerate(self.passes, start=1)]
        if self.mix < 1.0:
            lines.append(f"mix      {self.mix:.0%} of the result, the rest untouched")
        disk = "unknown" if self.disk_bytes is None else _size(self.disk_bytes)
        lines.append(f"memory   {_size(self.memory_bytes)} of samples at most, temporary files {disk}")
        lines.append(f"result   {_info_line(self.info_out)}")
        return lines


def plan(
    steps: Sequence[Processor], info: SourceInfo, *, mix: float = 1.0, first_step: int = 1, latency: bool = False
) -> Plan:
    """The passes for these steps over a signal of that format and length; no sample is touched.

    `mix` is the strength of all steps together, `first_step` the number of the first one in messages. With
    `latency`, the stages that need nothing but the format are started to ask them for theirs. Raises ChainError
    where a step does not fit the format, or cannot be mixed.
    """
    planned = tuple(_placed(steps, info, first_step, latency=latency))
    if mix < 1.0:
        for step in planned:
            if not step.skipped and not step.processor.mixable:
                raise ChainError(
                    f"mix {mix:g} of the whole chain: {step.label} cannot be lined up with the untouched signal"
                )
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
    if step.processor.mix < 1.0 and not step.processor.mixable:
        raise ChainError(
            f"{step.label}: mix {step.processor.mix:g}, but it cannot be lined up with the untouched signal",
            "it changes length or rate, or its latency is not known; use mix 1, or bypass",
        )


def _need(processor: Processor, info: SourceInfo) -> Need:
    if isinstance(processor, SolvedProcessor):
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


def _info_dict(info: SourceInfo) -> dict[str, Any]:
    return {"sample_rate": info.format.sample_rate, "layout": list(info.format.layout), "frames": info.frames}


def _info_line(info: SourceInfo) -> str:
    form = info.format
    length = "length not known yet"
    if info.frames is not None:
        length = clock(frames_to_seconds(info.frames, form.sample_rate))
    return f"{form.sample_rate} Hz, {form.channels} channels, {length}"


def _step_line(step: PlannedStep) -> str:
    values = ", ".join(f"{key} {_brief(value)}" for key, value in settings(step.processor).items())
    if step.skipped:
        return f"step {step.number:<3} {step.name}: left out ({step.skipped})"
    late = f"; {step.latency_frames} frames late, lined up again" if step.latency_frames else ""
    return f"step {step.number:<3} {step.name}: {values or 'no settings'}{late}"


def _pass_line(number: int, each: Pass) -> str:
    names = " · ".join(step.name for step in each.steps) or "read"
    if each.prepares is None:
        return f"pass {number:<3} {names} → out"
    does = "is measured for" if each.prepares.need == "measurement" else "is tried by"
    size = "kept" if each.kept_bytes is None else f"{_size(each.kept_bytes)} kept"
    return f"pass {number:<3} {names} → {size}, {does} {each.prepares.name}"


def _brief(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, dict):
        return " ".join(f"{key} {_brief(part)}" for key, part in value.items())
    if isinstance(value, list):
        return "[" + "; ".join(_brief(part) for part in value) + "]"
    return str(value)


def _size(size_bytes: int) -> str:
    return f"{size_bytes / MEBIBYTE:.1f} MiB" if size_bytes else "none"
