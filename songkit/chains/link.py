"""One running step: its stage, lined up again in time, blended with what came in, and behind the firewall."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from songkit.audio import Samples
from songkit.blocks import Reporting, Stage, split
from songkit.chains.firewall import Firewall
from songkit.chains.mixing import Waiting, blend
from songkit.chains.planner import Closing, PlannedStep
from songkit.errors import ChainError, SignalError


class Link:
    """Takes blocks and gives blocks: as many frames as came in, at the same times, unless the step changes length."""

    def __init__(self, step: PlannedStep, stage: Stage) -> None:
        self.step = step
        self._stage = stage
        latency = stage.latency_frames
        self._latency_known = latency is not None
        self._to_cut = latency or 0
        self._firewall = Firewall(step.label, stage.format, lead_frames=latency or 0)
        self._keeps_length = not (step.processor.changes_length or step.processor.changes_rate)
        self._taken = 0
        self._given = 0
        self._mix = step.processor.mix
        self._dry = Waiting()
        self._warnings: list[str] = []
        if self._mix < 1.0 and not self._latency_known:
            raise ChainError(f"{step.label}: mix {self._mix:g}, but its latency is not known", "use mix 1, or bypass")

    def push(self, block: Samples) -> Samples:
        self._taken += block.shape[1]
        if self._mix < 1.0:
            self._dry.put(block)
        out = self._in_time(self._stage.push(block))
        if not self._latency_known and self._keeps_length:
            out = out[:, : self._taken - self._given]
        return self._blended(out)

    def finish(self) -> Samples:
        """The tail. Raises SignalError where a stage of known latency lost or invented frames."""
        out = self._in_time(self._stage.finish())
        if self._keeps_length:
            out = self._of_right_length(out)
        return self._blended(out)

    def close(self) -> None:
        """Gives back what the stage holds, also when the run ended early."""
        if isinstance(self._stage, Closing):
            self._stage.close()

    def facts(self) -> dict[str, Any]:
        """What the stage has to tell, with the step's number and name; `warnings` where there are any."""
        told: Mapping[str, Any] = self._stage.facts() if isinstance(self._stage, Reporting) else {}
        warnings = [*told.get("warnings", ()), *self._warnings]
        facts = {"step": self.step.number, "name": self.step.name, **told}
        return {**facts, "warnings": warnings} if warnings else facts

    def _in_time(self, block: Samples) -> Samples:
        block = self._firewall.passed(block)
        cut = min(self._to_cut, block.shape[1])
        self._to_cut -= cut
        return block[:, cut:]

    def _of_right_length(self, tail: Samples) -> Samples:
        missing = self._taken - self._given - tail.shape[1]
        if missing == 0:
            return tail
        if self._latency_known:
            raise SignalError(
                f"{self.step.label}: gave {self._taken - missing} frames for the {self._taken} that it took",
                "a fault of this step, not of the signal",
            )
        if missing < 0:
            self._warnings.append(f"{-missing} frames more came out than went in: cut at the end")
            return tail[:, :missing]
        self._warnings.append(f"{missing} frames fewer came out than went in: silence was added at the end")
        return np.pad(tail, ((0, 0), (0, missing)))

    def _blended(self, wet: Samples) -> Samples:
        self._given += wet.shape[1]
        if self._mix == 1.0 or wet.shape[1] == 0:
            return np.ascontiguousarray(wet)
        if self._given > self._taken:
            raise SignalError(f"{self.step.label}: gave more frames than it took", "a fault of this step")
        return blend(self._dry.take(wet.shape[1]), wet, self._mix)


def pumped(blocks: Iterable[Samples], links: Sequence[Link]) -> Iterator[Samples]:
    """Blocks through all links, then the tail of each through those behind it; empty blocks are left out."""
    for block in blocks:
        out = _through(block, links)
        if out.shape[1]:
            yield out
    for index, link in enumerate(links, start=1):
        for part in split(link.finish()):
            out = _through(part, links[index:])
            if out.shape[1]:
                yield out


def _through(block: Samples, links: Sequence[Link]) -> Samples:
    for link in links:
        if block.shape[1] == 0:
            break
        block = link.push(block)
    return block
