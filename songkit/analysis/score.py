"""How good a raw take is: gates decide whether it may win at all, weighted terms rank those that may."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from songkit.analysis.result import Analysis


@dataclass(frozen=True, slots=True)
class Gate:
    """A promise that a take keeps or not; `reason` names the figure that broke it."""

    name: str
    passed: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Term:
    """One figure's part in the total: 0 to 1 of its weight, by how near `raw` comes to the target range."""

    name: str
    raw: float | None
    target_low: float
    target_high: float
    weight: float
    reached: float
    contribution: float


@dataclass(frozen=True, slots=True)
class Score:
    """`total` is 0 to 100: the sum of the contributions, or 0 where a gate is closed."""

    total: float
    gates: tuple[Gate, ...] = ()
    terms: tuple[Term, ...] = ()
    version: str = ""

    @property
    def valid(self) -> bool:
        """Whether every gate is open."""
        return all(gate.passed for gate in self.gates)


def score(analysis: Analysis) -> Score | None:
    return None
