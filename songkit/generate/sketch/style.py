"""Reads a style prompt: which words are understood, what they ask for, and which ones are not used."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from songkit.generate.sketch.genres import GENRES, Genre
from songkit.generate.sketch.words import INSTRUMENTS, MOODS, OTHER_NAMES, SILENT_WORDS, Mood

Mode = Literal["major", "minor"]
Vocals = Literal["female", "male"]

TONICS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
MIN_BPM, MAX_BPM = 40.0, 240.0


@dataclass(slots=True)
class Style:
    """What a prompt asks for. Empty lists and None mean: the genre and the seed decide."""

    genre_name: str = ""
    second_genre: str = ""
    moods: list[str] = field(default_factory=list)
    comps: list[str] = field(default_factory=list)
    pads: list[str] = field(default_factory=list)
    leads: list[str] = field(default_factory=list)
    basses: list[str] = field(default_factory=list)
    loud_bass: bool = False
    drums: bool = False
    percussion: bool = False
    tempo_bpm: float | None = None
    tonic: int | None = None
    mode: Mode | None = None
    vocals: Vocals | None = None
    instrumental: bool = False
    used: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)

    @property
    def genre(self) -> Genre:
        return GENRES[self.genre_name or "pop"]

    @property
    def mood(self) -> Mood:
        """All asked moods in one: their sum, kept within the range of a single strong mood."""
        rows = [MOODS[name] for name in self.moods]
        if not rows:
            return Mood()
        return Mood(
            minor=_mean([row.minor for row in rows]),
            tempo=_mean([row.tempo for row in rows]),
            energy=_mean([row.energy for row in rows]),
            register=round(_mean([row.register for row in rows])),
            tilt_db=_mean([row.tilt_db for row in rows]),
            legato=_mean([row.legato for row in rows]),
        )


def parse_style(prompt: str) -> Style:
    """The style of a prompt such as `melancholic indie folk, A minor, 96 BPM, female vocals`."""
    style = Style()
    text = " ".join(prompt.lower().replace("_", " ").split())
    text = _take_settings(text, style)
    names = sorted([*GENRES, *MOODS, *INSTRUMENTS, *OTHER_NAMES], key=len, reverse=True)
    pattern = re.compile(r"(?<![\w&-])(?:" + "|".join(re.escape(name) for name in names) + r")(?![\w&-])")
    for match in pattern.finditer(text):
        _use(style, match.group())
    rest = re.split(r"[^\w&'#-]+", pattern.sub(" ", text))
    style.unused = list(dict.fromkeys(word for word in rest if word and word not in SILENT_WORDS))
    return style


def _take_settings(text: str, style: Style) -> str:
    """Reads tempo, key and vocals (they win over everything else) and returns the text without them."""

    def tempo(match: re.Match[str]) -> bool:
        bpm = float(match.group(1) or match.group(2))
        if not MIN_BPM <= bpm <= MAX_BPM:
            return False
        style.tempo_bpm = bpm
        return True

    def key(match: re.Match[str]) -> bool:
        sign = {"#": 1, "♯": 1, "b": -1, "♭": -1, " sharp": 1, " flat": -1, "": 0}[match.group(2) or ""]
        style.tonic = (TONICS[match.group(1)] + sign) % 12
        style.mode = "minor" if match.group(3).startswith("m") and not match.group(3).startswith("maj") else "major"
        return True

    def mode(match: re.Match[str]) -> bool:
        style.mode = "minor" if match.group(1) == "minor" else "major"
        return True

    def vocals(match: re.Match[str]) -> bool:
        style.vocals = "female" if match.group(1) in ("female", "woman", "women", "girl") else "male"
        return True

    def instrumental(match: re.Match[str]) -> bool:
        style.instrumental = True
        return True

    rules: list[tuple[str, Callable[[re.Match[str]], bool]]] = [
        (r"\b(\d+(?:\.\d+)?) ?bpm\b|\bbpm ?[:=]? ?(\d+(?:\.\d+)?)\b", tempo),
        (r"\b(?:in )?(?:the )?(?:key of )?([a-g])(#|♯|b|♭| sharp| flat)?[ -](major|minor|maj|min)\b", key),
        (r"\b(major|minor)\b(?: key)?", mode),
        (r"\b(female|male|woman|women|man|girl|boy)(?:'s)?(?: (?:vocals?|voices?|singers?|singing))?\b", vocals),
        (r"\binstrumental\b|\bno (?:vocals?|voice|singing)\b|\bwithout (?:vocals?|voice|singing)\b", instrumental),
    ]
    for expression, apply in rules:
        for match in re.finditer(expression, text):
            if apply(match):
                style.used.append(match.group().strip())
                text = text.replace(match.group(), " , ", 1)
    # "vocals" alone asks for what there is anyway
    return re.sub(r"\b(?:vocals?|voices?|singer|singing)\b(?! samples?\b)", " , ", text)


def _use(style: Style, word: str) -> None:
    name = OTHER_NAMES.get(word, word)
    if name in GENRES:
        if not style.genre_name:
            style.genre_name = name
        elif not style.second_genre and name != style.genre_name:
            style.second_genre = name
        elif name not in (style.genre_name, style.second_genre):
            style.unused.append(word)
            return
    elif name in MOODS:
        style.moods.append(name)
    else:
        _use_instrument(style, name)
    if word not in style.used:
        style.used.append(word)


def _use_instrument(style: Style, name: str) -> None:
    instrument = INSTRUMENTS[name]
    lists = {"comp": style.comps, "pad": style.pads, "lead": style.leads, "bass": style.basses}
    if instrument.role == "drums":
        style.drums = True
    elif instrument.role == "percussion":
        style.percussion = True
    elif instrument.role == "bass":
        style.loud_bass = True
    if instrument.patch and instrument.patch not in lists[instrument.role]:
        lists[instrument.role].append(instrument.patch)


def _mean(values: list[float] | list[int]) -> float:
    return sum(values) / len(values)
