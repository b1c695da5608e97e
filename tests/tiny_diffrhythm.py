"""A complete DiffRhythm that fits into a second: every published file, in the published layout, with made-up content.

`write` puts the files into a folder. `Tiny` is the generator as it is, but for the style: it is drawn from the words of
the style, where MuQ-MuLan would be run.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'songkit[diffrhythm]'")

from songkit.errors import SongkitError  # noqa: E402
from songkit.generate import GENERATORS  # noqa: E402
from songkit.generate.contract import Request, Take  # noqa: E402
from songkit.generate.diffrhythm import DiffRhythm, library, memory, sung  # noqa: E402
from songkit.generate.diffrhythm import prepared as preparation  # noqa: E402
from songkit.generate.diffrhythm.model import DiT  # noqa: E402
from songkit.generate.diffrhythm.shape import Shape  # noqa: E402
from songkit.generate.diffrhythm.style import Style  # noqa: E402
from songkit.generate.diffrhythm.weights import PREFIX  # noqa: E402
from songkit.make import TakesResult, generate_takes  # noqa: E402
from songkit.progress import Progress, Update  # noqa: E402
from tests.diffrhythm import made_weights, vae_file  # noqa: E402
from tests.mulan import write as write_mulan  # noqa: E402
from tests.one_process import do_children_here  # noqa: E402

TINY = Shape(dim=64, depth=2, heads=4, ff_mult=2, text_dim=32, conv_layers=1, mel_dim=16, max_frames=256)
"""The base model, of 11.9 seconds."""
WITH_MULAN = replace(TINY, text_dim=512)


SHEET = "[0:01]Lights on the water\n[0:04]我们一起唱歌\n[0:07]こんにちは\n[0:30]Never heard\n"


class Tiny(DiffRhythm):
    """Dies with its parent, hangs or runs out of memory at the stage that TINY_DIES, TINY_HANGS, TINY_NO_MEMORY name.

    With TINY_SEED only that seed does, with TINY_BATCH only several together. With TINY_CONSTANT its latents
    are all the same.
    """

    def prepare(self, request: Request, workdir: Path, progress: Progress) -> Mapping[str, Any]:
        preparation._embedded = _drawn  # in a child process, whose whole life this is
        return super().prepare(request, workdir, _misbehaving(progress))

    def generate(
        self, request: Request, prepared: Mapping[str, Any], seed: int, workdir: Path, progress: Progress
    ) -> Take:
        thrifty = bool(prepared.get("thrifty"))
        if os.environ.get("TINY_CONSTANT"):
            sung.Singer.sing = lambda *_: torch.ones(1, TINY.max_frames, TINY.mel_dim)
        if os.environ.get("TINY_SEED", str(seed)) == str(seed) and not os.environ.get("TINY_BATCH"):
            progress = _misbehaving(progress, thrifty=thrifty)
        return super().generate(request, prepared, seed, workdir, progress)

    def make_together(
        self,
        request: Request,
        prepared: Mapping[str, Any],
        workdirs: Mapping[int, Path],
        workdir: Path,
        progress: Progress,
    ) -> Mapping[int, SongkitError]:
        return super().make_together(request, prepared, workdirs, workdir, _misbehaving(progress))


def keep_to_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests in which no process ends before its time; what `Tiny` puts in place goes with the test."""
    do_children_here(monkeypatch)
    monkeypatch.setattr(preparation, "_embedded", _drawn)
    monkeypatch.setattr(sung.Singer, "sing", sung.Singer.sing)
    monkeypatch.setattr(memory, "keep_freed_memory", lambda: False)


