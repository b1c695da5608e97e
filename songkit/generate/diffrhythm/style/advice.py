"""What a prompt names and what a richer one would: genre, mood, instruments, tempo, voice.

What a prompt leaves open the model chooses by itself, which is no fault; but what is named is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import Any

EXAMPLES = {
    "genre": "pop, jazz, synthwave",
    "mood": "melancholic, warm, energetic",
    "instruments": "piano, strings, drum machine",
    "tempo": "slow, 92 bpm",
    "voice": "female voice, choir, instrumental",
}
_BPM = re.compile(r"\b\d{2,3}\s?bpm\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Advice:
    """The words of a prompt by kind, and the kinds it leaves open."""

    prompt: str
    named: Mapping[str, tuple[str, ...]]
    open: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {**asdict(self), "examples": {kind: EXAMPLES[kind] for kind in self.open}}

    def report(self) -> list[str]:
        """Lines for the terminal."""
        width = max(map(len, EXAMPLES))
        lines = [f"{kind:<{width}}  {', '.join(words)}" for kind, words in self.named.items() if words]
        lines += [f"{kind:<{width}}  open: for example {EXAMPLES[kind]}" for kind in self.open]
        return [*lines, "nothing left open" if not self.open else "what is left open, the model chooses by itself"]


def advise(prompt: str) -> Advice:
    """Which kinds of things a prompt names, in any case and order."""
    named = {kind: tuple(_named(prompt, words)) for kind, words in keywords().items()}
    named["tempo"] += tuple(_BPM.findall(prompt))
    return Advice(prompt, named, tuple(kind for kind in EXAMPLES if not named[kind]))


@cache
def keywords() -> Mapping[str, tuple[str, ...]]:
    """The known words by kind, the longest first, so that "acoustic guitar" is not taken for "acoustic"."""
    import yaml

    text = files("songkit.generate.diffrhythm.style").joinpath("keywords.yaml").read_text(encoding="utf-8")
    return {kind: tuple(sorted(words, key=len, reverse=True)) for kind, words in yaml.safe_load(text).items()}


def _named(prompt: str, words: tuple[str, ...]) -> list[str]:
    """The words that stand in the prompt, in its order; one within a longer one of any kind does not count."""
    lower = prompt.lower()
    taken = [(match.start(), match.end()) for word in _all() for match in _where(word, lower)]
    found = {
        match.start(): word
        for word in words
        for match in _where(word, lower)
        if not any(start <= match.start() and match.end() <= end and end - start > len(word) for start, end in taken)
    }
    return [found[start] for start in sorted(found)]


def _where(word: str, text: str) -> list[re.Match[str]]:
    return list(re.finditer(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text))


def _all() -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for words in keywords().values() for word in words))
