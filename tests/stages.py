"""One step of the mastering room run over a signal, in blocks of a given size: the contract without the planner."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from songkit.audio import Audio, Format, Samples
from songkit.blocks import Reporting, SourceInfo, Stage
from songkit.master.processor import MeasuredProcessor, Processor, StreamProcessor

ODD_SIZES = (1, 7, 0, 255, 256, 257, 4096, 33)


def start(step: Processor, audio: Audio, sizes: Sequence[int] | None = None) -> Stage:
    info = SourceInfo(audio.format, audio.frames)
    if isinstance(step, MeasuredProcessor):
        meter = step.meter(info)
        if meter is None:
            return step.start(info, None)
        for block in cut(audio.samples, sizes):
            meter.push(block)
        return step.start(info, meter.result())
    assert isinstance(step, StreamProcessor)
    return step.start(info)


def run(step: Processor, audio: Audio, sizes: Sequence[int] | None = None) -> Samples:
    """What comes out, latency cut off; blocks take their sizes from `sizes` in turn, or are the whole."""
    return run_stage(start(step, audio, sizes), audio.samples, sizes)


def run_stage(stage: Stage, samples: Samples, sizes: Sequence[int] | None = None) -> Samples:
    parts = [stage.push(block) for block in cut(samples, sizes)]
    parts.append(stage.finish())
    for part in parts:
        assert part.dtype == np.float32 and part.flags.c_contiguous
    return np.concatenate(parts, axis=1)[:, stage.latency_frames :]


def facts(step: Processor, audio: Audio) -> dict[str, Any]:
    stage = start(step, audio)
    run_stage(stage, audio.samples)
    assert isinstance(stage, Reporting)
    return dict(stage.facts())


def cut(samples: Samples, sizes: Sequence[int] | None) -> list[Samples]:
    if sizes is None:
        return [samples]
    blocks, at, turn = [], 0, 0
    while at < samples.shape[1]:
        size = sizes[turn % len(sizes)]
        block = np.ascontiguousarray(samples[:, at : at + size])
        block.flags.writeable = False  # nobody writes into a block that was handed in
        blocks.append(block)
        at, turn = at + size, turn + 1
    return blocks


def info(sample_rate: int = 48_000, channels: int = 2, frames: int | None = None) -> SourceInfo:
    return SourceInfo(Format.of(sample_rate, channels), frames)
