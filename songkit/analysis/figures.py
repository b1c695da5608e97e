"""The numbers that an analysis has, by dotted path: what profiles and weights may name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints


@cache
def figure_names() -> frozenset[str]:
    """Every dotted path at which `figure` finds a number or a list, read from the types of the dataclasses."""
    from songkit.analysis.result import Analysis

    return frozenset(_paths(Analysis, ""))


def _paths(group: type[Any], prefix: str) -> Iterator[str]:
    hints = get_type_hints(group, localns=type_names())
    for item in fields(group):
        hint = hints[item.name]
        kinds = [
            kind for kind in (get_args(hint) if isinstance(hint, UnionType) else (hint,)) if kind is not type(None)
        ]
        if len(kinds) == 1 and not item.metadata:
            if is_dataclass(kinds[0]) and isinstance(kinds[0], type):
                yield from _paths(kinds[0], f"{prefix}{item.name}.")
            elif kinds[0] in (int, float, bool) or get_origin(kinds[0]) is tuple:
                yield prefix + item.name


def type_names() -> dict[str, Any]:
    """Names that stand behind TYPE_CHECKING in the dataclasses' files."""
    from songkit.audio import Format

    return {"Format": Format, "FileInfo": object}
