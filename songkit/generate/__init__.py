"""Words in, audio out: the generators, and which of them is taken.

GENERATORS   name -> address of its class, "module:Class"; nothing is imported until a generator is chosen
choose       the generator that was asked for, or with `auto` the first of `AUTO_ORDER` that can run here
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, cast

from songkit.errors import MissingError, UsageError, near_names
from songkit.generate.contract import Conditional, Generator, Optioned, Request, Settling

GENERATORS: dict[str, str] = {
    "diffrhythm": "songkit.generate.diffrhythm:DiffRhythm",
    "sketch": "songkit.generate.sketch:Sketch",
}

AUTO = "auto"
AUTO_ORDER = ("diffrhythm", "sketch")
"""What `auto` tries, the best first."""


def load(name: str) -> Generator:
    """A new generator of that name. Raises UsageError for a name nobody knows."""
    if name not in GENERATORS:
        raise UsageError(f"there is no generator {name!r}", near_names(name, [*GENERATORS, AUTO]))
    return at(GENERATORS[name])


def at(address: str) -> Generator:
    """A new generator from its address, "module:Class"."""
    module, _, attribute = address.partition(":")
    return cast(Generator, getattr(import_module(module), attribute)())


def choose(name: str, request: Request) -> tuple[Generator, str]:
    """The generator for a request and why it is this one, one line for the user.

    A generator that was named is taken or refused, never replaced. Raises UsageError as `load` does, and MissingError
    when it cannot run here.
    """
    if name != AUTO:
        generator = load(name)
        if reason := not_ready(generator, request):
            raise MissingError(f"{name} cannot run here: {reason}", "see what is missing, or use --generator sketch")
        return generator, "as asked"
    passed_over: list[str] = []
    for candidate in AUTO_ORDER:
        generator = load(candidate)
        reason = not_ready(generator, request)
        if reason is None:
            return generator, "; ".join(passed_over) or "the best one that can run here"
        passed_over.append(f"{candidate} cannot run here: {reason}")
    raise MissingError("no generator can run here: " + "; ".join(passed_over))


def not_ready(generator: Generator, request: Request) -> str | None:
    """Why a generator cannot make that here, None where it can."""
    return generator.ready(request) if isinstance(generator, Conditional) else None


def fitting(generator: Generator, options: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The options that a generator has, and what is to be said of the others: where it was not asked for by name."""
    if not isinstance(generator, Optioned):
        return dict(options), []
    others = [name for name in options if name not in generator.option_names]
    warnings = [f"{name}={options[name]} has no meaning for {generator.name}: left out" for name in others]
    return {name: value for name, value in options.items() if name not in others}, warnings


def settled(generator: Generator, request: Request) -> Request:
    """The request with nothing left open, where the generator has something to settle."""
    return generator.settle(request) if isinstance(generator, Settling) else request
