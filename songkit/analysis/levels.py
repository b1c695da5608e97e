"""Plain levels: RMS, crest factor, DC offset, noise floor.

RMS is the plain one (a full-scale sine reads -3.01 dBFS), over all channels; crest is the sample peak over it. The
noise floor has no standard: here it is the 5th percentile of the RMS of 50 ms frames that are not digital silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from songkit.audio import Format, Samples
from songkit.dsp.framing import Frames
from songkit.units import gain_to_db, power_to_db, seconds_to_frames

FRAME_SECONDS = 0.05
NOISE_FLOOR_PERCENTILE = 5.0


@dataclass(frozen=True, slots=True)
class Levels:
    """Levels in dBFS; `dc_offset` and `channel_rms_dbfs` in the order of the channels, full scale at 1."""

    rms_dbfs: float | None = None
    crest_db: float | None = None
    dc_offset: tuple[float, ...] = ()
    noise_floor_dbfs: float | None = None
    channel_rms_dbfs: tuple[float | None, ...] = ()
    undefined: Mapping[str, str] = field(default_factory=dict)


class LevelMeter:
    def __init__(self, format: Format) -> None:
        self._frames = Frames(seconds_to_frames(FRAME_SECONDS, format.sample_rate), format.channels)
        self._sums = np.zeros(format.channels)
        self._squares = np.zeros(format.channels)
        self._peak = 0.0
        self._count = 0
        self._powers: list[npt.NDArray[np.float64]] = []

    def push(self, block: Samples) -> None:
        frames = self._frames.push(block)
        squares = self._add(frames)
        self._powers.append(squares.mean(axis=1) / self._frames.length)

    def result(self) -> Levels:
        self._add(self._frames.rest()[np.newaxis])
        if not self._count:
            return Levels(undefined=dict.fromkeys(("rms_dbfs", "crest_db", "noise_floor_dbfs"), "no audio"))
        channels = self._squares / self._count
        power = float(channels.mean())
        dc_offset = tuple(float(value) for value in self._sums / self._count)
        per_channel = tuple(power_to_db(float(value)) if value else None for value in channels)
        if not power:
            undefined = dict.fromkeys(("rms_dbfs", "crest_db", "noise_floor_dbfs"), "digital silence")
            return Levels(dc_offset=dc_offset, channel_rms_dbfs=per_channel, undefined=undefined)
        powers = np.concatenate(self._powers)
        powers = powers[powers > 0.0]
        floor = float(np.percentile(powers, NOISE_FLOOR_PERCENTILE)) if len(powers) else None
        return Levels(
            rms_dbfs=power_to_db(power),
            crest_db=gain_to_db(self._peak) - power_to_db(power),
            dc_offset=dc_offset,
            noise_floor_dbfs=None if floor is None else power_to_db(floor),
            channel_rms_dbfs=per_channel,
            undefined={} if floor is not None else {"noise_floor_dbfs": "no 50 ms frame with a signal"},
        )

    def _add(self, frames: Samples) -> npt.NDArray[np.float64]:
        """Count `(frames, channels, length)` in; sums of squares per frame and channel come back."""
        squares: npt.NDArray[np.float64] = np.einsum("ncl,ncl->nc", frames, frames).astype(np.float64)
        self._squares += squares.sum(axis=0)
        self._sums += frames.sum(axis=2).sum(axis=0, dtype=np.float64)
        if frames.size:
            self._peak = max(self._peak, float(frames.max()), -float(frames.min()))
        self._count += frames.shape[0] * frames.shape[2]
        return squares
