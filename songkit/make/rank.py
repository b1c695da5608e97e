"""`rank_run`: the takes of a run judged again, with other weights; nothing is generated, and the run is not changed.

What the manifest keeps of a take is enough to score it; a figure that it does not keep (of an older songkit, or one
that the new weights name for the first time) is measured again from the take's audio.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from songkit import runs
from songkit.analysis import Analysis, Score, analyze_file
from songkit.analysis.kept import from_dict, has_figure
from songkit.analysis.score import Gate, Weights, load_weights, score
from songkit.errors import InputError, UsageError
from songkit.progress import Progress, about, silent

COLLAPSE = "no-collapse"  # judged from a curve that is not kept: what the gate said then still holds
GATE_FIGURES = (
    "format.seconds",
    "loudness.integrated_lufs",
    "defects.nonfinite_samples",
    "defects.clipping.samples",
    "defects.silence.head_seconds",
    "spectrum.flatness",
    "spectrum.noisiness",
)


@dataclass(frozen=True, slots=True)
class RankedTake:
    """A seed in its new place: `points` now and then; `measured` tells whether its audio was analysed again."""

    seed: int
    state: Literal["valid", "rejected", "failed"]
    points: float
    points_before: float | None
    reasons: tuple[str, ...] = ()
    audio: Path | None = None
    measured: bool = False
    won_before: bool = False
    score: Score | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; the score with its gates and terms."""
        return {
            **{name: value for name, value in asdict(self).items() if name not in ("seed", "audio", "reasons")},
            "seed": str(self.seed),
            "audio": None if self.audio is None else str(self.audio),
            "reasons": list(self.reasons),
        }


@dataclass(frozen=True, slots=True)
class Ranking:
    """The takes, the best first; those that cannot win stand at the end."""

    folder: Path
    weights_version: str
    takes: tuple[RankedTake, ...]

    @property
    def winner(self) -> RankedTake | None:
        return self.takes[0] if self.takes and self.takes[0].state == "valid" else None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        winner = self.winner
        return {
            "run": str(self.folder),
            "weights_version": self.weights_version,
            "winner": None if winner is None else str(winner.seed),
            "takes": [take.to_dict() for take in self.takes],
        }


def rank_run(folder: Path | str, weights: Path | str | None = None, *, progress: Progress = silent) -> Ranking:
    """Ranks the takes of the run in `folder` by a weights file (None: the built-in weights).

    Raises UsageError when the folder holds no run or the weights cannot be understood, InputError when a take must be
    measured again and cannot be read.
    """
    folder = Path(folder)
    chosen = load_weights(weights)
    manifest = _manifest(folder)
    winner = manifest.get("winner")
    takes = [_rank(entry, folder, chosen, progress, entry["seed"] == winner) for entry in manifest["takes"]]
    return Ranking(folder, chosen.version, tuple(sorted(takes, key=lambda take: (take.state != "valid", -take.points))))


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / runs.MANIFEST
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{folder} holds no run: {path.name}: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"{path} cannot be understood: {error}") from error
    takes = values.get("takes") if isinstance(values, dict) else None
    if not isinstance(takes, list) or not all(isinstance(take, dict) and "seed" in take for take in takes):
        raise UsageError(f"{path} lists no takes")
    if not takes:
        raise UsageError(f"{folder} has no takes yet", "the run was interrupted: the same command goes on with it")
    return dict(values)


def _rank(entry: Mapping[str, Any], folder: Path, weights: Weights, progress: Progress, won: bool) -> RankedTake:
    seed, kept = int(entry["seed"]), entry.get("analysis")
    audio = folder / entry["audio"] if entry.get("audio") else None
    reasons = tuple(entry.get("reasons") or ())
    if audio is None or kept is None:
        return RankedTake(seed, "failed", 0.0, None, reasons, audio, won_before=won)
    analysis, measured = _analysis(kept, audio, weights, about(progress, f"seed {seed}"))
    before = kept.get("score") or {}
    result = _judged(analysis, before, weights, measured=measured)
    complaints = tuple(reason for reason in reasons if not _of_a_gate(reason, before))
    closed = tuple(f"{gate.name}: {gate.reason}" for gate in result.gates if not gate.passed)
    rejected = complaints + closed
    return RankedTake(
        seed=seed,
        state="rejected" if rejected else "valid",
        points=result.total,
        points_before=before.get("total"),
        reasons=rejected,
        audio=audio,
        measured=measured,
        won_before=won,
        score=result,
    )


def _analysis(kept: Mapping[str, Any], audio: Path, weights: Weights, progress: Progress) -> tuple[Analysis, bool]:
    """What was kept, or what is measured now; and whether it was measured."""
    if all(has_figure(kept, path) for path in (*GATE_FIGURES, *weights.terms)):
        return from_dict(kept), False
    if not audio.is_file():
        raise InputError(f"{audio} is not there, and not all that the weights name was kept of it")
    return analyze_file(audio, progress), True


def _judged(analysis: Analysis, before: Mapping[str, Any], weights: Weights, *, measured: bool) -> Score:
    """The new score; of what was kept, the gate that needs a curve says what it said."""
    result = score(analysis, weights)
    if measured:
        return result
    said = {gate["name"]: gate for gate in before.get("gates") or ()}.get(COLLAPSE)
    if said is None or said["passed"]:
        return result
    gates = tuple(Gate(**said) if gate.name == COLLAPSE else gate for gate in result.gates)
    return replace(result, total=0.0, gates=gates)


def _of_a_gate(reason: str, before: Mapping[str, Any]) -> bool:
    """Whether a reason is one of a gate, which is judged anew; others are of the validation, and stay."""
    return reason.partition(":")[0] in {gate["name"] for gate in before.get("gates") or ()}
