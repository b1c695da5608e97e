"""Latents in one go, or a long song piece by piece, each continued from the last: less memory for the same song.

A piece is a window of frames as long as the base model's whole song. It repeats the end of the one before as kept
latents, knows the words of its own frames alone, and is told where in the song it starts. It is not the song that one
go would make: what lies further back is not heard.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from songkit.generate.diffrhythm.checkpoint import Checkpoint
from songkit.generate.diffrhythm.field import Prompt, Reference
from songkit.generate.diffrhythm.model import DiT
from songkit.generate.diffrhythm.sampler import STAGE, Schedule, sample
from songkit.progress import Progress, Update, silent

PIECE_FRAMES = 2048
REPEATED_FRAMES = 512
"""24 seconds of the piece before: a verse to go on from."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Frames [first, last) of the song."""

    first: int
    last: int


def pieces_of(frames: int, piece: int = PIECE_FRAMES, repeated: int = REPEATED_FRAMES) -> tuple[Piece, ...]:
    """The pieces of a song, in order; the last one is moved back to end with the song at full length."""
    if frames <= piece:
        return (Piece(0, frames),)
    firsts = [*range(0, frames - piece, piece - repeated), frames - piece]
    return tuple(Piece(first, first + piece) for first in firsts)


def sample_in_pieces(
    model: DiT,
    prompt: Prompt,
    start: Tensor,
    schedule: Schedule,
    progress: Progress = silent,
    *,
    batched: bool | None = None,
    checkpoint: Checkpoint | None = None,
    pieces: tuple[Piece, ...] | None = None,
) -> Tensor:
    """The latents (1, frames, channels) of one song, as `sample` makes them but piece by piece."""
    frames, channels = prompt.frames, start.shape[2]
    known, kept = _known(prompt, channels)
    pieces = pieces or pieces_of(frames)
    for number, piece in enumerate(pieces):
        window = slice(piece.first, piece.last)
        own = replace(
            prompt,
            tokens=prompt.tokens[window],
            start=prompt.start + piece.first / frames,
            reference=Reference(known[window], tuple(_runs(~kept[window]))) if kept[window].any() else None,
        )
        made = sample(
            model,
            own,
            start[:, window],
            schedule,
            _part(progress, number, len(pieces)),
            batched=batched,
            checkpoint=checkpoint and checkpoint.of_piece(number),
        )
        known[window] = made[0].float().cpu()
        kept[window] = True
    return known.unsqueeze(0).to(start)


def _known(prompt: Prompt, channels: int) -> tuple[Tensor, Tensor]:
    """Latents (frames, channels) and which frames of them stay, (frames,) bool, before anything is made."""
    if prompt.reference is None:
        return torch.zeros(prompt.frames, channels), torch.zeros(prompt.frames, dtype=torch.bool)
    return prompt.reference.fitted(prompt.frames).clone(), prompt.reference.kept(prompt.frames)[:, 0]


def _runs(wanted: Tensor) -> Iterator[tuple[int, int]]:
    """The runs of true values, [start, end)."""
    edges = torch.diff(wanted.int(), prepend=torch.zeros(1, dtype=torch.int), append=torch.zeros(1, dtype=torch.int))
    starts, ends = (edges == 1).nonzero()[:, 0].tolist(), (edges == -1).nonzero()[:, 0].tolist()
    yield from zip(starts, ends, strict=True)


def _part(progress: Progress, number: int, count: int) -> Progress:
    """`progress` for one of several pieces, in parts of the whole."""

    def told(update: Update) -> None:
        done = update.fraction
        progress(replace(update, stage=STAGE, fraction=None if done is None else (number + done) / count))

    return told
