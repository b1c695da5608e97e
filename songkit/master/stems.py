"""Stems: a song taken apart by demucs, each part through steps of its own, and summed again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any, ClassVar

import numpy as np
from pydantic import Field, field_validator

from songkit.audio import Format, Samples
from songkit.blocks import Source, SourceInfo, Stage
from songkit.errors import ChainError, near_names
from songkit.master.nested import Step, misfit
from songkit.master.processor import NestingProcessor, Processor, RunSteps
from songkit.progress import Progress, about
from songkit.spool import Spool

NAMES = ("vocals", "drums", "bass", "other", "guitar", "piano")
_STEPS = "steps for this stem; without them it stays as it is"


class Stems(NestingProcessor):
    """What the steps change of each stem is added to the signal: nothing is lost between the stems.

    So a stem without steps stays in the sum bit for bit, and so does whatever the model puts into no stem at all.
    """

    about: ClassVar[str] = "steps for the vocals, drums, bass or the rest alone (demucs)"

    model: str = Field("htdemucs", pattern=r"^[A-Za-z0-9_.-]+$", description="name of the demucs model")
    weights: str | None = Field(
        None,
        description="folder with MODEL.yaml and its .th files (pickles: from sources you trust only); "
        "by default what `hf download` has put on this machine",
    )
    vocals: tuple[Step, ...] = Field((), max_length=20, description=_STEPS)
    drums: tuple[Step, ...] = Field((), max_length=20, description=_STEPS)
    bass: tuple[Step, ...] = Field((), max_length=20, description=_STEPS)
    other: tuple[Step, ...] = Field((), max_length=20, description=_STEPS)
    guitar: tuple[Step, ...] = Field((), max_length=20, description=_STEPS + "; of six-stem models")
    piano: tuple[Step, ...] = Field((), max_length=20, description=_STEPS + "; of six-stem models")

    @field_validator("model")
    @classmethod
    def _no_folder(cls, name: str) -> str:
        if name.strip(".") == "":
            raise ValueError("the name of a model, for example htdemucs")
        return name

    @property
    def worked_on(self) -> dict[str, tuple[Processor, ...]]:
        """Stems that have steps."""
        return {name: getattr(self, name) for name in NAMES if getattr(self, name)}

    @property
    def files(self) -> tuple[str, ...]:
        nested = tuple(path for steps in self.worked_on.values() for step in steps for path in step.files)
        return ((self.weights,) if self.weights is not None else ()) + nested

    def is_identity(self, info: SourceInfo) -> bool:
        return not self.worked_on

    def check(self, info: SourceInfo) -> str | None:
        if info.format.channels > 2:
            return f"demucs takes mono or stereo, this is {info.format.channels} channels"
        for name, steps in self.worked_on.items():
            if problem := misfit(steps, info):
                return name + problem
        return None

    def require(self) -> None:
        from songkit.master.demucs_model import find

        find(self.model, self.weights)

    def nest(self, source: Source, run_steps: RunSteps, progress: Progress) -> Stage:
        from songkit.master.demucs_model import load
        from songkit.master.separation import stem_blocks

        model = load(self.model, self.weights)
        for name in self.worked_on:
            if name not in model.stems:
                raise ChainError(f"stems: {self.model} has no stem {name}", near_names(name, model.stems))
        with ExitStack() as spools:
            stems = {
                name: spools.enter_context(Spool(source.format, expected_frames=source.frames))
                for name in self.worked_on
            }
            for block in stem_blocks(model, source, progress):
                for name, spool in stems.items():
                    spool.push(np.ascontiguousarray(block[model.stems.index(name)]))
            change = _Change(source.format)
            facts = {}
            for name, spool in stems.items():
                facts[name] = change.add(spool, self.worked_on[name], run_steps, about(progress, name))
                spool.close()
        return StemsStage(source.format, change.spool, {"model": self.model, "stems": facts})


class _Change:
    """What the steps make of the stems less what they were, summed over the stems."""

    def __init__(self, format: Format) -> None:
        self.spool = Spool(format)

    def add(self, stem: Spool, steps: tuple[Processor, ...], run_steps: RunSteps, progress: Progress) -> list[Any]:
        """One more stem; the facts of its steps come back."""
        summed = Spool(stem.format, expected_frames=stem.frames)
        before, earlier = Reader(stem.blocks(), stem.format), Reader(self.spool.blocks(), stem.format)
        result = run_steps(steps, stem, progress)
        for block in result.blocks():
            change = block - before.take(block.shape[1])
            if self.spool.frames:
                change += earlier.take(block.shape[1])
            summed.push(change)
        self.spool.close()
        self.spool = summed
        return [dict(told) for told in result.facts]


class Reader:
    """Takes any number of frames from blocks."""

    def __init__(self, blocks: Iterator[Samples], format: Format) -> None:
        self._blocks = blocks
        self._rest = np.zeros((format.channels, 0), np.float32)

    def take(self, frames: int) -> Samples:
        """The next `frames`; fewer where the blocks end."""
        parts = [self._rest]
        have = self._rest.shape[1]
        while have < frames and (block := next(self._blocks, None)) is not None:
            parts.append(block)
            have += block.shape[1]
        joined = np.concatenate(parts, axis=1)
        self._rest = joined[:, frames:]
        return joined[:, :frames]


class StemsStage:
    """Adds the change to the signal that it was found on."""

    latency_frames = 0

    def __init__(self, format: Format, change: Spool, told: Mapping[str, Any]) -> None:
        self.format = format
        self._change = change
        self._reader = Reader(change.blocks(), format)
        self._told = told

    def push(self, block: Samples) -> Samples:
        return block + self._reader.take(block.shape[1])

    def finish(self) -> Samples:
        return np.zeros((self.format.channels, 0), np.float32)

    def facts(self) -> Mapping[str, Any]:
        """Model and per stem what its steps told; their warnings under the stem's name."""
        warnings = [
            f"{stem}, {each['name']}: {line}"
            for stem, steps in self._told["stems"].items()
            for each in steps
            for line in each.get("warnings", ())
        ]
        return {**self._told, "warnings": warnings} if warnings else self._told

    def close(self) -> None:
        """Gives the kept change back."""
        self._change.close()
