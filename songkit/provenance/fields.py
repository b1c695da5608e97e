"""The record and the disclosure as tags, and back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from songkit.provenance import disclosure
from songkit.provenance.disclosure import Disclosure
from songkit.provenance.record import Record
from songkit.tags import Tags, read_tags

RECORD = "songkit_record"


@dataclass(frozen=True, slots=True)
class Found:
    """What a file says of itself; both None for most files of this world."""

    tags: Tags
    record: Record | None
    disclosure: Disclosure | None


def read_provenance(path: Path) -> Found:
    """What the tags of a file say of where it comes from. Damaged ones say nothing, and a note in `tags` says that."""
    tags = read_tags(path, stale=True)
    told = tags.get(RECORD)
    record = Record.from_json(told) if told else None
    if told and record is None:
        tags = replace(tags, notes=(*tags.notes, "the record of how it was made cannot be understood"))
    return Found(tags, record, Disclosure.from_fields(tags.fields))


def fields_of(record: Record) -> dict[str, str]:
    """The tags of a record: its JSON, the same in words, and the disclosure where there is one."""
    told = {name: value for name, value in _words(record) if value}
    return told | {RECORD: record.to_json()} | (record.disclosure.fields if record.disclosure else {})


def without_provenance(tags: Tags) -> Tags:
    """Tags that say nothing of how the file came about."""
    kept = {name: values for name, values in tags.fields.items() if name not in disclosure.FIELDS}
    return replace(tags, fields={name: values for name, values in kept.items() if not name.startswith("songkit_")})


def _words(record: Record) -> Iterator[tuple[str, str]]:
    """Pairs of field and text for people and other programs; an empty text for what there is nothing to say of."""
    figures = record.figures
    yield "songkit_version", record.versions.get("songkit", "")
    yield "songkit_key", record.key
    yield "songkit_engines", ", ".join(f"{name} {version}" for name, version in sorted(record.versions.items()))
    if (origin := record.origin) is not None:
        yield "songkit_generator", f"{origin.name} {origin.version}"
        yield "songkit_seed", origin.seed
        yield "songkit_style", origin.style
        yield "songkit_lyrics_sha256", origin.lyrics_sha256 or ""
    if record.chain is not None:
        yield "songkit_chain", record.chain.name
        yield "songkit_chain_sha256", record.chain.hash
    if record.source is not None:
        yield "songkit_source_sha256", record.source.sha256
    for name, value in (
        ("songkit_integrated_lufs", figures.lufs),
        ("songkit_true_peak_dbtp", figures.true_peak_dbtp),
        ("songkit_range_lu", figures.range_lu),
        ("songkit_momentary_max_lufs", figures.momentary_max_lufs),
        ("songkit_short_term_max_lufs", figures.short_term_max_lufs),
    ):
        yield name, "" if value is None else f"{value:.2f}"
