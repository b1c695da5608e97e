"""The song's clock: a constant tempo whose first downbeat is the first sung line, and how that tempo is found."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

BEATS_PER_BAR = 4
STEPS_PER_BAR = 16


@dataclass(frozen=True, slots=True)
class Grid:
    """Bars of four beats; bar 0 starts at `origin_seconds`, bars before it have negative numbers."""

    tempo_bpm: float
    origin_seconds: float

    @property
    def beat_seconds(self) -> float:
        return 60.0 / self.tempo_bpm

    @property
    def bar_seconds(self) -> float:
        return BEATS_PER_BAR * self.beat_seconds

    @property
    def step_seconds(self) -> float:
        """A sixteenth note."""
        return self.bar_seconds / STEPS_PER_BAR

    def time(self, bar: int, step: float = 0.0) -> float:
        """Seconds of a step (sixteenth, may be fractional) of a bar."""
        return self.origin_seconds + bar * self.bar_seconds + step * self.step_seconds

    def bar_at(self, seconds: float) -> int:
        return math.floor((seconds - self.origin_seconds) / self.bar_seconds + 1e-6)

    def step_at(self, seconds: float) -> float:
        """Distance from the origin in sixteenths."""
        return (seconds - self.origin_seconds) / self.step_seconds


def fitting_tempos(starts_seconds: list[float], low_bpm: float, high_bpm: float) -> list[float]:
    """Tempos of the range whose eighth-note grid, begun on the first start, meets the others; best first.

    The fit of a tempo is the mean resultant of the starts on the circle of an eighth note, plus half of that on the
    circle of a bar. Only local maxima within 0.25 of the best fit are given, at least one.
    """
    candidates = np.arange(low_bpm, high_bpm + 0.025, 0.05)
    delays = np.asarray(starts_seconds) - starts_seconds[0]
    bars = delays[:, np.newaxis] * candidates / 60.0 / BEATS_PER_BAR
    fit = np.mean(np.cos(2 * np.pi * 8 * bars), axis=0) + 0.5 * np.mean(np.cos(2 * np.pi * bars), axis=0)
    inner = np.pad(fit, 1, constant_values=-np.inf)
    peaks = np.flatnonzero((fit >= inner[:-2]) & (fit >= inner[2:]))
    best = sorted(peaks, key=lambda index: -fit[index])
    return [round(float(candidates[index]), 2) for index in best if fit[index] >= fit[best[0]] - 0.25]


def whole_bar_tempo(seconds: float, wished_bpm: float) -> float:
    """The tempo closest to the wish for which the song is whole bars and a last chord of about three seconds."""
    bars = max(2, round((seconds - 3.0) / (240.0 / wished_bpm)))
    return round(240.0 * bars / (seconds - 3.0), 2)
