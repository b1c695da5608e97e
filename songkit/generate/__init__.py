"""Words in, audio out: the generators, and which of them is taken.

GENERATORS   name -> address of its class, "module:Class"; nothing is imported until a generator is chosen
choose       the generator that was asked for, or with `auto` the first of `AUTO_ORDER` that can run here
"""

from __future__ import annotations

from importlib import import_module
from typing import cast

from songkit.errors import MissingError, UsageError, near_names
from songkit.generate.contract import Conditional, Generator

GENERATORS: dict[str, str] = {
    "sketch": "songkit.generate.sketch:Sketch",
}

ABSENT: dict[str, str] = {
    "diffrhythm": "the DiffRhythm model is not part of this version",
}
"""Generators that are known by name and not here, with the reason; a name in `GENERATORS` goes before."""

AUTO = "auto"
AUTO_ORDER = ("diffrhythm", "sketch")
"""What `auto` tries, the best first."""


def load(name: str) -> Generator:
    """A new generator of that name.

    Raises UsageError for a name nobody knows, MissingError for one that is not part of this version.
    """
    if name in GENERATORS:
        return at(GENERATORS[name])
    if name in ABSENT:
        raise MissingError(f"{name}: {ABSENT[name]}", "use --generator sketch, which needs no weights")
    raise UsageError(f"there is no generator {name!r}", near_names(name, [*GENERATORS, *ABSENT, AUTO]))


def at(address: str) -> Generator:
    """A new generator from its address, "module:Class"."""
    module, _, attribute = address.partition(":")
    return cast(Generator, getattr(import_module(module), attribute)())


def choose(name: str = AUTO) -> tuple[Generator, str]:
    """The generator and why it is this one, one line for the user.

    A generator that was named is taken or refused, never replaced. Raises UsageError or MissingError as `load` does,
    and MissingError when it cannot run here.
    """
    if name != AUTO:
        generator = load(name)
        if reason := not_ready(generator):
            raise MissingError(f"{name} cannot run here: {reason}", "see what is missing, or use --generator sketch")
        return generator, "as asked"
    passed_over: list[str] = []
    for candidate in AUTO_ORDER:
        if candidate not in GENERATORS:
            passed_over.append(ABSENT[candidate])
            continue
        generator = load(candidate)
        reason = not_ready(generator)
        if reason is None:
            return generator, "; ".join(passed_over) or "the best one that can run here"
        passed_over.append(f"{candidate} cannot run here: {reason}")
    raise MissingError("no generator can run here: " + "; ".join(passed_over))


def not_ready(generator: Generator) -> str | None:
    """Why a generator cannot run here, None where it can."""
    return generator.ready() if isinstance(generator, Conditional) else None
