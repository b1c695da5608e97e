"""What DiffRhythm needs of memory, by the length of the song.

The weights by their count and format (1.11e9 parameters); what a pass holds beside them is linear in the length.
Loading holds the published half-precision file beside the weights.
"""

from __future__ import annotations

from songkit.generate.diffrhythm.room import PARAMETERS, PROCESS_BYTES, pass_bytes
from songkit.generate.diffrhythm.shape import BASE, FULL, frames_of

LENGTHS_SECONDS = (95.0, 285.0)


def frames(seconds: float) -> int:
    """Latent frames of a song of that length."""
    return frames_of(seconds, (BASE if seconds <= LENGTHS_SECONDS[0] else FULL).max_frames)


def gpu_bytes(seconds: float) -> float:
    """On a GPU, with the weights in half precision."""
    return 2 * PARAMETERS + pass_bytes(frames(seconds), 2) + PROCESS_BYTES


def cpu_bytes(seconds: float, bytes_per_weight: int) -> float:
    """Without a GPU, with weights of 2 (bf16) or 4 bytes (fp32), beside the file while it is loaded."""
    passing = pass_bytes(frames(seconds), bytes_per_weight)
    return bytes_per_weight * PARAMETERS + max(2 * PARAMETERS, passing) + PROCESS_BYTES


def lengths_that_fit(there: float, needed: list[float]) -> str:
    """In words, which of the two lengths have room."""
    fits = [f"{seconds:.0f} s" for seconds, each in zip(LENGTHS_SECONDS, needed, strict=True) if each <= there]
    wanted = ", ".join(
        f"{seconds:.0f} s about {each / 1e9:.1f} GB" for seconds, each in zip(LENGTHS_SECONDS, needed, strict=True)
    )
    return f"songs of {' and '.join(fits)} fit ({wanted})" if fits else f"too little for a song ({wanted})"
