"""MuQ-MuLan as published, from local files: words or ten seconds of audio to a unit vector in one space.

The model's own configuration names its two encoders by where they lie on the Hub; here they are the local folders of
the same names, so nothing is looked for on the network. The encoders' own weights come first, then those of the whole,
which hold them too: every name must fit.
"""

from __future__ import annotations

import io
import json
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from songkit.errors import InputError, SignalError, UsageError
from songkit.generate.diffrhythm import library, torch_audio
from songkit.generate.diffrhythm.style.kept import Vector
from songkit.optional import need

NORM_TOLERANCE = 1e-3
LONGEST_TOKENS = 512
"""Positions of XLM-RoBERTa, its two marks included."""
# What an embedding does not hang on: losses and targets of the training, what is computed and not learned, and the
# pooler of a text encoder, which is never asked. Files and versions of the libraries differ in them.
_UNUSED = re.compile(
    r"(^|\.)(contrast|multi_layer_contrastive_learning|\w+_layers_indices|aggregator|quantizer_\w+|rvq|pooler"
    r"|lm_head|position_ids|inv_freq|num_batches_tracked)(\.|$)"
)
_ENCODERS = {"mulan.audio.model.": "muq", "mulan.text.model.": "xlm-roberta"}


class Mulan:
    """The loaded model, on the CPU in float32."""

    def __init__(self, model: Any) -> None:
        self._model = model

    @classmethod
    def load(cls, models: Path | None) -> Mulan:
        """The published model; `models` as in `library.locate`.

        Raises MissingError where a file or a library is not here, InputError for files that do not fit together.
        """
        folder = library.locate("mulan", models)
        encoders = {name: library.locate(name, models) for name in _ENCODERS.values()}
        torch_audio.prepare()
        need("transformers", extra="diffrhythm")
        need("muq", extra="diffrhythm")
        with _quiet(), _as_input_error(folder):
            from muq import MuQMuLan

            config = _configuration(folder)
            config["audio_model"]["name"] = str(encoders["muq"])
            config["text_model"]["name"] = str(encoders["xlm-roberta"])
            model = MuQMuLan(config)
            _fill(model, folder, encoders)
        return cls(model.requires_grad_(False).eval())

    def of_words(self, text: str) -> Vector:
        """The vector of words. Raises UsageError for more than the text encoder reads."""
        tokens = len(self._model.mulan.text.tokenizer(text)["input_ids"])
        if tokens > LONGEST_TOKENS:
            raise UsageError(
                f"the style has {tokens} tokens: {LONGEST_TOKENS} are read", "a few words on genre and mood do"
            )
        return self._vector(f'"{text}"', texts=[text])

    def of_audio(self, mono: npt.NDArray[np.float32]) -> Vector:
        """The vector of mono audio at 24 kHz, float32 (frames), in clips of ten seconds whose vectors are averaged.

        The published average is not brought back to length one; a single clip, as `read_clip` gives it, has it.
        """
        import torch

        return self._vector("the recording", wavs=torch.from_numpy(mono).unsqueeze(0))

    def _vector(self, of_what: str, **inputs: Any) -> Vector:
        import torch

        with torch.inference_mode(), _quiet():
            vector: Vector = self._model(**inputs).float().reshape(-1).numpy()
        if not np.isfinite(vector).all():
            raise SignalError(f"style: MuQ-MuLan gives values that are not finite for {of_what}", _DAMAGED)
        length = float(np.linalg.norm(vector))
        if abs(length - 1.0) > NORM_TOLERANCE:
            raise SignalError(f"style: MuQ-MuLan gives a vector of length {length:.3f}, not 1, for {of_what}", _DAMAGED)
        return vector


_DAMAGED = "its weights may be damaged: songkit models verify mulan"


def _configuration(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    try:
        config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        for name in ("audio_model", "text_model"):
            config[name]["name"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is no configuration of MuQ-MuLan: {error}", "fetch it again") from error
    return config


def _fill(model: Any, folder: Path, encoders: Mapping[str, Path]) -> None:
    """The weights of the whole into the model. Raises InputError with the names where they do not fit."""
    state = {name: value for name, value in _state(folder).items() if not _UNUSED.search(name)}
    wanted = {name: tuple(value.shape) for name, value in model.state_dict().items() if not _UNUSED.search(name)}
    missing = _not_in_encoders([name for name in wanted if name not in state], encoders)
    unexpected = [name for name in state if name not in wanted]
    wrong = [name for name, shape in wanted.items() if name in state and tuple(state[name].shape) != shape]
    kinds = {"missing": missing, "unexpected": unexpected, "of another shape": wrong}
    listed = [f"{len(names)} {kind}: {', '.join(names[:3])}" for kind, names in kinds.items() if names]
    if listed:
        raise InputError(
            f"{folder} does not hold the weights of this model: {'; '.join(listed)}",
            "mulan, muq and xlm-roberta must be those that were published together",
        )
    model.load_state_dict(state, strict=False)  # held against each other above, by every name that is used


def _not_in_encoders(missing: list[str], encoders: Mapping[str, Path]) -> list[str]:
    """Of the names that the file of the whole lacks, those that an encoder's own file did not give either."""
    for prefix, name in _ENCODERS.items():
        if any(each.startswith(prefix) for each in missing):
            own = {key.removeprefix("roberta.") for key in _state(encoders[name])}
            missing = [each for each in missing if each.removeprefix(prefix) not in own]
    return missing


def _state(folder: Path) -> Mapping[str, Any]:
    import torch

    path = next(folder / name for name in library.WEIGHTS if (folder / name).is_file())
    if path.suffix == ".safetensors":
        return _safetensors(path)
    state: Mapping[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def _safetensors(path: Path) -> Mapping[str, Any]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        state: Mapping[str, Any] = load_file(path)
    except SafetensorError as error:
        raise InputError(f"{path} cannot be read as weights: {error}", "it may be damaged: fetch it again") from error
    return state


@contextmanager
def _as_input_error(folder: Path) -> Iterator[None]:
    """What the libraries raise for files that are damaged or of another model."""
    from pickle import UnpicklingError

    try:
        yield
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RuntimeError, EOFError, UnpicklingError) as error:
        first = str(error).strip().partition("\n")[0]
        raise InputError(
            f"MuQ-MuLan cannot be loaded from {folder}: {first}",
            "its files may be damaged or of another version: songkit models verify mulan muq xlm-roberta",
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what the libraries print on the way: it is not for the user, and stdout may be JSON."""
    with redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
