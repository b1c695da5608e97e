"""Options that several commands share, spelled once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from songkit.cli.completion import AUDIO, LYRICS, FileOf, NameOrFile, yaml_names
from songkit.cli.say import say
from songkit.errors import SongkitError

Command = TypeVar("Command", bound=Callable[..., Any])

quiet_option = click.option("-q", "--quiet", is_flag=True, help="No progress and no table, errors only.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout and nothing else.")
force_option = click.option("-f", "--force", is_flag=True, help="Overwrite outputs that exist.")
skip_existing_option = click.option(
    "--skip-existing",
    is_flag=True,
    help="Leave alone what is done already, known by content and not by name; move what is in the way aside.",
)
tags_option = click.option(
    "--tags/--no-tags", "provenance", default=True, help="Say in the files how they were made, or leave it out."
)
strict_option = click.option("--strict", is_flag=True, help="Exit 3 when a target was not reached.")

FILE = click.Path(path_type=Path)
AUDIO_FILE = FileOf(AUDIO)
LYRICS_FILE = FileOf(LYRICS)
CHAIN = NameOrFile(yaml_names("chains"))
PROFILE = NameOrFile(yaml_names("analysis/profiles"))


def chain_option(default: str) -> Callable[[Command], Command]:
    return click.option(
        "--chain",
        type=CHAIN,
        default=default,
        show_default=True,
        metavar="CHAIN",
        help="A YAML file, or the name of a stock chain.",
    )


def print_json(value: Any) -> None:
    """Strict JSON: a NaN here is a bug of ours, and better a traceback than a file that nobody can read."""
    click.echo(_json_text(value))


class JsonArray:
    """The same for a list whose entries come one after the other; the last one waits to hear whether it is the last."""

    def __init__(self) -> None:
        self._last = ""

    def add(self, value: Any) -> None:
        """The next entry."""
        if self._last:
            say(f"{self._last},")
        opening = "  " if self._last else "[\n  "
        self._last = opening + _json_text(value).replace("\n", "\n  ")

    def close(self) -> None:
        """The end of the list."""
        say(f"{self._last}\n]" if self._last else "[]")


def _json_text(value: Any) -> str:
    text = json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace").decode()  # a file name need not be UTF-8; JSON knows \udcXX


def show_error(error: SongkitError, *, of: Path | None = None) -> None:
    """One line for what happened, one for what to do about it; `of` is the file where the message may not name it."""
    hint = f"\n  hint: {error.hint}" if error.hint else ""
    named = "" if of is None or str(of) in error.message else f"{of}: "
    say(f"error: {named}{error.message}{hint}", err=True)
