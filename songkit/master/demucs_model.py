"""Demucs models: found on this machine, loaded, or a clear word on how to get them. Nothing is downloaded here."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

from songkit.errors import InputError, MissingError
from songkit.optional import need, require

# What torch and demucs raise for a file that is no model: a damaged archive, a pickle of something else.
_DAMAGED = (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, AttributeError, TypeError, ValueError, OSError)


class DemucsModel:
    """A loaded model: `stems` in its own order, `sample_rate`, and the longest segment that it takes, in frames."""

    def __init__(self, name: str, model: Any) -> None:
        import torch

        self.name = name
        self.stems: tuple[str, ...] = tuple(model.sources)
        self.sample_rate = int(model.samplerate)
        parts = getattr(model, "models", [model])
        self.segment_frames = int(min(float(part.segment) for part in parts) * self.sample_rate)
        self._model = model
        self._device = "cuda" if torch.cuda.is_available() else "cpu"

    def apply(self, mix: Any, start: int, frames: int) -> Any:
        """Stems of `mix[:, start : start + frames]`, float32 `(stems, 2, frames)`; what lies around it is context."""
        import torch
        from demucs.apply import TensorChunk, apply_model

        chunk = TensorChunk(torch.from_numpy(mix)[None], start, frames)
        with torch.no_grad():
            out = apply_model(self._model, chunk, shifts=0, split=False, device=self._device)
        return out[0].cpu().numpy()


def load(name: str, weights: str | None) -> DemucsModel:
    """The model from the folder `weights`, or from what was downloaded before.

    Raises MissingError without demucs or without weights, InputError for weights that cannot be loaded.
    """
    folder = find(name, weights)
    need("torch", extra="stems")
    api = need("demucs.api", extra="stems")
    try:
        separator = api.Separator(name, repo=folder, device="cpu")
    except _DAMAGED as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(
            f"the weights of {name} cannot be loaded: {reason}", "they may be damaged; get them again"
        ) from error
    return DemucsModel(name, separator.model)


def find(name: str, weights: str | None) -> Path | None:
    """Where the model lies: a folder, or None for what was downloaded before; the model is not loaded.

    Raises MissingError without demucs or without weights.
    """
    require("torch", extra="stems")
    require("demucs.api", extra="stems")
    if weights is not None:
        return _folder(name, Path(weights).expanduser())
    if not _downloaded(name):
        repository = _repository(name)
        raise MissingError(
            f"the weights of the demucs model {name} are not here",
            f"get them with `hf download {repository}`, or name a folder that holds {name}.yaml and its .th files",
        )
    return None


def _folder(name: str, folder: Path) -> Path:
    if not folder.is_dir():
        raise MissingError(
            f"the weights folder {folder} does not exist", f"it should hold {name}.yaml and its .th files"
        )
    if not (folder / f"{name}.yaml").is_file() and not any(folder.glob(f"{name}*.th")):
        raise MissingError(f"{folder} holds no {name}.yaml", f"put {name}.yaml and the .th files that it names there")
    return folder


def _downloaded(name: str) -> bool:
    """Whether the model lies in Hugging Face's cache, where `hf download` and demucs itself put it."""
    hub = need("huggingface_hub", extra="stems")
    return isinstance(hub.try_to_load_from_cache(_repository(name), f"{name}.yaml"), str)


def _repository(name: str) -> str:
    from demucs.hf import DEFAULT_NAMESPACE, hf_repo_name

    return f"{DEFAULT_NAMESPACE}/{hf_repo_name(name)}"
