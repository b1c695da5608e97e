"""A run under way: what is done so far, and the manifest that says so after every step."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing

from songkit.errors import NoValidTakeError, OutputError
from songkit.make.order import TakesOrder
from songkit.make.result import TakeResult, manifest
from songkit.make.takes import best, each_take
from songkit.progress import Progress
from songkit.runs import Run


class Ledger:
    """The takes of one order in an open run."""

    def __init__(self, order: TakesOrder, run: Run, progress: Progress) -> None:
        self._order, self._run, self._progress = order, run, progress
        self._takes: dict[int, TakeResult] = {}
        self.timings: dict[str, float] = {}
        """Seconds by stage."""
        self.began = time.monotonic()

    def make_takes(self, timeout_seconds: float | None) -> None:
        """Every seed's take; the manifest is written after each."""
        began = time.monotonic()
        self.write("making takes")
        results = each_take(
            self._order,
            self._run,
            timeout_seconds=timeout_seconds,
            progress=self._progress,
            timed=self.timings.__setitem__,
        )
        with closing(results):
            for result in results:
                self._takes[result.seed] = result
                self.write("making takes")
        self.timings["takes"] = time.monotonic() - began

    def winner(self) -> TakeResult:
        """The best take. Raises NoValidTakeError with the reason of each seed, OutputError where no disk took one."""
        winner = best(self.takes)
        if winner is None:
            self.write("no valid take")
            self._raise_refusal()
            reasons = "; ".join(f"seed {take.seed} {take.reasons[0]}" for take in self.takes)
            count = len(self._order.seeds)
            raise NoValidTakeError(
                f"no valid take out of {count}: {reasons}", f"try other seeds; details are in {self._run.manifest}"
            )
        return winner

    def _raise_refusal(self) -> None:
        """Raises OutputError where the system refused a take its place: other seeds would not help."""
        for take in self.takes:
            if take.failure is not None and take.failure.error == OutputError.__name__:
                raise OutputError(f"no valid take: seed {take.seed}: {take.failure.message}", take.failure.hint)

    @property
    def takes(self) -> tuple[TakeResult, ...]:
        """What is there, in the order of the seeds."""
        return tuple(self._takes[seed] for seed in self._order.seeds if seed in self._takes)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know of the request, the run's folder, the takes and the seeds that were lost."""
        lost = (f"seed {take.seed} {take.state}: {take.reasons[0]}" for take in self.takes if take.reasons)
        return (*self._order.warnings, *self._run.notes, *_told(self.takes), *lost)

    def write(self, state: str, winner: TakeResult | None = None) -> None:
        """The manifest of this moment."""
        self._run.write_manifest(manifest(self._order, self.takes, state, self.warnings, self.timings, winner=winner))


def _told(takes: tuple[TakeResult, ...]) -> Iterator[str]:
    """What the generator warns of: what it says of every take once, the rest with the seed."""
    told = {take.seed: take.take.facts.get("warnings", ()) for take in takes if take.take is not None}
    of_all = [warning for warning in next(iter(told.values()), ()) if all(warning in each for each in told.values())]
    yield from of_all
    for seed, warnings in told.items():
        yield from (f"seed {seed}: {warning}" for warning in warnings if warning not in of_all)
