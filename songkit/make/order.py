"""What a run is asked to make, settled and checked before any work: `songkit make --dry-run` ends here."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from songkit import runs
from songkit.errors import UsageError
from songkit.generate import AUTO, batch_of, choose, fitting, heard, settled, takes_at_once
from songkit.generate import lyrics as lyric_sheets
from songkit.generate import seeds as seed_lists
from songkit.generate.contract import MAX_SECONDS, MAX_SEED, MIN_SECONDS, Generator, Request
from songkit.generate.lyrics import Lyrics
from songkit.generate.sheet_check import fitting_seconds
from songkit.units import clock

if TYPE_CHECKING:
    from songkit.chains import Chain

INSTRUMENTAL_SECONDS = 60.0

AnyOrder = TypeVar("AnyOrder", bound="TakesOrder")

# What the samples of a take may depend on beside the generator's own version.
ENGINES = ("numpy", "scipy", "numba", "pedalboard")


@dataclass(frozen=True, slots=True)
class TakesOrder:
    """Everything that is decided before a note is written."""

    request: Request
    seeds: tuple[int, ...]
    generator: Generator
    why: str
    """Why it is this generator, one line."""
    title: str
    folder: Path
    warnings: tuple[str, ...]
    provenance: bool = field(default=True, kw_only=True)
    """Whether takes and delivered files say in their tags how they were made."""
    at_once: int = field(default=1, kw_only=True)
    """How many takes are made at the same time."""

    @property
    def address(self) -> str:
        """Where a child process finds the generator."""
        kind = type(self.generator)
        return f"{kind.__module__}:{kind.__qualname__}"

    @property
    def made_from(self) -> dict[str, Any]:
        """All that the takes depend on, apart from the seed; plain JSON values."""
        return {
            "generator": self.generator.name,
            "generator_version": self.generator.version,
            **heard(self.generator, self.request),
            "versions": runs.engine_versions(*ENGINES),
        }

    @property
    def run_from(self) -> dict[str, Any]:
        """All that the run depends on: its folder holds nothing else."""
        batches = dict.fromkeys(self.batch_of(seed) for seed in self.seeds)
        together = [[str(seed) for seed in batch] for batch in batches if len(batch) > 1]
        return {
            **self.made_from,
            "seeds": [str(seed) for seed in self.seeds],
            **({"together": together} if together else {}),
        }

    def take_key(self, seed: int) -> str:
        """The key under which the take of a seed is found again, in this run and in others."""
        batch = self.batch_of(seed)
        together = {"together": [str(each) for each in batch]} if len(batch) > 1 else {}
        return runs.content_key({**self.made_from, "seed": str(seed), **together})

    def batch_of(self, seed: int) -> tuple[int, ...]:
        """The seeds that are made together with this one, itself among them: its last bits hang on them."""
        return batch_of(self.generator, self.request, self.seeds, seed)


@dataclass(frozen=True, slots=True)
class Order(TakesOrder):
    """Takes, and the chain that masters the best one."""

    chain: Chain

    @property
    def run_from(self) -> dict[str, Any]:
        """All that the run depends on: its folder holds nothing else."""
        from songkit.chains import contents

        files = sorted(contents(self.chain).values())
        chain = {"chain": self.chain.hash} | ({"chain_files": files} if files else {})
        return {**TakesOrder.run_from.__get__(self), **chain}


def settle_takes(
    *,
    lyrics: Lyrics | Path | str | None = None,
    style: str = "",
    seconds: float | None = None,
    seeds: str | Sequence[int] = "5",
    generator: str = AUTO,
    output_dir: Path | str | None = None,
    options: Mapping[str, Any] | None = None,
    title: str | None = None,
    jobs: int | None = None,
    provenance: bool = True,
) -> TakesOrder:
    """Settles what `generate_takes` is asked for, and checks all that needs no work; parameters as in `make_song`.

    `title` None is that of the sheet, else the style. Raises UsageError (lyrics, seconds, seeds, options), MissingError
    (the generator).
    """
    sheet = lyric_sheets.load(Path(lyrics)) if isinstance(lyrics, Path | str) else lyrics
    length = _length(sheet, seconds)
    asked = Request(length, style.strip(), sheet, _plain(options or {}))
    chosen, why = choose(generator, asked)
    # A generator that was named refuses what it does not have; one that was chosen for the user goes without it.
    kept, left_out = fitting(chosen, asked.options) if generator == AUTO else (asked.options, [])
    numbers = _seeds(seeds)
    at_once = takes_at_once(chosen, jobs, len(numbers))
    request = settled(chosen, replace(asked, options=kept), at_once)
    named = title or _title(lyrics, sheet, asked.style)
    warnings = (*left_out, *_warnings(sheet, length))
    draft = TakesOrder(request, numbers, chosen, why, named, Path(), warnings, provenance=provenance, at_once=at_once)
    return _with_folder(draft, output_dir)


def settle(*, chain: Chain | str = "radio", output_dir: Path | str | None = None, **takes: Any) -> Order:
    """Settles what `make_song` is asked for, and checks all that needs no work; see there for the parameters.

    Raises UsageError (lyrics, seconds, seeds, options), ChainError, MissingError (the generator).
    """
    from songkit.chains import Chain

    settled = chain if isinstance(chain, Chain) else Chain.load(chain)
    asked = settle_takes(output_dir=output_dir, **takes)
    parts = {each.name: getattr(asked, each.name) for each in fields(asked)}
    return _with_folder(Order(**parts, chain=settled), output_dir)


def check_work(jobs: int | None, timeout_seconds: float | None) -> None:
    """Raises UsageError for a number of jobs or a timeout with which nothing can be made."""
    if jobs is not None and jobs < 1:
        raise UsageError(f"{jobs} jobs: at least one take is made at a time")
    if timeout_seconds is not None and not timeout_seconds > 0:
        raise UsageError(f"a timeout of {timeout_seconds:g} s: nothing can be made in it")


def _with_folder(draft: AnyOrder, output_dir: Path | str | None) -> AnyOrder:
    folder = runs.DEFAULT_ROOT / runs.name_for(draft.title, runs.content_key(draft.run_from))
    return replace(draft, folder=Path(output_dir) if output_dir else folder)


def _length(sheet: Lyrics | None, seconds: float | None) -> float:
    """The length asked for, or one that fits the lyrics. Raises UsageError outside what generators make."""
    if seconds is None:
        if sheet is None:
            return INSTRUMENTAL_SECONDS
        return fitting_seconds(sheet)
    if not (math.isfinite(seconds) and MIN_SECONDS <= seconds <= MAX_SECONDS):
        raise UsageError(f"{seconds:g} seconds: songs of {MIN_SECONDS:g} to {MAX_SECONDS:g} seconds can be made")
    return float(seconds)


def _warnings(sheet: Lyrics | None, length: float) -> tuple[str, ...]:
    if sheet is None:
        return ("no lyrics: an instrumental",)
    if sheet.lines[0].start_seconds >= length:
        raise UsageError(
            f"every line of the lyrics starts after the end of the song ({clock(length)})",
            "ask for more seconds; and mind that [1:02:03] is one hour: write [1:02.03]",
        )
    return tuple(f"lyrics: {warning}" for warning in lyric_sheets.check(sheet, length))


def _seeds(seeds: str | Sequence[int]) -> tuple[int, ...]:
    if isinstance(seeds, str):
        return seed_lists.parse(seeds)
    chosen = tuple(seeds)
    if not chosen or len(set(chosen)) < len(chosen) or not all(0 <= seed <= MAX_SEED for seed in chosen):
        raise UsageError(f"seeds {list(chosen)[:10]}: wanted different whole numbers from 0 to 2^63 - 1")
    return chosen


def _plain(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options as they come back from JSON, so that the key, the manifest and the child see the same."""
    try:
        values: dict[str, Any] = json.loads(json.dumps(dict(options), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise UsageError(f"the generator's options are no plain JSON values: {error}") from None
    return values


def _title(lyrics: Lyrics | Path | str | None, sheet: Lyrics | None, style: str) -> str:
    if sheet is not None and sheet.tags.get("ti"):
        return sheet.tags["ti"]
    if isinstance(lyrics, Path | str):
        return Path(lyrics).stem
    return style or "song"
