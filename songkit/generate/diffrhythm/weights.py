"""Weights from a file into the network: every name and shape must fit, or the list of differences is the error."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor

from songkit.errors import InputError, MissingError
from songkit.generate.diffrhythm.model import DiT
from songkit.generate.diffrhythm.precision import Place, Precision
from songkit.generate.diffrhythm.shape import Shape
from songkit.optional import need

PREFIX = "transformer."
SHOWN = 5
"""How many differences of a kind are listed before they are only counted."""

# DiffRhythm v1 has the same names and shapes as v1.2 and sings gibberish in its code: only the name tells them apart.
_V1 = re.compile(r"DiffRhythm-(base|full)\b", re.IGNORECASE)


def load(path: Path, shape: Shape, place: Place) -> DiT:
    """The network with the weights of `path` (`.pt` or `.safetensors`), on its device, ready to run.

    Raises MissingError where there is no such file, InputError for v1 weights, for a file that cannot be read, for
    names and shapes that do not fit, and for values that are not finite.
    """
    refuse_v1(path)
    state = read(path)
    with torch.device("meta"):
        model = DiT(shape, place.precision)
    different = differences(model, state)
    if different:
        raise InputError(f"{path} does not hold the weights of this model: {different}", different.hint(shape))
    for name in list(state):
        state[name] = _finite(name, state[name], path).to(place.device, place.precision.weight_dtype(name), copy=True)
    model.load_state_dict(state, strict=True, assign=True)
    return model.requires_grad_(False).eval()


def refuse_v1(path: Path) -> None:
    """Raises InputError for weights of DiffRhythm v1, which nothing but their name tells from v1.2."""
    match = _V1.search(str(path))
    if match:
        raise InputError(
            f"{path}: {match[0]} is DiffRhythm v1, which the v1.2 model cannot sing from",
            "take ASLP-lab/DiffRhythm-1_2 (up to 95 s) or ASLP-lab/DiffRhythm-1_2-full (up to 285 s)",
        )


def read(path: Path) -> dict[str, Tensor]:
    """The tensors of a file by their names without prefix: a published file, a training checkpoint, a bare state dict.

    Never runs code from the file. Of a training checkpoint the trained weights are taken, or where there are none their
    moving average.
    """
    if not path.is_file():
        raise MissingError(f"there are no weights at {path}")
    try:
        content = _open_safetensors(path) if path.suffix == ".safetensors" else _open_pickle(path)
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, UnpicklingError, zipfile.BadZipFile) as error:
        first = str(error).strip().partition("\n")[0]
        raise InputError(f"{path} cannot be read as weights: {first}", "it may be damaged: fetch it again") from error
    for key in ("model_state_dict", "ema_model_state_dict"):
        if isinstance(content, Mapping) and key in content:
            content = content[key]
            break
    if not isinstance(content, Mapping):
        raise InputError(f"{path} holds a {type(content).__name__} where weights by name were expected")
    return {_plain(name): value for name, value in content.items() if isinstance(value, Tensor) and value.ndim}


@dataclass(frozen=True, slots=True)
class Differences:
    """What stands between a file and a model; false where nothing does."""

    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    wrong: tuple[str, ...]
    """Each "name is (5, 2), not (5, 3)"."""

    def __bool__(self) -> bool:
        return bool(self.missing or self.unexpected or self.wrong)

    def __str__(self) -> str:
        kinds = (("missing", self.missing), ("unexpected", self.unexpected), ("of another shape", self.wrong))
        return "; ".join(f"{len(names)} {kind}: {_listed(names)}" for kind, names in kinds if names)

    def hint(self, shape: Shape) -> str:
        """What the differences tell of the file."""
        odd = self.unexpected + self.missing
        if not self.wrong and odd and all(name.startswith("duration_time_embed.") for name in odd):
            other, seconds = ("base", "up to 95 s") if shape.takes_duration else ("full", "96 to 285 s")
            return f"these are the weights of the {other} model ({seconds})"
        if any("lora_" in name for name in self.unexpected):
            return "this is an adapter (LoRA), which needs the published weights under it"
        return "take cfm_model.pt of ASLP-lab/DiffRhythm-1_2 or ASLP-lab/DiffRhythm-1_2-full"


def differences(model: DiT, state: Mapping[str, Tensor]) -> Differences:
    """The names and shapes of `state` (without prefix) held against those of the model."""
    wanted = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    wrong = (
        f"{name} is {tuple(state[name].shape)}, not {shape}"
        for name, shape in wanted.items()
        if name in state and tuple(state[name].shape) != shape
    )
    missing = (name for name in wanted if name not in state)
    unexpected = (name for name in state if name not in wanted)
    return Differences(tuple(missing), tuple(unexpected), tuple(wrong))


def in_precision(model: DiT, precision: Precision, device: torch.device | str = "cpu") -> DiT:
    """The same model, changed in place to the formats of `precision` and moved to `device`."""
    for name, parameter in model.named_parameters():
        parameter.data = parameter.data.to(device, precision.weight_dtype(name))
    model.precision = precision
    return model.requires_grad_(False).eval()


def _open_safetensors(path: Path) -> Any:
    need("safetensors", extra="diffrhythm")
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except SafetensorError as error:
        raise ValueError(str(error)) from error


def _open_pickle(path: Path) -> Any:
    # Files saved on a GPU must open without one; mapped memory keeps a second copy out of RAM.
    return torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))


def _plain(name: str) -> str:
    return name.removeprefix("ema_model.").removeprefix(PREFIX)


def _finite(name: str, value: Tensor, path: Path) -> Tensor:
    bad = value.numel() - int(torch.isfinite(value).sum())
    if bad:
        raise InputError(f"{path}: {bad} values of {name} are not finite", "the file is damaged: fetch it again")
    return value


def _listed(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
