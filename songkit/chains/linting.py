"""Order and sense of a chain: what would run, but probably not do what was meant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from songkit.audio import Format
from songkit.blocks import SourceInfo
from songkit.chains.chain import Chain, split_tail, step_name
from songkit.master.filters import HighPass, LowPass
from songkit.master.processor import Processor

Severity = Literal["error", "warning", "note"]

COMMON_RATE = 44_100


@dataclass(frozen=True, slots=True)
class Lint:
    """One remark: an error would be refused by a run, a warning is probably a mistake, a note is worth knowing."""

    severity: Severity
    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.severity}: {self.path}: {self.message}" if self.path else f"{self.severity}: {self.message}"


@dataclass(frozen=True, slots=True)
class Place:
    """A step that runs, its name, and where it stands in the chain."""

    index: int
    name: str
    step: Processor

    @property
    def path(self) -> str:
        return f"steps[{self.index}].{self.name}"


# What may stand behind a limiter; all else lifts peaks or changes the level. (`resample` has a line of its own.)
_AFTER_A_LIMIT = ("limiter", "loudness", "fade", "trim", "resample")

# Repairs, what they must see as it came in, and the steps that leave it in another shape.
_REPAIRS = {
    "dc": "has worked with the offset",
    "declip": "has bent the flat tops",
    "declick": "has answered the clicks",
    "dehum": "has worked with the hum",
}
_BLURS = ("compressor", "multiband", "limiter", "loudness", "saturation", "clipper", "reverb", "delay")


def lint(chain: Chain, format: Format | None = None) -> list[Lint]:
    """Remarks on a chain, the gravest first; without a format, frequencies are held against 44.1 kHz stereo."""
    places = [
        Place(index, step_name(step), step)
        for index, step in enumerate(chain.steps)
        if not step.bypass and step.mix > 0.0
    ]
    found = [
        *_left_out(chain),
        *_misfits(places, format),
        *_unmixable(chain, places),
        *_levels(places),
        *_after_the_limit(places),
        *_repairs(places),
        *_empty_band(places),
        *_checks(chain, places),
    ]
    grave: tuple[Severity, ...] = ("error", "warning", "note")
    return sorted(found, key=lambda remark: grave.index(remark.severity))


def _left_out(chain: Chain) -> Iterator[Lint]:
    if chain.bypass or chain.mix == 0.0:
        yield Lint("note", "bypass" if chain.bypass else "mix", "the whole chain is switched off")
    if not chain.steps:
        yield Lint("note", "steps", "no steps: every sample stays as it is")
    for index, step in enumerate(chain.steps):
        if step.bypass or step.mix == 0.0:
            yield Lint("note", f"steps[{index}].{step_name(step)}", "left out (bypass, or mix 0)")


def _misfits(places: list[Place], format: Format | None) -> Iterator[Lint]:
    info = SourceInfo(format or Format(COMMON_RATE), None)
    at = "" if format else f" (for {COMMON_RATE} Hz stereo)"
    for place in places:
        if problem := place.step.check(info):
            # without a file at hand it may still fit the one that comes
            yield Lint("error" if format else "warning", place.path, problem + at)
        info = SourceInfo(place.step.format_out(info.format), None)


def _unmixable(chain: Chain, places: list[Place]) -> Iterator[Lint]:
    head, _ = split_tail(chain.steps)
    for place in places:
        whole = 0.0 < chain.mix < 1.0 and place.index < len(head)
        if not place.step.mixable and (place.step.mix < 1.0 or whole):
            yield Lint(
                "error",
                place.path,
                f"{'the mix of the whole chain' if whole else 'mix'} cannot work here: the step changes length, "
                "rate or channels, holds a level, or its latency is not known",
            )


def _levels(places: list[Place]) -> Iterator[Lint]:
    loudness = [place for place in places if place.name == "loudness"]
    for place in loudness[1:]:
        yield Lint("warning", place.path, f"a second loudness step; the first is {loudness[0].path}, and one is enough")
    for place in loudness[-1:]:
        for later in places:
            if later.index <= place.index:
                continue
            if later.name == "limiter":
                yield Lint(
                    "warning", later.path, "a limiter behind loudness takes the level away again; loudness limits"
                )
            elif later.name == "trim":
                yield Lint("warning", later.path, "a trim behind loudness changes what was measured; put it first")


def _after_the_limit(places: list[Place]) -> Iterator[Lint]:
    limits = [place for place in places if place.name in ("limiter", "loudness")]
    for place in places:
        before = [limit for limit in limits if limit.index < place.index]
        if not before:
            continue
        if place.name not in _AFTER_A_LIMIT:
            yield Lint("warning", place.path, f"behind {before[-1].path}: it can lift peaks over the ceiling again")
        elif place.name == "resample":
            yield Lint(
                "warning",
                place.path,
                f"behind {before[-1].path}: resampling lifts peaks over the ceiling; delivery resamples in front of it",
            )


def _repairs(places: list[Place]) -> Iterator[Lint]:
    for place in places:
        if place.name not in _REPAIRS:
            continue
        before = [each for each in places if each.index < place.index and each.name in _BLURS]
        if before:
            yield Lint("warning", place.path, f"behind {before[0].path}, which {_REPAIRS[place.name]}; put it first")


def _empty_band(places: list[Place]) -> Iterator[Lint]:
    for low_end in places:
        for top_end in places:
            if not isinstance(low_end.step, HighPass) or not isinstance(top_end.step, LowPass):
                continue
            from_hz, to_hz = low_end.step.cutoff_hz, top_end.step.cutoff_hz
            if from_hz >= to_hz:
                yield Lint(
                    "warning", low_end.path, f"cuts up to {from_hz:g} Hz, and {top_end.path} from {to_hz:g} Hz on"
                )


def _checks(chain: Chain, places: list[Place]) -> Iterator[Lint]:
    names = {place.name for place in places}
    if "loudness_error_lu" in chain.checks and "loudness" not in names:
        yield Lint("warning", "checks.loudness_error_lu", "no loudness step: there is no target to compare with")
    if "over_ceiling_db" in chain.checks and not names & {"loudness", "limiter"}:
        yield Lint(
            "warning", "checks.over_ceiling_db", "no limiter or loudness step: there is no ceiling to compare with"
        )
