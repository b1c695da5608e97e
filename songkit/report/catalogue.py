"""What processors are made of, read from their models: the rows of listings and of the generated documentation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel


@dataclass(frozen=True, slots=True)
class ParameterRow:
    """One key of a step, in words."""

    name: str
    type: str
    default: str
    range: str
    description: str


def describe(model: type[BaseModel]) -> dict[str, Any]:
    """A processor as plain values: what it is, and the JSON schema of its keys."""
    return {"about": getattr(model, "about", ""), "schema": model.model_json_schema()}


def parameter_rows(model: type[BaseModel]) -> list[ParameterRow]:
    """One row per key, in the order of the model."""
    schema = model.model_json_schema()
    definitions = schema.get("$defs", {})
    required = schema.get("required", [])
    return [
        ParameterRow(
            name=name,
            type=_type(field, definitions),
            default="required" if name in required else _value(field.get("default")),
            range=_range(field),
            description=field.get("description", ""),
        )
        for name, field in schema.get("properties", {}).items()
    ]


def _value(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "empty" if not value else ", ".join(map(_value, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _type(field: dict[str, Any], definitions: dict[str, Any]) -> str:
    if "enum" in field:
        return " | ".join(map(str, field["enum"]))
    if "const" in field:
        return str(field["const"])
    if "anyOf" in field:
        return " | ".join(_type(option, definitions) for option in field["anyOf"] if option.get("type") != "null")
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        keys = definitions.get(name, {}).get("properties", {})
        return "{" + ", ".join(keys) + "}" if keys else _type(definitions.get(name, {}), {})
    if field.get("type") == "array":
        return f"list of {_type(field.get('items', {}), definitions)}"
    words = {"number": "number", "integer": "whole number", "boolean": "yes/no", "string": "text"}
    type_name = str(field.get("type", "any"))
    return words.get(type_name, type_name)


def _range(field: dict[str, Any]) -> str:
    bounds = [
        (field.get("minimum"), "from {:g}"),
        (field.get("exclusiveMinimum"), "above {:g}"),
        (field.get("maximum"), "to {:g}"),
        (field.get("exclusiveMaximum"), "below {:g}"),
    ]
    own = " ".join(form.format(bound) for bound, form in bounds if bound is not None)
    if not own and "anyOf" in field:
        return next((text for text in map(_range, field["anyOf"]) if text), "")
    return own
