"""English text as it is spoken: abbreviations and numbers in words, only letters and marks left.

The order of the steps and what each takes are the published front end's, with its oddities ("co-op" is "company-op"):
the model has learnt them.
"""

from __future__ import annotations

import re

from songkit.generate.diffrhythm.words.marks import MARKS, plain_marks, tight_marks
from songkit.generate.diffrhythm.words.number_words import cardinal, ordinal, year

_ABBREVIATIONS = {
    "mrs": "misess",
    "mr": "mister",
    "dr": "doctor",
    "st": "saint",
    "co": "company",
    "jr": "junior",
    "maj": "major",
    "gen": "general",
    "drs": "doctors",
    "rev": "reverend",
    "lt": "lieutenant",
    "hon": "honorable",
    "sgt": "sergeant",
    "capt": "captain",
    "esq": "esquire",
    "ltd": "limited",
    "col": "colonel",
    "ft": "fort",
    "etc": "et cetera",
    "btw": "by the way",
}
_ABBREVIATION = re.compile(rf"\b({'|'.join(_ABBREVIATIONS)})\b", re.IGNORECASE)

_THOUSANDS = re.compile(r"[0-9][0-9,]+[0-9]")
_POUNDS = re.compile(r"£([0-9,]*[0-9]+)")
_DOLLARS = re.compile(r"\$([0-9.,]*[0-9]+)")
_FRACTION = re.compile(r"([0-9]+)/([0-9]+)")
_DECIMAL = re.compile(r"([0-9]+)\.([0-9]+)")
_PERCENT = re.compile(r"([0-9.,]*[0-9]+)%")
_ORDINAL = re.compile(r"([0-9]+)(?:st|nd|rd|th)")
_NUMBER = re.compile(r"[0-9]+")
_NOT_SPOKEN = re.compile(rf"[^\w\s_{re.escape(MARKS)}]")


def spoken(text: str) -> tuple[str, str]:
    """The text as it is spoken, and the characters that are not, in order."""
    text = _ABBREVIATION.sub(lambda match: _ABBREVIATIONS[match[0].lower()], text)
    text = plain_marks(_numbers(text).strip())
    left_out = "".join(_NOT_SPOKEN.findall(text))
    text = tight_marks(_NOT_SPOKEN.sub("", text))
    return re.sub(r"\s+", " ", text), left_out


def _numbers(text: str) -> str:
    text = _THOUSANDS.sub(lambda match: match[0].replace(",", ""), text)
    text = _POUNDS.sub(r"\1 pounds", text)
    text = _DOLLARS.sub(lambda match: f" {_dollars(match[1])} ", text)
    text = _FRACTION.sub(lambda match: f" {_fraction(match[1], match[2])} ", text)
    text = _DECIMAL.sub(r"\1 point \2", text)
    text = _PERCENT.sub(r"\1 percent ", text)
    text = _ORDINAL.sub(lambda match: f" {ordinal(cardinal(match[1], conjunction='and'))} ", text)
    return _NUMBER.sub(lambda match: f" {_number(match[0])} ", text)


def _number(digits: str) -> str:
    if len(digits) < 10 and 1000 < int(digits) < 3000:
        return year(int(digits))
    return cardinal(digits)


def _dollars(amount: str) -> str:
    whole, *cents = amount.replace(",", "").split(".")
    if len(cents) > 1:
        return f"{amount} dollars"
    parts = [
        f"{digits.lstrip('0')} {unit}{'' if digits.lstrip('0') == '1' else 's'}"
        for digits, unit in ((whole, "dollar"), (cents[0] if cents else "", "cent"))
        if digits.lstrip("0")
    ]
    return ", ".join(parts) or "zero dollars"


def _fraction(numerator: str, denominator: str) -> str:
    one = numerator.lstrip("0") == "1"
    words = cardinal(numerator, conjunction="and")
    match denominator.lstrip("0"):
        case "2":
            return f"{words} half" if one else f"{words} halves"
        case "4":
            return f"{words} quarter" if one else f"{words} quarters"
    return f"{words} {ordinal(cardinal(denominator, conjunction='and'))}"
