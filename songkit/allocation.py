"""What the C library does with memory that is freed: by default it goes back to the system too early."""

from __future__ import annotations

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # <malloc.h>
BLOCKS_BYTES = 2**25
"""Keeps all that a pass over blocks needs, and gives back what is larger."""


def keep_freed_memory(bytes_kept: int = BLOCKS_BYTES) -> bool:
    """Tells glibc to keep up to so many freed bytes for the next allocation; whether it could be told.

    Otherwise every large array is handed back and fetched again, page by page and zeroed. Holds for the whole process:
    for those that are ours from beginning to end.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt is None:
        return False
    return bool(mallopt(_MMAP_THRESHOLD, bytes_kept)) and bool(mallopt(_TRIM_THRESHOLD, bytes_kept))
