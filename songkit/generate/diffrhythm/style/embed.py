"""From a style to its vector: each part embedded or found again, added by weight, brought back to length one."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from songkit.errors import SignalError
from songkit.generate.diffrhythm.identity import identities
from songkit.generate.diffrhythm.style import kept
from songkit.generate.diffrhythm.style.clip import read_clip
from songkit.generate.diffrhythm.style.kept import Vector
from songkit.generate.diffrhythm.style.parts import Part, Style, Words
from songkit.progress import Progress, Update, silent
from songkit.runs import content_key, engine_versions

STAGE = "style"
MODEL_PARTS = ("mulan", "muq", "xlm-roberta")
ENGINES = ("torch", "muq", "transformers", "soxr")
LEAST_SUM = 0.05
"""Of the sum of the weights: parts that leave less point in opposite directions, and their mix means nothing."""


def embed(style: Style, models: Path | None, cache: Path | None, progress: Progress = silent) -> Vector:
    """The style as the network takes it, float32 (512) of length one.

    `models`: the folder with the published files (None: where they usually lie); `cache`: a folder where the
    embeddings of parts are kept by text, by the bytes of a recording and by those of the model (None: nowhere).

    Raises MissingError without the model or the extra, InputError or SignalError for a recording that cannot be used,
    SignalError for an embedding that is not finite or not of length one, and for parts that cancel each other out.
    """
    progress(Update(STAGE))
    model = {"weights": identities(MODEL_PARTS, models, progress), "engines": engine_versions(*ENGINES)}
    keys = [content_key({"part": Style((part,)).made_from(), "model": model}) for part in style.parts]
    found = [None if cache is None else kept.find(cache, key) for key in keys]
    fresh = _embedded([part for part, vector in zip(style.parts, found, strict=True) if vector is None], models)
    vectors = [fresh.pop(0) if vector is None else vector for vector in found]
    if cache is not None:
        for part, key, vector, known in zip(style.parts, keys, vectors, found, strict=True):
            if known is None:
                kept.keep(cache, key, vector, str(part))
    progress(Update(STAGE, 1.0))
    return mixed(style, vectors)


def mixed(style: Style, vectors: list[Vector]) -> Vector:
    """The vectors of a style's parts, added by weight, of length one. Raises SignalError where they cancel out."""
    weights = [part.weight for part in style.parts]
    if len(vectors) == 1:
        return vectors[0]
    total = np.average(np.asarray(vectors, dtype=np.float64), axis=0, weights=weights)
    length = float(np.linalg.norm(total))
    if length < LEAST_SUM:
        names = " and ".join(map(str, style.parts))
        raise SignalError(f"the styles {names} cancel each other out", "give one of them more weight, or leave it out")
    return (total / length).astype(np.float32)


def _embedded(parts: list[Part], models: Path | None) -> list[Vector]:
    """The parts as vectors; the model is loaded where there are any."""
    if not parts:
        return []
    heard = [part.text if isinstance(part, Words) else read_clip(part).heard() for part in parts]
    from songkit.generate.diffrhythm.style.mulan import Mulan

    mulan = Mulan.load(models)
    return [mulan.of_words(each) if isinstance(each, str) else mulan.of_audio(each) for each in heard]
