"""One running step: its stage behind the firewall, lined up again in time, and blended with what came in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from songkit.audio import Samples
from songkit.blocks import Reporting, SourceInfo, Stage, split
from songkit.chains.firewall import Firewall
from songkit.chains.mixing import Mixer
from songkit.chains.planner import Closing, frames_at_rate
from songkit.chains.plans import PlannedStep
from songkit.errors import ChainError, SignalError


class InTime:
    """A stage without its latency, behind the firewall."""

    def __init__(self, stage: Stage, label: str) -> None:
        self.stage = stage
        self._to_cut = stage.latency_frames or 0
        self._firewall = Firewall(label, stage.format, lead_frames=self._to_cut)

    def push(self, block: Samples) -> Samples:
        return self._cut(self.stage.push(block))

    def finish(self) -> Samples:
        return self._cut(self.stage.finish())

    def _cut(self, block: Samples) -> Samples:
        block = self._firewall.passed(block)
        cut = min(self._to_cut, block.shape[1])
        self._to_cut -= cut
        return block[:, cut:]


class Link:
    """Takes blocks and gives blocks: as much time as came in, at the same times, unless the step changes length.

    `info` is what comes in; where the stage changes the rate, the length follows it to the nearest frame.
    """

    def __init__(self, step: PlannedStep, stage: Stage, info: SourceInfo) -> None:
        self.step = step
        self._rates_hz = (info.format.sample_rate, stage.format.sample_rate)
        self._wet = InTime(stage, step.label)
        self._latency_known = stage.latency_frames is not None
        self._keeps_length = not step.processor.changes_length
        self._taken = 0
        self._given = 0
        self._warnings: list[str] = []
        self._mixer: Mixer | None = None
        if step.processor.mix < 1.0:
            if not self._latency_known:
                raise ChainError(f"{step.label}: mix, but its latency is not known", "use mix 1, or bypass")
            self._mixer = Mixer(step.processor.mix)
            through = step.processor.dry(info)
            self._dry = InTime(through, f"{step.label}, dry path") if through is not None else None

    def push(self, block: Samples) -> Samples:
        self._taken += block.shape[1]
        if self._mixer is not None:
            self._mixer.dry.put(block if self._dry is None else self._dry.push(block))
        out = self._wet.push(block)
        if not self._latency_known and self._keeps_length:
            out = out[:, : max(0, self._wanted() - self._given)]
        return self._blended(out)

    def finish(self) -> Samples:
        """The tail. Raises SignalError where a stage of known latency lost or invented frames."""
        if self._mixer is not None and self._dry is not None:
            self._mixer.dry.put(self._dry.finish())
        out = self._wet.finish()
        if self._keeps_length:
            out = self._of_right_length(out)
        return self._blended(out)

    def close(self) -> None:
        """Gives back what the stage holds, also when the run ended early."""
        if isinstance(self._wet.stage, Closing):
            self._wet.stage.close()

    def facts(self) -> dict[str, Any]:
        """What the stage has to tell, with the step's number and name; `warnings` where there are any."""
        stage = self._wet.stage
        told: Mapping[str, Any] = stage.facts() if isinstance(stage, Reporting) else {}
        warnings = [*told.get("warnings", ()), *self._warnings]
        facts = {"step": self.step.number, "name": self.step.name, **told}
        return {**facts, "warnings": warnings} if warnings else facts

    def _wanted(self) -> int:
        """Frames that what was taken so far should give."""
        return frames_at_rate(self._taken, *self._rates_hz)

    def _of_right_length(self, tail: Samples) -> Samples:
        missing = self._wanted() - self._given - tail.shape[1]
        if missing == 0:
            return tail
        if self._latency_known:
            raise SignalError(
                f"{self.step.label}: gave {self._wanted() - missing} frames where {self._wanted()} were expected",
                "a fault of this step, not of the signal",
            )
        if missing < 0:
            self._warnings.append(f"{-missing} frames more came out than went in: cut at the end")
            return tail[:, :missing]
        self._warnings.append(f"{missing} frames fewer came out than went in: silence was added at the end")
        return np.pad(tail, ((0, 0), (0, missing)))

    def _blended(self, wet: Samples) -> Samples:
        self._given += wet.shape[1]
        if self._mixer is not None:
            wet = self._mixer.blended(wet)
        return np.ascontiguousarray(wet)


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
