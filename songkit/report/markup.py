"""HTML that cannot be broken by what stands in it: text is escaped where it enters, markup is a type of its own."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from songkit.report.wording import visible

VOID = ("img", "input")
"""Elements that have neither children nor an end."""


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def text(value: object) -> Markup:
    """A value as inert text; the minus sign of numbers is a real one."""
    return Markup(escape(visible(value)))


def tag(name: str, /, *children: str, **attributes: str | float | None) -> Markup:
    """An element. Plain strings are escaped, Markup stays; an attribute of None is left out.

    `class_` is written `class`, underscores become hyphens (`aria_label`), and `viewBox` stays as it is.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{value if isinstance(value, Markup) else text(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{join(children)}</{name}>")


def join(parts: Iterable[str]) -> Markup:
    """Several pieces one after the other."""
    return Markup("".join(part if isinstance(part, Markup) else text(part) for part in parts))


def figure_text(value: str) -> str:
    """A number as typeset: with a minus sign where a hyphen stood, and a dash for nothing."""
    return "–" if value == "-" else value.replace("-", "\u2212") if value[:1] == "-" else value


def table(head: Iterable[str], rows: Iterable[Iterable[str]], caption: str, sides: str = "") -> Markup:
    """A table in a frame that scrolls by itself on a narrow screen; the first cell of a row names the row.

    `sides` has a letter for each column: `l` left, `r` right (numbers), `w` left with room for sentences.
    """
    names = list(head)
    sides = sides.ljust(len(names), "l")
    titles = (tag("th", name, scope="col", class_=_side(side)) for name, side in zip(names, sides, strict=True))
    body = (
        tag(
            "tr",
            *(
                tag("th", cell, scope="row", class_=_side(side)) if index == 0 else tag("td", cell, class_=_side(side))
                for index, (cell, side) in enumerate(zip(row, sides, strict=True))
            ),
        )
        for row in rows
    )
    inside = tag(
        "table",
        tag("caption", caption),
        tag("thead", tag("tr", *titles)),
        tag("tbody", *body),
    )
    return tag("div", inside, class_="scroll", tabindex="0", role="region", aria_label=caption)


def _side(side: str) -> str | None:
    return {"r": "number", "w": "long"}.get(side)
