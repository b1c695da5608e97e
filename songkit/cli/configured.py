"""Options that no one gave on the command line: from the environment, the project's file, the user's file.

The result is click's own `default_map`, so that every option of every command is read, checked and documented once.
`config` and `completion` are left out: they must answer while a file is broken.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from songkit.config import FILE_NAME, Key, Setting, project_file, read
from songkit.errors import UsageError, near_names

PREFIX = "SONGKIT"
UNCONFIGURED = ("config", "completion")
_META = "songkit.origins"


@dataclass(frozen=True, slots=True)
class Given:
    """A value as text, the layer that it comes from, and the place there."""

    value: str | tuple[str, ...]
    layer: str
    place: str


def config_files() -> dict[str, Path]:
    """Where a project's file was found, and where a user's file would be looked for."""
    user = Path(click.get_app_dir("songkit")) / FILE_NAME
    project = project_file(Path.cwd(), Path.home())
    return ({"project": project} if project else {}) | {"user": user}


def option_key(option: click.Option) -> str:
    """What a file calls an option: its first long name, without the dashes before it."""
    names = sorted(option.opts, key=lambda name: not name.startswith("--"))
    return names[0].lstrip("-").replace("_", "-")


def options(command: click.Command, path: Key, ctx: click.Context) -> Iterator[tuple[Key, click.Option]]:
    """Every option of a command and of those below it, by its key."""
    if isinstance(command, click.Group):
        for name in command.list_commands(ctx):
            below = command.get_command(ctx, name)
            if below is not None:
                yield from options(below, (*path, name), click.Context(below, parent=ctx, info_name=name))
        return
    for parameter in command.get_params(ctx):
        if isinstance(parameter, click.Option) and not parameter.is_eager:
            yield (*path, option_key(parameter)), parameter


def variable(key: Key) -> str:
    """`SONGKIT_MASTER_TRUE_PEAK` for `master.true-peak`."""
    return "_".join((PREFIX, *key)).upper().replace("-", "_")


class Sources:
    """The files and the environment, read once, and asked for the options of a command."""

    def __init__(self, commands: tuple[str, ...]) -> None:
        files = {layer: file for layer, file in config_files().items() if file.is_file()}
        self._files = {layer: read(file) for layer, file in files.items()}
        for settings in self._files.values():
            for key, setting in settings.items():
                if key[0] not in commands:
                    raise UsageError(f"{setting}: no command {key[0]!r}", near_names(key[0], commands))

    def given(self, known: dict[Key, click.Option], command: str) -> dict[Key, Given]:
        """What is set for these options, by the strongest source. Raises UsageError for keys that are none of them."""
        self._refuse_unknown(known, command)
        found: dict[Key, Given] = {}
        for key, option in known.items():
            text = os.environ.get(variable(key))
            if text:
                found[key] = Given(_split(option, text), "environment", variable(key))
                continue
            for layer, settings in self._files.items():
                if key in settings:
                    found[key] = Given(_fitting(option, key, settings[key]), layer, str(settings[key]))
                    break
        return found

    def _refuse_unknown(self, known: dict[Key, click.Option], command: str) -> None:
        names = [".".join(key) for key in known]
        for settings in self._files.values():
            for key, setting in settings.items():
                if key[0] == command and key not in known:
                    raise UsageError(f"{setting}: no option {'.'.join(key)}", near_names(".".join(key), names))
        variables = {variable(key) for key in known}
        for name in sorted(os.environ):
            if name.startswith(variable((command,)) + "_") and name not in variables:
                raise UsageError(f"no option for the variable {name}", near_names(name, variables))


def configure(ctx: click.Context, name: str, command: click.Command, commands: tuple[str, ...]) -> None:
    """Gives `ctx` the values for `command`, where anything is set at all."""
    known = dict(options(command, (name,), click.Context(command, parent=ctx, info_name=name)))
    given = Sources(commands).given(known, name)
    ctx.default_map = default_map(known, given)
    ctx.meta[_META] = {id(known[key]): place for key, place in given.items()}


def default_map(known: dict[Key, click.Option], given: dict[Key, Given]) -> dict[str, Any]:
    """The values by the names of click's parameters, nested as the commands are."""
    tree: dict[str, Any] = {}
    for key, each in given.items():
        branch = tree
        for part in key[:-1]:
            branch = branch.setdefault(part, {})
        branch[known[key].name or ""] = each.value
    return tree


def explained(error: click.BadParameter) -> click.ClickException:
    """The error, with file and line (or variable) where the bad value came from none of the command line's words."""
    ctx, option = error.ctx, error.param
    if ctx is None or option is None or option.name is None:
        return error
    given: Given | None = ctx.find_root().meta.get(_META, {}).get(id(option))
    if given is None or ctx.get_parameter_source(option.name) is not click.core.ParameterSource.DEFAULT_MAP:
        return error
    return click.UsageError(f"{given.place}: {error.format_message()}", ctx)


def _split(option: click.Option, text: str) -> str | tuple[str, ...]:
    return tuple(option.type.split_envvar_value(text)) if _is_list(option) else text


def _fitting(option: click.Option, key: Key, setting: Setting) -> str | tuple[str, ...]:
    name, value = ".".join(key), setting.value
    if _is_list(option):
        value = (value,) if isinstance(value, str) and option.multiple else value
        if isinstance(value, str) or (option.nargs > 1 and len(value) != option.nargs):
            raise UsageError(f"{setting}: {name} takes a list of {option.nargs} values")
        return tuple(_placed(option, text, setting.file.parent) for text in value)
    if not isinstance(value, str):
        raise UsageError(f"{setting}: {name} takes one value, not a list", "several are one text, with commas between")
    return _placed(option, value, setting.file.parent)


def _is_list(option: click.Option) -> bool:
    return option.multiple or option.nargs != 1


def _placed(option: click.Option, text: str, folder: Path) -> str:
    """A path in a file is meant from that file; the name of a chain or profile is one only where such a file is."""
    if isinstance(option.type, click.Path) and text != "-":
        return str(folder / Path(text).expanduser())
    if getattr(option.type, "may_be_file", False) and (folder / text).is_file():
        return str(folder / text)
    return text
