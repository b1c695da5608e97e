"""Text in columns and lines no wider than a page."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

WIDTH = 100


def table(rows: Sequence[Sequence[str]], right: str, indent: str = "  ") -> list[str]:
    """Rows in columns as wide as their widest cell, two spaces apart; `right` has an `r` for each column set right."""
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    return [
        indent
        + "  ".join(
            cell.rjust(width) if side == "r" else cell.ljust(width)
            for cell, width, side in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in rows
    ]


def wrapped(text: str, first: str = "  ", rest: str | None = None) -> list[str]:
    """The text in lines of at most WIDTH, the first after `first`, the others after `rest` (as wide by default)."""
    indent = " " * len(first) if rest is None else rest
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=indent, break_on_hyphens=False, break_long_words=True
    ) or [first.rstrip()]


def shortened(text: str, width: int) -> str:
    """The text within `width`, its middle left out where it is longer: names differ at both ends."""
    if len(text) <= width:
        return text
    head = (width - 1) // 2
    return f"{text[:head]}…{text[len(text) - (width - 1 - head) :]}"
