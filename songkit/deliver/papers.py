"""What a delivered file says of itself: its source's tags, what was asked for, and the record of how it was made."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from songkit.analysis import Analysis
from songkit.chains import Chain, contents, step_name
from songkit.deliver.order import Order
from songkit.provenance import (
    ChainUsed,
    Disclosure,
    Figures,
    Found,
    Record,
    SourceFile,
    fields_of,
    read_provenance,
    without_provenance,
)
from songkit.runs import content_key, engine_versions, file_sha256
from songkit.tags import Tags
from songkit.targets import Target

# What the samples of a master may depend on beside songkit itself.
ENGINES = ("numpy", "scipy", "numba", "pedalboard", "soxr", "soundfile", "mutagen")
STEM_ENGINES = ("demucs", "torch")


@dataclass(frozen=True, slots=True)
class Papers:
    """The tags of one track's files, and the record of how they are made, but for target and figures."""

    tags: Tags
    draft: Record
    chain: Chain
    told: bool
    """Whether the files get the record; without, they are known by nothing."""

    def key(self, target: Target) -> str:
        """Of all that a file of that target depends on."""
        return self._of(target).key

    def record(self, target: Target, analysis: Analysis, audio: str) -> Record:
        """The whole record of a file that measures so, and decodes to samples of that digest."""
        found = analysis.loudness
        figures = Figures(
            lufs=found.programme_lufs,
            true_peak_dbtp=analysis.peaks.true_peak_dbtp,
            range_lu=found.range_lu,
            momentary_max_lufs=found.momentary_max_lufs,
            short_term_max_lufs=found.short_term_max_lufs,
        )
        return self._of(target).model_copy(update={"figures": figures, "audio": audio})

    def with_source(self, source: SourceFile) -> Papers:
        """The same papers, of a source by another name or with another history."""
        return replace(self, draft=self.draft.model_copy(update={"source": source}))

    def signed(self, record: Record, gains: Mapping[str, str]) -> Tags:
        """The tags of a file of that record."""
        told = fields_of(record) if self.told else {}
        return self.tags.with_extra({**gains, **told})

    def _of(self, target: Target) -> Record:
        known = {
            "target": target.model_dump(mode="json", exclude_none=True),
            "versions": versions_for(self.chain, target),
        }
        return with_key(self.draft.model_copy(update=known))


def papers_for(
    asked: Order, extra: Mapping[str, str], *, told: bool, source_record: Record | None = None
) -> tuple[Papers, tuple[str, ...]]:
    """The papers of one source, and notes on tags that cannot be carried; `source_record` goes before its own."""
    found, source = _source(asked, source_record)
    draft = _draft([asked], extra).model_copy(update={"source": source, "disclosure": _disclosed(found, source)})
    return Papers(
        without_provenance(found.tags).of_the_music().with_extra(extra), draft, asked.chain, told
    ), found.tags.notes


def album_papers(orders: Sequence[Order], extra: Mapping[str, str], *, told: bool) -> list[Papers]:
    """The papers of each track: all tracks are in the record of each, because one gain serves all."""
    read = [_source(asked, None) for asked in orders]
    draft = _draft(orders, extra)
    album = tuple(source.model_copy(update={"record": None}) for _, source in read)
    return [
        Papers(
            without_provenance(found.tags).of_the_music().with_extra(extra),
            draft.model_copy(
                update={"source": source, "album": album, "track": track, "disclosure": _disclosed(found, source)}
            ),
            orders[track].chain,
            told,
        )
        for track, (found, source) in enumerate(read)
    ]


def with_key(record: Record) -> Record:
    """The record of a master under the key of all that its audio and tags depend on."""
    chain = record.chain
    key = content_key(
        {
            "source": None if record.source is None else record.source.sha256,
            "album": [each.sha256 for each in record.album],
            "track": record.track,
            "chain": None if chain is None else {"hash": chain.hash, "files": sorted(chain.files.values())},
            "target": record.target,
            "versions": record.versions,
            "extra_tags": record.extra_tags,
        }
    )
    return record.model_copy(update={"key": key})


def versions_for(chain: Chain, target: Target) -> dict[str, str]:
    """The engines that such a file depends on; ffmpeg where it encodes, or filters."""
    steps = {step_name(step) for step in chain.working_steps}
    versions = engine_versions(*ENGINES, *(STEM_ENGINES if "stems" in steps else ()))
    if "ffmpeg" in steps or not target.container.depths:
        from songkit.ffmpeg import version

        versions["ffmpeg"] = version()
    return versions


def chain_used(chain: Chain) -> ChainUsed:
    """A chain as the record keeps it."""
    settings: dict[str, Any] = chain.as_dict()
    return ChainUsed(name=chain.name, hash=chain.hash, settings=settings, files=contents(chain))


def _draft(orders: Sequence[Order], extra: Mapping[str, str]) -> Record:
    chain = orders[0].chain
    return Record(
        made="master",
        versions={},
        machine=f"{platform.system()} {platform.machine()}",
        chain=chain_used(chain),
        extra_tags=dict(extra),
    )


def _source(asked: Order, record: Record | None) -> tuple[Found, SourceFile]:
    path = asked.source.info.path
    found = read_provenance(path)
    told = record or found.record
    name = Path(path).name.encode("utf-8", "replace").decode()
    remembered = None if told is None else told.remembered()
    return found, SourceFile(name=name, sha256=file_sha256(path), record=remembered)


def _disclosed(found: Found, source: SourceFile) -> Disclosure | None:
    """What the source discloses, by its tags or by where it comes from: a master of it is no less generated."""
    if found.disclosure is not None or source.record is None:
        return found.disclosure
    return next((each.disclosure for each in source.record.lineage if each.disclosure is not None), None)
