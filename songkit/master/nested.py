"""Steps inside a step: read from their YAML, written back, and held against what a sum of parts can bear."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, ValidationError, WithJsonSchema

from songkit.blocks import SourceInfo
from songkit.errors import near_names
from songkit.master.processor import NestingProcessor, Processor

_SHARED: dict[str, Any] = {"mix": 1.0, "bypass": False}


def read(value: Any) -> Processor:
    """A step from a mapping of its name to its settings, from its bare name, or from itself."""
    from songkit.master import PROCESSORS

    if isinstance(value, Processor):
        return value
    if isinstance(value, str):
        value = {value: None}
    if not isinstance(value, Mapping) or len(value) != 1:
        raise ValueError("a step is a mapping of one name to its settings")
    [(name, settings)] = value.items()
    if name not in PROCESSORS:
        raise ValueError(f"unknown step {name}; {near_names(str(name), PROCESSORS)}")
    try:
        return PROCESSORS[name].model_validate_json(json.dumps(settings or {}), strict=True)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(str(part) for part in (name, *problem["loc"]))
        raise ValueError(f"{where}: {problem['msg'].removeprefix('Value error, ')}") from error


def written(step: Processor) -> dict[str, Any]:
    """The mapping that `read` takes."""
    from songkit.master import PROCESSORS

    name = next((name for name, kind in PROCESSORS.items() if type(step) is kind), type(step).__name__)
    defaults = _SHARED | {key: None for key, field in type(step).model_fields.items() if field.default is None}
    values = step.model_dump(mode="json")
    return {name: {key: value for key, value in values.items() if key not in defaults or defaults[key] != value}}


def misfit(steps: Sequence[Processor], info: SourceInfo) -> str | None:
    """What keeps these steps from being run over a part that is summed with others again, or None."""
    for index, step in enumerate(steps):
        name = next(iter(written(step)))
        if isinstance(step, NestingProcessor):
            return f"[{index}].{name}: it cannot stand inside another step"
        if step.changes_length or step.changes_rate or step.format_out(info.format) != info.format:
            return f"[{index}].{name}: it changes length, rate or channels, and the parts would not fit together again"
        if not (step.bypass or step.mix == 0.0) and (problem := step.check(info)):
            return f"[{index}].{name}: {problem}"
    return None


Step = Annotated[
    Processor,
    BeforeValidator(read),
    PlainSerializer(written),
    WithJsonSchema({"anyOf": [{"type": "object", "maxProperties": 1}, {"type": "string"}]}),
]
