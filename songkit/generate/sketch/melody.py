"""Melodies: a contour per phrase, fitted to scale and chords by the cheapest path over all pitches (Viterbi)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from songkit.generate.sketch.decide import Decisions
from songkit.generate.sketch.grid import Grid
from songkit.generate.sketch.harmony import Chord, Key

# Height over the phrase, 0 (its begin) to 1 (its end), in units of the phrase's range.
CONTOURS: dict[str, tuple[float, ...]] = {
    "arch": (-0.4, 0.4, 0.9, 0.3, -0.5),
    "rise": (-0.8, -0.3, 0.1, 0.5, 0.8),
    "fall": (0.9, 0.5, 0.2, -0.2, -0.7),
    "wave": (0.0, 0.8, -0.1, -0.7, 0.1),
    "valley": (0.6, -0.2, -0.7, -0.1, 0.5),
    "plateau": (-0.6, 0.5, 0.6, 0.5, -0.2),
    "leap": (-0.7, 0.9, 0.6, 0.2, -0.3),
}

# Cost of an interval in semitones: steps are free, thirds easy, the tritone and sevenths avoided.
_INTERVAL_COST = np.array([0.55, 0.0, 0.0, 0.35, 0.45, 0.9, 3.5, 1.3, 2.2, 2.4, 4.5, 5.0, 2.6] + [6.0] * 48)


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for a melody note: start and length in seconds, and how much it counts (0 weak to 1 strong)."""

    start_seconds: float
    seconds: float
    weight: float


@dataclass(frozen=True, slots=True)
class Phrase:
    """How a phrase moves: its contour, centre pitch, range in semitones, and whether it comes to rest on the tonic."""

    contour: str
    centre: float
    span: float
    closes: bool


class Tune:
    """Fits phrases to one song's key and chords within a range of pitches."""

    def __init__(self, key: Key, chords: Sequence[Chord], grid: Grid, decisions: Decisions) -> None:
        self.key = key
        self.chords = chords
        self.decisions = decisions
        self._starts = [grid.time(chord.bar, chord.step) for chord in chords]

    def chord_at(self, seconds: float) -> Chord:
        """The chord that sounds at a time (the first one before the song's first bar)."""
        return self.chords[max(0, bisect_right(self._starts, seconds + 0.04) - 1)]

    def fit(
        self, name: str, slots: Sequence[Slot], phrase: Phrase, low: int, high: int, pitch_classes: frozenset[int]
    ) -> list[int]:
        """A MIDI pitch for each slot, from `low` to `high`, out of `pitch_classes`; `name` seeds its small turns."""
        pitches = np.array([pitch for pitch in range(low, high + 1) if pitch % 12 in pitch_classes])
        whims = self.decisions.stream(f"melody {name}").random((64, 12))
        own = np.stack([
            self._own_costs(pitches, slots, index, phrase) + 0.7 * whims[index % 64][pitches % 12]
            for index in range(len(slots))
        ])  # fmt: skip
        moves = _INTERVAL_COST[np.abs(pitches[:, np.newaxis] - pitches[np.newaxis, :])]
        return [int(pitches[state]) for state in _cheapest_path(own, moves)]

    def _own_costs(
        self, pitches: npt.NDArray[np.int_], slots: Sequence[Slot], index: int, phrase: Phrase
    ) -> npt.NDArray[np.float64]:
        slot = slots[index]
        last = index == len(slots) - 1
        place = index / max(1, len(slots) - 1)
        shape = CONTOURS[phrase.contour]
        target = phrase.centre + phrase.span * float(np.interp(place, np.linspace(0, 1, len(shape)), shape))
        cost = 0.35 * np.abs(pitches - target)
        chord = self.chord_at(slot.start_seconds)
        outside = ~np.isin(pitches % 12, chord.pitch_classes)
        cost += outside * (5.0 if last else 0.6 + 2.6 * slot.weight)
        tonic = pitches % 12 == self.key.tonic
        # The ear finds the key where the tune rests: on the first degree, and not as often on the fifth. A minor key
        # needs its third, because the tonic's own fifth harmonic speaks for major.
        cost -= slot.weight * (1.3 * tonic - 0.4 * (pitches % 12 == self.key.pitch_class(5)))
        if self.key.mode == "minor":
            cost -= slot.weight * 0.7 * (pitches % 12 == self.key.pitch_class(3))
        if last and phrase.closes and self.key.tonic in chord.pitch_classes:
            cost += ~tonic * 3.0
        elif last and not phrase.closes:
            cost += tonic * 1.0
        return np.asarray(cost)


def _cheapest_path(own: npt.NDArray[np.float64], moves: npt.NDArray[np.float64]) -> list[int]:
    """States of the path with the least sum of own costs `(steps, states)` and moves `(from, to)`."""
    total = own[0]
    back = []
    for step_cost in own[1:]:
        through = total[:, np.newaxis] + moves
        back.append(np.argmin(through, axis=0))
        total = np.min(through, axis=0) + step_cost
    path = [int(np.argmin(total))]
    for choices in reversed(back):
        path.append(int(choices[path[-1]]))
    return path[::-1]
