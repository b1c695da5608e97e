"""Embeddings kept by what they were made from, so that a style is computed once for each model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt

from songkit.atomic import make_folder, write_json
from songkit.errors import OutputError

Vector = npt.NDArray[np.float32]


def find(folder: Path, key: str) -> Vector | None:
    """The vector kept under `key`, None where there is none, or none that can be read."""
    try:
        values = json.loads((folder / f"{key}.json").read_text(encoding="utf-8"))
        vector = np.asarray(values["vector"], dtype=np.float32)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return vector if vector.ndim == 1 and np.isfinite(vector).all() else None


def keep(folder: Path, key: str, vector: Vector, about: str) -> None:
    """Keeps the vector, whole; a folder that cannot be written is no reason to stop.

    Every float32 is written in as many digits as bring it back exactly.
    """
    try:
        make_folder(folder)
        write_json(folder / f"{key}.json", {"about": about, "vector": [float(value) for value in vector]}, force=True)
    except OutputError:
        return  # the next time computes it again
