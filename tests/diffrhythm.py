"""What the published DiffRhythm code gave on small models: figures in `tests/data/diffrhythm`, and models to try on.

Each group is a `.safetensors` of tensors and a `.json` that says how they were made; its weights lie in the file or are
made again by the recipe. Another group put beside these is tried without a change here.
"""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'songkit[diffrhythm]'")
pytest.importorskip("safetensors", reason="safetensors is not installed: pip install 'songkit[diffrhythm]'")

from safetensors.torch import load_file  # noqa: E402

from songkit.generate.diffrhythm.model import DiT  # noqa: E402
from songkit.generate.diffrhythm.precision import FP32, Precision  # noqa: E402
from songkit.generate.diffrhythm.shape import Shape  # noqa: E402
from songkit.generate.diffrhythm.weights import PREFIX, in_precision  # noqa: E402

DATA = Path(__file__).parent / "data" / "diffrhythm"
TINY = Shape(dim=64, depth=2, heads=4, ff_mult=2, text_dim=32, conv_layers=1, mel_dim=16)


@dataclass(frozen=True)
class Case:
    """One run of the published code: its tensors by name and what it was called with."""

    group: str
    name: str
    facts: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.group}/{self.name}"

    @property
    def half(self) -> bool:
        return self.facts["dtype"] == "torch.float16"

    @property
    def max_frames(self) -> int:
        return int(self.facts["max_frames"])

    def tensors(self) -> dict[str, torch.Tensor]:
        start = f"{self.name}/"
        return {key.removeprefix(start): value for key, value in _tensors(self.group).items() if key.startswith(start)}

    def taps(self) -> dict[str, torch.Tensor]:
        """What the stages on the way gave, where it was recorded."""
        return {key.removeprefix("tap/"): value for key, value in self.tensors().items() if key.startswith("tap/")}


def cases(kind: str) -> Iterator[Case]:
    for path in sorted(DATA.glob("*.json")):
        document = json.loads(path.read_text())
        for name, facts in document.get("cases", {}).items() if "config" in document else ():
            if facts["kind"] == kind:
                yield Case(path.stem, name, facts)


@cache
def shape_of(group: str, max_frames: int) -> Shape:
    document = _document(group)
    values = document["config"] | {"heads": document["effective_heads"], "max_frames": max_frames}
    assert document["cond_dim"] == values["text_dim"]
    return Shape.from_dict(values)


def model_of(group: str, max_frames: int, precision: Precision = FP32) -> DiT:
    """The group's model, loaded by the names of its weights, all of them."""
    shape = shape_of(group, max_frames)
    model = DiT(shape)
    state = {key.removeprefix(PREFIX): value for key, value in _weights(group).items()}
    if not shape.takes_duration:
        state = {key: value for key, value in state.items() if not key.startswith("duration_time_embed.")}
    model.load_state_dict(state, strict=True)
    return in_precision(model, precision)


def random_model(shape: Shape = TINY, seed: int = 1, precision: Precision = FP32) -> DiT:
    """A model with the recipe's weights: none is zero, so nothing can be left out unseen."""
    model = DiT(shape)
    shapes = {PREFIX + name: tuple(value.shape) for name, value in model.state_dict().items()}
    recipe = {key.removeprefix(PREFIX): value for key, value in made_weights(shapes, seed).items()}
    model.load_state_dict(recipe, strict=True)
    return in_precision(model, precision)


def made_weights(shapes: dict[str, tuple[int, ...]], seed: int) -> dict[str, torch.Tensor]:
    """The recipe of the vectors: uniform draws in the order of the names, scaled by kind, rounded to float16."""
    random = np.random.RandomState(seed)
    made = {}
    for key in sorted(shapes):
        shape = shapes[key]
        uniform = random.random_sample(math.prod(shape)).reshape(shape) * 2 - 1
        if len(shape) == 1:
            values = 1 + 0.25 * uniform if key.endswith("norm.weight") else 0.1 * uniform
        elif "grn." in key:
            values = 0.5 * uniform
        elif key.endswith("text_embed.text_embed.weight"):
            values = uniform
        else:
            values = uniform * math.sqrt(3 / math.prod(shape[1:]))
        made[key] = torch.from_numpy(values.astype(np.float16).astype(np.float32))
    return made


