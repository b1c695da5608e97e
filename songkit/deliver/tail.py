"""One target: the tail of the chain, the encoder, the tags, and the measurement of what came out.

A delivery has one track, or the tracks of an album, which are one programme until it is cut at their joints: filters,
limiter, resampler and dither do not start anew there.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path
from typing import Any

from songkit.atomic import move_aside
from songkit.audio import Encoding, Format, Samples
from songkit.blocks import Source
from songkit.chains import Chain, Rendered, render
from songkit.chains.planner import frames_at_rate
from songkit.deliver.asked import Asked
from songkit.deliver.papers import Papers
from songkit.deliver.reading import Reading, album_gains, gains_of, read_back, with_tags
from songkit.deliver.result import Delivered
from songkit.files import AudioWriter, FileSource
from songkit.master.conversion import conversion
from songkit.master.gain import Gain
from songkit.master.processor import Processor
from songkit.progress import Progress, named
from songkit.provenance import Record
from songkit.runs import file_sha256
from songkit.tags import Gains, gain_fields
from songkit.targets import Target
from songkit.units import db_to_gain, gain_to_db

# What a codec adds is taken from the ceiling in front of it, so many times its overshoot: less limiting in one place
# makes it overshoot in another. What is left then is taken, more generously, from the level of the whole.
LIMIT_FACTORS = (1.0, 1.5, 2.0)
TURN_DOWN_FACTORS = (1.5, 2.0)
CODEC_RESERVE_DB = 0.05
TURN_DOWN_RESERVE_DB = 0.25
# An interpolated peak of what is random is at most that many times its samples.
INTERPOLATED = 8 / 3


@dataclass(frozen=True, slots=True)
class Track:
    """One source, and what its delivered files say of themselves."""

    source: FileSource
    papers: Papers


@dataclass(frozen=True, slots=True)
class Job:
    """What the targets of one delivery share: the programme behind the head of the chain, and whom it consists of."""

    chain: Chain
    tracks: tuple[Track, ...]
    spool: Source
    first_step: int
    """The number in the chain of the tail's first step."""
    force: bool
    progress: Progress
    aside: bool = False
    """Whether another file by the name of an output is moved aside."""

    @property
    def bit_depth(self) -> int | str | None:
        """The deepest grid that any of the tracks came on."""
        depths = [track.source.info.bit_depth for track in self.tracks]
        whole = [depth for depth in depths if isinstance(depth, int)]
        return max(whole) if len(whole) == len(depths) else next(each for each in depths if not isinstance(each, int))


@dataclass(frozen=True, slots=True)
class Wish:
    """One target of a job: a path for each track, the steps that lead there, and what they must keep."""

    paths: tuple[Path, ...]
    target: Target
    tail: tuple[Processor, ...]
    asked: Asked


@dataclass(frozen=True, slots=True)
class Delivery:
    """The files of one target; `album` is the loudness and peak of all of them as one programme.

    `loudest` is the index of the track that the target was set by, with its loudness by the measure that was asked.
    """

    outputs: tuple[Delivered, ...]
    album: Gains
    loudest: int
    loudest_lufs: float | None


