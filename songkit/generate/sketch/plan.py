"""What the band knows before it plays: clock, form, chords, genre, and how the seed bends them."""

from __future__ import annotations

from dataclasses import dataclass

from songkit.generate.sketch.decide import Decisions
from songkit.generate.sketch.form import Section
from songkit.generate.sketch.genres import GENRES, Genre
from songkit.generate.sketch.grid import STEPS_PER_BAR, Grid
from songkit.generate.sketch.harmony import Chord, Key
from songkit.generate.sketch.melody import Tune
from songkit.generate.sketch.style import Style

HUMAN_SECONDS = 0.004
"""Standard deviation of a player's timing."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One song before it is played."""

    style: Style
    decisions: Decisions
    grid: Grid
    key: Key
    sections: list[Section]
    chords: list[Chord]
    tune: Tune
    seconds: float

    @property
    def genre(self) -> Genre:
        return self.style.genre

    @property
    def second(self) -> Genre:
        """The second genre of the prompt, which lends its figures; else the first."""
        return GENRES[self.style.second_genre] if self.style.second_genre else self.genre

    @property
    def last_bar(self) -> int:
        return self.sections[-1].last_bar

    @property
    def ending_seconds(self) -> float:
        """Where the last chord is let go."""
        return self.seconds - 0.7

    def when(self, bar: int, step: float) -> float:
        """Time of a step with the genre's swing."""
        swing, unit = self.genre.swing, STEPS_PER_BAR // self.genre.swing_unit
        late = swing * unit if int(step // unit) % 2 else 0.0
        return self.grid.time(bar, step + late)

    def chord_in(self, bar: int, step: float) -> Chord:
        return self.tune.chord_at(self.grid.time(bar, step))

    def section_of(self, bar: int) -> Section:
        for section in self.sections:
            if bar <= section.last_bar:
                return section
        return self.sections[-1]