@cache
def _document(group: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((DATA / f"{group}.json").read_text())
    return document


@cache
def _tensors(group: str) -> dict[str, torch.Tensor]:
    return load_file(DATA / f"{group}.safetensors")


@cache
def _weights(group: str) -> dict[str, torch.Tensor]:
    stored = {k.removeprefix("weights/"): v.float() for k, v in _tensors(group).items() if k.startswith("weights/")}
    if stored:
        return stored
    expected = _document(group)["weights_shape_sum_sumsq"]
    made = made_weights({key: tuple(shape) for key, (shape, _, _) in expected.items()}, _document(group)["weight_seed"])
    for key, (_, total, squares) in expected.items():
        values = made[key].double()
        assert float(values.sum()) == pytest.approx(total, abs=1e-6), key
        assert float(values.square().sum()) == pytest.approx(squares, rel=1e-9), key
    return made


class TellingVae(torch.nn.Module):
    """A VAE with the published interface that tells, sample by sample, which frame of which chunk it decoded.

    Left: the first latent channel of the frame. Right: that of the first frame of the chunk. Encoding gives the mean
    of each frame of the left channel as its mean, and the first sample of the chunk as its scale.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels

    @torch.jit.export
    def decode_export(self, latents: torch.Tensor) -> torch.Tensor:
        left = latents[:, 0].repeat_interleave(2048, dim=1)
        right = latents[:, 0, :1].expand(left.shape[0], left.shape[1])
        return torch.stack([left, right], dim=1)

    @torch.jit.export
    def encode_export(self, audio: torch.Tensor) -> torch.Tensor:
        mean = audio[:, 0].unflatten(1, [-1, 2048]).mean(-1)
        scale = audio[:, 1, :1].expand(mean.shape[0], mean.shape[1])
        return torch.stack([mean] * self.channels + [scale] * self.channels, dim=1)

    def forward(self, latents: torch.Tensor) -> torch.Tensor:
        return self.decode_export(latents)


class SmallVae(torch.nn.Module):
    """A VAE with the published interface that makes sound: each latent channel is a tone, its neighbours leak in."""

    def __init__(self, channels: int, reach: int = 2) -> None:
        super().__init__()
        random = torch.Generator().manual_seed(7)
        self.channels, self.reach = channels, reach
        tones = 0.3 * torch.sin(torch.arange(2048) * 0.01 * torch.arange(1, channels + 1).unsqueeze(1))
        self.register_buffer("tones", tones / channels**0.5)
        self.register_buffer("mix", torch.randn(2, channels, generator=random))
        self.register_buffer("spread", torch.randn(channels, channels, 2 * reach + 1, generator=random) / channels)

    @torch.jit.export
    def decode_export(self, latents: torch.Tensor) -> torch.Tensor:
        seen = torch.nn.functional.conv1d(latents, self.spread, padding=self.reach)
        return torch.einsum("bct,cs,rc->brts", seen, self.tones, self.mix).flatten(2)

    @torch.jit.export
    def encode_export(self, audio: torch.Tensor) -> torch.Tensor:
        frames = audio.mean(1).unflatten(1, [-1, 2048])
        mean = torch.einsum("bts,cs->bct", frames, self.tones)
        return torch.cat([mean, torch.zeros_like(mean)], dim=1)

    def forward(self, latents: torch.Tensor) -> torch.Tensor:
        return self.decode_export(latents)


def vae_file(path: Path, module: torch.nn.Module) -> Path:
    """The module as the TorchScript file that is published."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.script(module).save(path)
    return path
