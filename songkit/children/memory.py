"""The most memory that this process has held; and whether the system ran out of it."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

STATUS = Path("/proc/self/status")
VMSTAT = Path("/proc/vmstat")


def oom_kills(vmstat: Path = VMSTAT) -> int | None:
    """How many processes the system has killed for memory since it started, in all its control groups.

    None where it does not say: elsewhere than on Linux, or before its version 4.13.
    """
    try:
        for line in vmstat.read_text(encoding="ascii").splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    except (OSError, ValueError):
        pass
    return None


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
