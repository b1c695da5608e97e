"""Chords: progressions in scale degrees, strictly inside the key, with cadences where sections end."""

from __future__ import annotations

from dataclasses import dataclass

from songkit.generate.sketch.decide import Decisions
from songkit.generate.sketch.form import Kind, Section
from songkit.generate.sketch.style import Mode

SCALES: dict[Mode, tuple[int, ...]] = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}
TONIC_NAMES = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")

# Degrees 1 to 7, one digit a bar. A pair is (verse, chorus); nearly all begin on the tonic, so that the key is clear.
PROGRESSIONS: dict[str, dict[Mode, tuple[tuple[str, str], ...]]] = {
    "pop": {
        "major": (("1564", "1645"), ("1645", "1564"), ("1465", "4156"), ("1364", "1564"), ("1456", "1564"), ("1544",
        "1645")),
        "minor": (("1637", "1637"), ("1467", "1637"), ("1764", "1673"), ("1674", "1637"), ("1347", "6371")),
    },
    "rock": {
        "major": (("1454", "1564"), ("1544", "1464"), ("1415", "1645"), ("1145", "1564")),
        "minor": (("1767", "1637"), ("1675", "1367"), ("1144", "1637"), ("1376", "1476")),
    },
    "dance": {
        "major": (("1564", "1645"), ("1464", "1564"), ("1634", "1645")),
        "minor": (("1637", "1673"), ("1167", "1637"), ("1647", "1347"), ("1376", "1637")),
    },
    "soul": {
        "major": (("1625", "1364"), ("1424", "1625"), ("1342", "1465"), ("1645", "1325")),
        "minor": (("1475", "1637"), ("1647", "1475"), ("1414", "6571"), ("1365", "1647")),
    },
    "jazz": {
        "major": (("1625", "1425"), ("1325", "1625"), ("1645", "2516"), ("1425", "1625")),
        "minor": (("1475", "1637"), ("1625", "1475"), ("1465", "1475"), ("1375", "4165")),
    },
    "blues": {
        "major": (("111144115415", "111144115415"), ("1411", "1454")),
        "minor": (("1141", "4154"), ("1411", "1451"), ("1145", "1451")),
    },
    "folk": {
        "major": (("1415", "1465"), ("1454", "4151"), ("1145", "1645"), ("1641", "4151"), ("1455", "1564")),
        "minor": (("1747", "1637"), ("1767", "1376"), ("1371", "6741")),
    },
    "ballad": {
        "major": (("1564", "1645"), ("1536", "4325"), ("1364", "1564"), ("1645", "1465")),
        "minor": (("1637", "1467"), ("1576", "1637"), ("1764", "1673")),
    },
    "dark": {
        "major": (("1464", "1564"), ("1645", "1464")),
        "minor": (("1117", "1167"), ("1161", "1647"), ("1165", "1637"), ("1671", "1467")),
    },
    "funk": {
        "major": (("1144", "1425"), ("1141", "1645")),
        "minor": (("1141", "1474"), ("1171", "1674"), ("1144", "1347")),
    },
    "classical": {
        "major": (("1451", "1645"), ("1625", "1451"), ("1543", "1465")),
        "minor": (("1451", "1637"), ("1645", "1475"), ("1375", "1465")),
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Key:
    """Tonic pitch class (C is 0) and mode."""

    tonic: int
    mode: Mode

    @property
    def name(self) -> str:
        return f"{TONIC_NAMES[self.tonic]} {self.mode}"

    def pitch_class(self, degree: int) -> int:
        """Pitch class of a scale degree; 1 is the tonic, degrees beyond 7 go on in the next octave."""
        return (self.tonic + SCALES[self.mode][(degree - 1) % 7]) % 12

    @property
    def pitch_classes(self) -> frozenset[int]:
        return frozenset(self.pitch_class(degree) for degree in range(1, 8))

    @property
    def pentatonic(self) -> frozenset[int]:
        degrees = (1, 2, 3, 5, 6) if self.mode == "major" else (1, 3, 4, 5, 7)
        return frozenset(self.pitch_class(degree) for degree in degrees)


@dataclass(frozen=True, slots=True)
class Chord:
    """A chord of the scale at a place of the song: bar, step of the bar (sixteenths), length in steps."""

    bar: int
    step: int
    steps: int
    degree: int
    pitch_classes: tuple[int, ...]
    name: str

    @property
    def root(self) -> int:
        return self.pitch_classes[0]


def choose_key(decisions: Decisions, minor_share: float, tonic: int | None, mode: Mode | None) -> Key:
    """The asked key, or one of the seed's own: consecutive seeds never share a tonic."""
    if mode is None:
        mode = "minor" if decisions.draw("mode", 0.0, 1.0) < minor_share else "major"
    if tonic is None:
        tonic = decisions.pick("tonic", range(12))
    return Key(tonic, mode)


def write_chords(sections: list[Section], key: Key, family: str, sevenths: float, decisions: Decisions) -> list[Chord]:
    """The chords of the whole song in order; the last bar is the tonic."""
    verse, chorus = decisions.pick(f"progression {key.mode}", PROGRESSIONS[family][key.mode])
    bridge = decisions.pick("bridge progression", ("6415", "4365") if key.mode == "major" else ("6347", "4137"))
    loops: dict[Kind, str] = {
        "intro": verse, "verse": verse, "prechorus": "4145" if key.mode == "major" else "6167", "chorus": chorus,
        "bridge": bridge, "interlude": chorus, "solo": chorus, "outro": chorus,
    }  # fmt: skip
    rich = decisions.stream("sevenths").random(8) < sevenths
    if sevenths < 0.5:  # a plain song keeps its fourth degree plain: its major seventh would blur the key
        rich[4] = False
    degrees: list[tuple[int, int, int, int]] = []
    for index, section in enumerate(sections):
        ends_song = index == len(sections) - 1
        following = None if ends_song else sections[index + 1].kind
        degrees += _section_degrees(section, loops[section.kind], following, ends_song)
    return [_chord(key, bar, step, steps, degree, bool(rich[degree])) for bar, step, steps, degree in degrees]


def _section_degrees(
    section: Section, loop: str, following: Kind | None, ends_song: bool
) -> list[tuple[int, int, int, int]]:
    """(bar, step, steps, degree) of a section, with its cadence."""
    bars = [(section.first_bar + offset, 0, 16, int(loop[offset % len(loop)])) for offset in range(section.bars)]
    last = bars[-1][0]
    if ends_song:
        if section.bars >= 3:
            bars[-2] = (last - 1, 0, 16, 5)
        bars[-1] = (last, 0, 16, 1)
    elif following == "chorus" and section.bars >= 2:
        bars[-1:] = [(last, 0, 8, 4), (last, 8, 8, 5)]
    elif section.bars >= 4 and following == "verse":
        bars[-1] = (last, 0, 16, 5)
    return bars


def _chord(key: Key, bar: int, step: int, steps: int, degree: int, rich: bool) -> Chord:
    thirds = (1, 3, 5, 7) if rich else (1, 3, 5)
    classes = [key.pitch_class(degree + third - 1) for third in thirds]
    fifth = (classes[2] - classes[0]) % 12
    if fifth == 6:  # a diminished triad sounds like a mistake in a song; the chord a third below has its notes
        return _chord(key, bar, step, steps, (degree + 4) % 7 + 1, True)
    return Chord(bar, step, steps, degree, tuple(classes), _chord_name(classes))


def _chord_name(classes: list[int]) -> str:
    intervals = tuple((pitch_class - classes[0]) % 12 for pitch_class in classes)
    suffix = {
        (0, 4, 7): "", (0, 3, 7): "m", (0, 3, 6): "dim", (0, 4, 7, 11): "maj7", (0, 4, 7, 10): "7", (0, 3, 7,
        10): "m7",
        (0, 3, 6, 10): "m7b5",
    }  # fmt: skip
    return TONIC_NAMES[classes[0]] + suffix[intervals]
