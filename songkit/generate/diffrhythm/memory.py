"""Memory of the process that makes a song: kept between the steps, named where it runs out, measured at its highest."""

from __future__ import annotations

import gc
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from songkit import allocation
from songkit.progress import Progress, Update

_KEPT_BYTES = 2**31 - 1


def keep_freed_memory() -> bool:
    """Tells glibc to keep what is freed for the next allocation; whether it could be told.

    By default every large intermediate result is handed back to the system and fetched again, page by page and zeroed:
    a quarter of the time of a pass on a CPU. For processes whose life is this one song; holds for all of it.
    """
    return allocation.keep_freed_memory(_KEPT_BYTES)


@contextmanager
def named_when_it_runs_out() -> Iterator[None]:
    """Within the block, torch's ways to say "out of memory" become MemoryError, which is told from a bug."""
    import torch

    try:
        yield
    except torch.OutOfMemoryError as error:
        raise MemoryError(str(error).partition("\n")[0]) from error
    except RuntimeError as error:
        if not any(sign in str(error) for sign in _SIGNS):
            raise
        raise MemoryError(str(error).partition("\n")[0]) from error


_SIGNS = ("DefaultCPUAllocator", "out of memory", "CUBLAS_STATUS_ALLOC_FAILED")


def give_back() -> None:
    """Frees what nobody holds any more, on the GPU too: before the decoder comes, the network has gone."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def shown(progress: Progress, device: str) -> Progress:
    """`progress`, with the most memory held so far in every update's detail."""

    def told(update: Update) -> None:
        held = ", ".join(f"{name} {megabytes} MB" for name, megabytes in peak_megabytes(device).items())
        progress(replace(update, detail=held))

    return told


def peak_megabytes(device: str) -> dict[str, int]:
    """The most memory that this process has held, "ram" and on a GPU "gpu"."""
    import torch

    unit = 1 if sys.platform == "darwin" else 1024
    peak = {"ram": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit // 2**20}
    if device == "cuda":
        peak["gpu"] = torch.cuda.max_memory_allocated() // 2**20
    return peak
