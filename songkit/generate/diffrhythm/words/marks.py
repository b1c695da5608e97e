"""Punctuation: the marks that the model knows, and what other writings of them become."""

from __future__ import annotations

import re

MARKS = ",.?!;:'…"
"""The marks that have tokens of their own."""

_SAME = str.maketrans(
    {"，": ",", "。": ".", "！": "!", "？": "?", "；": ";", "：": ":", "、": ",", "‘": "'", "’": "'", "⋯": "…"}
)
_AROUND_MARKS = re.compile(rf"\s*([{re.escape(MARKS)}])\s*")


def plain_marks(text: str) -> str:
    """Chinese and typographic marks as the plain ones; three dots as one sign."""
    text = text.translate(_SAME)
    for dots in ("···", "・・・", "..."):
        text = text.replace(dots, "…")
    return text


def tight_marks(text: str) -> str:
    """No spaces around marks."""
    return _AROUND_MARKS.sub(r"\1", text)
