"""Which part of a line is English and which Mandarin, and what is neither.

ASCII letters are English, U+4E00 to U+9FA5 Mandarin; everything else belongs to what stands before it, at the beginning
of the line to what follows. Letters of other scripts are taken out first and named: the model has no sound for them.
"""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

ENGLISH, MANDARIN = "en", "zh"

_SAID_IF_LOST = frozenset("&@#%*+=<>|^/\\")
"""Characters that look like punctuation and stand for words: that they are not sung is worth a line."""
_ZERO = "〇"
_CELSIUS = "℃"
"""Stays one character: cn2an has a word for it."""


class Segment(NamedTuple):
    text: str
    language: str


def composed(text: str) -> str:
    """The text with its characters in their plain form: full-width letters and digits, ½ as 1/2, é as one."""
    parts = (unicodedata.normalize("NFKC", part) for part in text.split(_CELSIUS))
    return _CELSIUS.join(parts).replace("\u2044", "/")


def language_of(character: str) -> str:
    """The language that a character decides for, empty where it decides for none."""
    if character.isascii() and character.isalpha():
        return ENGLISH
    return MANDARIN if "一" <= character <= "\u9fa5" else ""


def main_language(text: str) -> str:
    """The language that most characters decide for; English where none does."""
    languages = [language_of(character) for character in text]
    return MANDARIN if languages.count(MANDARIN) > languages.count(ENGLISH) else ENGLISH


def foreign(text: str) -> str:
    """The letters and digits of a composed text that the model cannot sing, in order."""
    return "".join(character for character in text if _is_foreign(character))


def segments(text: str, otherwise: str = ENGLISH) -> list[Segment]:
    """The runs of a composed text; `otherwise` is the language of a line that decides for none.

    A text without letters and digits that could be sung has no run.
    """
    text = "".join(character for character in text if not _is_foreign(character)).strip()
    if not any(character.isalnum() for character in text):
        return []
    runs: list[Segment] = []
    run, language = "", ""
    for character in text:
        decided = language_of(character)
        if decided and language and decided != language:
            runs.append(Segment(run, language))
            run, language = "", decided
        run, language = run + character, language or decided
    return [*runs, Segment(run, language or otherwise)]


def worth_saying(left_out: str) -> str:
    """Of the characters that are not sung those whose loss can be missed: no plain punctuation, no spaces."""
    return "".join(character for character in left_out if _is_missed(character))


def _is_foreign(character: str) -> bool:
    if character.isascii() or language_of(character) or character == _ZERO:
        return False
    category = unicodedata.category(character)
    if category in ("Mn", "Mc", "Me"):
        return not _is_selector(character)
    return category[0] in "LN" and not unicodedata.name(character, "").startswith("LATIN ")


def _is_selector(character: str) -> bool:
    """Whether a mark only picks one of several pictures of the character before it."""
    return "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"


def _is_missed(character: str) -> bool:
    if character in _SAID_IF_LOST or character.isalnum():
        return True
    category = unicodedata.category(character)
    return category in ("So", "Sm", "Sc", "Co", "Cn", "Cs") and character != "~"
