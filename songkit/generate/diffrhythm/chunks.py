"""Which part of a song each chunk gives, where latents are decoded (or audio encoded) in overlapping chunks.

A chunk knows nothing of what lies beyond its ends, so what is near them is left to its neighbour. The figures are the
published ones: chunks of 128 frames every 96, cut in the middle of the overlap, the last chunk moved back to end with
the song.
"""

from __future__ import annotations

from dataclasses import dataclass

CHUNK_FRAMES = 128
OVERLAP_FRAMES = 32


@dataclass(frozen=True, slots=True)
class Chunk:
    """Latent frames [first, last) are worked on, and of the result frames [start, end) are taken."""

    first: int
    last: int
    start: int
    end: int

    @property
    def frames(self) -> int:
        """How many frames are taken."""
        return self.end - self.start


def chunks_of(frames: int) -> tuple[Chunk, ...]:
    """The chunks of a song of that many latent frames, in order; what they give lies end to end."""
    if frames <= CHUNK_FRAMES:
        return (Chunk(0, frames, 0, frames),)
    last = frames - CHUNK_FRAMES
    firsts = list(range(0, last + 1, CHUNK_FRAMES - OVERLAP_FRAMES))
    if firsts[-1] != last:
        firsts.append(last)
    seams = [0, *(first + OVERLAP_FRAMES // 2 for first in firsts[1:]), frames]
    return tuple(
        Chunk(first, first + CHUNK_FRAMES, start, end)
        for first, start, end in zip(firsts, seams[:-1], seams[1:], strict=True)
    )


def fade_frames(left: Chunk, right: Chunk) -> float:
    """How far to each side of the seam a cross-fade may reach.

    Half of what lies between the seam and the end of the chunks, and no further than the middle of what either gives.
    """
    return min(OVERLAP_FRAMES / 4, left.frames / 2, right.frames / 2)
