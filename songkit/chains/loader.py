"""From YAML to a Chain: every error names file, line and path, and what was probably meant."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from pathlib import Path as FilePath
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from songkit.chains import document
from songkit.chains.chain import MAX_STEPS, MAX_TARGETS, Bounds, Chain
from songkit.chains.document import Document, Path
from songkit.chains.figures import FIGURES
from songkit.errors import ChainError, near_names
from songkit.master import PROCESSORS
from songkit.master.processor import Processor
from songkit.targets import Target

Model = TypeVar("Model", bound=BaseModel)


def stock_names() -> tuple[str, ...]:
    """Names of the chains that come with songkit."""
    entries = files("songkit.chains").iterdir()
    return tuple(sorted(entry.name.removesuffix(".yaml") for entry in entries if entry.name.endswith(".yaml")))


def load(name_or_path: str) -> Chain:
    """See `Chain.load`."""
    path = FilePath(name_or_path)
    try:
        is_file = path.exists() and not path.is_dir()
    except OSError as error:  # a name too long for the system, a folder that may not be entered
        raise ChainError(f"{name_or_path} cannot be read: {error.strerror or error}") from error
    if is_file:
        return parse(_read_file(path), str(name_or_path))
    name = str(name_or_path).removesuffix(".yaml").removesuffix(".yml")
    if name in stock_names():
        return parse(files("songkit.chains").joinpath(f"{name}.yaml").read_bytes(), f"{name}.yaml")
    if path.is_dir():
        raise ChainError(f"{path} is a folder, not a chain")
    raise ChainError(f"no chain {name_or_path}: neither a file nor a stock chain", near_names(name, stock_names()))


def parse(text: str | bytes, where: str = "chain") -> Chain:
    """See `Chain.parse`."""
    doc = document.read(text, where)
    values = _mapping(doc, (), doc.value)
    _known_keys(doc, (), values, Chain.model_fields)
    values = {key: value for key, value in values.items() if value is not None}
    values.setdefault("name", FilePath(where).stem[:80] or "chain")
    values["steps"] = [
        _step(doc, ("steps", index), value)
        for index, value in enumerate(_sequence(doc, "steps", values.get("steps", ()), MAX_STEPS))
    ]
    values["deliver"] = [
        _model(doc, ("deliver", index), Target, value)
        for index, value in enumerate(_sequence(doc, "deliver", values.get("deliver", ()), MAX_TARGETS))
    ]
    values["checks"] = dict(_checks(doc, values.get("checks", {})))
    try:
        return Chain.model_validate(
            {**values, "steps": tuple(values["steps"]), "deliver": tuple(values["deliver"])}, strict=True
        )
    except ValidationError as error:
        raise _chain_error(doc, (), Chain, error) from error


def _read_file(path: FilePath) -> bytes:
    if not path.is_file():
        raise ChainError(f"{path} is not a regular file", "a pipe or a device may never end: save the chain first")
    try:
        with path.open("rb") as file:
            return file.read(document.MAX_BYTES + 1)
    except OSError as error:
        raise ChainError(f"{path} cannot be read: {error.strerror or error}") from error


def _step(doc: Document, path: Path, value: Any) -> Processor:
    if isinstance(value, str):  # `- dc` is `- dc: {}`
        value = {value: None}
    value = _mapping(doc, path, value)
    if len(value) != 1:
        names = ", ".join(value) or "none"
        raise doc.error(path, f"one step's name was expected, found {names}", "each step starts with its own `-`")
    [(name, given)] = value.items()
    if name not in PROCESSORS:
        raise doc.error((*path, name), "unknown step", near_names(name, PROCESSORS))
    return _model(doc, (*path, name), PROCESSORS[name], given if given is not None else {})


def _checks(doc: Document, value: Any) -> Iterator[tuple[str, Bounds]]:
    checks = _mapping(doc, ("checks",), value)
    for name, bounds in checks.items():
        if name not in FIGURES:
            raise doc.error(("checks", name), "unknown figure", near_names(name, FIGURES))
        yield name, _model(doc, ("checks", name), Bounds, bounds)


def _model(doc: Document, path: Path, model: type[Model], value: Any) -> Model:
    """`value` as a `model`, by JSON's strict rules: no number from a string, no truth from a number."""
    _mapping(doc, path, value)
    try:
        return model.model_validate_json(json.dumps(value), strict=True)
    except ValidationError as error:
        raise _chain_error(doc, path, model, error) from error


def _mapping(doc: Document, path: Path, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise doc.error(path, f"a mapping (key: value) was expected, not {_shown(value)}")
    return value


def _sequence(doc: Document, key: str, value: Any, most: int) -> Iterable[Any]:
    if not isinstance(value, list | tuple):
        raise doc.error((key,), f"a list (lines that start with -) was expected, not {_shown(value)}")
    if len(value) > most:
        raise doc.error((key,), f"{len(value)} entries; there may be {most}")
    return value


def _known_keys(doc: Document, path: Path, value: Mapping[str, Any], known: Iterable[str]) -> None:
    known = list(known)
    for key in value:
        if key not in known:
            raise doc.error((*path, key), "unknown key", near_names(key, known))


def _chain_error(doc: Document, base: Path, model: type[BaseModel], error: ValidationError) -> ChainError:
    """The first problem in the file; where a value may be one of several kinds, all that it could have been."""
    located = [(_path_in(doc, base, problem), problem) for problem in error.errors()]
    # a list whose entries are wrong is itself called too short: the entry is what matters
    inner = {path[:end] for path, _ in located for end in range(len(path))}
    located = [entry for entry in located if entry[0] not in inner]
    located.sort(key=lambda entry: doc.line(entry[0]))
    path, first = located[0]
    kind, context = first["type"], first.get("ctx", {})
    if kind == "extra_forbidden":
        return doc.error(path, "unknown key", near_names(str(path[-1]), _keys_at(model, first["loc"][:-1])))
    if kind == "union_tag_invalid":
        tags = context["expected_tags"].replace("'", "").split(", ")
        path = (*path, context["discriminator"].strip("'"))
        return doc.error(path, f"unknown: {context['tag']}", near_names(context["tag"], tags))
    if kind == "union_tag_not_found":
        return doc.error((*path, context["discriminator"].strip("'")), "missing")
    if kind == "missing":
        return doc.error(path, "missing")
    reasons = dict.fromkeys(_reason(problem) for at, problem in located if at == path)
    got = "" if kind == "value_error" else f", not {_shown(first['input'])}"
    return doc.error(path, " or ".join(reasons) + got)


def _path_in(doc: Document, base: Path, problem: ErrorDetails) -> Path:
    """Where the problem stands in the text; pydantic's names for members of a union are not part of it."""
    path = base
    for part in problem["loc"]:
        if (*path, part) in doc.lines:
            path = (*path, part)
    if problem["type"] == "missing":
        path = (*path, problem["loc"][-1])
    return path


def _keys_at(model: type[BaseModel], location: Iterable[str | int]) -> set[str]:
    """Keys that the models at that place know."""
    models = {model}
    for part in location:
        inner = {found for each in models if part in each.model_fields for found in _models_in(each, str(part))}
        models = inner or models
    return {key for each in models for key in each.model_fields}


def _models_in(model: type[BaseModel], field: str) -> Iterator[type[BaseModel]]:
    waiting = [model.model_fields[field].annotation]
    while waiting:
        annotation = waiting.pop()
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield annotation
        waiting.extend(get_args(annotation))


def _reason(problem: ErrorDetails) -> str:
    return problem["msg"].removeprefix("Value error, ").replace("Input should be", "must be")


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else text[:37] + "..."
