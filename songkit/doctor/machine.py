"""The machine: system, WSL, processor and threads, memory and swap, disk."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from songkit.children import cores
from songkit.doctor import needs
from songkit.doctor.finding import Finding
from songkit.generate.diffrhythm import library
from songkit.generate.diffrhythm.processor import has_fast_bfloat16
from songkit.runs import DEFAULT_ROOT

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
LEAST_FREE_BYTES = 2e9
WEIGHTS_BYTES = 8e9
"""About what all published files of one length take."""


def look(proc: Path = Path("/proc"), environment: Mapping[str, str] = os.environ) -> Iterator[Finding]:
    """All of it, as Linux tells it below `proc`; elsewhere what Python knows."""
    yield system(proc)
    yield processor(proc, environment)
    yield memory(proc)
    yield from disks()


def system(proc: Path) -> Finding:
    """The operating system, and which WSL it runs under, if any."""
    name = f"{platform.system()} {platform.release()}, {platform.machine()}"
    release = _text(proc / "sys" / "kernel" / "osrelease").lower()
    facts = {"system": platform.system(), "release": platform.release(), "machine": platform.machine(), "wsl": None}
    if "microsoft" not in release:
        return Finding("system", "ok", name, facts=facts)
    if "wsl2" in release or "microsoft-standard" in release:
        advice = (
            "it gets half of the memory by default: raise memory= in .wslconfig; keep files off /mnt/c, which is slow"
        )
        return Finding("system", "ok", f"{name}, WSL 2", advice, {**facts, "wsl": 2})
    advice = "it has no GPU and slow files: wsl --set-version <distribution> 2"
    return Finding("system", "note", f"{name}, WSL 1", advice, {**facts, "wsl": 1})


def processor(proc: Path, environment: Mapping[str, str]) -> Finding:
    """Cores that may be used, and whether the thread variables fit them."""
    here, bf16 = cores(), has_fast_bfloat16(proc / "cpuinfo")
    told = {name: environment[name] for name in THREAD_VARIABLES if name in environment}
    facts = {"cores": here, "bfloat16": bf16, **told}
    what = (
        f"{here} cores, {'multiplies bfloat16' if bf16 else 'without bfloat16: DiffRhythm runs in fp32, twice as slow'}"
    )
    odd = {name: value for name, value in told.items() if value != str(here)}
    if not odd:
        return Finding("processor", "ok", what, facts=facts)
    listed = ", ".join(f"{name}={value}" for name, value in odd.items())
    advice = "other libraries keep to that; DiffRhythm takes --threads, by default all cores"
    return Finding("processor", "note", f"{what}; {listed}", advice, facts)


def memory(proc: Path) -> Finding:
    """RAM and swap against what DiffRhythm needs without a GPU."""
    figures = memory_bytes(proc)
    if figures is None:
        return Finding("memory", "note", "how much there is could not be read")
    total, available, swap = figures
    needed = [
        needs.cpu_bytes(seconds, 2 if has_fast_bfloat16(proc / "cpuinfo") else 4) for seconds in needs.LENGTHS_SECONDS
    ]
    what = f"{total / 1e9:.1f} GB, {available / 1e9:.1f} free, swap {swap / 1e9:.1f}; without a GPU "
    what += needs.lengths_that_fit(available, needed)
    facts = {"total_bytes": total, "available_bytes": available, "swap_bytes": swap, "needed_bytes": needed}
    if available >= needed[-1]:
        return Finding("memory", "ok", what, facts=facts)
    advice = "--chunked-ode makes a long song in less; close other programs" + ("" if swap else "; add swap")
    return Finding("memory", "note", what, advice, facts)


def memory_bytes(proc: Path) -> tuple[int, int, int] | None:
    """Total, available, swap; the limit of a container counts. None where it cannot be known."""
    lines = dict(line.split(":", 1) for line in _text(proc / "meminfo").splitlines() if ":" in line)
    if "MemTotal" in lines:
        total, available, swap = (
            int(lines.get(key, "0 kB").split()[0]) * 1024 for key in ("MemTotal", "MemAvailable", "SwapTotal")
        )
        limit = _text(Path("/sys/fs/cgroup/memory.max")).strip() if proc == Path("/proc") else ""
        if limit.isdigit() and int(limit) < total:
            used = _text(Path("/sys/fs/cgroup/memory.current")).strip()
            total, available = int(limit), min(available, int(limit) - int(used or 0))
        return total, available, swap
    try:
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return None
    return total, total, 0


def disks() -> Iterator[Finding]:
    """Room for runs and for the published files."""
    missing = [name for name in library.needed(needs.LENGTHS_SECONDS[0]) if library.find(name) is None]
    wanted = {DEFAULT_ROOT.absolute(): LEAST_FREE_BYTES, library.roots(None)[0]: WEIGHTS_BYTES if missing else 0.0}
    for name, (folder, least) in zip(("disk for runs", "disk for models"), wanted.items(), strict=True):
        there = next(each for each in (folder, *folder.absolute().parents) if each.exists())
        free = shutil.disk_usage(there).free
        facts = {"folder": str(folder), "free_bytes": free}
        what = f"{free / 1e9:.1f} GB free for {folder}"
        if free >= least:
            yield Finding(name, "ok", what, facts=facts)
        else:
            yield Finding(
                name, "note", what, f"about {least / 1e9:.0f} GB are wanted: free some, or choose another", facts
            )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
