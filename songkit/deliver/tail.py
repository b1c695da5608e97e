"""One target: the tail of the chain, the encoder, the tags, and the measurement of what came out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b, file_digest
from pathlib import Path
from typing import Any

from songkit.analysis import Analysis, analyze
from songkit.analysis.result import figure
from songkit.audio import Encoding, Format, Samples
from songkit.blocks import Source
from songkit.chains import FIGURES, Rendered, render
from songkit.deliver.order import Order
from songkit.deliver.result import Check, Delivered
from songkit.errors import QualityError
from songkit.files import AudioWriter, FileSource, open_source
from songkit.master.conversion import conversion
from songkit.master.processor import Processor
from songkit.progress import Progress, named
from songkit.tags import Tags, write_tags
from songkit.targets import Target
from songkit.units import db_to_gain, gain_to_db

# What must be known of every source and of every delivered file; `songkit analyze` measures the rest.
METERS = ("levels", "peaks", "loudness")

ENCODE_PASSES = 3
# Kept below the ceiling when a codec has overshot it: a lower ceiling moves its overshoot a little, too.
CODEC_RESERVE_DB = 0.05
# Nearer than that to the asked loudness, nobody speaks of a shortfall.
LOUDNESS_TOLERANCE_LU = 0.2
# Rounding and dither add at most this many steps of the integer grid to an interpolated peak.
GRID_STEPS = 4


@dataclass(frozen=True, slots=True)
class Job:
    """What all targets of one source share."""

    order: Order
    spool: Source
    tail: Sequence[Processor]
    first_step: int
    """The number in the chain of the tail's first step."""
    tags: Tags
    progress: Progress


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One encoding: what the decoded file measures, and whether it was given its name."""

    analysis: Analysis
    over_db: float | None
    facts: tuple[Mapping[str, Any], ...]
    notes: tuple[str, ...]
    kept: bool


def deliver(job: Job, path: Path, target: Target) -> Delivered:
    """One target, until the ceiling holds in the decoded file or the passes run out."""
    wanted, notes = target.format_for(job.spool.format)
    encoding = target.encoding(job.order.source.info.bit_depth)
    reserve_db = _grid_reserve_db(encoding, job.order.asked_ceiling_dbtp)
    for encode_pass in range(1, ENCODE_PASSES + 1):
        attempt = _encode(job, path, target, wanted, encoding, reserve_db, keep=encode_pass == ENCODE_PASSES)
        if attempt.kept:
            break
        reserve_db += (attempt.over_db or 0.0) + CODEC_RESERVE_DB
    if encode_pass > 1:
        lifted = f"{encoding.container} lifts peaks: limited {reserve_db:.2f} dB below the ceiling before encoding"
        notes = (*notes, lifted)
    return Delivered(
        path=path,
        target=target,
        analysis=attempt.analysis,
        checks=_checks(job.order, attempt.analysis, attempt.over_db),
        notes=(*notes, *attempt.notes),
        facts=attempt.facts,
        shortfall=_shortfall(job.order, attempt.analysis),
        sha256=_sha256(path),
    )


def _encode(
    job: Job, path: Path, target: Target, wanted: Format, encoding: Encoding, reserve_db: float, *, keep: bool
) -> _Attempt:
    """The tail into the encoder, then decoded and measured; named when the ceiling holds, or if `keep`."""
    converted = conversion(job.spool.format, wanted)
    steps = (*converted, *_with_reserve(job.tail, reserve_db))
    progress = named(job.progress, f"write {path.name}")
    with (
        render(steps, job.spool, progress, first_step=job.first_step - len(converted)) as rendered,
        AudioWriter(path, wanted, encoding, frames=rendered.frames, force=job.order.force) as writer,
    ):
        for block in _on_grid(rendered, target, encoding, _seed(job.order, target)):
            writer.push(block)
        writer.close()
        notes = (*writer.notes, *write_tags(writer.temporary, job.tags))
        decoded = open_source(writer.temporary)
        info = replace(decoded.info, path=path)
        analysis = analyze(decoded, info=info, meters=METERS, progress=named(progress, f"verify {path.name}"))
        _refuse_other_length(decoded, writer, path)
        over_db = _over_ceiling_db(analysis, job.order.asked_ceiling_dbtp)
        kept = keep or over_db is None or over_db <= 0.0
        if kept:
            writer.commit()
    return _Attempt(analysis, over_db, rendered.facts[len(converted) :], notes, kept)


def _with_reserve(steps: Sequence[Processor], reserve_db: float) -> tuple[Processor, ...]:
    """The tail with its last ceiling lowered by what rounding, dither or the codec will add."""
    lowered = list(steps)
    for index in reversed(range(len(lowered))):
        ceiling = getattr(lowered[index], "ceiling_dbtp", None)
        if ceiling is not None:
            lowered[index] = lowered[index].model_copy(update={"ceiling_dbtp": ceiling - reserve_db})
            break
    return tuple(lowered)


def _grid_reserve_db(encoding: Encoding, ceiling_dbtp: float | None) -> float:
    if ceiling_dbtp is None or not isinstance(encoding.bit_depth, int):
        return 0.0
    steps = GRID_STEPS / 2 ** (encoding.bit_depth - 1)
    return -gain_to_db(1.0 - min(0.5, steps / db_to_gain(ceiling_dbtp)))


def _on_grid(rendered: Rendered, target: Target, encoding: Encoding, seed: int) -> Iterator[Samples]:
    """The blocks, dithered where the target is an integer grid that loses bits."""
    if not target.dither or encoding.bit_depth not in (16, 24):
        yield from rendered.blocks()
        return
    from songkit.dsp.dither import Dither

    dither = Dither(rendered.format, encoding.bit_depth, seed)
    for block in rendered.blocks():
        yield dither.push(block)


def _seed(asked: Order, target: Target) -> int:
    """The dither's seed: the same source, chain and target give the same bytes."""
    text = f"{asked.chain.hash} {target.model_dump_json()} {asked.source.frames}"
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest())


