"""How Mandarin words are joined and how their tones change beside each other, as the published front end does it.

Its oddities stay, because the model has learnt them: three third tones in a word stay as they are, and of several
"X 一 X" in a run only the first becomes one word. One does not: it lost a 不 with nothing after it, which is sung here.
"""

from __future__ import annotations

from songkit.generate.diffrhythm.words.marks import MARKS
from songkit.generate.diffrhythm.words.syllables import Syllable

YI, BU, ER = "一", "不", "儿"
_NUMERALS_AFTER_YI = frozenset("零一二三四五六七八九十")
_ER_KEEPS_ITS_TONE = frozenset({"女儿", "老儿", "男儿", "少儿", "小儿"})
_NEUTRAL = 5


def joined(words: list[str]) -> list[str]:
    """The words of a run with 一, 不 and 儿 joined to their neighbours."""
    return _er_joined(_next_joined(_next_joined(_repetition_joined(words), YI), BU))


def changed(word: str, tones: list[Syllable]) -> list[Syllable]:
    """The syllables of a word with their tones changed: third tones, then 不, 一 and 儿."""
    tones = list(tones)
    if [syllable.tone for syllable in tones] == [3, 3]:
        _set(tones, 0, 2)
    _change_bu(word, tones)
    _change_yi(word, tones)
    if len(word) > 1 and word.endswith(ER) and word not in _ER_KEEPS_ITS_TONE:
        _set(tones, -1, _NEUTRAL)
    return tones


def _repetition_joined(words: list[str]) -> list[str]:
    for place in range(1, len(words) - 1):
        if words[place] == YI and words[place - 1] == words[place + 1]:
            return [*words[: place - 1], "".join(words[place - 1 : place + 2]), *words[place + 2 :]]
    return words


def _next_joined(words: list[str], first: str) -> list[str]:
    done: list[str] = []
    for word in words:
        if done and done[-1] == first and (first == YI or word != first):
            done[-1] += word
        else:
            done.append(word)
    return done


def _er_joined(words: list[str]) -> list[str]:
    done: list[str] = []
    for word in words:
        if done and word == ER:
            done[-1] += word
        else:
            done.append(word)
    return done


def _change_bu(word: str, tones: list[Syllable]) -> None:
    if len(word) == 3 and word[1] == BU and tones[1].spelling == "bu":
        _set(tones, 1, _NEUTRAL)
        return
    if word == "不字":
        return
    for place, character in enumerate(word[:-1]):
        if character == BU and tones[place + 1].tone == 4:
            _set(tones, place, 2)


def _change_yi(word: str, tones: list[Syllable]) -> None:
    if any(character.isnumeric() for character in word if character != YI):
        _change_yi_in_number(word, tones)
    elif len(word) == 3 and word[1] == YI and word[0] == word[2]:
        _set(tones, 1, _NEUTRAL)
    elif word.startswith("第一"):
        _set(tones, 1, 1)
    elif word.startswith(("一月", "一日", "一号")):
        _set(tones, 0, 1)
    else:
        for place, character in enumerate(word[:-1]):
            if character == YI and word[place + 1] not in MARKS:
                _set(tones, place, 2 if tones[place + 1].tone == 4 else 4)


def _change_yi_in_number(word: str, tones: list[Syllable]) -> None:
    for place, character in enumerate(word):
        if character != YI:
            continue
        if place == 0 and len(word) > 1 and word[1] not in _NUMERALS_AFTER_YI:
            _set(tones, 0, 2 if tones[1].tone in (4, _NEUTRAL) else 4)
        else:
            _set(tones, place, 1)


def _set(tones: list[Syllable], place: int, tone: int) -> None:
    if tones[place].tone:
        tones[place] = tones[place]._replace(tone=tone)