class SilentVae(torch.nn.Module):
    """The published interface, and never a sound."""

    @torch.jit.export
    def decode_export(self, latents: torch.Tensor) -> torch.Tensor:
        return torch.zeros(latents.shape[0], 2, 2048 * latents.shape[2])

    @torch.jit.export
    def encode_export(self, audio: torch.Tensor) -> torch.Tensor:
        return torch.zeros(audio.shape[0], 32, audio.shape[2] // 2048)

    def forward(self, latents: torch.Tensor) -> torch.Tensor:
        return self.decode_export(latents)


class ChordVae(torch.nn.Module):
    """The published interface, and something that passes for music: latents swell the notes of a chord, slowly."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        notes = torch.tensor([5, 7, 9, 12, 15, 18, 21, 25])  # in cycles a frame, so that no frame begins with a click
        phase = torch.arange(2048) / 2048 * 2 * torch.pi
        self.channels = channels
        self.register_buffer("notes", torch.sin(notes.unsqueeze(1) * phase))
        self.register_buffer("slow", torch.ones(8, 1, 9) / 9)

    @torch.jit.export
    def decode_export(self, latents: torch.Tensor) -> torch.Tensor:
        slow = torch.nn.functional.conv1d(latents[:, :8], self.slow, padding=4, groups=8)
        swell = torch.nn.functional.interpolate(slow, scale_factor=2048.0, mode="linear")
        left = (swell * self.notes.repeat(1, latents.shape[2])).sum(1) * 0.2
        right = (swell * self.notes.flip(0).repeat(1, latents.shape[2])).sum(1) * 0.2
        return torch.stack([left, right], dim=1)

    @torch.jit.export
    def encode_export(self, audio: torch.Tensor) -> torch.Tensor:
        frames = audio.mean(1).unflatten(1, [-1, 2048])
        mean = (frames @ self.notes.T / 200).transpose(1, 2).repeat(1, self.channels // 8, 1)
        return torch.cat([mean, torch.full_like(mean, -2.0)], dim=1)

    def forward(self, latents: torch.Tensor) -> torch.Tensor:
        return self.decode_export(latents)


def write(
    folder: Path, vae: torch.nn.Module | None = None, shape: Shape = TINY, damage: str = "", *, mulan: bool = False
) -> Path:
    """Everything that a song needs, below `folder`; `damage` names a weight that is not finite.

    `mulan`: with a MuQ-MuLan that works, for the generator as it is; its vectors have 512 numbers, as must the shape.
    """
    weights = _place("dit-base", folder)
    with torch.device("meta"):
        shapes = {PREFIX + name: tuple(value.shape) for name, value in DiT(shape).state_dict().items()}
    state = made_weights(shapes, 3)
    state[f"{PREFIX}proj_out.weight"] = state[f"{PREFIX}proj_out.weight"] * 0.2
    if damage:
        state[PREFIX + damage].view(-1)[0] = torch.nan
    torch.save({"model_state_dict": state}, weights)
    (weights.parent / "config.json").write_text(json.dumps({"model": asdict(shape)}))
    vae_file(_place("vae", folder), vae or ChordVae(shape.mel_dim))
    np.save(_place("negative-style", folder), unit("vocals only", shape.text_dim)[np.newaxis])
    if mulan:
        return write_mulan(folder)
    for name in ("mulan", "muq", "xlm-roberta"):
        for entry in library.LIBRARY[name].files:
            (_place(name, folder).parent / entry[0]).write_text(f"a stand-in for {name}")
    return folder


def take(folder: str | Path, models: str | Path, seeds: str = "1,", **more: Any) -> TakesResult:
    """A run of `Tiny` that stops where mastering would begin; parameters as of `generate_takes`."""
    GENERATORS["diffrhythm"] = "tests.tiny_diffrhythm:Tiny"  # in a process of its own no fixture does it
    sheet = Path(folder).with_suffix(".lrc")
    sheet.parent.mkdir(parents=True, exist_ok=True)
    sheet.write_text(SHEET)
    options = {"models": str(models), "quality": "draft", "precision": "fp32", "threads": 1, **more.pop("options", {})}
    return generate_takes(
        lyrics=sheet, style="calm piano", seconds=10, seeds=seeds, generator="diffrhythm", output_dir=folder,
        options=options, **more,
    )  # fmt: skip


def unit(text: str, width: int) -> npt.NDArray[np.float32]:
    """A vector of length 1 that hangs on the text alone."""
    vector = np.random.default_rng(crc32(text.encode())).standard_normal(width)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def _drawn(asked: Style, models: Path | None, progress: Progress) -> npt.NDArray[np.float32]:
    progress(Update("style", 1.0))
    return unit(json.dumps(asked.made_from()), TINY.text_dim)


def _place(name: str, folder: Path) -> Path:
    part = library.LIBRARY[name]
    path = folder / part.repository / part.files[0][0]
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _misbehaving(progress: Progress, *, thrifty: bool = False) -> Progress:
    """`progress` that ends the process, sleeps or raises MemoryError at the stage that the environment names."""

    def told(update: Update) -> None:
        progress(update)
        if os.environ.get("TINY_DIES") == update.stage and update.fraction in (None, 1.0):
            os.kill(os.getppid(), signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)
        if os.environ.get("TINY_HANGS") == update.stage:
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # a step at full size listens no sooner
            time.sleep(600)
        if os.environ.get("TINY_NO_MEMORY") == update.stage and not thrifty:
            torch.empty(2**60)

    return told
