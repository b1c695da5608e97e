"""Where a file comes from, as lines for the terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from songkit.provenance import Found, Record
from songkit.report.wording import visible

_WIDTH = 12


def provenance_lines(path: Path, found: Found) -> list[str]:
    """What a file says of itself; one line says so where it says nothing."""
    lines = [visible(path)]
    if found.record is not None:
        lines += _record_lines(found.record)
    if found.disclosure is not None:
        lines += _line("disclosure", str(found.disclosure))
    if len(lines) == 1:
        lines.append("  says nothing of how it was made")
    return lines + [f"  note: {note}" for note in found.tags.notes]


def provenance_values(path: Path, found: Found) -> dict[str, Any]:
    """The same as plain values for strict JSON."""
    return {
        "path": str(path),
        "record": None if found.record is None else found.record.model_dump(mode="json"),
        "disclosure": None if found.disclosure is None else found.disclosure.model_dump(mode="json"),
        "tags": {name: list(values) for name, values in found.tags.fields.items() if name != "songkit_record"},
        "notes": list(found.tags.notes),
    }


def _record_lines(record: Record) -> Iterator[str]:
    for step in record.lineage:
        yield from _step_lines(step)
    yield from _figure_lines(record)
    yield from _line("key", record.key)
    yield from _line("engines", ", ".join(f"{name} {version}" for name, version in sorted(record.versions.items())))
    yield from _line("machine", record.machine)


def _step_lines(record: Record) -> Iterator[str]:
    if record.chain is not None:
        yield from _line("mastered", f"by chain {record.chain.name} ({record.chain.hash[:16]})")
        for path, sha256 in record.chain.files.items():
            yield from _line("with", f"{path} (SHA-256 {sha256})")
    if record.album:
        yield from _line("album", f"track {record.track + 1} of {len(record.album)}")
    if record.source is not None:
        yield from _line("from", f"{record.source.name} (SHA-256 {record.source.sha256})")
    if (origin := record.generated) is not None:
        yield from _line("generated", f"by {origin.name} {origin.version}, seed {origin.seed}")
        yield from _line("style", origin.style)
        yield from _line("seconds", f"{origin.request.get('seconds', '')}")
        yield from _line("lyrics", f"SHA-256 {origin.lyrics_sha256}" if origin.lyrics_sha256 else "none")
        if origin.weights is not None:
            yield from _line("weights", json.dumps(origin.weights, ensure_ascii=False, sort_keys=True))


def _figure_lines(record: Record) -> Iterator[str]:
    figures = record.figures
    told = [
        f"{value:.1f} {unit}"
        for value, unit in ((figures.lufs, "LUFS"), (figures.true_peak_dbtp, "dBTP"), (figures.range_lu, "LU range"))
        if value is not None
    ]
    yield from _line("measured", ", ".join(told))


def _line(name: str, text: str) -> Iterator[str]:
    if text:
        yield f"  {name:<{_WIDTH}}{visible(text)}"


class Compared(Protocol):
    """A file beside the same made again, as `songkit.reproduce` gives it."""

    @property
    def path(self) -> Path: ...
    @property
    def same_bytes(self) -> bool: ...
    @property
    def sha256(self) -> str: ...
    @property
    def rebuilt_sha256(self) -> str: ...
    @property
    def versions(self) -> Mapping[str, tuple[str, str]]: ...


def reproduction_lines(found: Compared) -> list[str]:
    """Whether the file came out again, and what differs where it did not."""
    lines = [f"{visible(found.path)}: {visible(found)}"]
    if found.same_bytes:
        return lines
    lines += [*_line("then", f"SHA-256 {found.sha256}"), *_line("now", f"SHA-256 {found.rebuilt_sha256}")]
    for name, (then, now) in found.versions.items():
        lines += _line("version", f"{name}: {then} then, {now} now")
    return lines
