"""How Mandarin words are read: by the published lexicon and polyphone model where they are, else by pypinyin.

The published files are not part of songkit; `load` takes the folder that holds them (in it or in the sub-folders of the
published code). What was used is named, because readings by another source are not what the model was trained on:

    chinese_lexicon.txt     word, tab, syllables with tone digits
    polychar.txt            characters that the polyphone model reads, one a line
    poly_bert_model.onnx    the polyphone model, with polydict.json and vocab.txt
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from songkit.errors import InputError
from songkit.generate.diffrhythm.words.syllables import Syllable
from songkit.optional import need

LEXICON = "chinese_lexicon.txt"
POLYPHONIC_CHARACTERS = "polychar.txt"
SUBSTITUTE = "pypinyin, a substitute for the published lexicon and polyphone model"

_SUB_FOLDERS = (
    ".",
    "g2p_chinese_model",
    "sources",
    "sources/g2p_chinese_model",
    "g2p/sources",
    "g2p/sources/g2p_chinese_model",
)


@dataclass(frozen=True, slots=True)
class Readings:
    """A source of readings."""

    name: str
    """What it is, for the user."""
    substitute: str
    """What stands in for something published, for the user; empty where nothing does."""
    lexicon: Mapping[str, tuple[Syllable, ...]]
    """Readings of words and of single characters."""
    polyphonic: frozenset[str]
    """Characters whose reading needs the words around them."""
    in_context: Callable[[str, int], Syllable | None]
    """The reading of the character at a place of a run that is polyphonic."""

    def of(self, word: str, run: str, start: int) -> list[Syllable]:
        """A syllable for each character of `word`, which stands at `start` of `run`; of tone 0 where none is known."""
        if word not in self.polyphonic and len(self.lexicon.get(word, ())) == len(word):
            return list(self.lexicon[word])
        if not self.lexicon:
            return _by_pypinyin(word)
        return [self._character(character, run, start + place) for place, character in enumerate(word)]

    def _character(self, character: str, run: str, place: int) -> Syllable:
        if character in self.polyphonic and (found := self.in_context(run, place)):
            return found
        known = self.lexicon.get(character, ())
        return known[0] if len(known) == 1 else _by_pypinyin(character)[0]


def load(models: Path | None) -> Readings:
    """The best readings that can be had from a folder of published files; None: pypinyin.

    Raises MissingError where a library is missing that the files need, InputError for a file that cannot be read.
    """
    return _load(models)


def find(models: Path | None, name: str) -> Path | None:
    """A published file in a folder, None where it is not."""
    candidates = [] if models is None else [models / folder / name for folder in _SUB_FOLDERS]
    return next((path for path in candidates if path.is_file()), None)


@lru_cache(maxsize=2)
def _load(models: Path | None) -> Readings:
    from songkit.generate.diffrhythm.words import polyphones

    lexicon = find(models, LEXICON)
    if lexicon is None:
        need("pypinyin", extra="diffrhythm")
        return Readings(SUBSTITUTE, SUBSTITUTE, {}, frozenset(), _single)
    characters = find(models, POLYPHONIC_CHARACTERS)
    polyphonic = frozenset() if characters is None else frozenset(_text(characters).split())
    model = None if models is None else polyphones.load(models)
    if model is None:
        name = "the published lexicon; polyphonic characters by pypinyin"
        return Readings(
            name, "pypinyin, a substitute for the published polyphone model", _read(lexicon), polyphonic, _single
        )
    return Readings("the published lexicon and polyphone model", "", _read(lexicon), polyphonic, model)


def _read(path: Path) -> dict[str, tuple[Syllable, ...]]:
    """The lexicon's words; those with a syllable that has no sound in the model are left to the single characters."""
    lexicon: dict[str, tuple[Syllable, ...]] = {}
    for number, line in enumerate(_text(path).splitlines(), start=1):
        word, tab, pinyin = line.strip().partition("\t")
        if not line.strip():
            continue
        if not tab:
            raise InputError(f"{path}, line {number}: no tab between the word and its reading", "fetch the file again")
        syllables = [Syllable.read(syllable) for syllable in pinyin.split()]
        known = tuple(syllable for syllable in syllables if syllable is not None)
        if len(known) == len(syllables):
            lexicon[word] = known
    if not lexicon:
        raise InputError(f"{path} has no word in it", "fetch the file again")
    return lexicon


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}", "it may be damaged: fetch it again") from error


def _single(run: str, place: int) -> Syllable | None:
    found = _by_pypinyin(run)[place]
    return found if found.tone else None


@lru_cache(maxsize=4096)
def _pinyin(text: str) -> tuple[str, ...]:
    pypinyin = need("pypinyin", extra="diffrhythm")
    return tuple(
        pypinyin.lazy_pinyin(
            text, style=pypinyin.Style.TONE3, neutral_tone_with_five=True, errors=lambda characters: list(characters)
        )
    )


def _by_pypinyin(text: str) -> list[Syllable]:
    return [
        Syllable.read(pinyin) or Syllable(character, 0) for character, pinyin in zip(text, _pinyin(text), strict=True)
    ]
