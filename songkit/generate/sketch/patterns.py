"""Patterns of one bar in sixteenths: drum grooves, bass lines, comping figures, hook rhythms."""

from __future__ import annotations

# x hard, o medium, g ghost; one line a drum. `energy` below 0.5 plays only what LIGHT keeps.
GROOVES: dict[str, dict[str, str]] = {
    "none": {},
    "pop": {"kick": "x.....x.x.......", "snare": "....x.......x...", "hat": "x.o.x.o.x.o.x.o."},
    "half": {"kick": "x......o..x.....", "snare": "........x.......", "hat": "x.o.o.o.x.o.o.oo"},
    "ballad": {"kick": "x.........x.....", "rim": "....x.......x..g", "hat": "x.o.o.o.x.o.o.o."},
    "four": {"kick": "x...x...x...x...", "clap": "....x.......x...", "hat": "..x...x...x...x.",
             "shaker": "o.gog.gog.gog.go"},
    "house": {"kick": "x...x...x...x...", "clap": "....x.......x...", "open": "..x...x...x...x.",
              "hat": "o.g.o.g.o.g.o.gg"},
    "breaks": {"kick": "x..x......x.....", "snare": "....x..g.g..x..g", "hat": "x.o.x.o.x.o.x.oo"},
    "rock": {"kick": "x.......x.x.....", "snare": "....x.......x...", "hat": "x.x.x.x.x.x.x.x."},
    "rock2": {"kick": "x..x..x...x.....", "snare": "....x.......x...", "ride": "x...x...x...x..."},
    "punk": {"kick": "x...x..xx...x...", "snare": "..x...x...x...x.", "hat": "x.x.x.x.x.x.x.x."},
    "metal": {"kick": "x.xxx.xxx.xxx.xx", "snare": "....x.......x...", "ride": "x...x...x...x..."},
    "shuffle": {"kick": "x.......x.......", "snare": "....x.......x...", "hat": "x.o.x.o.x.o.x.o."},
    "swing": {"kick": "o...g...o...g...", "ride": "x...x.o.x...x.o.", "pedal": "....x.......x...",
              "snare": ".......g......g."},
    "brushes": {"kick": "o.......o.......", "snare": "..g.o.g...g.o.gg", "shaker": "o.g.o.g.o.g.o.g."},
    "folk": {"kick": "x.......o.......", "rim": "....o.......o...", "shaker": "o.g.x.g.o.g.x.g.",
             "tambourine": "....o.......o..."},
    "train": {"kick": "x.......x.......", "snare": "g.ggx.ggg.ggx.gg", "hat": "....o.......o..."},
    "rnb": {"kick": "x..x...x..x.....", "snare": "....x.......x...", "hat": "x.oox.o.x.oox.og"},
    "soul": {"kick": "x.....x.x.x.....", "snare": "....x..g.g..x...", "hat": "x.o.x.o.x.o.x.o."},
    "boom bap": {"kick": "x..o......x.....", "snare": "....x.......x..g", "hat": "x.o.x.o.x.o.x.o."},
    "trap": {"kick": "x.....x...x.....", "clap": "........x.......", "hat": "x.o.x.ooxooox.og"},
    "funk": {"kick": "x.....x...x..x..", "snare": "....x..g.g..x..g", "hat": "xoooxoooxoooxoxo"},
    "one drop": {"kick": "........x.......", "rim": "........x.....g.", "hat": "..x.o.x...x.o.x."},
    "disco": {"kick": "x...x...x...x...", "snare": "....x.......x...", "open": "..x...x...x...x.",
              "hat": "x...x...x...x..."},
}  # fmt: skip

LIGHT = frozenset({"hat", "ride", "rim", "shaker", "pedal", "tambourine"})

FILLS: tuple[dict[str, str], ...] = (
    {"snare": "........o.o.xxxx", "kick": "x..............."},
    {"tom high": "........xx......", "tom mid": "..........xx....", "tom low": "............xx.x", "kick": "x......."},
    {"snare": "....x...g.g.x.xx", "kick": "x.....x.x......."},
    {"tom mid": "............x.x.", "tom low": ".............x.x", "snare": "....x...x.x.....", "kick": "x......."},
    {"clap": "........x...x.xx", "snare": "....x.......oooo", "kick": "x...x..........."},
)

# (step, steps, what): R root, 5 fifth, O octave, 3 third, A a scale step towards the next root.
BASS: dict[str, tuple[tuple[int, int, str], ...]] = {
    "eighths": (*((step, 2, "R") for step in range(0, 14, 2)), (14, 2, "A")),
    "pulse": ((0, 3, "R"), (3, 3, "R"), (6, 2, "R"), (8, 3, "R"), (11, 3, "5"), (14, 2, "A")),
    "roots": ((0, 10, "R"), (10, 4, "R"), (14, 2, "A")),
    "root fifth": ((0, 6, "R"), (8, 6, "5"), (14, 2, "A")),
    "pizzicato": ((0, 4, "R"), (8, 4, "R"), (12, 4, "A")),
    "walking": ((0, 4, "R"), (4, 4, "3"), (8, 4, "5"), (12, 4, "A")),
    "shuffle": ((0, 4, "R"), (4, 2, "3"), (6, 2, "3"), (8, 4, "5"), (12, 2, "O"), (14, 2, "A")),
    "offbeat": ((2, 2, "R"), (6, 2, "R"), (10, 2, "R"), (14, 2, "O")),
    "syncopated": ((0, 3, "R"), (3, 2, "R"), (6, 3, "O"), (10, 2, "5"), (12, 2, "R"), (14, 2, "A")),
    "long subs": ((0, 7, "R"), (7, 3, "R"), (10, 4, "R"), (14, 2, "5")),
    "octaves": tuple((step, 2, "O" if step % 4 else "R") for step in range(0, 16, 2)),
    "gallop": tuple((beat + step, length, "R") for beat in (0, 4, 8, 12) for step, length in ((0, 2), (2, 1), (3, 1))),
    "funk": ((0, 2, "R"), (3, 1, "O"), (6, 2, "R"), (9, 1, "5"), (10, 2, "O"), (13, 1, "R"), (14, 2, "A")),
    "reggae": ((0, 3, "R"), (6, 2, "R"), (8, 2, "5"), (11, 1, "5"), (12, 3, "R")),
}

