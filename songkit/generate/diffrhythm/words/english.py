"""English words to symbols: espeak-ng through phonemizer, then the published merging of sounds."""

from __future__ import annotations

import logging
import re
from functools import cache
from typing import Any

from songkit.generate.diffrhythm.words.marks import MARKS
from songkit.generate.diffrhythm.words.rhotics import told_apart
from songkit.generate.diffrhythm.words.symbols import WORD_BOUNDARY
from songkit.optional import need

# Applied to whole tokens, one rule after the other over the whole text: "ɹᵻɹ" becomes "ɹ ɪ ɹ" and stays so, because the
# rule for "ɪ ɹ" has been passed by then.
_MERGED: tuple[tuple[tuple[str, ...], str], ...] = (
    (("t", "ɹ"), "tɹ"),
    (("d", "ɹ"), "dɹ"),
    (("t", "s"), "ts"),
    (("d", "z"), "dz"),
    (("ɪ", "ɹ"), "ɪɹ"),
    (("ɐ",), "ɚ"),
    (("ᵻ",), "ɪ"),
    (("əl",), "l"),
    (("x",), "k"),
    (("ɬ",), "l"),
    (("ʔ",), "t"),
    (("n̩",), "n"),
    (("oː", "ɹ"), "oːɹ"),
)
_BEFORE_A_BOUNDARY = frozenset("p⁼ʰmftnlkxʃs`ɹaoəɛɪeɑʊŋiuɥwæjː")
"""A run that ends with one of these characters gets a word boundary after it (d, z, b, v, ... were forgotten)."""

_AROUND_MARK = re.compile(rf"([{re.escape(MARKS)}])")


def symbols_of(spoken: str) -> list[str]:
    """The symbols of English text as `spelling.spoken` gives it; a word boundary may be the last of them.

    Raises MissingError where phonemizer is not installed.
    """
    if not any(character.isalnum() for character in spoken):
        return [mark for mark in spoken if mark in MARKS]
    phones = _phones(spoken)
    if phones[-1:] in _BEFORE_A_BOUNDARY:
        phones += f"|{WORD_BOUNDARY}"
    return _merged(phones.split("|"))


def _phones(spoken: str) -> str:
    backend, separator = _espeak()
    (phones,) = backend.phonemize([spoken], separator=separator, strip=True, njobs=1)
    phones = told_apart(phones, spoken)
    return re.sub(r"\|+", "|", _AROUND_MARK.sub(r"|\1|", phones)).strip().rstrip("|")


def _merged(tokens: list[str]) -> list[str]:
    for pattern, merged in _MERGED:
        done: list[str] = []
        place = 0
        while place < len(tokens):
            found = tuple(tokens[place : place + len(pattern)]) == pattern
            done.append(merged if found else tokens[place])
            place += len(pattern) if found else 1
        tokens = done
    return tokens


@cache
def _espeak() -> tuple[Any, Any]:
    """phonemizer's backend for American English on the espeak-ng that pip installed, and its separators."""
    import espeakng_loader

    need("phonemizer", extra="diffrhythm")
    backends = need("phonemizer.backend", extra="diffrhythm")
    wrapper = need("phonemizer.backend.espeak.wrapper", extra="diffrhythm").EspeakWrapper
    wrapper.set_library(espeakng_loader.get_library_path())
    wrapper.set_data_path(espeakng_loader.get_data_path())
    quiet = logging.getLogger("songkit.generate.diffrhythm.words.phonemizer")
    quiet.setLevel(logging.ERROR)  # it warns of every word whose count of sounds surprises it
    backend = backends.EspeakBackend(
        "en-us",
        punctuation_marks=MARKS,
        preserve_punctuation=True,
        with_stress=False,
        tie=False,
        language_switch="remove-flags",
        words_mismatch="ignore",
        logger=quiet,
    )
    separators = need("phonemizer.separator", extra="diffrhythm")
    return backend, separators.Separator(phone="|", word=f"|{WORD_BOUNDARY}|", syllable="-")
