"""The published polyphone model: which of its readings a character has among the characters around it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from songkit.errors import InputError
from songkit.generate.diffrhythm.words.syllables import Syllable
from songkit.optional import need

MODEL = "poly_bert_model.onnx"
CLASSES = "polydict.json"
CHARACTERS = "vocab.txt"

_READING = re.compile(r"\{([a-z]+[0-5])\}")


def load(models: Path) -> Callable[[str, int], Syllable | None] | None:
    """A function of a run and a place in it that gives the reading there; None where the files are not in the folder.

    Raises MissingError where onnxruntime is not installed, InputError for files that cannot be used.
    """
    from songkit.generate.diffrhythm.words.readings import find

    model, classes, characters = (find(models, name) for name in (MODEL, CLASSES, CHARACTERS))
    if model is None or classes is None or characters is None:
        return None
    runtime = need("onnxruntime", extra="diffrhythm")
    errors: tuple[type[Exception], ...] = (OSError, ValueError, KeyError, AttributeError, *_errors(runtime))
    try:
        session = runtime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
        names = {int(number): name for number, name in json.loads(classes.read_text("utf-8")).items()}
        ids = {character: number for number, character in enumerate(characters.read_text("utf-8").split("\n"))}
        start, unknown = ids["[CLS]"], ids["[UNK]"]
    except errors as error:
        raise InputError(f"{model} and the files with it cannot be used: {error}", "fetch them again") from error

    def reading(run: str, place: int) -> Syllable | None:
        tokens = np.array([[start, *(ids.get(character, unknown) for character in run)]], dtype=np.int32)
        (scores,) = session.run(["outputs"], {"input_ids": tokens})
        # Over all classes, not only those of the character; they are numbered from 1.
        match = _READING.search(names.get(int(np.argmax(scores[0][place])) + 1, ""))
        return Syllable.read(match[1]) if match else None

    return reading


def _errors(runtime: Any) -> tuple[type[Exception], ...]:
    """onnxruntime's own exceptions, which have no base of their own."""
    state = vars(runtime.capi.onnxruntime_pybind11_state)
    return tuple(value for value in state.values() if isinstance(value, type) and issubclass(value, Exception))
