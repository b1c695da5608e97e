"""Generators for tests, known to child processes by their address; each seed behaves as the options say."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from songkit.errors import SignalError
from songkit.generate.contract import Request, Take
from songkit.progress import Progress, Update

SAMPLE_RATE = 44_100


class Fake:
    """`options["seeds"]` maps a seed (as a string) to what it does; `good` where it says nothing."""

    name = "fake"
    version = "1"
    about = "behaves as it is told"

    def prepare(self, request: Request, workdir: Path, progress: Progress) -> Mapping[str, Any]:
        progress(Update("prepare", 0.5))
        if request.options.get("prepare") == "refuse":
            raise SignalError("the style is not ready", "give another")
        if request.options.get("prepare") == "bug":
            raise KeyError("style")
        (workdir / "shared.txt").write_text(request.style)
        return {"shared": str(workdir / "shared.txt"), "pid": os.getpid()}

    def generate(
        self, request: Request, prepared: Mapping[str, Any], seed: int, workdir: Path, progress: Progress
    ) -> Take:
        behaviour = request.options.get("seeds", {}).get(str(seed), "good")
        with (workdir / "calls.txt").open("a") as calls:
            calls.write(f"{os.getpid()}\n")
        progress(Update("compose", 0.25))
        misbehave(behaviour, workdir)
        progress(Update("render", 0.75))
        path = workdir / "raw.wav"
        write_take(path, behaviour, request.seconds, seed)
        side = workdir / "notes.txt"
        side.write_text(f"notes of {seed}")
        shared = Path(prepared["shared"]).read_text() if "shared" in prepared else ""
        return Take(seed, path, {"tempo_bpm": 120, "style_seen": shared}, {"notes": side})


def misbehave(behaviour: str, workdir: Path) -> None:
    """Ends, hangs or raises, where the behaviour is one of these."""
    match behaviour:
        case "exit":
            os._exit(7)
        case "segfault":
            ctypes.string_at(0)
        case "memory":
            raise MemoryError
        case "killed":
            os.kill(os.getpid(), 9)
        case "refuse":
            raise SignalError("no sound came out", "try another seed")
        case "bug":
            print("about to fail")
            raise ZeroDivisionError("a silent peak")
        case "hang":
            time.sleep(600)
        case "hang-deaf":  # like one step of a large network
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
            (workdir / "deaf").touch()
            time.sleep(600)
        case "hang-with-child":
            helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
            (workdir / "helper.pid").write_text(str(helper.pid))
            time.sleep(600)
        case "slow":
            time.sleep(1.5)


def write_take(path: Path, behaviour: str, seconds: float, seed: int) -> None:
    """A float WAV: something like a song, or what the behaviour asks for."""
    import numpy as np

    from songkit.audio import Audio, Encoding
    from songkit.files import AudioWriter
    from tests.signals import noise, song

    length = 4.0 if behaviour == "short" else seconds
    samples = song(length, SAMPLE_RATE, seed=seed % 1000).samples.copy()
    match behaviour:
        case "silence":
            samples[:] = 0.0
        case "constant":
            samples[:] = 0.25
        case "nan":
            samples[0, 5 * SAMPLE_RATE] = np.nan
        case "noise":
            samples = noise(-20.0, length, SAMPLE_RATE, seed=seed).samples
        case "clipped":
            samples = np.clip(samples * 40.0, -1.0, 1.0)
        case "dead-head":
            samples[:, : 3 * SAMPLE_RATE] = 0.0
        case "not-audio":
            path.write_text("this is no audio")
            return
    audio = Audio(samples, SAMPLE_RATE)
    # not soundfile.write: libsndfile stamps the time into float files, and the same seed gives the same bytes
    with AudioWriter(path, audio.format, Encoding("wav", "float32"), force=True) as writer:
        writer.push(audio.samples)
        writer.close()
        writer.commit()


class NotHere(Fake):
    """One that cannot run here and says why."""

    name = "not-here"

    def ready(self, request: Request) -> str | None:
        return "its weights are not on this disk"
