"""What is played: notes, drum hits and the parts that carry them. Times in seconds, pitches in MIDI numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Note:
    """One note: when it starts and how long it is held (seconds), MIDI pitch, velocity 0 to 1."""

    start_seconds: float
    seconds: float
    pitch: int
    velocity: float

    @property
    def end_seconds(self) -> float:
        return self.start_seconds + self.seconds


@dataclass(frozen=True, slots=True)
class Hit:
    """One stroke of a drum, velocity 0 to 1."""

    start_seconds: float
    drum: str
    velocity: float


@dataclass(slots=True)
class Part:
    """Notes for one patch on one bus; `pan` -1 (left) to 1 (right)."""

    name: str
    patch: str
    bus: str
    level_db: float = 0.0
    pan: float = 0.0
    notes: list[Note] = field(default_factory=list)


def cut_overlaps(notes: Iterable[Note]) -> list[Note]:
    """The notes in order of time, each ended where the next one starts (for one-voice parts)."""
    ordered = sorted(notes, key=lambda note: note.start_seconds)
    cut = [
        replace(note, seconds=min(note.seconds, following.start_seconds - note.start_seconds))
        for note, following in pairwise(ordered)
    ]
    return [note for note in [*cut, *ordered[-1:]] if note.seconds > 0.0]
