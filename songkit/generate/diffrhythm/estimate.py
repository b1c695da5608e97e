"""How long a song will take here, by one evaluation of the network, timed before the work begins."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from songkit.generate.diffrhythm.options import Settled
from songkit.generate.diffrhythm.pieces import pieces_of
from songkit.generate.diffrhythm.sampler import Schedule
from songkit.generate.diffrhythm.sung import Singer
from songkit.progress import Progress, Update

EVALUATIONS_PER_STEP = {"euler": 1, "midpoint": 2, "heun2": 2}
ADAPTIVE_EVALUATIONS = 60
"""About what dopri5 needs at its tolerance; it takes as many as it takes."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """One evaluation with guidance, and what a song needs of them."""

    seconds_per_evaluation: float
    evaluations: float
    """Those without guidance count half."""

    @property
    def seconds(self) -> float:
        """For the latents of one song, without loading and decoding."""
        return self.seconds_per_evaluation * self.evaluations

    def __str__(self) -> str:
        whole = f"{self.seconds / 60:.0f} minutes" if self.seconds > 120 else f"{self.seconds:.0f} s"
        return f"about {whole} a song, {self.evaluations:g} evaluations of {self.seconds_per_evaluation:.2g} s"

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "seconds_per_evaluation": round(self.seconds_per_evaluation, 4),
            "estimated_seconds": round(self.seconds, 1),
        }


def of(options: Settled, seconds: float, folder: Path, progress: Progress) -> Estimate:
    """Loads the network and times it on what `prepared.prepare` has written into `folder`."""
    singer = Singer.load(options, seconds, folder, progress)
    progress(Update("estimate"))
    pieces = len(pieces_of(singer.prompt.frames)) if options.chunked_ode else 1
    estimate = Estimate(singer.seconds_per_step(), pieces * evaluations(singer.schedule))
    progress(Update("estimate", 1.0, detail=f"{estimate}; {how(options)}"))
    return estimate


def how(options: Settled) -> str:
    """What is used, for the user."""
    guidance = f"guidance {options.cfg_strength:g}"
    if options.cfg_interval != (0.0, 1.0):
        guidance += " from {:g} to {:g}".format(*options.cfg_interval)
    return f"{options.steps} steps by {options.solver}, {guidance}, {options.place}"


def evaluations(schedule: Schedule) -> float:
    """Evaluations for one pass from noise to song; those outside the interval of guidance count half."""
    if schedule.solver == "dopri5":
        return ADAPTIVE_EVALUATIONS
    times = schedule.times(torch.float32, torch.device("cpu"))[:-1].tolist()
    low, high = schedule.guidance_interval
    guided = sum(low <= time <= high for time in times)
    return EVALUATIONS_PER_STEP[schedule.solver] * (guided + (len(times) - guided) / 2)
