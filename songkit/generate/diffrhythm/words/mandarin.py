"""Mandarin characters to symbols: numbers in characters, words by jieba, readings, tones beside each other, sounds."""

from __future__ import annotations

import logging
import re
import warnings
from functools import cache
from typing import Any

from songkit.generate.diffrhythm.words.marks import MARKS, plain_marks, tight_marks
from songkit.generate.diffrhythm.words.readings import Readings
from songkit.generate.diffrhythm.words.sandhi import changed, joined
from songkit.generate.diffrhythm.words.syllables import symbols_of as syllable_symbols
from songkit.optional import need

_DIGITS = str.maketrans("0123456789〇", "零一二三四五六七八九零")
_THOUSANDS = re.compile(r"(?<=[0-9]),(?=[0-9]{3}(?![0-9]))")
_NOT_SPOKEN = re.compile(rf"[^一-\u9fff\s_{re.escape(MARKS)}]")


def spoken(text: str) -> tuple[str, str]:
    """The characters and marks that are spoken, numbers and dates in characters; and what is not, in order.

    Raises MissingError where cn2an is not installed and there are digits.
    """
    text = text.strip()
    if any(character.isdigit() for character in text):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of numbers that it leaves as they are: read by digit below
            text = need("cn2an", extra="diffrhythm").transform(_THOUSANDS.sub("", text), "an2cn")
    text = plain_marks(text.translate(_DIGITS))
    left_out = "".join(_NOT_SPOKEN.findall(text))
    return tight_marks(re.sub(r"\s+", "", _NOT_SPOKEN.sub("", text))), left_out


def symbols_of(run: str, readings: Readings) -> tuple[list[str], str]:
    """The symbols of a run as `spoken` gives it, and the characters of it that have no reading.

    Raises MissingError where jieba is not installed.
    """
    symbols: list[str] = []
    unread: list[str] = []
    start = 0
    for word in joined(_segmenter().lcut(run)):
        for syllable in changed(word, readings.of(word, run, start)):
            if syllable.tone == 0 and syllable.spelling not in MARKS:
                unread.append(syllable.spelling)
            else:
                symbols += syllable_symbols(syllable)
        start += len(word)
    return symbols, "".join(unread)


@cache
def _segmenter() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its source has escapes that Python dislikes
        jieba = need("jieba", extra="diffrhythm")
    jieba.setLogLevel(logging.WARNING)
    return jieba.Tokenizer()
