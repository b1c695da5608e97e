"""What a chain names: a frozen pydantic model whose fields are the YAML keys, in one of four kinds.

    StreamProcessor    needs nothing but the format                 start(info) -> Stage
    MeasuredProcessor  must have seen the whole programme first     meter(info) -> Meter, start(info, measured) -> Stage
    SolvedProcessor    finds its setting by trying                  solve(source, progress) -> Stage
    NestingProcessor   runs steps of its own on parts of it         nest(source, run_steps, progress) -> Stage

The files that hold the models import only pydantic, units and this one; kernels, scipy and pedalboard are imported in
`start`, so that listing and linting chains never loads DSP.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from songkit.audio import Format, Samples
from songkit.blocks import Meter, Source, SourceInfo, Stage
from songkit.progress import Progress


class Processor(BaseModel):
    """Base of every step: `mix` (0 dry to 1 wet) and `bypass` are kept by the runner, not by the step."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)

    about: ClassVar[str]
    """One line for listings."""
    changes_length: ClassVar[bool] = False
    changes_rate: ClassVar[bool] = False
    mixable: ClassVar[bool] = True
    """Whether a dry path can be lined up with the wet one (not over changes of length or rate, or unknown latency)."""

    mix: float = Field(1.0, ge=0.0, le=1.0, description="share of the processed signal, 0 (dry) to 1 (wet)")
    bypass: bool = Field(False, description="leave the step out")

    def is_identity(self, info: SourceInfo) -> bool:
        """Whether this setting leaves every sample as it is; the runner then skips the step, bit for bit."""
        return False

    def check(self, info: SourceInfo) -> str | None:
        """What is wrong with this step for that format (a band above Nyquist, say), or None."""
        return None

    def require(self) -> None:
        """Raises MissingError for a library or weights that the step needs and this machine lacks, without loading."""

    def dry(self, info: SourceInfo) -> Stage | None:
        """What the dry path of `mix` must run through to line up in phase (the all-pass of a crossover), or None."""
        return None

    @property
    def files(self) -> tuple[str, ...]:
        """Paths of what the step reads beside the signal: its content is part of what the step does."""
        return ()

    def format_out(self, format: Format) -> Format:
        """The format that comes out, known without running."""
        return format


class StreamProcessor(Processor):
    """Streams from the first block on."""

    @abstractmethod
    def start(self, info: SourceInfo) -> Stage: ...


class MeasuredProcessor(Processor):
    """Watches the whole programme with a meter, then streams; `meter` may return None where nothing must be known."""

    @abstractmethod
    def meter(self, info: SourceInfo) -> Meter | None: ...

    @abstractmethod
    def start(self, info: SourceInfo, measured: Any) -> Stage: ...


class SolvedProcessor(Processor):
    """Runs its stages over the spooled programme a bounded number of times to find its setting."""

    @abstractmethod
    def solve(self, source: Source, progress: Progress) -> Stage: ...


class Ran(Protocol):
    """Steps over a source: their result once, block by block, then what each of them found."""

    def blocks(self) -> Iterator[Samples]: ...
    @property
    def facts(self) -> Sequence[Mapping[str, Any]]: ...


RunSteps = Callable[[Sequence[Processor], Source, Progress], Ran]
"""What runs steps over a source; it lives in the room above and is handed in."""


class NestingProcessor(Processor):
    """Runs steps of its own, over parts of the spooled programme."""

    @abstractmethod
    def nest(self, source: Source, run_steps: RunSteps, progress: Progress) -> Stage: ...


@dataclass(frozen=True, slots=True)
class MapStage:
    """A stage without latency out of a function of one block, which keeps its own state."""

    format: Format
    apply: Callable[[Samples], Samples]

    @property
    def latency_frames(self) -> int | None:
        return 0

    def push(self, block: Samples) -> Samples:
        return self.apply(block)

    def finish(self) -> Samples:
        return np.zeros((self.format.channels, 0), np.float32)


@dataclass(frozen=True, slots=True)
class LateStage:
    """A stage with latency out of two functions: one of each block, and one that gives the tail."""

    format: Format
    latency_frames: int | None
    apply: Callable[[Samples], Samples]
    tail: Callable[[], Samples]

    def push(self, block: Samples) -> Samples:
        return self.apply(block)

    def finish(self) -> Samples:
        return self.tail()


@dataclass(frozen=True, slots=True)
class ReportingMapStage(MapStage):
    """A `MapStage` that has something to tell once it is done."""

    report: Callable[[], Mapping[str, Any]]

    def facts(self) -> Mapping[str, Any]:
        return self.report()


@dataclass(frozen=True, slots=True)
class ReportingLateStage(LateStage):
    """A `LateStage` that has something to tell once it is done."""

    report: Callable[[], Mapping[str, Any]]

    def facts(self) -> Mapping[str, Any]:
        return self.report()
