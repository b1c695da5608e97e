"""The state between two steps, kept now and then: a killed run of twenty minutes goes on where it stood."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from torch import Tensor

from songkit.generate.diffrhythm import latents

EVERY_SECONDS = 5.0
"""A step that is quicker is sooner made again than written."""


@dataclass(slots=True)
class Checkpoint:
    """The state (songs, frames, channels) on the disk, under the key of what it is made from."""

    folder: Path
    key: str
    piece: int = 0
    _kept: float = field(default_factory=time.monotonic)

    def of_piece(self, number: int) -> Checkpoint:
        """The same for one piece of a long song."""
        return replace(self, piece=number)

    def found(self, start: Tensor) -> tuple[int, Tensor]:
        """How many steps are done, and the state after them: none and `start` where nothing was kept."""
        kept = latents.load_kept(self._path, self.key)
        if kept is None or kept[0].shape != start.flatten(0, 1).shape:
            return 0, start
        state, facts = kept
        return int(facts["steps"]), state.reshape(start.shape).to(start)

    def keep(self, steps: int, state: Tensor, *, last: bool) -> None:
        """Keeps the state after so many steps, where it is time for it, or where they were the last."""
        if last or time.monotonic() - self._kept >= EVERY_SECONDS:
            latents.keep(self._path, state.flatten(0, 1), self.key, {"steps": steps})
            self._kept = time.monotonic()

    @property
    def _path(self) -> Path:
        return self.folder / f"sampling-{self.piece}.safetensors"
