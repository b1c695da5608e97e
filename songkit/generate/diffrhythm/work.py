"""The work of one seed: what is asked, from what, and where its files lie."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from songkit.generate.contract import PARTED, THRIFTY, TOGETHER, Request
from songkit.generate.diffrhythm import latents
from songkit.generate.diffrhythm.options import SILENT, Settled
from songkit.progress import Progress
from songkit.runs import content_key

LATENTS = "latents.safetensors"


@dataclass(frozen=True, slots=True)
class Work:
    """One seed's work, alone or in a batch."""

    request: Request
    seed: int
    folder: Path
    prepared: Mapping[str, Any]
    """What all seeds share, and what the run tells of this one."""
    progress: Progress

    @property
    def options(self) -> Settled:
        return Settled.model_validate(self.request.options)

    @property
    def shared(self) -> Path:
        """The folder of what all seeds share."""
        return Path(self.prepared["folder"])

    @property
    def thrifty(self) -> bool:
        """Whether memory has run out before: then with less of it."""
        return bool(self.prepared.get(THRIFTY))

    @property
    def together(self) -> tuple[int, ...]:
        """The seeds that go through the network at once: each hangs, in its last bits, on the others."""
        return tuple(self.prepared.get(TOGETHER, (self.seed,)))

    @property
    def key(self) -> str:
        """What the latents and the audio are made from."""
        batch = {"together": [str(seed) for seed in self.together]} if len(self.together) > 1 else {}
        return content_key({**self.request.to_dict(without=SILENT), "seed": str(self.seed), **batch})

    @property
    def batch_key(self) -> str:
        """What the state of the whole batch is made from, the same for each of its seeds."""
        return content_key({**self.request.to_dict(without=SILENT), "together": [str(seed) for seed in self.together]})

    @property
    def warnings(self) -> Iterator[str]:
        """What was done with less than was asked for."""
        if self.thrifty:
            yield "memory ran out the first time: the branches of guidance ran one after the other"
        if self.prepared.get(PARTED):
            yield f"memory ran out with {self.prepared[PARTED]} seeds together: each was made alone"

    def kept_latents(self) -> tuple[Tensor, dict[str, Any]] | None:
        """The latents (frames, channels) and their facts, where this work has been done as far as that."""
        return latents.load_kept(self.folder / LATENTS, self.key)
