"""Options of the generators, for the commands that make takes: written once, as the fields of a generator's model."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import click

from songkit.cli.options import FILE

OF_EDITING = ("reference", "segments")
"""Fields that `songkit edit` fills in."""
OTHER_NAMES = {"precision": "--dtype"}


class GeneratorCommand(click.Command):
    """A command with all that DiffRhythm can be asked; what was given reaches it as `options`, by the fields' names.

    The model is read when the options are, and not when the command is named: pydantic is no light load.
    """

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        *own, of_help = super().get_params(ctx)
        return [*own, *_parameters(), of_help]

    def invoke(self, ctx: click.Context) -> Any:
        values = {parameter.name or "": ctx.params.pop(parameter.name or "") for parameter in _parameters()}
        given = {name: value for name, value in values.items() if value not in (None, ())}
        ctx.params["options"] = {**ctx.params.get("options", {}), **_plain(given)}
        return super().invoke(ctx)


@cache
def _parameters() -> tuple[click.Parameter, ...]:
    from songkit.generate.diffrhythm.options import Options

    fields = ((name, field) for name, field in Options.model_fields.items() if name not in OF_EDITING)
    return tuple(_parameter(name, field.annotation, field.description or "") for name, field in fields)


def _parameter(name: str, annotation: Any, about: str) -> click.Parameter:
    names = [name, f"--{name.replace('_', '-')}", *([OTHER_NAMES[name]] if name in OTHER_NAMES else [])]
    help_text = f"DiffRhythm: {about}."
    kind = _without_none(annotation)
    if kind is bool:
        return click.Option(names, is_flag=True, default=None, help=help_text)
    if get_origin(kind) is Literal:
        return click.Option(names, type=click.Choice(get_args(kind)), help=help_text)
    if get_origin(kind) is tuple:
        first, second = get_args(kind)
        if second is ...:
            return click.Option(names, type=_simple(first), multiple=True, help=help_text)
        return click.Option(names, type=(_simple(first), _simple(second)), help=help_text)
    return click.Option(names, type=_simple(kind), help=help_text)


def _simple(kind: Any) -> Any:
    return FILE if kind is Path else kind


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) in (Union, UnionType):
        (kind,) = (each for each in get_args(annotation) if each is not NoneType)
        return kind
    return annotation


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Paths as strings, for the request is plain JSON."""
    return {
        name: [str(each) if isinstance(each, Path) else each for each in value]
        if isinstance(value, tuple)
        else str(value)
        if isinstance(value, Path)
        else value
        for name, value in values.items()
    }
