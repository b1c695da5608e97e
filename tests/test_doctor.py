"""What `songkit doctor` finds on machines made of files: processors, memory, WSL, GPUs, weights; and its benchmark."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from songkit.cli import run
from songkit.doctor import bench, examine, gpu, machine, needs, software, weights
from songkit.doctor.finding import Finding, report
from songkit.doctor.gpu import Gpu, Torch
from songkit.errors import MissingError
from songkit.generate.diffrhythm import library

GB = 10**9


@pytest.fixture(autouse=True)
def nothing_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    for name in ("HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "SONGKIT_MODELS"):
        monkeypatch.delenv(name, raising=False)


def proc(folder: Path, *, release: str = "6.1.0", flags: str = "avx2", gigabytes: float = 32, swap: float = 0) -> Path:
    """A /proc with what the doctor reads of it."""
    (folder / "sys" / "kernel").mkdir(parents=True)
    (folder / "sys" / "kernel" / "osrelease").write_text(f"{release}\n")
    (folder / "cpuinfo").write_text(f"processor\t: 0\nflags\t\t: fpu sse {flags}\n")
    kilobytes = [round(each * GB / 1024) for each in (gigabytes, gigabytes * 0.9, swap)]
    rows = zip(("MemTotal", "MemAvailable", "SwapTotal"), kilobytes, strict=True)
    (folder / "meminfo").write_text("".join(f"{name}:       {value} kB\n" for name, value in rows))
    return folder


# --- the machine


@pytest.mark.parametrize(
    ("release", "wsl", "state"),
    [
        ("6.1.0-18-amd64", None, "ok"),
        ("5.15.153.1-microsoft-standard-WSL2", 2, "ok"),
        ("4.4.0-19041-Microsoft", 1, "note"),
    ],
)
def test_wsl_1_and_2_are_told_apart(tmp_path: Path, release: str, wsl: int | None, state: str) -> None:
    found = machine.system(proc(tmp_path, release=release))
    assert (found.facts["wsl"], found.state) == (wsl, state)
    assert bool(found.advice) == (wsl is not None)


def test_thread_variables_that_do_not_fit_the_cores_are_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "cores", lambda: 8)
    here = proc(tmp_path, flags="avx512_bf16")
    assert machine.processor(here, {}).state == "ok"
    assert machine.processor(here, {"OMP_NUM_THREADS": "8"}).state == "ok"
    found = machine.processor(here, {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "8"})
    assert found.state == "note" and "OMP_NUM_THREADS=1" in found.what and "MKL" not in found.what
    assert found.facts["bfloat16"] is True


def test_memory_is_held_against_each_length(tmp_path: Path) -> None:
    plenty = machine.memory(proc(tmp_path / "a", gigabytes=64))
    assert plenty.state == "ok" and "95 s and 285 s fit" in plenty.what
    little = machine.memory(proc(tmp_path / "b", gigabytes=4))
    assert little.state == "note" and "too little" in little.what and "add swap" in little.advice
    assert "add swap" not in machine.memory(proc(tmp_path / "c", gigabytes=4, swap=8)).advice
    fp32 = machine.memory(proc(tmp_path / "d"))
    bf16 = machine.memory(proc(tmp_path / "e", flags="amx_bf16"))
    assert min(fp32.facts["needed_bytes"]) > max(bf16.facts["needed_bytes"])
    assert machine.memory(tmp_path / "nothing").state in ("ok", "note")


def test_a_full_disk_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage:
        free = GB

    monkeypatch.setattr(machine.shutil, "disk_usage", lambda path: Usage)
    runs, models = machine.disks()
    assert runs.state == models.state == "note"
    assert models.facts["folder"].endswith("songkit/models")


# --- GPU and torch


def test_what_nvidia_smi_lists() -> None:
    listed = gpu.read_listing("NVIDIA GeForce RTX 3060, 12288, 11000, 550.54\nNVIDIA A100, [N/A], [N/A], 550.54\n")
    assert listed[0] == Gpu("NVIDIA GeForce RTX 3060", 12288 * 2**20, 11000 * 2**20, "550.54")
    assert listed[1].total_bytes is None


def test_the_driver_is_asked_where_the_program_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "gpus" / "0000:01:00.0"
    folder.mkdir(parents=True)
    (folder / "information").write_text("Model: \t\t NVIDIA RTX A2000\nIRQ: 136\n")
    monkeypatch.setattr(gpu, "DRIVER", tmp_path / "gpus")
    monkeypatch.setattr(gpu.shutil, "which", lambda name: None)
    assert gpu.gpus() == [Gpu("NVIDIA RTX A2000")]


@pytest.mark.parametrize(
    ("cuda", "expected"), [("None", Torch("2.9.0+cpu", "")), ("'12.8'", Torch("2.9.0+cpu", "12.8"))]
)
def test_the_build_of_torch_is_read_without_loading_it(tmp_path: Path, cuda: str, expected: Torch) -> None:
    text = f"__version__ = '2.9.0+cpu'\ndebug = False\ncuda: Optional[str] = {cuda}\ngit_version = 'abc'\n"
    (tmp_path / "version.py").write_text(text)
    assert gpu.torch_build(tmp_path) == expected


@pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed")
def test_it_reads_the_torch_that_is_here() -> None:
    import torch

    assert gpu.torch_build() == Torch(torch.__version__, torch.version.cuda or "")


def test_a_gpu_with_a_torch_for_the_cpu_is_named_with_the_remedy() -> None:
    card = Gpu("NVIDIA RTX 4090", 24 * GB, 23 * GB)
    wrong = gpu.judged([card], Torch("2.9.0+cpu", ""))
    assert wrong.state == "note" and "built for the CPU" in wrong.what and "pip install" in wrong.advice
    right = gpu.judged([card], Torch("2.9.0", "12.8"))
    assert right.state == "ok" and "95 s and 285 s fit" in right.what
    small = gpu.judged([Gpu("NVIDIA GTX 1650", 4 * GB, 1 * GB)], Torch("2.9.0", "12.8"))
    assert small.state == "note" and "--chunked-ode" in small.advice
    assert gpu.judged([], Torch("2.9.0+cpu", "")).state == "ok"
    assert "diffrhythm" in gpu.judged([card], None).advice


# --- software


def test_packages_that_are_missing_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["click>=8.1", "no-such-package>=1; extra == 'stems'", 'torch>=2 ; extra == "dev"']
    monkeypatch.setattr(software, "requires", lambda name: lines)
    assert software.packages("", "songkit").state == "ok"
    extra = software.packages("stems", "stems")
    assert extra.state == "note" and "no-such-package" in extra.what and "songkit[stems]" in extra.advice
    monkeypatch.setattr(software, "requires", lambda name: ["no-such-package"])
    assert software.packages("", "songkit").state == "problem"


def test_ffmpeg_that_is_not_there_is_a_problem(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SONGKIT_FFMPEG", str(tmp_path / "absent"))
    assert software.decoder().state == "problem"
    assert run(["doctor", "-q"]) == MissingError.exit_code


# --- weights


def put(folder: Path, name: str, content: bytes) -> Path:
    part = library.LIBRARY[name]
    path = folder / part.repository / part.files[0][0]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_weights_are_told_from_what_only_bears_their_name(tmp_path: Path) -> None:
    path = put(tmp_path, "dit-base", b"<html>please log in</html>")
    assert "no archive" in weights.damage(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data.pkl", b"x")
    assert weights.damage(path) == ""
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert weights.damage(path)
    head = json.dumps({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    tensors = tmp_path / "model.safetensors"
    tensors.write_bytes(struct.pack("<Q", len(head)) + head + bytes(8))
    assert weights.damage(tensors) == ""
    tensors.write_bytes(tensors.read_bytes()[:-1])
    assert "7 bytes" in weights.damage(tensors)
    tensors.write_bytes(b"abc")
    assert "no head" in weights.damage(tensors)
    style = tmp_path / "vocal.npy"
    np.save(style, np.zeros(3))
    assert weights.damage(style) == ""
    (tmp_path / "config.json").write_text("{")
    assert weights.damage(tmp_path / "config.json")


def test_what_is_here_and_what_is_not(tmp_path: Path) -> None:
    put(tmp_path, "vae", b"cut off")
    found = {finding.name: finding for finding in weights.look(tmp_path)}
    assert found["model vae"].state == "note" and "models verify vae" in found["model vae"].advice
    assert "dit-base" in found["models"].what and str(tmp_path) in found["models"].advice
    assert found["model mandarin"].state == "ok"


# --- the whole


def test_findings_as_lines_and_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    lines = report([Finding("a", "ok", "fine"), Finding("bb", "problem", "broken", "mend it")])
    assert lines == ["ok       a   fine", "PROBLEM  bb  broken", "             -> mend it"]
    assert run(["doctor", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    names = [each["name"] for each in found]
    assert {"python", "ffmpeg", "espeak-ng", "memory", "processor", "torch and GPU", "models"} <= set(names)
    assert names == [each.name for each in examine()]


def test_it_loads_nothing_heavy_and_works_with_the_core_alone() -> None:
    hidden = ("torch", "torchaudio", "transformers", "muq", "demucs", "huggingface_hub", "safetensors")
    script = f"""
