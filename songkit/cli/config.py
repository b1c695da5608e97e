"""`songkit config`: what is set where, and the files that are looked for."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import click

from songkit.cli.options import json_option, print_json

if TYPE_CHECKING:
    from songkit.cli.configured import Given, Sources


@dataclass(frozen=True, slots=True)
class Row:
    """An option's value and where it comes from: a file with its line, a variable, or nothing but the program."""

    key: str
    value: Any
    source: str
    place: str
    variable: str


@click.group()
def config() -> None:
    """Configuration: command line, then SONGKIT_* variables, the project's songkit.yaml, the user's, built in."""


@config.command()
@click.argument("command", required=False)
@json_option
def show(command: str | None, as_json: bool) -> None:
    """Print the value of every option (of COMMAND only) and where it comes from; all of the files is checked."""
    rows = _rows(command)
    if as_json:
        print_json([asdict(row) for row in rows])
        return
    width = max(len(row.key) for row in rows)
    shown = [(row, "-" if row.value is None else str(row.value)) for row in rows]
    values = min(30, max(len(text) for _, text in shown))
    for row, text in shown:
        click.echo(f"{row.key:<{width}}  {text:<{values}}  {' '.join(filter(None, (row.source, row.place)))}")


@config.command()
@json_option
def path(as_json: bool) -> None:
    """Print the files that are read, the strongest first, and whether they are there."""
    from songkit.cli.configured import config_files

    files = {layer: {"path": str(file), "exists": file.is_file()} for layer, file in config_files().items()}
    if as_json:
        print_json(files)
        return
    for layer, file in files.items():
        click.echo(f"{layer:<7}  {file['path']}{'' if file['exists'] else ' (not there)'}")


def _rows(only: str | None) -> list[Row]:
    from songkit.cli import COMMANDS, songkit
    from songkit.cli.configured import UNCONFIGURED, Sources
    from songkit.errors import UsageError, near_names

    names = tuple(name for name in COMMANDS if name not in UNCONFIGURED)
    if only is not None and only not in names:
        raise UsageError(f"no command {only!r} to configure", near_names(only, names))
    sources, root = Sources(names), click.Context(songkit, info_name="songkit")
    rows = [row for name in names for row in _rows_of(name, sources, root)]
    return [row for row in rows if only in (None, row.key.partition(".")[0])]


def _rows_of(name: str, sources: Sources, root: click.Context) -> list[Row]:
    from songkit.cli import songkit
    from songkit.cli.configured import Given, options, variable

    command = songkit.get_command(root, name)
    if command is None:
        return []
    ctx = click.Context(command, parent=root, info_name=name)
    known = dict(options(command, (name,), ctx))
    given = sources.given(known, name)
    rows = []
    for key, option in known.items():
        each = given.get(key, Given("", "built in", ""))
        value = option.get_default(ctx) if key not in given else _checked(option, each, ctx)
        value = None if repr(value) == "Sentinel.UNSET" else value
        rows.append(Row(".".join(key), _plain(value), each.layer, each.place, variable(key)))
    return rows


def _checked(option: click.Option, given: Given, ctx: click.Context) -> Any:
    from songkit.errors import UsageError

    try:
        return option.process_value(ctx, given.value)
    except click.BadParameter as error:
        error.param = option
        raise UsageError(f"{given.place}: {error.format_message()}") from error


def _plain(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return [_plain(each) for each in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)
