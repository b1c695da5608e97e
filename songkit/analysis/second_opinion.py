"""What two other meters read of the same samples: pyloudnorm, and ffmpeg's ebur128.

Both differ from the standards in known ways, which `KNOWN` says: a difference is no proof of an error here.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from songkit.blocks import Source, collect
from songkit.progress import Progress, silent, watched

LONGEST_SECONDS = 1800.0  # pyloudnorm holds the whole file in memory, several times over
_FFMPEG = (r"\bI:\s+(\S+) LUFS", r"\bLRA:\s+(\S+) LU\b", r"Peak:\s+(\S+) dBFS")

KNOWN = {
    "pyloudnorm": "counts a partial last block, knows 5 channels at most, weights them by position",
    "ffmpeg": "rounds to 0.1, reads short files as -70, interpolates 4 times (peaks up to 0.6 dB low), not at the end",
}


@dataclass(frozen=True, slots=True)
class Opinion:
    """Another meter's figures; None with a reason where it gives none."""

    meter: str
    version: str
    integrated_lufs: float | None = None
    range_lu: float | None = None
    true_peak_dbtp: float | None = None
    reason: str = ""


def second_opinions(source: Source, progress: Progress = silent) -> tuple[Opinion, ...]:
    """The opinions of pyloudnorm and ffmpeg on a source, each in a pass of its own."""
    return pyloudnorm_opinion(source, progress), ffmpeg_opinion(source, progress)


def ffmpeg_opinion(source: Source, progress: Progress = silent) -> Opinion:
    """ffmpeg's `ebur128=peak=true` on the decoded samples. Raises FfmpegError when it fails."""
    from songkit import ffmpeg

    with ffmpeg.LoudnessListener(source.format) as listener:
        for block in watched(source, progress, "ffmpeg"):
            listener.push(block)
        text = "\n".join(listener.close())
    summary = text[text.rfind("Summary:") :]
    integrated, span, peak = (_number(re.search(pattern, summary)) for pattern in _FFMPEG)
    return Opinion("ffmpeg", ffmpeg.version(), integrated, span, peak)


def pyloudnorm_opinion(source: Source, progress: Progress = silent) -> Opinion:
    """pyloudnorm with its default filters."""
    from importlib.metadata import version

    rate = source.format.sample_rate
    name, number = "pyloudnorm", version("pyloudnorm")
    if source.frames is None or source.frames > LONGEST_SECONDS * rate:
        return Opinion(
            name, number, reason=f"holds the file in memory: not asked beyond {LONGEST_SECONDS / 60:g} minutes"
        )
    import pyloudnorm

    audio = collect(watched(source, progress, name), source.format)
    meter = pyloudnorm.Meter(rate)
    try:
        samples = audio.samples.T.astype("float64")
        integrated = float(meter.integrated_loudness(samples))
        span = float(meter.loudness_range(samples)) if audio.seconds >= 3.0 else math.nan  # its window
    except ValueError as error:
        return Opinion(name, number, reason=str(error).rstrip("."))
    return Opinion(name, number, _finite(integrated), _finite(span))


def _number(found: re.Match[str] | None) -> float | None:
    return None if found is None else _finite(float(found[1]))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
