"""An analysis read back from the plain values that `Analysis.to_dict` gave; curves over time are not kept there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from songkit.analysis.figures import type_names
from songkit.analysis.result import Analysis
from songkit.errors import InputError


def from_dict(values: Mapping[str, Any]) -> Analysis:
    """The analysis that `to_dict` described; what is missing there, or unknown here, takes its default.

    Raises InputError when the values describe no analysis.
    """
    try:
        analysis: Analysis = _build(Analysis, values)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"these values are no analysis: {error}") from error
    return analysis


def has_figure(values: Mapping[str, Any], path: str) -> bool:
    """Whether something was kept at a dotted path, be it None."""
    here: Any = values
    for name in path.split("."):
        if here is None:
            return True
        if not isinstance(here, Mapping) or name not in here:
            return False
        here = here[name]
    return True


def _build(kind: type[Any], values: Mapping[str, Any]) -> Any:
    hints = get_type_hints(kind, localns=type_names())
    # A whole group that was not measured is kept as None: its default says the same.
    known = {
        item.name: values[item.name]
        for item in fields(kind)
        if item.name in values and (values[item.name] is not None or type(None) in get_args(hints[item.name]))
    }
    return kind(**{name: _value(hints[name], value) for name, value in known.items()})


def _value(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(hint, UnionType):
        (hint,) = [option for option in get_args(hint) if option is not type(None)][:1]
    if isinstance(hint, type) and is_dataclass(hint):
        return _build(hint, value)
    if get_origin(hint) is tuple:
        return tuple(_value(get_args(hint)[0], entry) for entry in value)
    return value
