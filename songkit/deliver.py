"""From a source and a chain to delivered files: one tail per target, encoded, tagged, decoded again, verified.

    source ─ head of the chain, once ─► spool ─► per target: fold, resample ─► tail of the chain ─► dither ─► encode, tag
                                                   ▲                                                            │
                                                   └─ a lower ceiling, at most twice ◄─ decode, measure ────────┘
                                                                                             then renamed into place

Loudness and true peak are read from the decoded file before it gets its name; a codec that lifts peaks over the ceiling
is answered by a lower ceiling in front of it, a bounded number of times.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b, file_digest
from pathlib import Path
from typing import Any

from songkit.analysis import Analysis, analyze
from songkit.atomic import check_output
from songkit.audio import Encoding, Samples
from songkit.blocks import Source
from songkit.chains import Chain, Rendered, render, split_tail
from songkit.errors import OutputError, QualityError, SignalError
from songkit.files import AudioWriter, FileSource, open_source
from songkit.master.conversion import conversion
from songkit.master.processor import Processor
from songkit.progress import Progress, about, silent
from songkit.spool import Spool
from songkit.tags import Tags, read_tags, write_tags
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
class Check:
    """One figure of a delivered file against its bounds."""

    name: str
    value: float | None
    minimum: float | None
    maximum: float | None

    @property
    def passed(self) -> bool:
        if self.value is None:
            return False
        return (self.minimum is None or self.value >= self.minimum) and (
            self.maximum is None or self.value <= self.maximum
        )

    def __str__(self) -> str:
        bounds = [
            f"{word} {bound:g}" for word, bound in (("at least", self.minimum), ("at most", self.maximum)) if bound is not None
        ]
        value = "undefined" if self.value is None else f"{self.value:.2f}"
        return f"{self.name} is {value}, wanted {' and '.join(bounds)}"


@dataclass(frozen=True, slots=True)
class Delivered:
    """A file that was written, read back and measured."""

    path: Path
    target: Target
    analysis: Analysis
    checks: tuple[Check, ...]
    notes: tuple[str, ...]
    """What was converted or kept back on the way into the codec."""
    facts: tuple[Mapping[str, Any], ...]
    """What each step of the tail found: drive, reduction, shortfall."""
    shortfall: str | None
    """How far the file is short of the asked loudness, in words; None where it was met."""
    sha256: str

    @property
    def passed(self) -> bool:
        return all(check.passed for check in self.checks)


@dataclass(frozen=True, slots=True)
class MasterResult:
    """What one call of `master_file` did."""

    source: Path
    chain: Chain
    before: Analysis
    outputs: tuple[Delivered, ...]
    facts: tuple[Mapping[str, Any], ...]
    """What each step of the head found."""
    warnings: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return all(output.passed for output in self.outputs)


@dataclass(frozen=True, slots=True)
class Order:
    """Everything that is decided before a sample is touched; `plan` and `--dry-run` end here."""

    source: FileSource
    chain: Chain
    outputs: tuple[tuple[Path, Target], ...]
    force: bool = False

    @property
    def asked_lufs(self) -> float | None:
        return _last_value(self.chain.steps, "target_lufs")

    @property
    def asked_ceiling_dbtp(self) -> float | None:
        return _last_value(self.chain.steps, "ceiling_dbtp")


def order(
    path: Path | str,
    chain: Chain | str = "streaming",
    *,
    output: Path | str | None = None,
    output_dir: Path | str | None = None,
    target_lufs: float | None = None,
    ceiling_dbtp: float | None = None,
    force: bool = False,
) -> Order:
    """Opens the source, settles the chain and the outputs, and checks all that needs no processing.

    `output` replaces the chain's deliver list by that one file (its folder must exist); `output_dir` keeps the list
    and is made where missing. Raises InputError, ChainError, OutputError.
    """
    settled = Chain.load(chain) if isinstance(chain, str) else chain
    if target_lufs is not None or ceiling_dbtp is not None:
        settled = settled.with_loudness(target_lufs=target_lufs, ceiling_dbtp=ceiling_dbtp)
    source = open_source(Path(path))
    outputs = _output_paths(
        source.info.path, settled, Path(output) if output else None, Path(output_dir) if output_dir else None
    )
    for target_path, target in outputs:
        if target_path.exists() and target_path.samefile(source.info.path):
            raise OutputError(f"{target_path} is the source itself", "choose another name with -o")
        if output_dir is None or target_path.parent.is_dir():
            check_output(target_path, force=force)
        target.format_for(source.format)
    return Order(source, settled, outputs, force)


def master_file(
    path: Path | str,
    chain: Chain | str = "streaming",
    *,
    output: Path | str | None = None,
    output_dir: Path | str | None = None,
    target_lufs: float | None = None,
    ceiling_dbtp: float | None = None,
    force: bool = False,
    strict: bool = False,
    tags: Mapping[str, str] | None = None,
    progress: Progress = silent,
) -> MasterResult:
    """Masters one file through a chain and delivers it; every delivered file is decoded, measured and checked.

    Writes `<stem>.master.wav` beside the source unless `output` or `output_dir` say otherwise. Loudness in LUFS, ceiling
    in dBTP. `tags` are added to those carried over from the source. Raises InputError, ChainError, OutputError, and
    QualityError (the files are there; `.result` holds the MasterResult) when a check of the chain fails or, with
    `strict`, when the target loudness was not reached.
    """
    asked = order(
        path, chain, output=output, output_dir=output_dir, target_lufs=target_lufs, ceiling_dbtp=ceiling_dbtp, force=force
    )
    if output_dir is not None:
        Path(output_dir).mkdir(parents=True, exist_ok=True)
    result = _carry_out(asked, tags or {}, about(progress, asked.source.info.path.name))
    _judge(result, strict=strict)
    return result


class DeliveryError(QualityError):
    """A delivered file missed a check; `result` says which, with all figures. The files are there."""

    def __init__(self, message: str, hint: str, result: MasterResult) -> None:
        super().__init__(message, hint)
        self.result = result


def _judge(result: MasterResult, *, strict: bool) -> None:
    broken = [f"{output.path.name}: {check}" for output in result.outputs for check in output.checks if not check.passed]
    if strict:
        broken += [f"{output.path.name}: {output.shortfall}" for output in result.outputs if output.shortfall]
    if broken:
        raise DeliveryError("; ".join(broken), "the files were written; change the chain's target, or its checks", result)


def _carry_out(asked: Order, tags: Mapping[str, str], progress: Progress) -> MasterResult:
    source, chain = asked.source, asked.chain
    before = analyze(source, info=source.info, meters=METERS, progress=progress)
    if before.levels.rms_dbfs is None:
        raise SignalError(f"{source.info.path} is digital silence: there is nothing to master")
    carried = read_tags(source.info.path).with_extra(tags)
    head, tail = split_tail(chain.steps)
    rendered = render(head, source, progress)
    with Spool(rendered.format) as spool:
        for block in rendered.blocks():
            spool.push(block)
        job = _Job(asked, spool, tail, carried, progress)
        outputs = tuple(_deliver(job, path, target) for path, target in asked.outputs)
    warnings = [*source.info.notes, *carried.notes, *_warnings(rendered.facts)]
    for output in outputs:
        shortfall = [output.shortfall] if output.shortfall else []
        warnings += [f"{output.path.name}: {line}" for line in (*output.notes, *_warnings(output.facts), *shortfall)]
    return MasterResult(source.info.path, chain, before, outputs, tuple(rendered.facts), tuple(dict.fromkeys(warnings)))


@dataclass(frozen=True, slots=True)
class _Job:
    """What all targets of one source share."""

    order: Order
    spool: Source
    tail: Sequence[Processor]
    tags: Tags
    progress: Progress


def _deliver(job: _Job, path: Path, target: Target) -> Delivered:
    """One target, until the ceiling holds in the decoded file or the passes run out."""
    format, notes = target.format_for(job.spool.format)
    encoding = target.encoding(job.order.source.info.bit_depth)
    ceiling = job.order.asked_ceiling_dbtp
    reserve_db = 0.0 if ceiling is None else _grid_reserve_db(encoding, ceiling)
    for encode_pass in range(ENCODE_PASSES):
        steps = _with_reserve(job.tail, reserve_db)
        rendered = render((*conversion(job.spool.format, format), *steps), job.spool, job.progress)
        with AudioWriter(path, format, encoding, frames=rendered.frames, force=job.order.force) as writer:
            for block in _on_grid(rendered, target, encoding, _seed(job.order, target)):
                writer.push(block)
            writer.close()
            write_tags(writer.temporary, job.tags)
            decoded = open_source(writer.temporary)
            analysis = analyze(decoded, info=decoded.info, meters=METERS, progress=about(job.progress, path.name))
            over_db = _over_ceiling_db(analysis, ceiling)
            if over_db is None or over_db <= 0.0 or encode_pass == ENCODE_PASSES - 1:
                _same_length(decoded, writer, path)
                writer.commit()
                break
        reserve_db += over_db + CODEC_RESERVE_DB
    if encode_pass > 0:
        notes = (*notes, f"{encoding.container} lifts peaks: limited {reserve_db:.2f} dB below the ceiling before encoding")
    return Delivered(
        path=path,
        target=target,
        analysis=analysis,
        checks=_checks(job.order, analysis, over_db),
        notes=(*notes, *writer.notes),
        facts=tuple(rendered.facts),
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
    loudness = analysis.loudness
    error_lu = None
    if asked.asked_lufs is not None and loudness.programme_lufs is not None:
        error_lu = abs(loudness.programme_lufs - asked.asked_lufs)
    figures = {
        "loudness_error_lu": error_lu,
        "over_ceiling_db": None if over_db is None else max(0.0, over_db),
        "integrated_lufs": loudness.integrated_lufs,
        "true_peak_dbtp": analysis.peaks.true_peak_dbtp,
        "range_lu": loudness.range_lu,
        "plr_lu": loudness.plr_lu,
    }
    return tuple(Check(name, figures[name], bound.min, bound.max) for name, bound in asked.chain.checks.items())


def _shortfall(asked: Order, analysis: Analysis) -> str | None:
    """The one line of a file that is quieter than asked, because the ceiling or a bound came first."""
    if asked.asked_lufs is None or analysis.loudness.programme_lufs is None:
        return None
    short_lu = asked.asked_lufs - analysis.loudness.programme_lufs
    if short_lu <= LOUDNESS_TOLERANCE_LU:
        return None
    return f"{short_lu:.1f} LU short of the target {asked.asked_lufs:g} LUFS; the ceiling holds"


def _warnings(facts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for fact in facts:
        yield from fact.get("warnings", ())


def _last_value(steps: Sequence[Processor], field: str) -> float | None:
    values = [getattr(step, field, None) for step in steps if not step.bypass]
    return next((value for value in reversed(values) if value is not None), None)


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return file_digest(handle, "sha256").hexdigest()


def _output_paths(
    source: Path, chain: Chain, output: Path | None, output_dir: Path | None
) -> tuple[tuple[Path, Target], ...]:
    """`-o` is one file of its suffix's format; else `<stem>.master.<suffix>` for each entry of the deliver list."""
    if output is not None:
        return ((output, Target.for_path(output)),)
    folder = output_dir or source.parent
    targets = chain.deliver or (Target(),)
    paths: dict[Path, Target] = {}
    for target in targets:
        path = folder / f"{source.stem}.master.{target.suffix}"
        if path in paths:  # two entries of one format: the later ones say how they differ
            path = folder / f"{source.stem}.master-{target.label}.{target.suffix}"
        if path in paths:
            raise OutputError(f"{path} would be written twice", "the chain's deliver list names the same target twice")
        paths[path] = target
    return tuple(paths.items())
