"""Memory that is freed: by default the C library gives it back too early, and Python looks for it too often."""

from __future__ import annotations

import ctypes
import gc
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # <malloc.h>
_OBJECTS_BETWEEN_LOOKS = 20_000
BLOCKS_BYTES = 2**22
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


def look_seldom_for_garbage() -> None:
    """Loading modules makes a hundred thousand objects that stay: they need not be gone through all the time."""
    gc.set_threshold(_OBJECTS_BETWEEN_LOOKS)
