"""What is done in one child process: the shared preparation, the long part of a batch, or one take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from songkit.children.task import Task
from songkit.generate import at
from songkit.generate.contract import Batching, Request
from songkit.progress import Progress


@dataclass(frozen=True, slots=True)
class Job:
    """What a child is asked to do: make the take of `seed`, or with `seed` None what several seeds share."""

    address: str
    """The generator's class, "module:Class"."""
    request: Request
    workdir: Path
    seed: int | None = None
    prepared: Mapping[str, Any] | None = None
    workdirs: Mapping[int, Path] = field(default_factory=dict)
    """Those of the seeds whose long part is done together; none: what is shared is the preparation."""

    @property
    def subject(self) -> str:
        """Whom it is about."""
        if self.seed is not None:
            return f"seed {self.seed}"
        return f"seeds {', '.join(str(seed) for seed in self.workdirs)}" if self.workdirs else "all seeds"

    def to_task(self) -> Task:
        values = {
            "address": self.address,
            "request": self.request.to_dict(),
            "workdir": str(self.workdir),
            "seed": self.seed,
            "prepared": None if self.prepared is None else dict(self.prepared),
            "workdirs": {str(seed): str(path) for seed, path in self.workdirs.items()},
        }
        return Task("songkit.generate.child:work", values, self.subject)

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Job:
        workdirs = {int(seed): Path(path) for seed, path in values["workdirs"].items()}
        request, workdir = Request.from_dict(values["request"]), Path(values["workdir"])
        return cls(**{**values, "request": request, "workdir": workdir, "workdirs": workdirs})


def work(values: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Does a job in the child: what `prepare` says, or the take; of a batch, what went wrong with which seed."""
    job = Job.from_values(values)
    generator = at(job.address)
    job.workdir.mkdir(parents=True, exist_ok=True)
    if job.workdirs:
        return _together(cast(Batching, generator), job, progress)
    if job.seed is None:
        return dict(generator.prepare(job.request, job.workdir, progress))
    return generator.generate(job.request, job.prepared or {}, job.seed, job.workdir, progress).to_dict()


def _together(generator: Batching, job: Job, progress: Progress) -> dict[str, Any]:
    lost = generator.make_together(job.request, job.prepared or {}, job.workdirs, job.workdir, progress)
    return {
        str(seed): {"error": type(error).__name__, "message": error.message, "hint": error.hint}
        for seed, error in lost.items()
    }
