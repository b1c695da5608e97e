"""Words in, audio out: the generators, and which of them is taken.

GENERATORS   name -> address of its class, "module:Class"; nothing is imported until a generator is chosen
choose       the generator that was asked for, or with `auto` the first of `AUTO_ORDER` that can run here
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, cast

from songkit.children import cores
from songkit.errors import MissingError, UsageError, near_names
from songkit.generate.contract import Batching, Conditional, Generator, Heavy, Optioned, Placed, Request, Settling

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


def settled(generator: Generator, request: Request, at_once: int) -> Request:
    """The request with nothing left open, where the generator has something to settle."""
    return generator.settle(request, at_once) if isinstance(generator, Settling) else request


def takes_at_once(generator: Generator, asked: int | None, takes: int) -> int:
    """How many of so many takes are made at the same time: as asked, as the generator says, or one per core."""
    usual = generator.takes_at_once if isinstance(generator, Heavy) else cores()
    return max(1, min(asked or usual, takes))


def batch_of(generator: Generator, request: Request, seeds: Sequence[int], seed: int) -> tuple[int, ...]:
    """The seeds that are made together with `seed`, itself among them, in the order in which they were named."""
    size = generator.batch_size(request) if isinstance(generator, Batching) else 1
    first = seeds.index(seed) // size * size
    return tuple(seeds[first : first + size])


def heard(generator: Generator, request: Request) -> dict[str, Any]:
    """The settled request as plain JSON values, without the options that leave the samples as they are."""
    return request.to_dict(without=generator.silent_options if isinstance(generator, Placed) else ())
