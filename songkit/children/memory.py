"""The most memory that this process has held."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

STATUS = Path("/proc/self/status")


def peak_bytes(status: Path = STATUS) -> int:
    """The highest resident size of this process.

    Linux counts it since this program began (VmHWM). What `getrusage` says there also covers the parent from which the
    process was forked, so it is only asked elsewhere.
    """
    try:
        for line in status.read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
