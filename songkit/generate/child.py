"""What is done for one seed in a child process: one generator, one take (or the shared preparation)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from songkit.children.task import Task
from songkit.generate import at
from songkit.generate.contract import Request
from songkit.progress import Progress


@dataclass(frozen=True, slots=True)
class Job:
    """What a child is asked to do: make the take of `seed`, or with `seed` None what all seeds share."""

    address: str
    """The generator's class, "module:Class"."""
    request: Request
    workdir: Path
    seed: int | None = None
    prepared: Mapping[str, Any] | None = None

    def to_task(self) -> Task:
        values = {
            "address": self.address,
            "request": self.request.to_dict(),
            "workdir": str(self.workdir),
            "seed": self.seed,
            "prepared": None if self.prepared is None else dict(self.prepared),
        }
        subject = "all seeds" if self.seed is None else f"seed {self.seed}"
        return Task("songkit.generate.child:work", values, subject)

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Job:
        return cls(**{**values, "request": Request.from_dict(values["request"]), "workdir": Path(values["workdir"])})


def work(values: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Does a job in the child: what `prepare` says, or the take."""
    job = Job.from_values(values)
    generator = at(job.address)
    job.workdir.mkdir(parents=True, exist_ok=True)
    if job.seed is None:
        return dict(generator.prepare(job.request, job.workdir, progress))
    return generator.generate(job.request, job.prepared or {}, job.seed, job.workdir, progress).to_dict()
