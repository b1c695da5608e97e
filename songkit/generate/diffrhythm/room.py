"""What a song needs of memory, and how many seeds a GPU holds at once."""

from __future__ import annotations

PARAMETERS = 1.11e9
PASS_BYTES_PER_FRAME = 0.25e6
"""Both branches of guidance in one batch, in bfloat16: 0.14 to 0.19 MB measured on a CPU with one block (1024 and 2048
frames), 0.07 MB for the text features of the fused blocks."""
PROCESS_BYTES = 0.8e9
"""Python, torch, or the context of CUDA."""

USED_SHARE = 0.85
"""Of a GPU's memory; the rest is for its allocator, and for whoever draws the screen."""
MOST_TOGETHER = 8
"""With more, the matrices of a GPU are no better filled."""


def pass_bytes(frames: int, bytes_per_weight: int) -> float:
    """What one guided pass of one seed holds beside the weights, which have 2 (bf16, fp16) or 4 bytes (fp32)."""
    return frames * PASS_BYTES_PER_FRAME * bytes_per_weight / 2


def seeds_that_fit(gpu_bytes: int, frames: int, bytes_per_weight: int) -> int:
    """How many seeds go through the network together on a GPU with so much memory in all, at least 1.

    What is free at the moment is not asked: the same machine must settle the same batch, or nothing is found again.
    """
    left = USED_SHARE * gpu_bytes - bytes_per_weight * PARAMETERS - PROCESS_BYTES
    return max(1, min(MOST_TOGETHER, int(left / pass_bytes(frames, bytes_per_weight))))
