"""What is here, what is missing, how fast it will be, and what to do about each.

    finding   one thing that was looked at     needs    what DiffRhythm takes of memory
    machine   system, processor, memory, disk  software Python, packages, ffmpeg, espeak-ng
    gpu       the GPU, and torch's build       weights  the published files
    bench     one forward, and songs by it

Only `bench` loads torch, in a child process.
"""

from __future__ import annotations

from pathlib import Path

from songkit.doctor import bench, gpu, machine, software, weights
from songkit.doctor.finding import Finding, report
from songkit.progress import Progress, silent

__all__ = ["Finding", "examine", "report"]


def examine(
    models: Path | None = None, *, measured: bool = False, device: str = "auto", progress: Progress = silent
) -> list[Finding]:
    """Everything looked at, in the order in which it matters; `measured` adds the benchmark, on `device`.

    Nothing is raised for what is missing: that is what the findings say.
    """
    found = [*software.look(), *machine.look(), *gpu.look(), *weights.look(models)]
    return [*found, bench.look(device, progress)] if measured else found
