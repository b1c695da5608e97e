"""The JSON Schema of a chain, for editors that complete and check YAML."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from songkit.chains.chain import MAX_STEPS, MAX_TARGETS, Bounds, Chain
from songkit.chains.figures import FIGURES
from songkit.master import PROCESSORS
from songkit.master.processor import Processor
from songkit.targets import Target

_REFERENCE = "#/$defs/{model}"


def schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a chain's YAML, with every step that there is and what its settings mean."""
    parts: dict[str, Any] = {}
    steps = [_step(name, model, _part(model, parts)) for name, model in PROCESSORS.items()]
    bare: dict[str, Any] = {"enum": [name for name, model in PROCESSORS.items() if not _required(model)]}
    bare["description"] = "a step with its own defaults"
    bounds = _part(Bounds, parts)
    fields = Chain.model_fields
    properties: dict[str, Any] = {
        "name": {"type": "string", "minLength": 1, "maxLength": 80},
        "about": {"type": "string", "maxLength": 2000},
        "steps": {"type": "array", "maxItems": MAX_STEPS, "items": {"anyOf": [*steps, bare]}},
        "deliver": {"type": "array", "maxItems": MAX_TARGETS, "items": _part(Target, parts)},
        "checks": {
            "type": "object",
            "properties": {name: {**bounds, "description": figure.about} for name, figure in FIGURES.items()},
            "additionalProperties": False,
        },
        "mix": {"type": "number", "minimum": 0, "maximum": 1, "default": 1},
        "bypass": {"type": "boolean", "default": False},
    }
    for name, value in properties.items():
        value["description"] = fields[name].description
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "songkit chain",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "$defs": parts,
    }


def _step(name: str, model: type[Processor], settings: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "description": model.about,
        "properties": {name: settings if _required(model) else {"anyOf": [settings, {"type": "null"}]}},
        "required": [name],
        "additionalProperties": False,
    }


def _required(model: type[BaseModel]) -> bool:
    return any(field.is_required() for field in model.model_fields.values())


def _part(model: type[BaseModel], parts: dict[str, Any]) -> dict[str, Any]:
    """A reference to the model's own schema, which goes to the shared definitions with all that it needs."""
    own = model.model_json_schema(ref_template=_REFERENCE)
    parts.update(own.pop("$defs", {}))
    parts[model.__name__] = own
    return {"$ref": _REFERENCE.format(model=model.__name__)}
