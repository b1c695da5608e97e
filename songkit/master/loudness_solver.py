"""From a programme and a target to the stage that meets it: gain where that is enough, else the limiter driven.

survey        1 pass    K-weighted cells and highest sample; loudness after plain gain is known from here on
cell_peaks    1 pass    only where the ceiling is in the way
runs          1 to 6    the real limiter at the drive that the model proposes, until the loudness is met
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from songkit.audio import Samples
from songkit.blocks import Source, Stage, info_of
from songkit.dsp.gain_follower import Pace
from songkit.dsp.limit import AIM, DOUBT, TruePeakLimiter
from songkit.dsp.truepeak import REACH
from songkit.errors import SignalError
from songkit.master.drive import (
    Corrected,
    EnergyMeter,
    Model,
    Outcome,
    Programme,
    cell_peaks,
    search,
    survey,
    true_peak,
)
from songkit.master.known_gain import KeptGain, KnownGainStage
from songkit.master.limiter import Limiter
from songkit.master.measures import INTEGRATED, Measure
from songkit.master.paces import EASY_REDUCTION_DB, PACES, allowed
from songkit.master.processor import MapStage
from songkit.progress import Progress, watched
from songkit.units import db_to_gain, gain_to_db

CLOSE_LU = 0.02  # nearer than what is promised: dither and rounding of the delivered file come on top
TOLD_LU = 0.05  # what is further from the target than this is told
REDUCTION_TOLERANCE_DB = 0.05
MAX_RUNS = 6
MAX_GAIN_DB = 100.0
# The limiter sees no peak higher above the samples than what interpolators can make of the worst of them.
HIGHEST_OVER = REACH + DOUBT
# The drive ends up above the plain gain; peaks are read exactly from that much below the ceiling on.
DRIVE_BEYOND_DB = 3.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What the step was asked for."""

    target_lufs: float
    ceiling_dbtp: float
    max_reduction_db: float
    fastest_release_ms: float
    linear: bool
    measure: Measure = INTEGRATED


@dataclass(frozen=True, slots=True)
class Found:
    """A setting and what it leads to; `bounded_by` names what stopped it short of the target (empty: nothing)."""

    gain_db: float
    outcome: Outcome
    bounded_by: str = ""
    pace: Pace = PACES[0]


def solve(source: Source, asked: Asked, progress: Progress) -> tuple[Stage, dict[str, Any]]:
    """The stage that meets what was asked or comes nearest, and the facts about it.

    Raises SignalError where there is nothing whose loudness could be set.
    """
    return _Solver(source, asked, progress).solve()