def _refuse_other_length(decoded: FileSource, writer: AudioWriter, path: Path) -> None:
    """Raises QualityError when the decoded file is not as long as what was handed to the encoder."""
    if decoded.frames != writer.frames:
        raise QualityError(
            f"{path}: {writer.frames} frames were written, but the file decodes to {decoded.frames}",
            "nothing was delivered; another format may do",
        )


def _over_ceiling_db(analysis: Analysis, ceiling_dbtp: float | None) -> float | None:
    if ceiling_dbtp is None or analysis.peaks.true_peak_dbtp is None:
        return None
    return analysis.peaks.true_peak_dbtp - ceiling_dbtp


def _checks(asked: Order, analysis: Analysis, over_db: float | None) -> tuple[Check, ...]:
    error_lu = None
    if asked.asked_lufs is not None and analysis.loudness.programme_lufs is not None:
        error_lu = abs(analysis.loudness.programme_lufs - asked.asked_lufs)
    relative = {"loudness_error_lu": error_lu, "over_ceiling_db": None if over_db is None else max(0.0, over_db)}
    checks = []
    for name, bounds in asked.chain.checks.items():
        place = FIGURES[name].place
        value = relative[name] if place is None else figure(analysis, ".".join(place))
        checks.append(Check(name, value, bounds.min, bounds.max))
    return tuple(checks)


def _shortfall(asked: Order, analysis: Analysis) -> str | None:
    """The one line of a file that is quieter than asked, because the ceiling or a bound came first."""
    if asked.asked_lufs is None or analysis.loudness.programme_lufs is None:
        return None
    short_lu = asked.asked_lufs - analysis.loudness.programme_lufs
    if short_lu <= LOUDNESS_TOLERANCE_LU:
        return None
    return f"{short_lu:.1f} LU short of the target {asked.asked_lufs:g} LUFS; the ceiling holds"


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return file_digest(handle, "sha256").hexdigest()
