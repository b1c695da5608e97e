"""A chain as a value: the steps, what is delivered, and what the delivered file is checked for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SerializeAsAny, field_validator, model_validator

from songkit.chains import document
from songkit.chains.figures import FIGURES
from songkit.errors import ChainError, near_names
from songkit.master import PROCESSORS
from songkit.master.processor import Processor
from songkit.targets import Target

MAX_STEPS = 100
MAX_TARGETS = 20

LEVEL_HOLDING = ("loudness", "limiter")
"""Steps that hold a level: what comes after them may break it."""


class Bounds(BaseModel):
    """What a measured figure of the delivered file may be at least, at most, or both."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    min: float | None = Field(None, description="smallest value that passes")
    max: float | None = Field(None, description="largest value that passes")

    @model_validator(mode="after")
    def _some_bound(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("min or max is needed")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} is above max {self.max:g}")
        return self


def step_from(value: Any) -> Any:
    """A processor, from itself or from a mapping of its name to its settings (`{"gain": {"gain_db": 3}}`)."""
    if isinstance(value, Processor):
        return value
    if not isinstance(value, Mapping) or len(value) != 1:
        raise ValueError("a step is a mapping of one name to its settings")
    [(name, settings)] = value.items()
    if name not in PROCESSORS:
        raise ValueError(f"unknown step {name}; {near_names(str(name), PROCESSORS)}")
    return PROCESSORS[name].model_validate(settings or {})


