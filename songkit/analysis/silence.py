"""Silence at the head, at the tail and inside: 10 ms frames whose peak stays under -60 dBFS in every channel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from songkit.analysis.events import Span
from songkit.audio import Format, Samples
from songkit.dsp.framing import Frames
from songkit.units import db_to_gain, seconds_to_frames

FRAME_SECONDS = 0.01
THRESHOLD_DBFS = -60.0  # the default of ffmpeg's silencedetect, like the 2 s below
INSIDE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Silence:
    """Seconds of silence before the first and after the last sound, and every pause of 2 s or more between them."""

    head_seconds: float = 0.0
    tail_seconds: float = 0.0
    inside_seconds: float = 0.0
    inside: tuple[Span, ...] = ()
    whole_file: bool = False


class SilenceMeter:
    def __init__(self, format: Format) -> None:
        self._frames = Frames(seconds_to_frames(FRAME_SECONDS, format.sample_rate), format.channels)
        self._seconds = self._frames.length / format.sample_rate
        self._sound: list[npt.NDArray[np.bool_]] = []

    def push(self, block: Samples) -> None:
        self._sound.append(_has_sound(self._frames.push(block)))

    def result(self) -> Silence:
        rest = self._frames.rest()
        tail = [_has_sound(rest[np.newaxis])] if rest.shape[1] else []
        sound = np.concatenate([np.zeros(0, np.bool_), *self._sound, *tail])
        rest_seconds = rest.shape[1] / self._frames.length * self._seconds if tail else self._seconds
        total = max(0, len(sound) - 1) * self._seconds + (rest_seconds if len(sound) else 0.0)
        at = np.flatnonzero(sound)
        if not len(at):
            return Silence(head_seconds=total, tail_seconds=total, whole_file=True)
        gaps = np.diff(at) - 1
        inside = tuple(
            Span(float(at[i] + 1) * self._seconds, float(at[i + 1]) * self._seconds)
            for i in np.flatnonzero(gaps * self._seconds >= INSIDE_SECONDS)
        )
        return Silence(
            head_seconds=float(at[0]) * self._seconds,
            tail_seconds=max(0.0, total - float(at[-1] + 1) * self._seconds),
            inside_seconds=sum(span.end_seconds - span.start_seconds for span in inside),
            inside=inside,
        )


def _has_sound(frames: Samples) -> npt.NDArray[np.bool_]:
    threshold = db_to_gain(THRESHOLD_DBFS)
    if not frames.size:
        return np.zeros(frames.shape[0], np.bool_)
    found: npt.NDArray[np.bool_] = np.maximum(frames.max(axis=(1, 2)), -frames.min(axis=(1, 2))) >= threshold
    return found