import importlib.util, sys
real = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name in {hidden!r} else real(name, package)
for name in {hidden!r}: sys.modules[name] = None
from songkit.cli import run
code = run(["doctor"])
print(code, [name for name in ("numba", "scipy", "soundfile", "pedalboard") if name in sys.modules], file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "0 []"
    assert "torch is not installed" in done.stdout


# --- the benchmark


def test_songs_are_reckoned_from_one_pass() -> None:
    pace = bench.Pace(10.0, "cpu", 0)
    assert pace.song_seconds(95.0, 32) == pytest.approx(2 * 31 * 10.0)
    assert pace.song_seconds(95.0, 4) == pytest.approx(2 * 3 * 10.0)
    share = needs.frames(285.0) / needs.frames(95.0)
    assert share * 1.05 < pace.song_seconds(285.0, 32) / pace.song_seconds(95.0, 32) < share**2


@pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed")
def test_the_benchmark_runs_in_a_child_and_predicts_each_preset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "ADDRESS", "tests.tiny_bench:measure")
    found = bench.look("cpu")
    assert found.state == "ok", found
    assert set(found.facts["song_seconds"]) == {"preview", "draft", "standard", "high", "maximum"}
    assert found.facts["pass_seconds"] > 0 and found.facts["peak_bytes"] > 10**8


def test_a_benchmark_that_fails_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "ADDRESS", "tests.tiny_bench:refuse")
    found = bench.look("cpu")
    assert found.state == "note" and "no such device" in found.what
