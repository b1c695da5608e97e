"""Lines of lyrics on the frame axis: one token a frame, from the frame in which the line starts.

As published: lines that start at the end or after it are left out; a line starts in its frame or, where the one before
is still being sung, right after it; what does not fit before the last frame is cut. The published front end also drops
the last line with the base model, which has learnt a line's start as the end of the song; here it stays, as if another
line followed, unless `keep_last` is off.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from songkit.generate.diffrhythm.shape import (
    BASE_FRAMES,
    frame_at,
    frames_of,
    published_shape,
)
from songkit.generate.diffrhythm.words import readings as reading_sources
from songkit.generate.diffrhythm.words.findings import (
    TOKENS_PER_SECOND,
    Finding,
    beyond_end,
    dropped,
    misplaced,
    not_sung,
    substitute,
)
from songkit.generate.diffrhythm.words.line import Pronounced, needs_mandarin, pronounce
from songkit.generate.diffrhythm.words.segments import main_language
from songkit.generate.diffrhythm.words.symbols import COMMA_ID, END_OF_LINE_ID, FILLER_ID
from songkit.generate.lyrics import Line, Lyrics


@dataclass(frozen=True, slots=True)
class PlacedLine:
    """A line where it is sung."""

    line: Line
    sound: Pronounced
    tokens: tuple[int, ...]
    """The ids of the line with its end; those that are sung are the first `frames`."""
    asked: int
    """The frame that the line's time falls into."""
    start: int
    """The frame of its first token."""
    frames: int
    """How many of its tokens fit before the end of the song."""
    room: int
    """Frames from its time to the next line's, or to the end of the song."""

    @property
    def tokens_per_second(self) -> float | None:
        """Tokens over the room for them; None where there is no room at all."""
        return len(self.tokens) * TOKENS_PER_SECOND / self.room if self.room > 0 else None


@dataclass(frozen=True, slots=True)
class Placed:
    """A sheet as the model takes it."""

    ids: npt.NDArray[np.int64]
    """(frames,): a token id where a token begins, 0 elsewhere."""
    lines: tuple[PlacedLine, ...]
    """What is sung, in the order of the sheet."""
    findings: tuple[Finding, ...]
    readings: str
    """Where the readings of Mandarin come from; empty where there is none in the sheet."""

    @property
    def starts(self) -> tuple[int, ...]:
        """The frame of each line's first token."""
        return tuple(line.start for line in self.lines)

    @property
    def warnings(self) -> tuple[str, ...]:
        """The findings, one line for the user each."""
        return tuple(finding.message for finding in self.findings)


def place(
    lyrics: Lyrics | None,
    seconds: float,
    *,
    max_frames: int | None = None,
    keep_last: bool = True,
    models: Path | None = None,
) -> Placed:
    """The ids for a song of that length, a frame each, and everything in the sheet that will not be heard as written.

    `lyrics`: None for an instrumental; its lines are taken in the order they have. `max_frames`: the model's (None: the
    published model for that length); up to 2048 it is the base model, whose song always has all its frames.
    `keep_last=False`: the base model loses its last line, as in the published front end. `models`: the folder with the
    published lexicon and polyphone model, where they are (see `readings`).

    Raises MissingError where a library is missing that the lyrics need, UsageError where no model makes that length.
    """
    if max_frames is None:
        max_frames = published_shape(seconds).max_frames
    lines = () if lyrics is None else lyrics.lines
    sung = [line for line in lines if line.start_seconds < seconds]
    findings = [beyond_end(line, seconds) for line in lines if line.start_seconds >= seconds]
    if not keep_last and max_frames <= BASE_FRAMES and sung:
        findings.append(dropped(sung.pop()))
    otherwise = main_language("".join(line.text for line in lines))
    readings = None
    if any(needs_mandarin(line.text, otherwise) for line in sung):
        readings = reading_sources.load(models)
        findings += substitute(readings)
    pronounced = [(line, pronounce(line.text, readings, otherwise)) for line in sung]
    findings += [finding for line, sound in pronounced for finding in not_sung(line, sound)]
    ids = np.full(frames_of(seconds, max_frames), FILLER_ID, dtype=np.int64)
    placed = _placed([(line, sound) for line, sound in pronounced if sound.ids], ids, frame_at(seconds))
    findings += [finding for line in placed for finding in misplaced(line)]
    findings.sort(key=lambda finding: finding.line_number or 0)
    return Placed(ids, placed, tuple(findings), readings.name if readings else "")


def _placed(
    lines: list[tuple[Line, Pronounced]], ids: npt.NDArray[np.int64], last_frame: int
) -> tuple[PlacedLine, ...]:
    """The lines on the frames of `ids`, written into it; what begins from `last_frame` on is not heard."""
    placed: list[PlacedLine] = []
    end = min(last_frame, len(ids))
    asked = [min(frame_at(line.start_seconds), len(ids)) for line, _ in lines]
    free = 0
    for (line, sound), (own, following) in zip(lines, pairwise([*asked, end]), strict=True):
        tokens = (*(COMMA_ID if token == END_OF_LINE_ID else token for token in sound.ids), END_OF_LINE_ID)
        start = min(max(own, free), len(ids))
        free = min(start + len(tokens), len(ids))
        ids[start:free] = tokens[: free - start]
        heard = max(0, min(free, end) - start)
        placed.append(PlacedLine(line, sound, tokens, own, start, heard, following - own))
    return tuple(placed)
