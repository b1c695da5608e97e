"""The ten seconds of a recording that MuQ-MuLan hears, and what is wrong with them.

The published code takes mono at 24 kHz from `floor(length // 2) - 5` seconds on and refuses anything under ten. Here a
shorter recording is repeated up to ten seconds, which is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from songkit.audio import Audio
from songkit.errors import SignalError, UsageError
from songkit.generate.diffrhythm.style.parts import Recording, Style
from songkit.units import clock

if TYPE_CHECKING:
    from songkit.files import FileSource

CLIP_SECONDS = 10
SHORTEST_SECONDS = 1.0
MODEL_RATE = 24_000
SILENT_DBFS = -60.0
# Equal channels up to the dither of 16 bits.
MONO_WIDTH_DB = -80.0


@dataclass(frozen=True, slots=True)
class Clip:
    """The part of a recording that is heard, as it lies in the file, and from where on."""

    audio: Audio
    start_seconds: float

    def heard(self) -> npt.NDArray[np.float32]:
        """Mono at 24 kHz, ten seconds: (240000)."""
        import soxr

        mono = self.audio.samples.mean(axis=0, dtype=np.float64).astype(np.float32)
        resampled = soxr.resample(mono, self.audio.sample_rate, MODEL_RATE, quality="HQ")
        return np.resize(resampled, CLIP_SECONDS * MODEL_RATE).astype(np.float32)


def read_clip(recording: Recording) -> Clip:
    """The ten seconds that are asked for, from a file of any format that songkit reads.

    Raises InputError where it cannot be read, SignalError where it is too short, silent or not finite there,
    UsageError for a start after its end.
    """
    from songkit.files import open_source

    source = open_source(recording.path)
    seconds = source.info.seconds
    if seconds < SHORTEST_SECONDS:
        raise SignalError(f"{recording.path} lasts {seconds:.2f} s: too short for a style", "take ten seconds or more")
    start = _start(recording, seconds)
    first = round(start * source.format.sample_rate)
    last = min(first + CLIP_SECONDS * source.format.sample_rate, source.frames)
    samples = np.concatenate(list(_between(source, first, last)), axis=1)
    if not np.isfinite(samples).all():
        raise SignalError(f"{recording.path} holds samples that are not finite in its style clip ({start:g} s on)")
    if not np.abs(samples).max() > 10.0 ** (SILENT_DBFS / 20.0):
        raise SignalError(
            f"{recording.path} is silent from {start:g} s on, where its style is heard", "choose another place in it"
        )
    return Clip(Audio(samples, source.format.sample_rate, source.format.layout), start)


@dataclass(frozen=True, slots=True)
class Heard:
    """Which part of a recording is heard, and what makes it a poor reference."""

    path: Path
    from_seconds: float
    to_seconds: float
    complaints: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {**asdict(self), "path": str(self.path)}

    def report(self) -> list[str]:
        """Lines for the terminal."""
        span = f"{self.path.name}: heard from {clock(self.from_seconds)} to {clock(self.to_seconds)}"
        return [span, *(f"  {line}" for line in self.complaints)]


def heard(recording: Recording) -> Heard:
    """What the model would hear of a recording. Raises as `read_clip` does; loads no model."""
    clip = read_clip(recording)
    end = clip.start_seconds + clip.audio.frames / clip.audio.sample_rate
    return Heard(recording.path, clip.start_seconds, end, tuple(complaints(clip)))


def inspect(style: Style) -> tuple[str, ...]:
    """What the user should know of a style's recordings before they are used, each line with the file's name.

    Raises as `read_clip` does; loads no model.
    """
    recordings = [heard(part) for part in style.parts if isinstance(part, Recording)]
    return tuple(f"{each.path.name}: {line}" for each in recordings for line in each.complaints)


def complaints(clip: Clip) -> Iterator[str]:
    """What makes the clip a poor reference, one line each."""
    from songkit.analysis.run import analyze
    from songkit.blocks import AudioSource

    seconds = clip.audio.frames / clip.audio.sample_rate
    if seconds < CLIP_SECONDS:
        yield f"lasts {seconds:.1f} s: repeated up to {CLIP_SECONDS} s; ten seconds and more are heard as they are"
    measured = analyze(AudioSource(clip.audio), meters=("levels", "spectrum", "stereo", "clipping"))
    cutoff = measured.spectrum.cutoff_hz
    if cutoff is not None and cutoff < MODEL_RATE / 2:
        yield f"its spectrum ends at {cutoff:.0f} Hz (a lossy codec, or resampled): the model hears up to 12000 Hz"
    elif cutoff is not None:
        yield f"its spectrum ends at {cutoff:.0f} Hz: a lossy copy; take the original if there is one"
    clipping = measured.defects.clipping
    if clipping.runs:
        yield f"clipped {clipping.runs} times: distortion is taken for style"
    width = measured.stereo.width_db
    if clip.audio.channels == 1 or measured.stereo.correlation == 1.0 or (width is not None and width < MONO_WIDTH_DB):
        yield "mono: nothing is lost here (the model hears mono), but it may be a poor copy"


def _start(recording: Recording, seconds: float) -> float:
    if recording.start_seconds is None:
        return max(0.0, seconds // 2 - CLIP_SECONDS // 2) if seconds >= CLIP_SECONDS else 0.0
    if not 0.0 <= recording.start_seconds <= seconds - SHORTEST_SECONDS:
        raise UsageError(f"{recording.path} lasts {seconds:.1f} s: no style clip at {recording.start_seconds:g} s")
    return recording.start_seconds


def _between(source: FileSource, first: int, last: int) -> Iterator[npt.NDArray[np.float32]]:
    position = 0
    for block in source.blocks():
        part = block[:, max(0, first - position) : max(0, last - position)]
        if part.shape[1]:
            yield part
        position += block.shape[1]
        if position >= last:
            return
