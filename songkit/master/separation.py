"""A signal into its stems, segment by segment: memory is bounded by the model's segment, not by the song.

Segments overlap by a quarter and are blended under triangles, as demucs itself does; the level is normalised by mean
and deviation of the whole programme, which a first pass finds. The mean, a constant offset, belongs to no stem: where
demucs gives it to each of them, here it stays in what the stems leave.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from songkit.audio import Format, Samples
from songkit.blocks import BLOCK_FRAMES, Source, Stage
from songkit.master.resample import ResampleStage
from songkit.progress import Progress, Update

OVERLAP = 0.25
_LEAST_DEVIATION = 1e-8


class Model(Protocol):
    """What separates: see `demucs_model.DemucsModel`."""

    @property
    def stems(self) -> tuple[str, ...]: ...
    @property
    def sample_rate(self) -> int: ...
    @property
    def segment_frames(self) -> int: ...
    def apply(self, mix: Samples, start: int, frames: int) -> Samples: ...


def stem_blocks(model: Model, source: Source, progress: Progress) -> Iterator[Samples]:
    """Blocks `(stems, channels, frames)` in the format of a mono or stereo source, as many frames as it has."""
    at_model = _AtModel(source, model.sample_rate)
    back = [_Resampled(Format(model.sample_rate), source.format.sample_rate) for _ in model.stems]
    owed = at_model.frames_of_source()
    for block in _segments(model, at_model, progress):
        out = np.stack([each.push(stem) for each, stem in zip(back, block, strict=True)])[:, :, :owed]
        owed -= out.shape[2]
        yield _folded(out, source.format)
    out = np.stack([each.finish() for each in back])[:, :, :owed]
    owed -= out.shape[2]
    # two roundings of the length, there and back, may leave a frame
    yield _folded(np.pad(out, ((0, 0), (0, 0), (0, owed))), source.format)


def _folded(stems: Samples, format: Format) -> Samples:
    return np.ascontiguousarray(stems.mean(axis=1, keepdims=True) if format.channels == 1 else stems)


class _AtModel:
    """A mono or stereo source as stereo at the model's rate; every pass resamples anew."""

    def __init__(self, source: Source, sample_rate: int) -> None:
        self._source = source
        self._rate = sample_rate

    def frames_of_source(self) -> int:
        """Its length, counted where it does not say."""
        if self._source.frames is not None:
            return self._source.frames
        return sum(block.shape[1] for block in self._source.blocks())

    def blocks(self) -> Iterator[Samples]:
        resampled = _Resampled(self._source.format, self._rate)
        for block in self._source.blocks(BLOCK_FRAMES):
            yield _stereo(resampled.push(block))
        yield _stereo(resampled.finish())


class _Resampled:
    """Another rate, or nothing at all where it is the same."""

    def __init__(self, source: Format, sample_rate: int) -> None:
        self._stage: Stage | None = ResampleStage(source, sample_rate) if source.sample_rate != sample_rate else None
        self._nothing = np.zeros((source.channels, 0), np.float32)

    def push(self, block: Samples) -> Samples:
        return block if self._stage is None else self._stage.push(block)

    def finish(self) -> Samples:
        return self._nothing if self._stage is None else self._stage.finish()


def _stereo(block: Samples) -> Samples:
    return np.repeat(block, 2, axis=0) if block.shape[0] == 1 else block


@dataclass(frozen=True, slots=True)
class _Level:
    """Length in frames, and mean and deviation of the mono mix."""

    frames: int
    mean: float
    deviation: float


def _level(source: _AtModel) -> _Level:
    frames, total, squares = 0, 0.0, 0.0
    for block in source.blocks():
        mono = block.mean(axis=0, dtype=np.float64)
        frames += mono.size
        total += float(mono.sum())
        squares += float(mono @ mono)
    mean = total / max(1, frames)
    variance = max(0.0, squares - frames * mean * mean) / max(1, frames - 1)
    return _Level(frames, mean, math.sqrt(variance) + _LEAST_DEVIATION)


def _segments(model: Model, source: _AtModel, progress: Progress) -> Iterator[Samples]:
    """Stems at the model's rate, in order, as soon as no later segment has a part in them."""
    progress(Update("separating", 0.0))
    level = _level(source)
    length, stride = model.segment_frames, int((1.0 - OVERLAP) * model.segment_frames)
    weight = _triangle(length)
    window = _Window(source.blocks(), level, before=length)
    sums: npt.NDArray[np.float32] = np.zeros((len(model.stems), 2, length), np.float32)
    weights = np.zeros(length, np.float32)
    for start in range(0, level.frames, stride):
        frames = min(length, level.frames - start)
        mix, inner = window.at(start, frames)
        sums[:, :, :frames] += weight[:frames] * model.apply(mix, inner, frames)
        weights[:frames] += weight[:frames]
        ready = min(stride, frames)
        yield (sums[:, :, :ready] / weights[:ready] * level.deviation).astype(np.float32)
        sums, weights = _moved(sums, ready), _moved(weights, ready)
        progress(Update("separating", (start + ready) / level.frames))


def _triangle(length: int) -> npt.NDArray[np.float32]:
    """Weights that rise to the middle and fall again, 1 at most."""
    rise = np.arange(1, length // 2 + 1)
    fall = np.arange(length - length // 2, 0, -1)
    weight = np.concatenate([rise, fall]).astype(np.float32)
    return np.asarray(weight / weight.max())


def _moved(values: npt.NDArray[np.float32], frames: int) -> npt.NDArray[np.float32]:
    """The values `frames` earlier, zeros behind them."""
    out = np.zeros_like(values)
    out[..., : values.shape[-1] - frames] = values[..., frames:]
    return out


class _Window:
    """A part of a stream that slides forward; keeps `before` frames of what went by."""

    def __init__(self, blocks: Iterator[Samples], level: _Level, before: int) -> None:
        self._blocks = blocks
        self._level = level
        self._before = before
        self._held = np.zeros((2, 0), np.float32)
        self._first = 0

    def at(self, start: int, frames: int) -> tuple[Samples, int]:
        """Normalised samples, and where in them `start` lies."""
        parts = [self._held]
        have = self._first + self._held.shape[1]
        while have < start + frames:
            block = next(self._blocks)
            parts.append(((block - self._level.mean) / self._level.deviation).astype(np.float32))
            have += block.shape[1]
        self._held = np.concatenate(parts, axis=1)
        drop = max(0, start - self._before - self._first)
        self._held = self._held[:, drop:].copy()
        self._first += drop
        inner = start - self._first
        return np.ascontiguousarray(self._held[:, : inner + frames]), inner
