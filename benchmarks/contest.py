"""Whole processes run in turn (A B C A B C ...): CPU seconds of each, medians, and ratios within the rounds.

CPU time is user and system time of the process and of the children it waited for; the wall clock of a shared machine
says little. Ratios are taken within a round, where all run under the same conditions, and their median is told.
"""

from __future__ import annotations

import os
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec


@dataclass(frozen=True)
class Contender:
    """A name and the commands that together do its work, each a whole process."""

    name: str
    commands: Sequence[Sequence[str]]
    environment: Mapping[str, str] = field(default_factory=dict)

    def cpu_seconds(self) -> float:
        return sum(cpu_seconds(command, self.environment) for command in self.commands)


@dataclass(frozen=True)
class Aim:
    """At most `at_most` times what `of` needs."""

    of: str
    at_most: float


def cpu_seconds(command: Sequence[str], environment: Mapping[str, str] | None = None) -> float:
    """User and system time of one run; its output is thrown away. Ends the benchmark when the command fails."""
    quiet = [(os.POSIX_SPAWN_OPEN, descriptor, os.devnull, os.O_RDWR, 0) for descriptor in (0, 1, 2)]
    # Installed packages are byte-compiled; so is songkit here, whatever this shell says.
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    child = os.posix_spawnp(command[0], list(command), {**inherited, **(environment or {})}, file_actions=quiet)
    _, status, usage = os.wait4(child, 0)
    if code := os.waitstatus_to_exitcode(status):
        raise SystemExit(f"exit {code}: {' '.join(command)}")
    return usage.ru_utime + usage.ru_stime


def run(contenders: Sequence[Contender], rounds: int) -> dict[str, list[float]]:
    """CPU seconds of every round; a round before the first warms caches up and is not counted."""
    taken: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for number in range(rounds + 1):
        for contender in contenders:
            seconds = contender.cpu_seconds()
            if number:
                taken[contender.name].append(seconds)
        print(f"round {number} of {rounds}" if number else "warm-up", file=sys.stderr, flush=True)
    return taken


def show(taken: Mapping[str, Sequence[float]], aims: Mapping[str, Sequence[Aim]]) -> None:
    """One line a contender; for those with aims, one line an aim."""
    width = max(map(len, taken))
    print(f"{'':{width}}  CPU s (median of {len(next(iter(taken.values())))})")
    for name, seconds in taken.items():
        print(f"{name:{width}}  {statistics.median(seconds):6.2f}   {min(seconds):.2f} to {max(seconds):.2f}")
    for name, wanted in aims.items():
        for aim in wanted:
            if aim.of in taken:
                pairs = zip(taken[name], taken[aim.of], strict=True)
                ratio = statistics.median(own / other for own, other in pairs)
                verdict = "met" if ratio <= aim.at_most else "MISSED"
                print(f"{name} / {aim.of}: {ratio:.2f} (aim: at most {aim.at_most:.2f}, {verdict})")


def missing(modules: Mapping[str, str]) -> list[str]:
    """Names of the peers (module -> name) that are not installed beside songkit; said on stderr."""
    names = [name for module, name in modules.items() if find_spec(module) is None]
    if names:
        print(f"left out, not installed: {', '.join(names)} (pip install -e '.[peers]')", file=sys.stderr)
    return names
