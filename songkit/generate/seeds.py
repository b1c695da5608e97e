"""Which seeds are meant: `5` is a count (seeds 1 to 5), `1,7,42` is a list, `40-44` a range; `7,` is seed 7 alone."""

from __future__ import annotations

import re

from songkit.errors import UsageError
from songkit.generate.contract import MAX_SEED

MAX_TAKES = 1_000
_HOW = "write a count (5), a list (1,7,42), a range (40-44), or one seed with a comma (7,)"
_PART = re.compile(r"(\d+)(?:\s*-\s*(\d+))?", re.ASCII)


def parse(text: str) -> tuple[int, ...]:
    """The seeds in the order they were written; at most `MAX_TAKES`, each from 0 to 2^63 - 1, none twice.

    A number alone is a count. Raises UsageError naming what is wrong.
    """
    stripped = text.strip()
    if re.fullmatch(r"\d+", stripped, re.ASCII):
        return _count(stripped)
    seeds: list[int] = []
    for part in stripped.removesuffix(",").split(","):
        seeds.extend(_part(part.strip(), text))
        _check_takes(len(seeds))
    twice = sorted({seed for seed in seeds if seeds.count(seed) > 1})
    if twice:
        raise UsageError(f"seed {', '.join(map(str, twice[:5]))} is named twice", "the same seed gives the same song")
    return tuple(seeds)


def understood(seeds: tuple[int, ...]) -> str:
    """The seeds as a person reads them: `seed 7`, `5 takes, seeds 1 to 5`, `3 takes, seeds 1, 7, 42`."""
    if len(seeds) == 1:
        return f"seed {seeds[0]}"
    if seeds == tuple(range(seeds[0], seeds[0] + len(seeds))):
        return f"{len(seeds)} takes, seeds {seeds[0]} to {seeds[-1]}"
    named = ", ".join(map(str, seeds[:10])) + (", ..." if len(seeds) > 10 else "")
    return f"{len(seeds)} takes, seeds {named}"


def _count(digits: str) -> tuple[int, ...]:
    count = _number(digits)
    if count < 1:
        raise UsageError("0 takes asked for: nothing would be made", f"{_HOW}; `0,` is the seed 0")
    if count > MAX_TAKES:
        raise UsageError(
            f"{digits} takes asked for, at most {MAX_TAKES} in one run", f"if {digits} is the seed, write {digits},"
        )
    return tuple(range(1, count + 1))


def _part(part: str, text: str) -> range:
    match = _PART.fullmatch(part)
    if not match:
        what = f"{part[:40]!r} in {text.strip()[:40]!r}" if part and part != text.strip() else repr(text.strip()[:40])
        raise UsageError(f"{what} is no seed", _HOW)
    first, last = _number(match[1]), _number(match[2] or match[1])
    if last < first:
        raise UsageError(f"the range {part} runs backwards", f"write {last}-{first}")
    _check_takes(last - first + 1)
    return range(first, last + 1)


def _number(digits: str) -> int:
    # The length first: Python refuses to read numbers of thousands of digits with an error of its own.
    if len(digits.lstrip("0")) > len(str(MAX_SEED)) or int(digits) > MAX_SEED:
        shown = digits if len(digits) <= 30 else f"{digits[:27]}..."
        raise UsageError(f"seed {shown} is too large", f"seeds go from 0 to {MAX_SEED} (2^63 - 1)")
    return int(digits)


def _check_takes(count: int) -> None:
    if count > MAX_TAKES:
        raise UsageError(f"{count} takes asked for, at most {MAX_TAKES} in one run")
