"""What drives the integration: the network's velocity, guided away from the negative conditions."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from songkit.errors import SignalError, UsageError
from songkit.generate.diffrhythm.model import Conditions, DiT

NO_GUIDANCE = 1e-5
"""Below this strength the published code skips the null pass."""

BATCHED_TOKENS = 512
"""Frames times songs up to which a CPU runs both branches in one batch: beyond, the matrices are large enough alone."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Latents that are kept outside the segments to be made anew: editing and continuation."""

    latents: Tensor
    """(frames, latent channels); longer than the song: cut; shorter: the rest must lie in the segments."""
    segments: tuple[tuple[int, int], ...]
    """Frames to make anew, [start, end); an end beyond the song means its end."""

    def kept(self, frames: int) -> Tensor:
        """(frames, 1) bool: where the reference stays. Raises UsageError where there is nothing that could stay."""
        kept = torch.ones(frames, 1, dtype=torch.bool)
        for start, end in self.segments:
            kept[max(0, start) : end] = False
        if bool(kept[self.latents.shape[0] :].any()):
            raise UsageError(
                f"the reference has {self.latents.shape[0]} of {frames} frames, and what follows is to be kept",
                "let the last segment reach to the end of the song",
            )
        return kept

    def fitted(self, frames: int) -> Tensor:
        """The latents at that length: cut, or continued with zeros."""
        latents = self.latents[:frames]
        return torch.nn.functional.pad(latents, (0, 0, 0, frames - latents.shape[0]))


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a song is made from, apart from the noise."""

    tokens: Tensor
    """(frames,) int64: an id per frame, as `words.tokens` places them."""
    style: Tensor
    """(1, style width), unit norm."""
    negative_style: Tensor
    """(1, style width): what guidance leads away from."""
    start: float = 0.0
    """Where in the song the first frame lies, 0 to 1."""
    duration: float = 1.0
    """Frames of the song over the model's maximum; of no effect on the base model."""
    reference: Reference | None = None

    @property
    def frames(self) -> int:
        return int(self.tokens.shape[0])

    def step_reference(self, channels: int) -> Tensor:
        """(frames, channels): the reference where it is kept, zeros where the song is made."""
        if self.reference is None:
            return torch.zeros(self.frames, channels)
        return self.reference.fitted(self.frames) * self.reference.kept(self.frames)


class GuidedField:
    """The velocity at a time and state, (songs, frames, channels) in and out, with guidance in an interval of time.

    p + (p - n) * strength, where p sees the prompt and n no words, no reference and the negative style. What does not
    depend on the time is computed here, once. Raises SignalError as soon as no song has a velocity that is finite; one
    that is lost before leaves the others alone.
    """

    def __init__(
        self,
        model: DiT,
        prompt: Prompt,
        *,
        strength: float,
        interval: tuple[float, float] = (0.0, 1.0),
        batched: bool | None = None,
    ) -> None:
        self._model = model
        self._strength = strength
        self._interval = interval
        self._batched = batched
        self._guided = strength >= NO_GUIDANCE
        self.conditions = _conditions(model, prompt, guided=self._guided)
        self.evaluations = 0
        """How many times the velocity was asked for."""

    def __call__(self, time: Tensor, state: Tensor) -> Tensor:
        self.evaluations += 1
        velocity = self._velocity(time, state)
        if not torch.isfinite(velocity).flatten(1).all(dim=1).any():
            raise SignalError(
                f"sampling: the network gave values that are not finite at time {float(time):.3f}",
                "try --precision fp32; if that fails too, the weights or the style are damaged",
            )
        return velocity

    def _velocity(self, time: Tensor, state: Tensor) -> Tensor:
        low, high = self._interval
        if not self._guided or not low <= float(time) <= high:
            return self._model.velocity(state, time, self.conditions[:1])
        if self._in_one_batch(state):
            both = self._model.velocity(torch.cat([state, state]), time, self.conditions)
            with_prompt, without = both.chunk(2)
        else:
            with_prompt = self._model.velocity(state, time, self.conditions[:1])
            without = self._model.velocity(state, time, self.conditions[1:])
        return with_prompt + (with_prompt - without) * self._strength

    def _in_one_batch(self, state: Tensor) -> bool:
        if self._batched is not None:
            return self._batched
        return state.device.type != "cpu" or state.shape[0] * state.shape[1] <= BATCHED_TOKENS


def _conditions(model: DiT, prompt: Prompt, *, guided: bool) -> Conditions:
    sets = 2 if guided else 1
    device, number = model.proj_out.weight.device, model.precision.stream
    reference = prompt.step_reference(model.shape.mel_dim)
    references = torch.stack([reference, torch.zeros_like(reference)])[:sets]
    tokens = torch.stack([prompt.tokens, torch.zeros_like(prompt.tokens)])[:sets]
    styles = torch.cat([prompt.style, prompt.negative_style])[:sets]
    start, duration = torch.full((sets,), prompt.start), torch.full((sets,), prompt.duration)
    return model.conditions(
        references.to(device, number),
        tokens.to(device),
        styles.to(device, number),
        start.to(device, number),
        duration.to(device, number),
    )
