"""`edit_song`: parts of a recording made anew, or the recording continued, by the generator that can."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from songkit.errors import UsageError
from songkit.files import open_source
from songkit.generate.lyrics import Lyrics
from songkit.make.generate import generate_takes
from songkit.make.result import TakesResult
from songkit.progress import Progress, silent

EDITOR = "diffrhythm"
JOINED_SECONDS = 0.25
"""How much of a recording's end is made anew with what follows it, so that one can be faded into the other."""
BASE_SECONDS, BASE_COMPOSED_SECONDS = 95.0, 95.2
"""What the base model composes is a tenth longer than what it is asked for: it stays with that model."""

Segment = tuple[float, float | None]

_SEGMENT = re.compile(r"\s*(\d+(?:\.\d*)?)\s*-\s*(\d+(?:\.\d*)?|end)\s*")


def edit_song(
    recording: Path | str,
    *,
    segments: Sequence[Segment] = (),
    lyrics: Lyrics | Path | str | None = None,
    style: str = "",
    seconds: float | None = None,
    seeds: str | Sequence[int] = "1,",
    output_dir: Path | str | None = None,
    options: Mapping[str, Any] | None = None,
    timeout: float | None = None,
    force: bool = False,
    progress: Progress = silent,
) -> TakesResult:
    """Makes the segments of a recording anew, a take per seed; outside them it stays as it is, sample for sample.

    `segments`: from and to in seconds, to None for the end; without any, the recording is continued up to `seconds`.
    `seconds` None is the recording's length. `lyrics` are those of the whole song. Without a style, neither here nor as
    `style_audio` in `options`, it is the recording's own. The rest is as in `generate_takes`.

    Raises UsageError where there is nothing to edit, InputError for a recording that cannot be read.
    """
    path = Path(recording)
    length = open_source(path).info.seconds
    if seconds is None:
        seconds = BASE_SECONDS if BASE_SECONDS < length <= BASE_COMPOSED_SECONDS else length
    asked = dict(options or {})
    if not style and not asked.get("style_audio"):
        asked["style_audio"] = [str(path)]
    asked |= {"reference": str(path), "segments": [list(each) for each in segments or _continued(length, seconds)]}
    return generate_takes(
        lyrics=lyrics, style=style, seconds=seconds, seeds=seeds, generator=EDITOR, output_dir=output_dir,
        options=asked, timeout=timeout, force=force, progress=progress,
    )  # fmt: skip


def parse_segments(text: str) -> tuple[Segment, ...]:
    """The segments in "25-50" or "0-8,80-end", in seconds. Raises UsageError for anything else."""
    found = []
    for part in text.split(","):
        match = _SEGMENT.fullmatch(part)
        if match is None:
            raise UsageError(f"{part.strip()!r} is no segment", 'write seconds from and to, as in "25-50" or "80-end"')
        found.append((float(match[1]), None if match[2] == "end" else float(match[2])))
    return tuple(found)


def _continued(length: float, seconds: float) -> tuple[Segment, ...]:
    if seconds <= length:
        raise UsageError(
            "nothing to edit: no segments, and no more seconds than the recording has",
            "say what is to be made anew (--segments 25-50), or how long it shall become (--seconds 120)",
        )
    return ((max(0.0, length - JOINED_SECONDS), None),)
