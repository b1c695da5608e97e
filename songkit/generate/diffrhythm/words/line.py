"""A line of lyrics to token ids, and what of it will not be sung."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from songkit.generate.diffrhythm.words import english, mandarin, spelling
from songkit.generate.diffrhythm.words.readings import Readings
from songkit.generate.diffrhythm.words.segments import (
    ENGLISH,
    MANDARIN,
    Segment,
    composed,
    foreign,
    segments,
    worth_saying,
)
from songkit.generate.diffrhythm.words.symbols import WORD_BOUNDARY, ids_of

_SHOWN = 20
"""How many characters of a kind are shown before they are only counted."""


@dataclass(frozen=True, slots=True)
class Pronounced:
    """How a line sounds: its tokens, without the end of the line."""

    symbols: tuple[str, ...]
    ids: tuple[int, ...]
    languages: tuple[str, ...]
    """`en`, `zh` in the order of the runs; empty where there is nothing to sing."""
    not_sung: tuple[str, ...]
    """What is written and will not be sung, one reason for the user each."""


def pronounce(text: str, readings: Readings | None, otherwise: str = ENGLISH) -> Pronounced:
    """The tokens of a line; `otherwise` is the language of a line of digits only.

    `readings` may be None for a text without Mandarin. Raises MissingError where a library is missing that the text
    needs.
    """
    text = composed(text)
    strange, lost, unread = foreign(text), "", ""
    symbols: list[str] = []
    runs = segments(text, otherwise)
    for run in runs:
        found, left_out, without_reading = _run(run, readings)
        symbols, lost, unread = symbols + found, lost + left_out, unread + without_reading
    if runs and runs[-1].language == ENGLISH and symbols[-1:] == [WORD_BOUNDARY]:
        symbols.pop()
    ids, unknown = ids_of(symbols)
    if not runs:
        lost = "".join(character for character in text if character not in strange)
    return Pronounced(
        symbols=tuple(symbols),
        ids=tuple(ids),
        languages=tuple(run.language for run in runs),
        not_sung=tuple(_reasons(strange, worth_saying(lost), unread, unknown)),
    )


def needs_mandarin(text: str, otherwise: str = ENGLISH) -> bool:
    """Whether a line has a run that is read as Mandarin."""
    return any(run.language == MANDARIN for run in segments(composed(text), otherwise))


def _run(run: Segment, readings: Readings | None) -> tuple[list[str], str, str]:
    if run.language == ENGLISH or readings is None:
        text, left_out = spelling.spoken(run.text)
        return english.symbols_of(text), left_out, ""
    text, left_out = mandarin.spoken(run.text)
    symbols, unread = mandarin.symbols_of(text, readings)
    return symbols, left_out, unread


def _reasons(strange: str, lost: str, unread: str, unknown: list[str]) -> list[str]:
    reasons = []
    if strange:
        scripts = sorted({_script(character) for character in strange})
        reasons.append(f"{_shown(strange)} ({', '.join(scripts)}) is not sung: the model sings English and Mandarin")
    if lost:
        reasons.append(f"{_shown(lost)} is not sung: write it as words, or leave it out")
    if unread:
        reasons.append(f"{_shown(unread)} is not sung: no reading is known")
    if unknown:
        reasons.append(f"the sound {_shown(' '.join(dict.fromkeys(unknown)))} is left out: the model does not have it")
    return reasons


def _shown(characters: str) -> str:
    return characters if len(characters) <= _SHOWN else f"{characters[:_SHOWN]}... ({len(characters)} characters)"


def _script(character: str) -> str:
    """The script of a letter in a word: the first of its Unicode name."""
    name = unicodedata.name(character, "an unnamed character")
    return "a rare character" if name.startswith("CJK") else name.partition(" ")[0].capitalize()
