"""Memory that stays with the process between the steps of a song."""

from __future__ import annotations

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # <malloc.h>
_KEPT_BYTES = 2**31 - 1


def keep_freed_memory() -> bool:
    """Tells glibc to keep what is freed for the next allocation; whether it could be told.

    By default every large intermediate result is handed back to the system and fetched again, page by page and zeroed:
    a quarter of the time of a pass on a CPU. For processes whose life is this one song; holds for all of it.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt is None:
        return False
    return bool(mallopt(_MMAP_THRESHOLD, _KEPT_BYTES)) and bool(mallopt(_TRIM_THRESHOLD, _KEPT_BYTES))
