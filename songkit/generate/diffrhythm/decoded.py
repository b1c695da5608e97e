"""Decoded audio on its way into the take: watched block by block, written as it is.

Nothing is scaled: a float file holds what lies beyond full scale, and a silent song is named instead of divided by.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from songkit.audio import Encoding, Format, Samples
from songkit.errors import SignalError
from songkit.files import AudioWriter
from songkit.generate.diffrhythm.shape import SAMPLE_RATE
from songkit.units import clock, frames_to_seconds, gain_to_db, power_to_db

FORMAT = Format.of(SAMPLE_RATE, 2)
SILENT_DBFS = -60.0
RUNAWAY_DBFS = 24.0
CONSTANT_SHARE = 0.99
STAGE = "decode"


@dataclass(frozen=True, slots=True)
class DecodedFigures:
    """What came out of the decoder."""

    frames: int
    peak_dbfs: float
    rms_dbfs: float
    over_full_scale: int
    """Samples beyond ±1, kept as they are."""


class DecodedWatch:
    """Refuses audio that cannot be a song, naming figure and time."""

    def __init__(self) -> None:
        self._frames = 0
        self._peak = 0.0
        self._over = 0
        self._sum = np.zeros((2, 1))
        self._power = 0.0

    def push(self, block: Samples) -> None:
        """Raises SignalError at the first sample that is not finite, or beyond any level that music has."""
        finite = np.isfinite(block).all(axis=0)
        if not finite.all():
            raise SignalError(f"{STAGE}: samples are not finite at {self._clock(int(np.argmin(finite)))}")
        if block.shape[1] == 0:
            return
        size = np.abs(block)
        peak = float(size.max())
        if gain_to_db(peak) > RUNAWAY_DBFS:
            at = int(size.max(axis=0).argmax())
            raise SignalError(f"{STAGE}: {gain_to_db(peak):+.1f} dBFS at {self._clock(at)}: no music is that loud")
        self._peak = max(self._peak, peak)
        self._over += int((size > 1.0).sum())
        self._sum += block.sum(axis=1, dtype=np.float64, keepdims=True)
        self._power += float(np.square(block, dtype=np.float64).sum())
        self._frames += block.shape[1]

    def result(self) -> DecodedFigures:
        """The figures; raises SignalError where there is nothing to hear."""
        count = max(1, 2 * self._frames)
        power = self._power / count
        rms_dbfs, peak_dbfs = power_to_db(power), gain_to_db(self._peak)
        if rms_dbfs < SILENT_DBFS:
            level = f"RMS {rms_dbfs:.1f} dBFS" if power else "digital silence"
            raise SignalError(f"{STAGE}: the song is silent ({level})", "try another seed")
        constant = float(np.square(self._sum / self._frames).mean()) / power
        if constant > CONSTANT_SHARE:
            raise SignalError(f"{STAGE}: the song is constant ({constant:.1%} of its power is DC)", "try another seed")
        return DecodedFigures(self._frames, peak_dbfs, rms_dbfs, self._over)

    def _clock(self, frame: int) -> str:
        return clock(frames_to_seconds(self._frames + frame, SAMPLE_RATE))


def write_take(path: Path, blocks: Iterable[Samples], frames: int | None = None) -> DecodedFigures:
    """The blocks as a whole float32 WAV, cut after `frames` audio frames; an older file is replaced.

    Raises SignalError, and leaves no file, where the audio cannot be a song.
    """
    watch = DecodedWatch()
    with AudioWriter(path, FORMAT, Encoding("wav", "float32"), force=True) as writer:
        left = frames
        for block in blocks:
            kept = block if left is None else block[:, :left]
            watch.push(kept)
            writer.push(np.ascontiguousarray(kept))
            left = None if left is None else left - kept.shape[1]
        writer.close()
        figures = watch.result()
        writer.commit()
    return figures
