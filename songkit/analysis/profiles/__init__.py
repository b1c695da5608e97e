"""QA profiles: limits on the figures of an analysis, as YAML files beside this one or anywhere else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import Field, model_validator

from songkit.analysis.document import Strict, read
from songkit.analysis.result import Analysis, figure
from songkit.errors import UsageError, near_names

HERE = Path(__file__).parent


class Bound(Strict):
    """What a figure may be; a figure without a value breaks the bound unless `optional`."""

    min: float | None = Field(None, description="lowest value that passes")
    max: float | None = Field(None, description="highest value that passes")
    optional: bool = Field(False, description="whether the figure may be undefined")

    @model_validator(mode="after")
    def _bounds(self) -> Bound:
        if self.min is None and self.max is None:
            raise ValueError("needs min, max or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} is above max {self.max:g}")
        return self


class Profile(Strict):
    """`limits` maps a dotted path ("peaks.true_peak_dbtp") to its bound; lists count their entries."""

    name: str
    about: str
    source: str = Field("", description="where the limits come from")
    limits: dict[str, Bound]


@dataclass(frozen=True, slots=True)
class BrokenLimit:
    """A figure outside its bound; `value` is None where it is undefined, `reason` then says why."""

    path: str
    value: float | None
    min: float | None
    max: float | None
    reason: str = ""

    @property
    def message(self) -> str:
        """One line: the figure, and what it should have been."""
        least = f"at least {self.min:g}" if self.min is not None else ""
        most = f"at most {self.max:g}" if self.max is not None else ""
        got = f"undefined ({self.reason})" if self.value is None else f"{self.value:.2f}"
        return f"{self.path} is {got}, should be {' and '.join(filter(None, (least, most)))}"


def names() -> tuple[str, ...]:
    """The built-in profiles."""
    return tuple(sorted(path.stem for path in HERE.glob("*.yaml")))


def load(name_or_path: str | Path) -> Profile:
    """A profile by path (a file wins over a name) or by name. Raises UsageError when there is none, or it is wrong."""
    path = Path(name_or_path)
    if not path.is_file():
        if str(name_or_path) not in names():
            raise UsageError(f"no profile {str(name_or_path)!r}", near_names(str(name_or_path), names()))
        path = HERE / f"{name_or_path}.yaml"
    profile = read(path, Profile)
    for limit in profile.limits:
        _check_path(limit, path)
    return profile


def judge(analysis: Analysis, profile: Profile | str | Path) -> tuple[BrokenLimit, ...]:
    """The limits that an analysis breaks, in the order of the profile; empty when it passes."""
    if not isinstance(profile, Profile):
        profile = load(profile)
    broken = []
    for path, bound in profile.limits.items():
        value = figure(analysis, path)
        if value is None:
            if not bound.optional:
                broken.append(BrokenLimit(path, None, bound.min, bound.max, _reason(analysis, path)))
        elif (bound.min is not None and value < bound.min) or (bound.max is not None and value > bound.max):
            broken.append(BrokenLimit(path, value, bound.min, bound.max))
    return tuple(broken)


def _reason(analysis: Analysis, path: str) -> str:
    return analysis.undefined.get(path) or analysis.undefined.get(path.partition(".")[0]) or "not measured"


def _check_path(path: str, where: Path) -> None:
    """Raises UsageError unless an analysis has a figure there, even where it is undefined."""
    from songkit.analysis.figures import figure_names

    if path not in figure_names():
        raise UsageError(f"{where}: no figure {path[:80]!r}", near_names(path, figure_names()))
