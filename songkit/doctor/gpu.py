"""The GPU and the torch that should use it, without loading torch: its own version file says what it was built for."""

from __future__ import annotations

import csv
import io
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from songkit.doctor import needs
from songkit.doctor.finding import Finding

ASK_SECONDS = 5.0
# On WSL the program lies where PATH need not lead.
WSL_PROGRAM = "/usr/lib/wsl/lib/nvidia-smi"
DRIVER = Path("/proc/driver/nvidia/gpus")
CUDA_WHEELS = "pip install --force-reinstall torch torchaudio --index-url https://download.pytorch.org/whl/cu128"


@dataclass(frozen=True, slots=True)
class Gpu:
    """An NVIDIA GPU; its memory in bytes, None where nobody says."""

    name: str
    total_bytes: int | None = None
    free_bytes: int | None = None
    driver: str = ""


@dataclass(frozen=True, slots=True)
class Torch:
    """An installed torch: its version, and the CUDA it was built for ("" for the CPU alone)."""

    version: str
    cuda: str


def look() -> Iterator[Finding]:
    """The GPUs that are here, and whether torch can use them."""
    yield judged(gpus(), torch_build())


def judged(found: list[Gpu], torch: Torch | None) -> Finding:
    """GPUs and torch together. Where both are right: the memory against what each length needs."""
    facts = {
        "gpus": [{name: getattr(gpu, name) for name in Gpu.__slots__} for gpu in found],
        "torch": torch and torch.version,
        "torch_cuda": torch and torch.cuda,
    }
    names = ", ".join(gpu.name for gpu in found)
    if torch is None:
        what = f"{names or 'no NVIDIA GPU'}; torch is not installed"
        return Finding(
            "torch and GPU", "note", what, "only DiffRhythm and stems need it: pip install 'songkit[diffrhythm]'", facts
        )
    if not found:
        if platform.system() == "Darwin" and platform.machine() == "arm64":
            return Finding("torch and GPU", "ok", f"torch {torch.version}, Apple GPU (mps)", facts=facts)
        return Finding(
            "torch and GPU", "ok", f"torch {torch.version}, no NVIDIA GPU: songs are made by the processor", facts=facts
        )
    if not torch.cuda:
        what = f"{names} is here, but torch {torch.version} is built for the CPU and cannot use it"
        return Finding("torch and GPU", "note", what, CUDA_WHEELS, facts)
    gpu = found[0]
    what = f"torch {torch.version} for CUDA {torch.cuda}, {names}"
    if gpu.free_bytes is None:
        return Finding("torch and GPU", "ok", f"{what}; how much memory it has could not be asked", facts=facts)
    needed = [needs.gpu_bytes(seconds) for seconds in needs.LENGTHS_SECONDS]
    what += f", {gpu.free_bytes / 1e9:.1f} GB free: {needs.lengths_that_fit(gpu.free_bytes, needed)}"
    if gpu.free_bytes >= needed[-1]:
        return Finding("torch and GPU", "ok", what, facts=facts)
    advice = "--chunked-ode makes a long song in less; --device cpu needs none; end what else uses the GPU"
    return Finding("torch and GPU", "note", what, advice, facts)


def gpus() -> list[Gpu]:
    """What nvidia-smi lists, else what the driver lists below /proc; empty without any."""
    program = shutil.which("nvidia-smi") or shutil.which(WSL_PROGRAM)
    if program:
        try:
            done = subprocess.run(
                [program, "--query-gpu=name,memory.total,memory.free,driver_version", "--format=csv,noheader,nounits"],
                capture_output=True, text=True, timeout=ASK_SECONDS, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired):
            return _by_driver()
        if done.returncode == 0:
            return read_listing(done.stdout)
    return _by_driver()


def read_listing(text: str) -> list[Gpu]:
    """The lines of nvidia-smi: name, total and free MiB, driver; "[N/A]" for what it does not know."""
    rows = (row for row in csv.reader(io.StringIO(text), skipinitialspace=True) if len(row) == 4)
    return [Gpu(name, _bytes(total), _bytes(free), driver) for name, total, free, driver in rows]


def torch_build(package: Path | None = None) -> Torch | None:
    """The installed torch (or the one in `package`) as its version file describes it; None without one."""
    if package is None:
        spec = find_spec("torch")
        if spec is None or spec.origin is None:
            return None
        package = Path(spec.origin).parent
    try:
        text = (package / "version.py").read_text(encoding="utf-8")
    except OSError:
        return Torch("unknown", "")
    version = re.search(r"__version__ = '([^']*)'", text)
    cuda = re.search(r"^cuda\b[^=\n]*= '([^']*)'", text, re.MULTILINE)
    return Torch(version[1] if version else "unknown", cuda[1] if cuda else "")


def _by_driver() -> list[Gpu]:
    found = []
    for path in sorted(DRIVER.glob("*/information")):
        match = re.search(r"^Model:\s*(.+)$", path.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
        found.append(Gpu(match[1].strip() if match else "an NVIDIA GPU"))
    return found


def _bytes(mebibytes: str) -> int | None:
    return int(mebibytes) * 2**20 if mebibytes.isdigit() else None
