"""Resample: another sample rate, with a linear-phase filter and an exact length."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from songkit.audio import MAX_SAMPLE_RATE, MIN_SAMPLE_RATE, Format, Samples
from songkit.blocks import SourceInfo, Stage
from songkit.master.processor import StreamProcessor


def resampled_frames(frames: int, source_hz: int, target_hz: int) -> int:
    """Length after resampling: `frames * target / source` to the nearest frame."""
    return (2 * frames * target_hz + source_hz) // (2 * source_hz)


class Resample(StreamProcessor):
    """Changes the rate with the SoX resampler at its very high quality (28 bits, pass band to 0.913 of the lower rate).

    Peaks between samples become samples: what was below full scale may come out above it.
    """

    about: ClassVar[str] = "another sample rate"
    changes_rate: ClassVar[bool] = True
    mixable: ClassVar[bool] = False

    sample_rate_hz: int = Field(
        default=48_000, ge=MIN_SAMPLE_RATE, le=MAX_SAMPLE_RATE, description="the rate that comes out, 8000 to 192000 Hz"
    )

    def is_identity(self, info: SourceInfo) -> bool:
        return info.format.sample_rate == self.sample_rate_hz

    def format_out(self, format: Format) -> Format:
        return Format(self.sample_rate_hz, format.layout)

    def start(self, info: SourceInfo) -> Stage:
        return ResampleStage(info.format, self.sample_rate_hz)


class ResampleStage:
    """soxr's streaming resampler; what comes out lines up with what went in, so that there is no latency to cut."""

    latency_frames = 0

    def __init__(self, source: Format, sample_rate_hz: int) -> None:
        import soxr

        self.format = Format(sample_rate_hz, source.layout)
        self._source_hz = source.sample_rate
        self._stream: Any = soxr.ResampleStream(
            source.sample_rate, sample_rate_hz, source.channels, dtype="float32", quality="VHQ"
        )
        self._frames_in = 0
        self._frames_out = 0

    def push(self, block: Samples) -> Samples:
        self._frames_in += block.shape[1]
        return self._run(block, last=False)

    def finish(self) -> Samples:
        wanted = resampled_frames(self._frames_in, self._source_hz, self.format.sample_rate) - self._frames_out
        tail = self._run(np.zeros((self.format.channels, 0), np.float32), last=True)
        # soxr may be a frame off: it rounds its own way
        missing = max(0, wanted - tail.shape[1])
        return np.ascontiguousarray(np.pad(tail, ((0, 0), (0, missing)))[:, :wanted])

    def _run(self, block: Samples, *, last: bool) -> Samples:
        out = self._stream.resample_chunk(np.ascontiguousarray(block.T), last=last)
        self._frames_out += out.shape[0]
        return np.ascontiguousarray(out.T)
