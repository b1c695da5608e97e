"""What a delivered file was asked to be, and what its own figures say to that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from songkit.analysis import Analysis
from songkit.analysis.result import figure
from songkit.chains import FIGURES, Chain
from songkit.deliver.result import Check
from songkit.master.processor import Processor

# Nearer than that to the asked loudness, nobody speaks of a shortfall.
LOUDNESS_TOLERANCE_LU = 0.2


@dataclass(frozen=True, slots=True)
class Asked:
    """Loudness in LUFS by that measure, and ceiling in dBTP; None where the chain asks for none."""

    lufs: float | None
    ceiling_dbtp: float | None
    measure: str = "integrated"

    @classmethod
    def of(cls, chain: Chain) -> Asked:
        steps = chain.working_steps
        return cls(
            _last_value(steps, "target_lufs"),
            _last_value(steps, "ceiling_dbtp"),
            _last_value(steps, "measure") or "integrated",
        )

    def loudness(self, analysis: Analysis) -> float | None:
        """What the file has of the loudness that was asked; of one too short for it, the loudness of the whole."""
        found = analysis.loudness
        if self.measure == "short_term_max" and found.short_term_max_lufs is not None:
            return found.short_term_max_lufs
        return found.programme_lufs

    def over_ceiling_db(self, analysis: Analysis) -> float:
        """How far the true peak is above the ceiling; 0 where it is kept, or where there is none."""
        peak = analysis.peaks.true_peak_dbtp
        return 0.0 if self.ceiling_dbtp is None or peak is None else max(0.0, peak - self.ceiling_dbtp)

    def shortfall(self, reached_lufs: float | None) -> str | None:
        """The one line of a delivery that is quieter than asked, because the ceiling or a bound came first."""
        if self.lufs is None or reached_lufs is None or self.lufs - reached_lufs <= LOUDNESS_TOLERANCE_LU:
            return None
        return f"{self.lufs - reached_lufs:.1f} LU short of the target {self.lufs:g} LUFS; the ceiling holds"

    def checks(self, chain: Chain, analysis: Analysis, reached_lufs: float | None) -> tuple[Check, ...]:
        """The chain's checks on a file of a delivery that reached this loudness.

        The ceiling is checked whether the chain says so or not: what was asked and does not hold is never passed by.
        """
        error_lu = None if self.lufs is None or reached_lufs is None else abs(reached_lufs - self.lufs)
        over_db = None if self.ceiling_dbtp is None else self.over_ceiling_db(analysis)
        relative = {"loudness_error_lu": error_lu, "over_ceiling_db": over_db}
        checks = []
        for name, bounds in chain.checks.items():
            place = FIGURES[name].place
            value = relative[name] if place is None else figure(analysis, ".".join(place))
            checks.append(Check(name, value, bounds.min, bounds.max))
        if over_db is not None and "over_ceiling_db" not in chain.checks:
            checks.append(Check("over_ceiling_db", over_db, None, 0.0))
        return tuple(checks)


def _last_value(steps: Sequence[Processor], field: str) -> Any:
    """Of the last step that has such a field; one that is blended with what came in keeps none of its promises."""
    values = [getattr(step, field, None) for step in steps if not step.bypass and step.mix == 1.0]
    return next((value for value in reversed(values) if value is not None), None)
