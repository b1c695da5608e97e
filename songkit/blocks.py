"""The two contracts that carry analysis and mastering: stages change blocks, meters watch them.

A block is float32 `(channels, frames)`, C-contiguous, of any length from 0 frames on; nobody writes into a block
that was handed in. Memory stays constant with the length of the programme because nothing else flows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from songkit.audio import Audio, Format, Samples

BLOCK_FRAMES = 65_536


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What is known of a signal before its first block: format, and length in frames (None: not known yet)."""

    format: Format
    frames: int | None


class Source(Protocol):
    """A signal that can be run through more than once."""

    @property
    def format(self) -> Format: ...
    @property
    def frames(self) -> int | None: ...
    def blocks(self, frames: int = BLOCK_FRAMES) -> Iterator[Samples]:
        """A fresh pass from the first frame on, in blocks of at most `frames`."""
        ...


class Stage(Protocol):
    """Changes the signal; made anew for each run, state kept between blocks.

    Blocks of any size give the same samples as one push of the whole. Without latency a stage returns as many
    frames as came in; with latency it may return fewer at first and the rest in `finish`, or return its output late
    by `latency_frames`: the runner cuts that many frames off the head. What comes out in all is frames in plus
    `latency_frames`, unless the step says that it changes length or rate.
    """

    @property
    def format(self) -> Format:
        """What comes out: sample rate and layout."""
        ...

    @property
    def latency_frames(self) -> int | None:
        """Delay of the output in output frames; None where it cannot be known."""
        ...

    def push(self, block: Samples) -> Samples: ...
    def finish(self) -> Samples:
        """The tail that latency held back; called once, after the last block."""
        ...


@runtime_checkable
class Reporting(Protocol):
    """A stage that has something to tell once it is done: what it found, what it had to do, where it fell short."""

    def facts(self) -> Mapping[str, Any]:
        """Plain JSON values; `warnings` (a list of lines for the user) where there are any. Called after `finish`."""
        ...


class Meter(Protocol):
    """Watches the signal and never changes it."""

    def push(self, block: Samples) -> None: ...
    def result(self) -> Any:
        """A frozen dataclass of plain numbers with units; called once, after the last block."""
        ...


@dataclass(frozen=True, slots=True)
class AudioSource:
    """An `Audio` in memory as a `Source`."""

    audio: Audio

    @property
    def format(self) -> Format:
        return self.audio.format

    @property
    def frames(self) -> int:
        return self.audio.frames

    def blocks(self, frames: int = BLOCK_FRAMES) -> Iterator[Samples]:
        return split(self.audio.samples, frames)


def info_of(source: Source) -> SourceInfo:
    """Format and length of a source, without the source."""
    return SourceInfo(source.format, source.frames)


def split(samples: Samples, frames: int = BLOCK_FRAMES) -> Iterator[Samples]:
    """The samples in blocks of at most `frames`."""
    import numpy as np

    for start in range(0, samples.shape[1], frames):
        yield np.ascontiguousarray(samples[:, start : start + frames])


def collect(blocks: Iterable[Samples], format: Format) -> Audio:
    """Blocks joined into one `Audio` (the whole signal in memory)."""
    import numpy as np

    parts = [np.zeros((format.channels, 0), dtype=np.float32), *blocks]
    return Audio(np.concatenate(parts, axis=1), format.sample_rate, format.layout)
