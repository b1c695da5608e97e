"""How good a raw take is: gates decide whether it may win at all, weighted terms rank those that may.

The weights are a versioned YAML file. Level and true peak are no terms: mastering mends them, and no take shall win by
being loud.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from songkit.analysis.collapse import late_collapse
from songkit.analysis.document import HERE, Strict, read
from songkit.units import clock

if TYPE_CHECKING:
    from songkit.analysis.result import Analysis


class GateLimits(Strict):
    least_seconds: float = Field(description="shortest take that may win")
    quietest_lufs: float = Field(description="integrated (or ungated) loudness below which a take counts as silent")
    clipped_share: float = Field(description="share of clipped samples from which on a take counts as destroyed")
    dead_head_seconds: float = Field(description="silence before the first sound")
    noisiness: float = Field(description="noisiness (of any colour) from which on a take counts as noise")
    silent_share: float = Field(description="share of the length that may be silent in all")


class TermWeight(Strict):
    low: float
    high: float
    zero_below: float | None = None
    zero_above: float | None = None
    weight: float = Field(ge=0.0)
    absent: float = Field(0.0, ge=0.0, le=1.0)
    outside: float = Field(1.0, ge=0.0, le=1.0)

    def reached(self, raw: float | None) -> float:
        """0 to 1: 1 inside the target range, falling in a straight line from `outside` to 0 beside it."""
        if raw is None:
            return self.absent
        if raw < self.low and self.zero_below is not None:
            return self.outside * max(0.0, (raw - self.zero_below) / (self.low - self.zero_below))
        if raw > self.high and self.zero_above is not None:
            return self.outside * max(0.0, (self.zero_above - raw) / (self.zero_above - self.high))
        return 1.0


class Weights(Strict):
    version: str
    gates: GateLimits
    terms: dict[str, TermWeight]


@dataclass(frozen=True, slots=True)
class Gate:
    """A promise that a take keeps or not; `reason` names the figure that broke it."""

    name: str
    passed: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Term:
    """One figure's part in the total: `reached` (0 to 1) of its weight, by how near `raw` comes to the target range."""

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

    def explain(self) -> list[dict[str, object]]:
        """Rows for a table: name, raw value, target, weight, contribution."""
        return [
            {
                "name": term.name,
                "raw": term.raw,
                "target": f"{term.target_low:g} to {term.target_high:g}",
                "weight": term.weight,
                "contribution": term.contribution,
            }
            for term in self.terms
        ]


def load_weights(path: Path | str | None = None) -> Weights:
    """The weights of a YAML file, or the built-in ones. Raises UsageError when they cannot be understood."""
    return _built_in() if path is None else read(Path(path), Weights)


def score(analysis: Analysis, weights: Weights | None = None) -> Score:
    """The score of a take that was measured with every meter. Raises UsageError for a term that no figure has."""
    from songkit.analysis.result import figure

    weights = weights or load_weights()
    whole = sum(term.weight for term in weights.terms.values()) or 1.0
    terms = []
    for name, term in weights.terms.items():
        raw = figure(analysis, name)
        reached = term.reached(raw)
        weight = 100.0 * term.weight / whole
        terms.append(Term(name, raw, term.low, term.high, weight, reached, weight * reached))
    gates = tuple(Gate(name, not reason, reason) for name, reason in _gates(analysis, weights.gates))
    total = sum(term.contribution for term in terms) if all(gate.passed for gate in gates) else 0.0
    return Score(total, gates, tuple(terms), weights.version)


@cache
def _built_in() -> Weights:
    return read(HERE / "weights.yaml", Weights)


def _gates(analysis: Analysis, limits: GateLimits) -> Iterator[tuple[str, str]]:
    """Each gate with the reason why it is closed, or an empty one."""
    seconds, silence = analysis.format.seconds, analysis.defects.silence
    loudness = analysis.loudness.programme_lufs
    clipping = analysis.defects.clipping
    count = analysis.defects.nonfinite_samples
    yield "finite", f"{count} samples are NaN or infinite" if count else ""
    too_short = seconds < limits.least_seconds
    yield "long-enough", f"{seconds:.2f} s, needs {limits.least_seconds:g} s" if too_short else ""
    quiet = loudness is None or loudness < limits.quietest_lufs
    level = "digital silence" if loudness is None else f"{loudness:.1f} LUFS"
    yield "not-silent", f"{level}, needs {limits.quietest_lufs:g} LUFS" if quiet else ""
    silent = silence.head_seconds + silence.tail_seconds + silence.inside_seconds
    mostly = seconds > 0.0 and silent / seconds > limits.silent_share
    yield "mostly-sounding", f"{silent:.1f} of {seconds:.1f} s are silent" if mostly else ""
    share = clipping.samples / max(1, analysis.format.frames * analysis.format.channels)
    yield "not-clipped", f"{100 * share:.2f} % of the samples are clipped" if share > limits.clipped_share else ""
    noisiness = analysis.spectrum.noisiness
    noise = noisiness is not None and noisiness > limits.noisiness
    yield "not-noise", f"noisiness {noisiness:.2f}" if noise else ""
    dead = silence.head_seconds >= limits.dead_head_seconds
    yield "no-dead-head", f"{silence.head_seconds:.2f} s of silence at the head" if dead else ""
    collapse = late_collapse(analysis.loudness.short_term_lufs, seconds)
    yield "no-collapse", f"15 LU quieter from {clock(collapse.start_seconds)} to the end" if collapse else ""
