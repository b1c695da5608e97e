"""YAML that people write for this room (weights and profiles), read strictly into a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from songkit.errors import UsageError, near_names

LARGEST_BYTES = 64_000
HERE = Path(__file__).parent


class Strict(BaseModel):
    """Base of what is read: frozen, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


Model = TypeVar("Model", bound=BaseModel)


def read(path: Path, model: type[Model]) -> Model:
    """The document as a model. Raises UsageError with the file, and the line or the key that is wrong."""
    try:
        if path.exists() and not path.is_file():
            raise UsageError(f"{path} is not a regular file", "a pipe or a device may never end: save it first")
        if path.stat().st_size > LARGEST_BYTES:
            raise UsageError(f"{path}: {path.stat().st_size} bytes, more than {LARGEST_BYTES}")
        return parse(path.read_text(encoding="utf-8"), model, str(path))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 text") from error


def parse(text: str, model: type[Model], where: str) -> Model:
    """YAML text as a model; anchors and aliases are refused, so nothing can grow or turn in circles."""
    import yaml

    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if getattr(event, "anchor", None):
                line = event.start_mark.line + 1 if event.start_mark else 0
                raise UsageError(f"{where}, line {line}: anchors and aliases are not allowed here")
        values: Any = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        at = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise UsageError(f"{where}{at}: {error.problem}") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise UsageError(f"{where}: not YAML that can be read") from error
    try:
        return model.model_validate(values)
    except ValidationError as error:
        message, hint = _explained(error, model)
        raise UsageError(f"{where}: {message}", hint) from error


def _explained(error: ValidationError, model: type[BaseModel]) -> tuple[str, str]:
    """Message and hint for the problem that explains most: a key that does not exist before one that is missing."""
    problem = min(error.errors(), key=lambda problem: problem["type"] != "extra_forbidden")
    path = ".".join(map(str, problem["loc"]))
    if problem["type"] == "extra_forbidden":
        return f"unknown key {path}", near_names(path, model.model_fields) if len(problem["loc"]) == 1 else ""
    return (f"{path}: {problem['msg']}" if path else problem["msg"]), ""
