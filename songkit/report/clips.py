"""Previews that a page carries: MP3 of what can be heard, and the loudness and peak of the preview itself.

MP3 plays in every browser. How much of it a page may hold decides rate and length: see `plan_previews`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from songkit.audio import Format, Samples
from songkit.ffmpeg import Encoder

PAGE_BYTES = 15_000_000
REST_BYTES = 2_500_000
"""Kept for everything on the page that is no preview."""
RATES_KBPS = (192, 160, 128, 112, 96)
"""Below 96 kb/s MP3 tells more of itself than of the music: then excerpts are taken instead."""
_SHARE = 0.98
"""Of the rate: frames are whole, and a first one says how long the stream is."""


@dataclass(frozen=True, slots=True)
class Previews:
    """What is encoded of each file of a page: `start_seconds` and `seconds` of its length, at `rate_kbps`."""

    rate_kbps: int
    start_seconds: float
    seconds: float
    whole: bool


@dataclass(frozen=True, slots=True)
class Clip:
    """A preview: `mp3` from `start_seconds` of the programme on; loudness (None: undefined) and peak as decoded."""

    name: str
    mp3: bytes
    start_seconds: float
    seconds: float
    rate_kbps: int
    sample_rate: int
    lufs: float | None
    peak: float


def plan_previews(seconds: Sequence[float], loudest_seconds: float | None = None) -> Previews:
    """The best rate at which all files fit the page whole, or else excerpts of one length around the loudest time."""
    audio_bytes = (PAGE_BYTES - REST_BYTES) * 3 / 4 * _SHARE
    longest, total = max(seconds, default=0.0), sum(seconds)
    for rate_kbps in RATES_KBPS:
        if total * rate_kbps * 1000 / 8 <= audio_bytes:
            return Previews(rate_kbps, 0.0, longest, whole=True)
    lowest = RATES_KBPS[-1]
    length = math.floor(audio_bytes * 8 / (lowest * 1000 * len(seconds)))
    middle = longest / 2 if loudest_seconds is None else loudest_seconds
    start = min(max(0.0, middle - length / 2), max(0.0, longest - length))
    return Previews(lowest, float(math.floor(start)), float(length), whole=False)


def preview_rate(sample_rate: int) -> int:
    """44.1 or 48 kHz, whichever divides better."""
    return 44_100 if sample_rate % 11_025 == 0 else 48_000


class ClipWriter:
    """Encodes the planned part of a stream of blocks into `path`."""

    def __init__(self, path: Path, format: Format, plan: Previews, sample_rate: int) -> None:
        self._path, self._plan, self._sample_rate = path, plan, sample_rate
        self._first = round(plan.start_seconds * format.sample_rate)
        self._last = self._first + math.ceil(plan.seconds * format.sample_rate)
        self._at = 0
        self._encoder = Encoder(
            path,
            format,
            {
                "format": "mp3",
                "acodec": "libmp3lame",
                "audio_bitrate": f"{plan.rate_kbps}k",
                "ar": sample_rate,
                "ac": min(2, format.channels),
                "map_metadata": -1,
            },
        )

    def __enter__(self) -> Self:
        self._encoder.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._encoder.__exit__(kind, error, trace)

    def push(self, block: Samples) -> None:
        start, end = max(0, self._first - self._at), min(block.shape[1], self._last - self._at)
        self._at += block.shape[1]
        if end > start:
            self._encoder.push(block[:, start:end])

    def close(self, name: str) -> Clip:
        """The preview, read back and measured. Raises FfmpegError, InputError."""
        from songkit.analysis.loudness import LoudnessMeter
        from songkit.files import open_source

        self._encoder.close()
        source = open_source(self._path)
        meter, peak = (
            LoudnessMeter(source.format, dual_mono=True, series=False),
            0.0,
        )  # as one channel sounds in a browser
        for block in source.blocks():
            meter.push(block)
            peak = max(peak, float(np.abs(block).max(initial=0.0)))
        measured = meter.result()
        return Clip(
            name,
            self._path.read_bytes(),
            self._plan.start_seconds,
            source.info.seconds,
            self._plan.rate_kbps,
            self._sample_rate,
            measured.integrated_lufs,
            peak,
        )