class _Solver:
    def __init__(self, source: Source, asked: Asked, progress: Progress) -> None:
        self._source, self._asked, self._progress = source, asked, progress
        self._ceiling = db_to_gain(asked.ceiling_dbtp)
        self._passes = 0
        self._last: KnownGainStage | None = None
        self._last_setting = (0.0, PACES[0])

    def solve(self) -> tuple[Stage, dict[str, Any]]:
        programme = survey(self._source, self._blocks("measuring"), self._asked.measure)
        if programme.frames == 0:
            raise SignalError("loudness: no audio: nothing to normalise")
        if programme.peak == 0.0:
            raise SignalError("loudness: digital silence: nothing to normalise")
        if programme.total == 0.0:
            raise SignalError("loudness: nothing but the LFE channel, which loudness does not count")
        wanted_db = programme.gain_for(self._asked.target_lufs)
        plain = Found(min(wanted_db, MAX_GAIN_DB), programme.plain(min(wanted_db, MAX_GAIN_DB)))
        if wanted_db > MAX_GAIN_DB:
            plain = Found(plain.gain_db, plain.outcome, "gain")
        model = None if self._asked.linear else self._model(programme, plain.gain_db)
        if model is None:
            return self._linear(programme, plain)
        return self._limited(programme, model, plain.gain_db)

    def _blocks(self, what: str) -> Iterator[Samples]:
        self._passes += 1
        return watched(self._source, self._progress, f"loudness: {what}")

    def _model(self, programme: Programme, gain_db: float) -> Model | None:
        """The limiter on cells, or None where it would have nothing to do at this gain."""
        if programme.peak * HIGHEST_OVER * db_to_gain(gain_db) < self._ceiling:
            return None
        threshold = self._ceiling / db_to_gain(gain_db + DRIVE_BEYOND_DB)
        peaks = cell_peaks(self._source, self._blocks("looking for peaks"), programme.per_second, threshold)
        if float(peaks.max()) * db_to_gain(gain_db) <= self._ceiling * AIM:
            return None
        return Model(programme, peaks, self._ceiling, PACES[0])

    def _linear(self, programme: Programme, plain: Found) -> tuple[Stage, dict[str, Any]]:
        """Gain alone: where it leads is known, but for the peak between samples that it must not lift too far."""
        if self._asked.linear:
            peak = true_peak(self._source, self._blocks("looking for peaks"))
            room_db = gain_to_db(self._ceiling * AIM / peak)
            if plain.gain_db > room_db:
                plain = Found(room_db, programme.plain(room_db), "ceiling")
        factor = np.float32(db_to_gain(plain.gain_db))
        stage = MapStage(self._source.format, lambda block: block * factor)
        return stage, self._facts(programme, plain, "linear")

    def _limited(self, programme: Programme, model: Model, plain_db: float) -> tuple[Stage, dict[str, Any]]:
        found = self._paced(model, plain_db)
        facts = self._facts(programme, found, "limit")
        if self._last is not None and self._last_setting == (found.gain_db, found.pace):
            return self._last, facts
        self._forget()
        # Copied, not validated: in front of an encoder the ceiling may be lower than any that a chain may ask for.
        settings = {"ceiling_dbtp": self._asked.ceiling_dbtp, "gain_db": found.gain_db, **asdict(found.pace)}
        limiter = Limiter().model_copy(update=settings)
        return limiter.start(info_of(self._source)), facts

    def _paced(self, model: Model, plain_db: float) -> Found:
        """At the cleanest pace that meets the target with ease; where none does, the fastest one, if it is nearer."""
        paces = allowed(self._asked.fastest_release_ms)
        tried: list[Found] = []
        for pace in paces:
            at_pace = replace(model, pace=pace)
            proposed = self._searched(at_pace.outcome, plain_db)
            if pace is paces[-1] or self._eased(at_pace.outcome(proposed[0])):
                tried.append(self._drive(at_pace, plain_db, proposed))
                if self._eased(tried[-1].outcome):
                    break
        return min(tried, key=lambda each: max(TOLD_LU, self._distance_lu(each.outcome)))

    def _eased(self, outcome: Outcome) -> bool:
        return self._distance_lu(outcome) <= TOLD_LU and outcome.reduction_db <= EASY_REDUCTION_DB

    def _distance_lu(self, outcome: Outcome) -> float:
        return abs(outcome.level.lufs - self._asked.target_lufs)

    def _searched(self, outcome: Callable[[float], Outcome], plain_db: float) -> tuple[float, bool]:
        return search(outcome, plain_db, MAX_GAIN_DB, self._asked.target_lufs, self._asked.max_reduction_db)

    def _drive(self, model: Model, plain_db: float, proposed: tuple[float, bool]) -> Found:
        """Let the model propose, the limiter run, and the model be corrected by what came out."""
        corrected = Corrected(model)
        tried: list[Found] = []
        drive_db, bounded = proposed
        for _ in range(MAX_RUNS):
            if any(abs(drive_db - each.gain_db) < 1e-4 for each in tried):
                break
            outcome = self._run(drive_db, model.pace)
            tried.append(Found(drive_db, outcome, "max_reduction_db" if bounded else "gate", model.pace))
            error = outcome.level.lufs - self._asked.target_lufs
            beyond = outcome.reduction_db - self._asked.max_reduction_db
            if beyond <= REDUCTION_TOLERANCE_DB and (
                abs(error) <= CLOSE_LU or (bounded and beyond > -REDUCTION_TOLERANCE_DB)
            ):
                break
            corrected.learn(drive_db, outcome)
            drive_db, bounded = self._searched(corrected, plain_db)
        within = [
            each for each in tried if each.outcome.reduction_db <= self._asked.max_reduction_db + REDUCTION_TOLERANCE_DB
        ] or [min(tried, key=lambda each: each.outcome.reduction_db)]
        return min(within, key=lambda each: self._distance_lu(each.outcome))

    def _run(self, drive_db: float, pace: Pace) -> Outcome:
        """One pass through the real limiter; its gain is kept, so that the run that is taken need not be repeated."""
        self._forget()
        form = self._source.format
        kept = KeptGain(form.sample_rate, self._source.frames)
        limiter = TruePeakLimiter(
            form.channels,
            form.sample_rate,
            ceiling=self._ceiling,
            drive=db_to_gain(drive_db),
            pace=pace,
            keep=kept.push,
        )
        energies = EnergyMeter(self._source, self._asked.measure)
        for block in self._blocks("finding the drive"):
            energies.push(limiter.push(block))
        energies.push(limiter.finish())
        self._last = KnownGainStage(form, kept, limiter, pace)
        self._last_setting = (drive_db, pace)
        return Outcome(energies.result().level(), limiter.reduction().max_reduction_db)

    def _forget(self) -> None:
        """Gives the gain of the last run back."""
        if self._last is not None:
            self._last.close()
            self._last = None

    def _facts(self, programme: Programme, found: Found, mode: str) -> dict[str, Any]:
        before, after = programme.level(), found.outcome.level
        short = self._asked.target_lufs - after.lufs
        off_target = abs(short) > TOLD_LU
        warnings = []
        if not after.gated:
            warnings.append(
                f"{self._asked.measure.needs}, and this is {programme.seconds:.2f} s of audio: the energy of the whole "
                "was taken"
            )
        if off_target:
            side = "short of" if short > 0.0 else "over"
            warnings.append(f"{abs(short):.1f} LU {side} the target: {self._reason(found)}")
        return {
            "mode": mode,
            "gain_db": round(found.gain_db, 3),
            "measured_before_lufs": round(before.lufs, 3) if before.gated else None,
            "predicted_after_lufs": round(after.lufs, 3) if after.gated else None,
            "max_reduction_db": round(found.outcome.reduction_db, 3),
            "passes": self._passes,
            "short_of_target_lu": round(short, 3) if off_target else 0.0,
            "bounded_by": found.bounded_by if off_target else None,
            "warnings": warnings,
        }

    def _reason(self, found: Found) -> str:
        asked = self._asked
        reasons = {
            "ceiling": f"the peaks stand at the ceiling of {asked.ceiling_dbtp:g} dBTP, and mode linear does not limit",
            "max_reduction_db": f"more would take more than {asked.max_reduction_db:g} dB of gain reduction",
            "gate": "louder or quieter, a gate of the loudness moves, or the limiter takes as much as the drive gives",
            "gain": f"more than {MAX_GAIN_DB:g} dB of gain",
        }
        return reasons.get(found.bounded_by, reasons["gate"])