@dataclass(frozen=True, slots=True)
class _Correction:
    """What is kept below the ceiling by the limiter, and what the whole is turned down by, in front of the encoder."""

    reserve_db: float
    down_db: float = 0.0

    def limited(self, attempt: _Attempt, factor: float) -> _Correction:
        """The next one: `factor` times the overshoot is left to the codec."""
        more_db = attempt.unused_db + factor * attempt.over_db + CODEC_RESERVE_DB
        return replace(self, reserve_db=self.reserve_db + more_db)

    def turned_down(self, attempt: _Attempt, factor: float) -> _Correction:
        """The next one: the whole is turned down by `factor` times the overshoot."""
        return replace(self, down_db=self.down_db + factor * attempt.over_db + TURN_DOWN_RESERVE_DB)

    def of(self, steps: Sequence[Processor]) -> tuple[Processor, ...]:
        """The tail with its last ceiling lowered."""
        lowered = list(steps)
        for index in reversed(range(len(lowered))):
            ceiling = getattr(lowered[index], "ceiling_dbtp", None)
            if ceiling is not None:
                lowered[index] = lowered[index].model_copy(update={"ceiling_dbtp": ceiling - self.reserve_db})
                break
        return (*lowered, Gain(gain_db=-self.down_db)) if self.down_db else tuple(lowered)

    def note(self, container: str) -> str:
        """What was done, for the user."""
        down = f", and all turned down by {self.down_db:.2f} dB" if self.down_db else ""
        return f"{container} lifts peaks: limited {self.reserve_db:.2f} dB below the ceiling before encoding{down}"


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One encoding: what the decoded files measure, and whether they were given their names."""

    readings: tuple[Reading, ...]
    over_db: float
    unused_db: float
    """How far what the encoder was given had stayed below the ceiling that it was limited to."""
    facts: tuple[Mapping[str, Any], ...]
    notes: tuple[tuple[str, ...], ...]
    records: tuple[Record, ...]
    kept: bool


def deliver(job: Job, wish: Wish) -> Delivery:
    """One target, until the ceiling holds in every decoded file or the passes run out."""
    wanted, notes = wish.target.format_for(job.spool.format)
    encoding = wish.target.encoding(job.bit_depth)
    correction = _Correction(_grid_reserve_db(wish, wanted, encoding))
    attempt = _encode(job, wish, wanted, encoding, correction)
    for index, factor in enumerate((*LIMIT_FACTORS, *TURN_DOWN_FACTORS)):
        if attempt.kept:
            break
        limits = index < len(LIMIT_FACTORS)
        correction = (correction.limited if limits else correction.turned_down)(attempt, factor)
        last = index + 1 == len(LIMIT_FACTORS) + len(TURN_DOWN_FACTORS)
        attempt = _encode(job, wish, wanted, encoding, correction, keep=last)
        if attempt.kept:
            notes = (*notes, correction.note(encoding.container))
    reached = [wish.asked.loudness(reading.analysis) for reading in attempt.readings]
    loudest = max(range(len(reached)), key=lambda index: _or_silent(reached[index]))
    outputs = tuple(
        Delivered(
            path=path,
            target=wish.target,
            analysis=reading.analysis,
            checks=wish.asked.checks(job.chain, reading.analysis, reached[loudest]),
            notes=(*notes, *attempt.notes[index]),
            facts=attempt.facts,
            shortfall=wish.asked.shortfall(reached[loudest]) if index == loudest else None,
            sha256=file_sha256(path),
            record=attempt.records[index],
        )
        for index, (path, reading) in enumerate(zip(wish.paths, attempt.readings, strict=True))
    )
    return Delivery(outputs, album_gains(attempt.readings), loudest, reached[loudest])


def _or_silent(lufs: float | None) -> float:
    return -math.inf if lufs is None else lufs


def _encode(
    job: Job, wish: Wish, wanted: Format, encoding: Encoding, correction: _Correction, *, keep: bool = False
) -> _Attempt:
    """The tail into the encoders, then decoded and measured; named when the ceiling holds in all, or if `keep`."""
    converted = conversion(job.spool.format, wanted)
    steps = (*converted, *correction.of(wish.tail))
    what = wish.paths[0].name if len(wish.paths) == 1 else f"{len(wish.paths)} tracks"
    progress = named(job.progress, f"write {what}")
    with (
        ExitStack() as pending,
        render(steps, job.spool, progress, first_step=job.first_step - len(converted)) as rendered,
    ):
        blocks = _on_grid(rendered, wish.target, encoding, _seed(job, wish.target))
        given = _PeakBefore(wanted.channels) if encoding.lossy else None
        if given is not None:
            blocks = given.watched(blocks)
        lengths = _lengths(job, wanted.sample_rate)
        writers = []
        for path, length, part in zip(wish.paths, lengths, cut(blocks, lengths), strict=True):
            frames = rendered.frames if length is None and len(lengths) == 1 else length
            writer = AudioWriter(path, wanted, encoding, frames=frames, force=job.force or job.aside)
            writers.append(pending.enter_context(writer))
            for block in part:
                writer.push(block)
            writer.close()
        readings = read_back(writers, job.progress)
        notes = [writer.notes for writer in writers]
        records = _records(job, wish, readings)
        over_db = max(wish.asked.over_ceiling_db(reading.analysis) for reading in readings)
        kept = keep or over_db == 0.0
        if kept:
            gains = _gains(wish.target, readings)
            tags = [
                track.papers.signed(record, own) for track, record, own in zip(job.tracks, records, gains, strict=True)
            ]
            told = with_tags(writers, tags, readings)
            notes = [(*before, *more) for before, more in zip(notes, told, strict=True)]
            for index, writer in enumerate(writers):
                if job.aside and (aside := move_aside(writer.path)):
                    notes[index] = (*notes[index], f"another file was there: moved to {aside.name}")
                writer.commit()
    held_dbtp = (wish.asked.ceiling_dbtp or 0.0) - correction.reserve_db - correction.down_db
    unused_db = 0.0 if given is None else max(0.0, held_dbtp - given.dbtp())
    facts = rendered.facts[len(converted) :]
    return _Attempt(readings, over_db, unused_db, facts, tuple(notes), records, kept)


def _records(job: Job, wish: Wish, readings: Sequence[Reading]) -> tuple[Record, ...]:
    return tuple(
        track.papers.record(wish.target, reading.analysis, reading.digest)
        for track, reading in zip(job.tracks, readings, strict=True)
    )


def _gains(target: Target, readings: Sequence[Reading]) -> list[dict[str, str]]:
    """The gain tags of each file; none where players do not look for them."""
    if not target.takes_replaygain:
        return [{} for _ in readings]
    album = album_gains(readings) if len(readings) > 1 else None
    return [gain_fields(target.format, gains_of(reading), album) for reading in readings]


def cut(blocks: Iterable[Samples], lengths: Sequence[int | None]) -> Iterator[Iterator[Samples]]:
    """The blocks in parts of so many frames, to be taken in turn; None takes all that is left."""
    fresh = iter(blocks)
    rest: Samples | None = None

    def part(left: int | None) -> Iterator[Samples]:
        nonlocal rest
        while left is None or left > 0:
            block, rest = (next(fresh, None) if rest is None else rest), None
            if block is None:
                return
            if left is not None and block.shape[1] > left:
                block, rest = block[:, :left].copy(), block[:, left:].copy()
            if left is not None:
                left -= block.shape[1]
            yield block

    for length in lengths:
        yield part(length)


def _lengths(job: Job, sample_rate: int) -> list[int | None]:
    """Frames of each track at a rate: joints are rounded, not lengths, so that nothing is lost between tracks."""
    rate = job.tracks[0].source.format.sample_rate
    done, joints = 0, [0]
    for track in job.tracks:
        done += track.source.frames
        joints.append(frames_at_rate(done, rate, sample_rate))
    lengths: list[int | None] = [after - before for before, after in pairwise(joints)]
    return [*lengths[:-1], None]


def _grid_reserve_db(wish: Wish, format: Format, encoding: Encoding) -> float:
    """What rounding and dither may add to a peak at the ceiling."""
    if wish.asked.ceiling_dbtp is None or not isinstance(encoding.bit_depth, int):
        return 0.0
    from songkit.dsp.dither import reach_steps

    reach = reach_steps(format.sample_rate, shaped=wish.target.dither == "shaped")
    steps = INTERPOLATED * reach / 2 ** (encoding.bit_depth - 1)
    return -gain_to_db(1.0 - min(0.5, steps / db_to_gain(wish.asked.ceiling_dbtp)))


def _on_grid(rendered: Rendered, target: Target, encoding: Encoding, seed: int) -> Iterator[Samples]:
    """The blocks, dithered where the target is an integer grid that loses bits."""
    if target.dither == "none" or encoding.bit_depth not in (16, 24):
        yield from rendered.blocks()
        return
    from songkit.dsp.dither import Dither

    dither = Dither(rendered.format, encoding.bit_depth, seed, shaped=target.dither == "shaped")
    for block in rendered.blocks():
        yield dither.push(block)


class _PeakBefore:
    """The true peak of what an encoder is given."""

    def __init__(self, channels: int) -> None:
        from songkit.dsp.truepeak import TruePeakMeter

        self._meter = TruePeakMeter(channels)

    def watched(self, blocks: Iterator[Samples]) -> Iterator[Samples]:
        for block in blocks:
            self._meter.push(block)
            yield block

    def dbtp(self) -> float:
        return gain_to_db(self._meter.result().peak)


def _seed(job: Job, target: Target) -> int:
    """The dither's seed: the same sources, chain and target give the same bytes."""
    frames = " ".join(str(track.source.frames) for track in job.tracks)
    text = f"{job.chain.hash} {target.model_dump_json()} {frames}"
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest())
