"""One target: the tail of the chain, the encoder, the tags, and the measurement of what came out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b, file_digest
from pathlib import Path

from songkit.analysis import Analysis, analyze
from songkit.analysis.result import figure
from songkit.audio import Encoding, Samples
from songkit.blocks import Source
from songkit.chains import FIGURES, Rendered, render
from songkit.deliver.order import Order
from songkit.deliver.result import Check, Delivered
from songkit.errors import QualityError
from songkit.files import AudioWriter, FileSource, open_source
from songkit.master.conversion import conversion
from songkit.master.processor import Processor
from songkit.progress import Progress, about
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


def deliver(job: Job, path: Path, target: Target) -> Delivered:
    """One target, until the ceiling holds in the decoded file or the passes run out."""
    wanted, notes = target.format_for(job.spool.format)
    encoding = target.encoding(job.order.source.info.bit_depth)
    ceiling = job.order.asked_ceiling_dbtp
    reserve_db = 0.0 if ceiling is None else _grid_reserve_db(encoding, ceiling)
    for encode_pass in range(ENCODE_PASSES):
        steps = (*conversion(job.spool.format, wanted), *_with_reserve(job.tail, reserve_db))
        rendered = render(steps, job.spool, job.progress, first_step=job.first_step)
        with rendered, AudioWriter(path, wanted, encoding, frames=rendered.frames, force=job.order.force) as writer:
            for block in _on_grid(rendered, target, encoding, _seed(job.order, target)):
                writer.push(block)
            writer.close()
            tag_notes = write_tags(writer.temporary, job.tags)
            decoded = open_source(writer.temporary)
            analysis = analyze(decoded, info=decoded.info, meters=METERS, progress=about(job.progress, path.name))
            over_db = _over_ceiling_db(analysis, ceiling)
            if over_db is None or over_db <= 0.0 or encode_pass == ENCODE_PASSES - 1:
                _same_length(decoded, writer, path)
                writer.commit()
                break
        reserve_db += over_db + CODEC_RESERVE_DB
    if encode_pass > 0:
        notes = (
            *notes,
            f"{encoding.container} lifts peaks: limited {reserve_db:.2f} dB below the ceiling before encoding",
        )
    return Delivered(
        path=path,
        target=target,
        analysis=analysis,
        checks=_checks(job.order, analysis, over_db),
        notes=(*notes, *writer.notes, *tag_notes),
        facts=rendered.facts,
        shortfall=_shortfall(job.order, analysis),
        sha256=_sha256(path),
    )


def _with_reserve(steps: Sequence[Processor], reserve_db: float) -> tuple[Processor, ...]:
    """The tail with its last ceiling lowered by what rounding, dither or the codec will add."""
    lowered = list(steps)
    for index in reversed(range(len(lowered))):
        ceiling = getattr(lowered[index], "ceiling_dbtp", None)
        if ceiling is not None:
            lowered[index] = lowered[index].model_copy(update={"ceiling_dbtp": ceiling - reserve_db})
            break
    return tuple(lowered)


def _grid_reserve_db(encoding: Encoding, ceiling_dbtp: float) -> float:
    if not isinstance(encoding.bit_depth, int):
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


def _same_length(decoded: FileSource, writer: AudioWriter, path: Path) -> None:
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