# (step, steps, which voices, velocity): 'all', 'root', 'power' (root, fifth, octave), or digits: voices counted from
# below. Voices beyond the chord's number go up an octave.
COMPING: dict[str, tuple[tuple[int, int, str, float], ...]] = {
    "quarters": ((0, 4, "all", 0.8), (4, 4, "all", 0.6), (8, 4, "all", 0.7), (12, 4, "all", 0.6)),
    "push": ((0, 6, "all", 0.8), (6, 4, "all", 0.65), (10, 2, "all", 0.5), (14, 2, "all", 0.6)),
    "broken": ((0, 8, "root", 0.8), (2, 6, "1", 0.5), (4, 4, "12", 0.6), (8, 8, "all", 0.7), (14, 2, "2", 0.45)),
    "arpeggio": tuple((2 * index, 4, voice, 0.75 - 0.1 * (index % 2)) for index, voice in enumerate("01232123")),
    "sixteenths": tuple((index, 2, voice, 0.8 - 0.15 * (index % 2)) for index, voice in enumerate("0213021302130234")),
    "alberti": tuple((2 * index, 3, voice, 0.75 if index % 4 == 0 else 0.5) for index, voice in enumerate("02120212")),
    "picking": tuple((2 * index, 6, voice, 0.8 if index % 4 == 0 else 0.55) for index, voice in enumerate("02132314")),
    "eighth strums": ((0, 4, "all", 0.9), (4, 2, "all", 0.65), (6, 4, "all", 0.5), (10, 2, "all", 0.55),
                      (12, 2, "all", 0.7), (14, 2, "all", 0.5)),
    "ostinato": tuple((step, 2, "02" if step % 4 else "all", 0.9 if step % 8 == 0 else 0.6 if step % 4 else 0.75)
                      for step in range(0, 16, 2)),
    "fast ostinato": tuple((step, 1, "02" if step % 4 else "all", 0.9 if step % 8 == 0 else 0.75 if step % 4 == 0 else
                            0.6 if step % 2 == 0 else 0.5) for step in range(16)),
    "power": tuple((step, 2, "power", 0.9 if step % 8 == 0 else 0.7) for step in range(0, 16, 2)),
    "gallop": tuple((beat + step, length, "power", 0.9 if step == 0 else 0.65)
                    for beat in (0, 4, 8, 12) for step, length in ((0, 2), (2, 1), (3, 1))),
    "shuffle chops": ((0, 3, "all", 0.7), (6, 2, "all", 0.5), (8, 3, "all", 0.65), (14, 2, "all", 0.55)),
    "offbeat chops": tuple((step, 2, "all", 0.7) for step in (2, 6, 10, 14)),
    "jazz chops": ((0, 3, "all", 0.65), (6, 5, "all", 0.55), (14, 2, "all", 0.5)),
    "boom chick": ((0, 4, "root", 0.8), (4, 3, "123", 0.65), (8, 4, "2", 0.7), (12, 3, "123", 0.65)),
    "stabs": ((0, 2, "all", 0.8), (3, 2, "all", 0.7), (6, 2, "all", 0.75), (10, 2, "all", 0.65), (13, 2, "all", 0.6)),
    "skank": ((4, 2, "all", 0.8), (12, 2, "all", 0.8)),
    "funk chops": ((0, 1, "123", 0.8), (3, 1, "123", 0.5), (6, 2, "123", 0.75), (7, 1, "12", 0.4), (10, 1, "123", 0.65),
                   (13, 1, "123", 0.7), (15, 1, "12", 0.4)),
    "held": ((0, 16, "all", 0.7),),
}  # fmt: skip

# Rhythms of a two-bar hook: (step, steps) over 32 sixteenths.
HOOKS: tuple[tuple[tuple[int, int], ...], ...] = (
    ((0, 4), (4, 2), (6, 4), (10, 6), (16, 4), (20, 2), (22, 8)),
    ((0, 3), (3, 3), (6, 4), (12, 2), (14, 4), (18, 4), (22, 2), (24, 8)),
    ((2, 2), (4, 2), (6, 2), (8, 6), (18, 2), (20, 2), (22, 10)),
    ((0, 6), (6, 2), (8, 4), (12, 4), (16, 12)),
    ((0, 2), (2, 2), (4, 4), (8, 2), (10, 2), (12, 4), (16, 3), (19, 3), (22, 8)),
    ((0, 8), (8, 6), (14, 2), (16, 6), (22, 2), (24, 8)),
)
