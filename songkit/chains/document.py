"""YAML text as plain values, each with its line: the safe subset that a chain needs, and nothing a file can abuse.

Scalars are read by YAML 1.2's rules for numbers (`1e3` is a number, `1:30` is not ninety); mappings, sequences and
anchors are kept. Tags that name objects, duplicate keys, anchors that contain themselves, documents that expand or
nest beyond reason, NaN and infinity are refused, each with its line.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from songkit.errors import ChainError

MAX_BYTES = 256 * 1024
MAX_VALUES = 20_000
MAX_DEPTH = 32
MAX_NUMBER_LENGTH = 40
MAX_MESSAGE_LENGTH = 600

Path = tuple[str | int, ...]

_TAG = "tag:yaml.org,2002:"
_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_SPECIAL = {".inf": math.inf, "+.inf": math.inf, "-.inf": -math.inf, ".nan": math.nan}


class _Loader(yaml.SafeLoader):
    """Stops at deep nesting before Python's own stack does."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise yaml.MarkedYAMLError(problem="nested too deeply", problem_mark=self.get_mark())
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node if isinstance(node, yaml.Node) else None


class _Dumper(yaml.SafeDumper):
    """Quotes each string that this file would read as a number."""


def _represent_text(dumper: _Dumper, text: str) -> yaml.Node:
    # only double quotes escape Unicode's own line ends, which come back as spaces otherwise
    style = '"' if any(mark in text for mark in "\x85\u2028\u2029") else None
    return dumper.represent_scalar(_TAG + "str", text, style=style)


_Dumper.add_representer(str, _represent_text)
for _class in (_Loader, _Dumper):
    _class.add_implicit_resolver(_TAG + "float", re.compile(rf"^(?:{_FLOAT.pattern})$"), list("-+.0123456789"))


@dataclass(frozen=True, slots=True)
class Document:
    """The plain value of a YAML text, and where each part of it stands."""

    where: str
    value: Any
    lines: Mapping[Path, int]

    def error(self, path: Path, message: str, hint: str = "") -> ChainError:
        """`where:line: path: message`; the line is that of the nearest part that is in the text."""
        return ChainError(f"{self.where}:{self.line(path)}: {one_line(dotted(path) + message)}", hint)

    def line(self, path: Path) -> int:
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def one_line(text: str) -> str:
    """What a message quotes from the text of a chain: without control characters, and not without end."""
    plain = "".join(mark if mark.isprintable() else repr(mark)[1:-1] for mark in text)
    return plain if len(plain) <= MAX_MESSAGE_LENGTH else plain[: MAX_MESSAGE_LENGTH - 3] + "..."


def dotted(path: Path) -> str:
    """`steps[2].compressor.ratio: ` for a path, nothing for the document itself."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".") + ": " if text else ""


def read(text: str | bytes, where: str) -> Document:
    """The document in `text`. Raises ChainError with `where` and the line for everything that it refuses."""
    node = _compose(_decode(text, where), where)
    lines: dict[Path, int] = {}
    value = _Reader(where, lines).value(node, ())
    return Document(where, value, lines)


def write(value: Any) -> str:
    """Plain values as YAML that `read` gives back: small mappings on one line, keys in their order."""
    return str(
        yaml.dump(value, Dumper=_Dumper, default_flow_style=None, sort_keys=False, allow_unicode=True, width=110)
    )


def _decode(text: str | bytes, where: str) -> str:
    if len(text) > MAX_BYTES:
        raise ChainError(f"{where}: larger than {MAX_BYTES // 1024} KiB", "a chain is a short text")
    if isinstance(text, str):
        return text
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise ChainError(f"{where}:{line}: not UTF-8 text", "a chain is YAML, saved as UTF-8") from error


def _compose(text: str, where: str) -> yaml.Node:
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ChainError(f"{where}:{line}: a character that YAML does not allow", "save it as plain text") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        problem = " ".join(part for part in (error.context, error.problem) if part)
        raise ChainError(f"{where}:{line}: not valid YAML: {problem}") from error
    if node is None:
        raise ChainError(f"{where}: empty", "a chain has at least `steps:`")
    return node


class _Reader:
    """Turns nodes into plain values; counts them, so that anchors cannot multiply without end."""

    def __init__(self, where: str, lines: dict[Path, int]) -> None:
        self.where = where
        self.lines = lines
        self.values = 0
        self.open_nodes: set[int] = set()

    def value(self, node: yaml.Node, path: Path) -> Any:
        self.values += 1
        if self.values > MAX_VALUES:
            raise self.refuse(node, path, f"its anchors expand to more than {MAX_VALUES} values")
        if id(node) in self.open_nodes:
            raise self.refuse(node, path, "an anchor that contains itself")
        self.lines.setdefault(path, node.start_mark.line + 1)
        self.open_nodes.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self.mapping(node, path)
            if isinstance(node, yaml.SequenceNode):
                self.check_tag(node, path, "seq")
                return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
            return self.scalar(node, path)
        finally:
            self.open_nodes.discard(id(node))

    def mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        self.check_tag(node, path, "map")
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self.key(key_node, path)
            if key in found:
                raise self.refuse(key_node, (*path, key), "given twice", "a key may stand once")
            # the line of a key, not of its value, is where a reader looks
            self.lines[(*path, key)] = key_node.start_mark.line + 1
            found[key] = self.value(value_node, (*path, key))
        return found

    def key(self, node: yaml.Node, path: Path) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise self.refuse(node, path, "a key must be a word")
        if node.tag == _TAG + "merge":
            raise self.refuse(node, path, "merge keys (<<) are not supported", "write the keys out")
        return str(node.value)

    def scalar(self, node: yaml.Node, path: Path) -> Any:
        text = str(node.value)
        kind = self.check_tag(node, path, "str", "bool", "null", "int", "float", "timestamp", "value", "merge")
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() in ("yes", "true", "on")
        if kind in ("int", "float") and (_INTEGER.fullmatch(text) or _FLOAT.fullmatch(text)):
            return self.number(node, path, text)
        return text

    def number(self, node: yaml.Node, path: Path, text: str) -> int | float:
        if len(text) > MAX_NUMBER_LENGTH:
            raise self.refuse(node, path, f"a number of {len(text)} digits")
        if _INTEGER.fullmatch(text):
            return int(text)
        number = _SPECIAL.get(text.lower())
        number = float(text) if number is None else number
        if not math.isfinite(number):
            raise self.refuse(node, path, f"{text} is not a finite number")
        return number

    def check_tag(self, node: yaml.Node, path: Path, *allowed: str) -> str:
        kind = str(node.tag).removeprefix(_TAG)
        if kind not in allowed:
            raise self.refuse(node, path, f"the tag {node.tag} is not allowed", "a chain holds plain values")
        return kind

    def refuse(self, node: yaml.Node, path: Path, message: str, hint: str = "") -> ChainError:
        return ChainError(f"{self.where}:{node.start_mark.line + 1}: {one_line(dotted(path) + message)}", hint)
