"""From noise to latents: the time grid, the solvers, and one song per seed.

The published grid has as many *points* as `steps`, so 32 steps are 31 intervals.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from songkit.errors import UsageError, near_names
from songkit.generate.contract import MAX_SEED
from songkit.generate.diffrhythm.checkpoint import Checkpoint
from songkit.generate.diffrhythm.field import GuidedField, Prompt
from songkit.generate.diffrhythm.model import DiT
from songkit.optional import need
from songkit.progress import Progress, Update, silent

Field = Callable[[Tensor, Tensor], Tensor]
"""The velocity at a time () and a state, in the shape of the state."""

Solver = Literal["euler", "midpoint", "heun2", "dopri5"]
STAGE = "sample"


@dataclass(frozen=True, slots=True)
class Schedule:
    """How the way from noise to song is gone; the defaults are what the published command line does.

    Raises UsageError for values that cannot be.
    """

    steps: int = 32
    """Points of the time grid: one more than there are steps to take."""
    solver: Solver = "euler"
    guidance: float = 4.0
    """cfg_strength: 0 follows the conditions alone, 4 is published."""
    guidance_interval: tuple[float, float] = (0.0, 1.0)
    """Times, 0 (noise) to 1 (song), between which guidance is at work; outside, a step costs half."""
    sway: float | None = None
    """Bends the grid; -1 takes finer steps near the noise."""
    tolerance: float = 1e-3
    """Of the step control of dopri5, relative and absolute."""

    def __post_init__(self) -> None:
        if self.solver not in get_args(Solver):
            raise UsageError(f"there is no solver {self.solver!r}", near_names(self.solver, get_args(Solver)))
        if not 2 <= self.steps <= 1000:
            raise UsageError(f"{self.steps} steps: 2 to 1000 are possible, 32 are published")
        if not 0.0 <= self.guidance <= 100.0:
            raise UsageError(f"guidance {self.guidance:g}: 0 to 100 is possible, 4 is published")
        low, high = self.guidance_interval
        if not 0.0 <= low <= high <= 1.0:
            raise UsageError(f"guidance interval {low:g} to {high:g}: times go from 0 to 1, the lower first")
        if self.sway is not None and not -1.0 <= self.sway <= 1.0:
            raise UsageError(f"sway {self.sway:g}: -1 to 1 keeps the grid in order")
        if not 0.0 < self.tolerance < 1.0:
            raise UsageError(f"tolerance {self.tolerance:g}: must lie between 0 and 1")

    def times(self, dtype: torch.dtype, device: torch.device) -> Tensor:
        """The grid (steps), in the format of the state, as published."""
        times = torch.linspace(0, 1, self.steps, dtype=dtype, device=device)
        if self.sway is None:
            return times
        return times + self.sway * (torch.cos(math.pi / 2 * times) - 1 + times)


def noise(seeds: Sequence[int], frames: int, model: DiT) -> Tensor:
    """The first state (songs, frames, channels) of each seed, wherever the model runs: always drawn on the CPU.

    A song's noise does not depend on the others of its batch, nor the head of a song on its length.
    """
    songs = [_draw(seed, frames, model.shape.mel_dim) for seed in seeds]
    return torch.stack(songs).to(model.proj_out.weight.device, model.precision.stream)


@torch.inference_mode()
def sample(
    model: DiT,
    prompt: Prompt,
    start: Tensor,
    schedule: Schedule,
    progress: Progress = silent,
    *,
    batched: bool | None = None,
    checkpoint: Checkpoint | None = None,
) -> Tensor:
    """The latents (songs, frames, channels) that the model makes of the noise `start`, in the format of the state.

    Frames that the prompt's reference keeps are the reference's own, exactly. `batched` says whether both branches of
    guidance run in one batch (None: where it pays). `checkpoint` keeps the state of one song between steps, and what it
    has kept is gone on from. Every step is reported; whoever wants to stop raises from
    `progress`. Raises SignalError when a velocity is not finite.
    """
    field = GuidedField(model, prompt, strength=schedule.guidance, interval=schedule.guidance_interval, batched=batched)
    progress(Update(STAGE, 0.0))
    state = integrate(field, start, schedule, progress, checkpoint)
    if prompt.reference is None:
        return state
    kept = prompt.reference.kept(prompt.frames).to(state.device)
    return torch.where(kept, prompt.reference.fitted(prompt.frames).to(state), state)


def integrate(
    field: Field,
    start: Tensor,
    schedule: Schedule,
    progress: Progress = silent,
    checkpoint: Checkpoint | None = None,
) -> Tensor:
    """The state at time 1 that the field carries `start` to; dopri5, whose steps are its own, keeps no checkpoint."""
    times = schedule.times(start.dtype, start.device)
    if schedule.solver == "dopri5":
        return _adaptive(field, start, times, schedule.tolerance, progress)
    done, state = (0, start) if checkpoint is None else checkpoint.found(start)
    steps = len(times) - 1
    for index in range(done, steps):
        state = _step(field, state, times[index], times[index + 1], schedule.solver)
        if checkpoint is not None:
            checkpoint.keep(index + 1, state, last=index + 1 == steps)
        progress(Update(STAGE, (index + 1) / steps))
    return state


def _step(field: Field, state: Tensor, now: Tensor, then: Tensor, solver: Solver) -> Tensor:
    if solver == "euler":
        return state + (then - now) * field(now, state)
    # One interval at a time: a fixed-grid solver keeps nothing between them, and every step can be reported.
    ends: Tensor = need("torchdiffeq", extra="diffrhythm").odeint(field, state, torch.stack([now, then]), method=solver)
    return ends[-1]


def _adaptive(field: Field, start: Tensor, times: Tensor, tolerance: float, progress: Progress) -> Tensor:
    def reported(time: Tensor, state: Tensor) -> Tensor:
        progress(Update(STAGE, min(1.0, max(0.0, float(time)))))
        return field(time.to(state.dtype), state)

    ends: Tensor = need("torchdiffeq", extra="diffrhythm").odeint(
        reported, start, times[[0, -1]], rtol=tolerance, atol=tolerance, method="dopri5"
    )
    progress(Update(STAGE, 1.0))
    return ends[-1]


def _draw(seed: int, frames: int, channels: int) -> Tensor:
    if not 0 <= seed <= MAX_SEED:
        raise UsageError(f"seed {seed}: seeds are 0 to 2^63 - 1")
    return torch.randn(frames, channels, generator=torch.Generator("cpu").manual_seed(seed))
