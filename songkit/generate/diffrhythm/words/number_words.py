"""English numbers in words, as the published front end reads them: "nineteen ninety-nine", "two hundred three"."""

from __future__ import annotations

_SMALL_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen"
)
_TENS_WORDS = "zero ten twenty thirty forty fifty sixty seventy eighty ninety"
_SCALE_WORDS = (
    " thousand million billion trillion quadrillion quintillion sextillion septillion octillion nonillion decillion"
)
_SMALL, _TENS, _SCALES = _SMALL_WORDS.split(), _TENS_WORDS.split(), _SCALE_WORDS.split(" ")
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}

LONGEST_DIGITS = 3 * len(_SCALES)
"""Longer numbers have no name and are read digit by digit."""


def cardinal(digits: str, *, conjunction: str = "") -> str:
    """A whole number: "1234" is "one thousand, two hundred thirty-four"; `conjunction` ("and") goes before the tens."""
    digits = digits.lstrip("0") or "0"
    if len(digits) > LONGEST_DIGITS:
        return " ".join(_SMALL[int(digit)] for digit in digits)
    number = int(digits)
    if number == 0:
        return _SMALL[0]
    groups: list[str] = []
    for scale in reversed(range(len(_SCALES))):
        group = number // 1000**scale % 1000
        if group:
            last = _below_thousand(group, conjunction)
            if scale == 0 and group < 100 and groups:
                joined = f"{groups.pop()} {conjunction} {last}" if conjunction else f"{groups.pop()} {last}"
                groups.append(joined)
            else:
                groups.append(f"{last} {_SCALES[scale]}".strip())
    return ", ".join(groups)


def ordinal(words: str) -> str:
    """The ordinal of a number in words: "twenty-one" is "twenty-first"."""
    head, separator, last = words.rpartition("-" if "-" in words.rpartition(" ")[2] else " ")
    if last in _ORDINALS:
        last = _ORDINALS[last]
    elif last.endswith("y"):
        last = last[:-1] + "ieth"
    else:
        last += "th"
    return head + separator + last


def year(number: int) -> str:
    """1001 to 2999 as years are read: in pairs, with "oh" for a zero; round hundreds and 2000 to 2009 as numbers."""
    if number == 2000:
        return "two thousand"
    if 2000 < number < 2010:
        return f"two thousand {_SMALL[number % 10]}"
    century, rest = divmod(number, 100)
    if rest == 0:
        return f"{_below_thousand(century, '')} hundred"
    return f"{_below_thousand(century, '')} {_below_thousand(rest, '') if rest > 9 else 'oh ' + _SMALL[rest]}"


def _below_thousand(number: int, conjunction: str) -> str:
    hundreds, rest = divmod(number, 100)
    words = [f"{_SMALL[hundreds]} hundred"] if hundreds else []
    if rest and hundreds and conjunction:
        words.append(conjunction)
    if rest >= 20:
        words.append(_TENS[rest // 10] + (f"-{_SMALL[rest % 10]}" if rest % 10 else ""))
    elif rest:
        words.append(_SMALL[rest])
    return " ".join(words)
