"""The runs of a folder, as their manifests tell: what was asked, what came of it, how long it took, how much memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from songkit.errors import InputError, OutputError
from songkit.runs import DEFAULT_ROOT, MANIFEST, read_record
from songkit.units import clock


@dataclass(frozen=True, slots=True)
class PastRun:
    """One run; `date` is when its manifest was last written, in UTC."""

    name: str
    date: str
    state: str
    generator: str = ""
    seeds: tuple[str, ...] = ()
    outcomes: Mapping[str, int] | None = None
    """Takes by how they ended: "valid", "rejected", and for those that failed the kind of it; "not made yet"."""
    winner: str | None = None
    seconds: float | None = None
    """For the whole run, the last time that it was at work; None while it is."""
    take_seconds: float = 0.0
    """For all takes together."""
    peak_memory_bytes: int | None = None
    """The most that one take held."""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


def past_runs(root: Path = DEFAULT_ROOT) -> list[PastRun]:
    """The runs in a folder, the newest last. Raises InputError where it is no folder.

    A manifest that cannot be understood is a run too, whose state says so.
    """
    if not root.is_dir():
        raise InputError(f"there is no folder {root}", "name the folder of runs, or make a song first: songkit make")
    manifests = [path for path in root.glob(f"*/{MANIFEST}") if path.is_file()]
    return [_run(path) for path in sorted(manifests, key=lambda path: (path.stat().st_mtime_ns, path))]


def totals(runs: Sequence[PastRun]) -> dict[str, int]:
    """All takes of all runs by how they ended, the most frequent first."""
    counted: Counter[str] = Counter()
    for run in runs:
        counted.update(run.outcomes or {})
    return dict(counted.most_common())


def lines(runs: Sequence[PastRun]) -> Iterator[str]:
    """A table for the terminal, and the totals below it."""
    rows = [("date", "run", "generator", "takes", "winner", "takes took", "memory", "state"), *map(_row, runs)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
    if runs:
        yield f"{len(runs)} runs; takes: {_counts(totals(runs))}"


def _run(path: Path) -> PastRun:
    name = path.parent.name
    date = datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds")
    try:
        manifest = read_record(path) or {}
        return _told(name, date, manifest)
    except (OutputError, KeyError, TypeError, ValueError, AttributeError):
        return PastRun(name, date, "its manifest cannot be understood")


def _told(name: str, date: str, manifest: Mapping[str, Any]) -> PastRun:
    takes: list[Mapping[str, Any]] = manifest["takes"]
    outcomes = Counter(take["failure"]["kind"] if take["failure"] else str(take["state"]) for take in takes)
    if waiting := len(manifest["not_made_yet"]):
        outcomes["not made yet"] = waiting
    peaks = [int(take["peak_memory_bytes"]) for take in takes if take.get("peak_memory_bytes")]
    generator = manifest["generator"]
    return PastRun(
        name=name,
        date=date,
        state=str(manifest["state"]),
        generator=f"{generator['name']} {generator['version']}",
        seeds=tuple(manifest["seeds"]),
        outcomes=dict(outcomes),
        winner=manifest["winner"],
        seconds=manifest["timings_seconds"].get("all"),
        take_seconds=round(sum(float(take["seconds"]) for take in takes), 3),
        peak_memory_bytes=max(peaks, default=None),
    )


def _row(run: PastRun) -> tuple[str, ...]:
    memory = "-" if run.peak_memory_bytes is None else f"{run.peak_memory_bytes / 1e6:.0f} MB"
    took = clock(run.take_seconds).partition(".")[0] if run.take_seconds else "-"
    winner = f"seed {run.winner}" if run.winner else "-"
    takes = _counts(run.outcomes or {})
    return run.date[:16].replace("T", " "), run.name, run.generator, takes, winner, took, memory, run.state


def _counts(outcomes: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in outcomes.items()) or "none"