class Chain(BaseModel):
    """A recipe for mastering. Frozen; equal when all fields are; written and read as YAML (`dump`, `parse`, `load`)."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str = Field(min_length=1, max_length=80, description="what the chain is called")
    about: str = Field("", max_length=2000, description="what it is for, in a sentence or two")
    steps: tuple[Annotated[SerializeAsAny[Processor], BeforeValidator(step_from)], ...] = Field(
        (), max_length=MAX_STEPS, description="what is done, in this order: one processor's name with its settings each"
    )
    deliver: tuple[Target, ...] = Field((), max_length=MAX_TARGETS, description="the files to write")
    checks: dict[str, Bounds] = Field(
        default_factory=dict, description="figures of the delivered file and the bounds they must keep"
    )
    mix: float = Field(
        1.0,
        ge=0.0,
        le=1.0,
        description="strength of the whole chain, 0 (nothing is done) to 1; the closing loudness and limiter steps "
        "work on the blend, so that level and ceiling hold",
    )
    bypass: bool = Field(False, description="leave all steps out")

    @field_validator("checks")
    @classmethod
    def _known_figures(cls, checks: dict[str, Bounds]) -> dict[str, Bounds]:
        for name in checks:
            if name not in FIGURES:
                raise ValueError(f"unknown figure {name}; {near_names(name, FIGURES)}")
        return checks

    @classmethod
    def load(cls, name_or_path: str) -> Chain:
        """The chain in that file, or else the stock chain of that name (with or without .yaml).

        Raises ChainError with file, line and path for what cannot be understood, and with near names for what is
        not there.
        """
        from songkit.chains.loader import load

        return load(name_or_path)

    @classmethod
    def parse(cls, text: str | bytes, where: str = "chain") -> Chain:
        """The chain in a YAML text; errors name the file `where`, whose stem is the name where the text has none."""
        from songkit.chains.loader import parse

        return parse(text, where)

    @property
    def working_steps(self) -> tuple[Processor, ...]:
        """The steps, or none where the whole chain is switched off by `bypass` or `mix: 0`."""
        return () if self.bypass or self.mix == 0.0 else self.steps

    def dump(self) -> str:
        """YAML that `parse` turns into an equal chain; every setting is written, so later defaults change nothing."""
        values = {key: value for key, value in self.as_dict().items() if value != _EMPTY.get(key, value is None)}
        return document.write(values)

    def as_dict(self) -> dict[str, Any]:
        """The chain as plain JSON values, in the order of the YAML."""
        return {
            "name": self.name,
            "about": self.about,
            "mix": self.mix,
            "bypass": self.bypass,
            "steps": [{step_name(step): settings(step)} for step in self.steps],
            "deliver": [settings(target) for target in self.deliver],
            "checks": {name: settings(bounds) for name, bounds in self.checks.items()},
        }

    @property
    def hash(self) -> str:
        """SHA-256 of what the chain does: indifferent to formatting, key order, defaults left out, name and about."""
        does = {key: value for key, value in self.as_dict().items() if key not in ("name", "about")}
        return hashlib.sha256(json.dumps(does, sort_keys=True, allow_nan=False).encode()).hexdigest()

    def with_loudness(self, target_lufs: float | None = None, ceiling_dbtp: float | None = None) -> Chain:
        """A chain that ends at this loudness and below this ceiling; None leaves what is there.

        The last loudness step takes the values, and all of the signal. Without one, a target appends a loudness step
        (below the ceiling of the last limiter, if there is one), and a ceiling alone goes to the last limiter, or
        appends one.
        """
        asked = {"target_lufs": target_lufs, "ceiling_dbtp": ceiling_dbtp}
        asked = {key: value for key, value in asked.items() if value is not None}
        if not asked:
            return self
        loudness, limiter = _last(self.steps, "loudness"), _last(self.steps, "limiter")
        if loudness is not None:
            return self._with_step(loudness, asked)
        if target_lufs is None:
            return self._with_step(limiter, asked) if limiter is not None else self._append("limiter", asked)
        if limiter is not None:
            asked = {"ceiling_dbtp": settings(self.steps[limiter])["ceiling_dbtp"], **asked}
        return self._append("loudness", asked)

    def _with_step(self, index: int, changes: Mapping[str, Any]) -> Chain:
        step = self.steps[index]
        whole = {"mix": 1.0, "bypass": False}
        changed = _validated(type(step), {**step.model_dump(exclude_unset=True), **changes, **whole})
        return self.model_copy(update={"steps": (*self.steps[:index], changed, *self.steps[index + 1 :])})

    def _append(self, name: str, values: Mapping[str, Any]) -> Chain:
        return self.model_copy(update={"steps": (*self.steps, _validated(PROCESSORS[name], values))})


_EMPTY: dict[str, Any] = {"about": "", "mix": 1.0, "bypass": False, "steps": None, "deliver": [], "checks": {}}
"""What `dump` leaves out."""


def step_name(step: Processor) -> str:
    """The name under which a chain calls this step. Raises ChainError for a class that is not in PROCESSORS."""
    for name, processor in PROCESSORS.items():
        if type(step) is processor:
            return name
    raise ChainError(f"{type(step).__name__} is not a step that a chain can name", near_names("", PROCESSORS))


def settings(model: BaseModel) -> dict[str, Any]:
    """Fields of a model as plain JSON values, without `mix`, `bypass` and None where they are at their defaults."""
    values = model.model_dump(mode="json")
    fields = type(model).model_fields
    shared = {key: values.pop(key) for key in ("mix", "bypass") if key in values}
    told = {key: value for key, value in values.items() if value is not None or fields[key].default is not None}
    return told | {key: value for key, value in shared.items() if value != fields[key].default}


def split_tail(steps: Sequence[Processor]) -> tuple[tuple[Processor, ...], tuple[Processor, ...]]:
    """Head and tail of a chain: the tail starts at the last unbroken run of level-holding steps (loudness, limiter).

    A delivery target puts its resampler between the two: behind a limiter it would break the ceiling. A chain that
    holds no level is all head.
    """
    end = _last(steps, *LEVEL_HOLDING)
    if end is None:
        return tuple(steps), ()
    start = end
    while start > 0 and _is(steps[start - 1], *LEVEL_HOLDING):
        start -= 1
    return tuple(steps[:start]), tuple(steps[start:])


def _is(step: Processor, *names: str) -> bool:
    return any(type(step) is PROCESSORS.get(name) for name in names)


def _last(steps: Sequence[Processor], *names: str) -> int | None:
    return max((index for index, step in enumerate(steps) if _is(step, *names)), default=None)


def _validated(processor: type[Processor], values: Mapping[str, Any]) -> Processor:
    from pydantic import ValidationError

    try:
        return processor.model_validate(dict(values))
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(str(part) for part in problem["loc"])
        raise ChainError(
            f"{field} {problem['input']}: {problem['msg'].replace('Input should be', 'must be')}"
        ) from error
