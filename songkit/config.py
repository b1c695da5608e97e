"""Configuration files: found, read, and every value kept with the line it stands on.

A file is YAML, `command: {option: value}`. Values stay the text that they are: an option reads a text from a file as it
reads one from the command line, so that both are refused for the same reasons.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from songkit.errors import UsageError

if TYPE_CHECKING:
    import yaml  # where there is a file, and not before

FILE_NAME = "songkit.yaml"
MAX_BYTES = 64 * 1024

Key = tuple[str, ...]
"""`("master", "chain")`; words are joined by dashes, whatever the file wrote."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A text, or several, and where they were read."""

    value: str | tuple[str, ...]
    file: Path
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def project_file(start: Path, home: Path) -> Path | None:
    """The nearest `songkit.yaml` in `start` or above it.

    The search ends with the folder that holds `.git`, and before `home`, whose file would be no project's. A file that
    belongs to somebody else is refused: above a shared folder anybody could put one.
    """
    for folder in (start, *start.parents):
        if folder == home:
            return None
        file = folder / FILE_NAME
        if file.is_file():
            _trusted(file)
            return file
        if (folder / ".git").exists():
            return None
    return None


def read(file: Path) -> dict[Key, Setting]:
    """All settings of a file; an empty file has none. Raises UsageError with file and line."""
    try:
        with file.open("rb") as handle:
            content = handle.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror or error}") from error
    if len(content) > MAX_BYTES:
        raise UsageError(f"{file}: larger than {MAX_BYTES // 1024} KiB", "a configuration is a short text")
    found: dict[Key, Setting] = {}
    root = _composed(content, file)
    if root is not None and not _is_null(root):
        for key, setting in _settings(root, (), file):
            if key in found:
                raise UsageError(f"{setting}: {'.'.join(key)} is there twice", f"first in line {found[key].line}")
            found[key] = setting
    return found


def _composed(content: bytes, file: Path) -> yaml.Node | None:
    import yaml

    try:
        return yaml.compose(content.decode("utf-8-sig"), Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{file}:{line}: not UTF-8 text") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise UsageError(f"{file}:{line}: not valid YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise UsageError(f"{file}: not valid YAML: a character that it does not allow") from error
    except RecursionError as error:
        raise UsageError(f"{file}: nested too deeply") from error


def _settings(node: yaml.Node, path: Key, file: Path) -> Iterator[tuple[Key, Setting]]:
    import yaml

    line = node.start_mark.line + 1
    if len(path) > 3:
        raise UsageError(f"{file}:{line}: {'.'.join(path)}: nested deeper than any option")
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if not isinstance(name, yaml.ScalarNode):
                raise UsageError(f"{file}:{name.start_mark.line + 1}: a key is a word")
            yield from _settings(value, (*path, name.value.replace("_", "-")), file)
    elif not path:
        raise UsageError(f"{file}:{line}: not a configuration", "write `command: {option: value}`")
    elif isinstance(node, yaml.SequenceNode):
        yield path, Setting(tuple(_text(each, path, file) for each in node.value), file, line)
    elif len(path) > 1 or not _is_null(node):  # a command's name without anything below it sets nothing
        yield path, Setting(_text(node, path, file), file, line)


def _text(node: yaml.Node, path: Key, file: Path) -> str:
    import yaml

    if not isinstance(node, yaml.ScalarNode) or _is_null(node):
        raise UsageError(f"{file}:{node.start_mark.line + 1}: {'.'.join(path)} has no value", "leave the key out")
    return str(node.value)


def _is_null(node: yaml.Node) -> bool:
    return bool(node.tag == "tag:yaml.org,2002:null")


def _trusted(file: Path) -> None:
    if hasattr(os, "getuid") and file.stat().st_uid not in (os.getuid(), 0):
        raise UsageError(f"{file} belongs to another user and is not read", "work below a folder of your own")
