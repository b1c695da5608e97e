"""What all seeds of a song share, made once: tokens, style, latents of the recording that is edited, an estimate."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from songkit.atomic import whole_file
from songkit.errors import InputError, SignalError
from songkit.generate.contract import Request
from songkit.generate.diffrhythm import library, words
from songkit.generate.diffrhythm.options import Settled
from songkit.generate.diffrhythm.shape import FRAME_SAMPLES, SAMPLE_RATE, Shape, shape_beside
from songkit.generate.diffrhythm.style import Style
from songkit.progress import Progress, Update

TOKENS, STYLE, NEGATIVE = "tokens.npy", "style.npy", "negative-style.npy"
CUT_SECONDS = 0.5
"""The published model gives 95.1 s for 95: nobody misses that tenth."""


def prepare(request: Request, workdir: Path, progress: Progress) -> Mapping[str, Any]:
    """Writes tokens and style vectors into `workdir`, and times the network.

    What is to be told of them comes back as plain values: `facts` and `warnings`. Raises MissingError for a library or
    a part that is not here, SignalError for a style that is no direction.
    """
    import torch

    from songkit.generate.diffrhythm import estimate, memory

    memory.keep_freed_memory()
    options = Settled.model_validate(request.options)
    torch.set_num_threads(options.threads)
    shape = shape_beside(library.locate(library.network(request.seconds), options.models), request.seconds)
    placed = _words(request, options, shape, workdir, progress)
    facts = {"lines_sung": len(placed.lines), "tokens": int((placed.ids > 0).sum()), "readings": placed.readings}
    with memory.named_when_it_runs_out():
        complaints = _style(request, options, shape, workdir, progress)
        encoded, of_recording = _recording(options, workdir, progress)
        timed = estimate.of(options, request.seconds, workdir, progress)
    return {
        "folder": str(workdir),
        "facts": {**facts, **encoded, **timed.to_dict(), "place": options.place},
        "warnings": [*_of_length(request.seconds, shape), *placed.warnings, *complaints, *of_recording],
    }


def _words(request: Request, options: Settled, shape: Shape, workdir: Path, progress: Progress) -> words.Placed:
    progress(Update("words", 0.0))
    mandarin = library.find("mandarin", options.models)
    placed = words.place(request.lyrics, request.seconds, max_frames=shape.max_frames, models=mandarin)
    _save(workdir / TOKENS, placed.ids)
    progress(Update("words", 1.0))
    return placed


def _style(request: Request, options: Settled, shape: Shape, workdir: Path, progress: Progress) -> tuple[str, ...]:
    """Writes the style and what guidance leads away from; what is to be said of the recordings."""
    from songkit.generate.diffrhythm import style

    asked = style.parse(request.style, options.style_audio, options.style_mix)
    complaints = style.inspect(asked)
    _save(workdir / STYLE, checked(_embedded(asked, options.models, progress), shape, "the style"))
    negative = library.locate("negative-style", options.models)
    _save(workdir / NEGATIVE, checked(_vector(negative), shape, str(negative)))
    return complaints


def _recording(options: Settled, workdir: Path, progress: Progress) -> tuple[dict[str, Any], list[str]]:
    """Writes the recording that is edited, where there is one; facts and warnings of it."""
    if options.reference is None:
        return {}, []
    from songkit.generate.diffrhythm.reference import encode
    from songkit.generate.diffrhythm.vae import Vae

    vae = Vae(library.locate("vae", options.models), options.device)
    gain_db, warnings = encode(options.reference, vae, workdir, progress)
    return {"edited": options.reference.name, "segments": options.segments, "encoded_gain_db": gain_db}, warnings


def _embedded(asked: Style, models: Path | None, progress: Progress) -> npt.NDArray[np.float32]:
    from songkit.generate.diffrhythm.style import embed

    return embed(asked, models, library.own_folder().parent / "styles", progress)


def _of_length(seconds: float, shape: Shape) -> list[str]:
    whole = shape.max_frames * FRAME_SAMPLES / SAMPLE_RATE
    if shape.takes_duration or whole - seconds < CUT_SECONDS:
        return []
    return [f"the base model composes {whole:.0f} s whatever is asked for: the song is cut at {seconds:g} s"]


def checked(vector: npt.NDArray[np.float32], shape: Shape, what: str) -> npt.NDArray[np.float32]:
    """The vector (width) of a style, float32. Raises SignalError, InputError where it cannot be one."""
    flat = np.asarray(vector, dtype=np.float32).reshape(-1)
    if flat.shape != (shape.text_dim,):
        raise InputError(f"style: {what} has {flat.size} numbers where the model takes {shape.text_dim}")
    if not np.isfinite(flat).all():
        raise SignalError(f"style: {what} is not finite", "the weights of MuQ-MuLan may be damaged: fetch them again")
    if not flat.any():
        raise SignalError(f"style: {what} is zero, which is no style")
    return flat


def _vector(path: Path) -> npt.NDArray[np.float32]:
    try:
        vector: npt.NDArray[np.float32] = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise InputError(f"{path} holds no vector: {error}", "fetch it again") from error
    return vector


def _save(path: Path, array: npt.NDArray[Any]) -> None:
    with whole_file(path, force=True) as temporary:
        np.save(temporary, array)
