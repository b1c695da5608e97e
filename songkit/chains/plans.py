"""What a run will do, as values: steps in their places, the passes they make, and how that reads on a terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from songkit.blocks import BLOCK_FRAMES, SourceInfo
from songkit.chains.chain import settings
from songkit.master.processor import Processor
from songkit.spool import BYTES_PER_SAMPLE, MEBIBYTE, MEMORY_LIMIT_BYTES, spool_bytes
from songkit.units import clock, frames_to_seconds

Need = Literal["nothing", "measurement", "solution"]


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
        kept = [MEMORY_LIMIT_BYTES if size is None else min(size, MEMORY_LIMIT_BYTES) for size in self._kept_at_once()]
        running = BYTES_PER_SAMPLE * (1 + max(len(each.steps) for each in self.passes))
        widest = max(self.source.format.channels, *(each.info_out.format.channels for each in self.passes))
        return sum(kept) + running * BLOCK_FRAMES * widest

    @property
    def disk_bytes(self) -> int | None:
        """Upper bound of the temporary files at once; None where a length is not known yet."""
        sizes = [size for size in self._kept_at_once() if size is None or size > MEMORY_LIMIT_BYTES]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    def _kept_at_once(self) -> list[int | None]:
        """The two largest signals that are kept (a pass reads one and fills the next), and the dry one of a mix."""
        kept = [each.kept_bytes for each in self.passes if each.prepares is not None]
        largest = sorted(kept, key=lambda size: (size is None, size or 0))[-2:]
        return [*largest, *self._dry_kept()]

    def _dry_kept(self) -> list[int | None]:
        """What the pass before all others keeps: the signal as it came in, for a mix to take its share of."""
        if self.mix == 1.0:
            return []
        return [None if self.source.frames is None else spool_bytes(self.source.format, self.source.frames)]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "source": _info_dict(self.source),
            "result": _info_dict(self.info_out),
            "mix": self.mix,
            "steps": [step.to_dict() for step in self.steps],
            "passes": [
                *({"steps": [], "prepares": None, "kept_bytes": size} for size in self._dry_kept()),
                *(
                    {
                        "steps": [step.number for step in each.steps],
                        "prepares": each.prepares.number if each.prepares else None,
                        "kept_bytes": each.kept_bytes,
                    }
                    for each in self.passes
                ),
            ],
            "memory_bytes": self.memory_bytes,
            "disk_bytes": self.disk_bytes,
        }

    def lines(self) -> list[str]:
        """The plan for a terminal."""
        lines = [f"source   {_info_line(self.source)}"]
        lines += [_step_line(step) for step in self.steps] or ["no steps: every sample stays as it is"]
        dry = self._dry_kept()
        lines += [f"pass 1   read → {_kept(size)}, the untouched part of the mix" for size in dry]
        lines += [_pass_line(number, each) for number, each in enumerate(self.passes, start=1 + len(dry))]
        if self.mix < 1.0:
            lines.append(f"mix      {self.mix:.0%} of the result, the rest untouched")
        disk = "unknown" if self.disk_bytes is None else _size(self.disk_bytes)
        lines.append(f"memory   {_size(self.memory_bytes)} of samples at most, temporary files {disk}")
        lines.append(f"result   {_info_line(self.info_out)}")
        return lines


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
    return f"pass {number:<3} {names} → {_kept(each.kept_bytes)}, {does} {each.prepares.name}"


def _kept(size_bytes: int | None) -> str:
    return "kept" if size_bytes is None else f"{_size(size_bytes)} kept"


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
