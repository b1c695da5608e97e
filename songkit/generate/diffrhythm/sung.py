"""The network at work for one song: loaded, timed, run from noise to latents."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from songkit.generate.diffrhythm import latents as latent_files
from songkit.generate.diffrhythm import library, weights
from songkit.generate.diffrhythm.checkpoint import Checkpoint
from songkit.generate.diffrhythm.field import GuidedField, Prompt, Reference
from songkit.generate.diffrhythm.model import DiT
from songkit.generate.diffrhythm.options import Settled
from songkit.generate.diffrhythm.pieces import pieces_of, sample_in_pieces
from songkit.generate.diffrhythm.precision import PRECISIONS, Place
from songkit.generate.diffrhythm.prepared import NEGATIVE, STYLE, TOKENS
from songkit.generate.diffrhythm.reference import LATENTS
from songkit.generate.diffrhythm.sampler import Schedule, noise, sample
from songkit.generate.diffrhythm.shape import FRAME_SAMPLES, SAMPLE_RATE, Shape, frame_at, shape_beside
from songkit.progress import Progress, Update
from songkit.units import seconds_to_frames

WARM_SECONDS = 2.0
"""A pass that is quicker is timed again: the first one also prepares."""


@dataclass(frozen=True, slots=True)
class Singer:
    """A loaded network with what it sings from."""

    model: DiT
    prompt: Prompt
    schedule: Schedule
    in_pieces: bool
    batched: bool | None
    """Both branches of guidance in one batch; None: where it pays."""

    @classmethod
    def load(
        cls, options: Settled, seconds: float, folder: Path, progress: Progress, *, thrifty: bool = False
    ) -> Singer:
        """The network and what `prepared.prepare` left in `folder`.

        Raises MissingError and InputError as `weights.load` does.
        """
        progress(Update("load"))
        path = library.locate(library.network(seconds), options.models)
        place = Place(torch.device(options.device), PRECISIONS[options.precision], options.place)
        model = weights.load(path, shape_beside(path, seconds), place)
        return cls(
            model=model,
            prompt=prompt_from(folder, seconds, model.shape, options),
            schedule=schedule_of(options),
            in_pieces=options.chunked_ode,
            batched=False if thrifty else None,
        )

    def sing(self, seeds: Sequence[int], progress: Progress, checkpoint: Checkpoint) -> Tensor:
        """The latents (songs, frames, channels) of seeds, gone on with where `checkpoint` has kept some of the way.

        In pieces one song at a time. One that is lost on the way is not finite; where all are, SignalError is raised.
        """
        start = noise(seeds, self.prompt.frames, self.model)
        way = sample_in_pieces if self.in_pieces else sample
        return way(self.model, self.prompt, start, self.schedule, progress, batched=self.batched, checkpoint=checkpoint)

    @torch.inference_mode()
    def seconds_per_step(self) -> float:
        """How long one guided evaluation takes here, measured."""
        frames = pieces_of(self.prompt.frames)[0].last if self.in_pieces else self.prompt.frames
        prompt = Prompt(self.prompt.tokens[:frames], self.prompt.style, self.prompt.negative_style)
        field = GuidedField(self.model, prompt, strength=self.schedule.guidance, batched=self.batched)
        state = noise([0], frames, self.model)
        moment = torch.zeros((), device=state.device, dtype=state.dtype)
        seconds = _timed(field, moment, state)
        return min(seconds, _timed(field, moment, state)) if seconds < WARM_SECONDS else seconds


def schedule_of(options: Settled) -> Schedule:
    """The way from noise to song that was asked for."""
    return Schedule(
        steps=options.steps,
        solver=options.solver,
        guidance=options.cfg_strength,
        guidance_interval=options.cfg_interval,
        sway=options.sway,
    )


def prompt_from(folder: Path, seconds: float, shape: Shape, options: Settled) -> Prompt:
    """What the song is made from, as `prepared.prepare` wrote it."""
    tokens = torch.from_numpy(np.load(folder / TOKENS))
    return Prompt(
        tokens=tokens,
        style=torch.from_numpy(np.load(folder / STYLE)).unsqueeze(0),
        negative_style=torch.from_numpy(np.load(folder / NEGATIVE)).unsqueeze(0),
        duration=len(tokens) / shape.max_frames,
        reference=_reference(folder, seconds, len(tokens), options) if options.reference else None,
    )


def segments_of(options: Settled, seconds: float, frames: int) -> tuple[tuple[int, int], ...]:
    """The segments in frames; what the model composes beyond the length that was asked for is one, too."""
    asked = tuple(
        (frame_at(start), frames if end is None else min(frames, frame_at(end))) for start, end in options.segments
    )
    whole = -(-seconds_to_frames(seconds, SAMPLE_RATE) // FRAME_SAMPLES)
    return (*asked, (whole, frames)) if whole < frames else asked


def _reference(folder: Path, seconds: float, frames: int, options: Settled) -> Reference:
    return Reference(latent_files.load(folder / LATENTS), segments_of(options, seconds, frames))


def _timed(field: GuidedField, moment: Tensor, state: Tensor) -> float:
    began = time.perf_counter()
    field(moment, state)
    if state.device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began
