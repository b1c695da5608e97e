"""What a genre means in sound: one row each, from tempo to the tilt of the mix."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Genre:
    """A genre's habits.

    `minor` is the share of takes in minor; `swing` delays every second grid step of `swing_unit` steps to the bar by
    that part of a step; `groove`, `bass` and `comping` name patterns; `kit`, `basses`, `comps`, `pads` and `leads`
    name sounds, several where seeds may choose; `ostinato` is a sound that drives on where there are no drums;
    `bands_db` is added to the pop balance at 63, 125, ... 16000 Hz.
    """

    tempo_bpm: tuple[float, float]
    minor: float
    grooves: tuple[str, ...]
    kits: tuple[str, ...]
    bass_patterns: tuple[str, ...]
    basses: tuple[str, ...]
    comp_patterns: tuple[str, ...]
    comps: tuple[str, ...]
    pads: tuple[str, ...]
    leads: tuple[str, ...]
    progressions: str = "pop"
    swing: float = 0.0
    swing_unit: int = 16
    sevenths: float = 0.15
    sparkle: bool = False
    drums_db: float = 0.0
    pads_db: float = 0.0
    ostinato: str = ""
    timpani: bool = False
    bass_db: float = 0.0
    bands_db: tuple[float, ...] = (0.0,) * 9


GENRES: dict[str, Genre] = {
    "pop": Genre(
        (88, 124), 0.35, ("pop", "four", "half"), ("pop", "electronic"), ("eighths", "pulse"), ("synth bass",
        "finger bass"),
        ("quarters", "push", "arpeggio"), ("piano", "electric piano", "pluck synth"), ("warm pad", "strings"),
        ("soft lead", "bell", "saw lead"), sparkle=True,
    ),
    "rock": Genre(
        (104, 144), 0.4, ("rock", "rock2"), ("rock",), ("eighths", "roots"), ("picked bass",), ("eighth strums",
        "power"),
        ("overdriven guitar", "electric guitar"), ("organ", "warm pad"), ("lead guitar",), progressions="rock",
        drums_db=1.0,
        bands_db=(-1, 1, 1, 1, 0.5, 1, 1, 0, -2),
    ),
    "electronic": Genre(
        (112, 132), 0.6, ("four", "breaks"), ("electronic",), ("offbeat", "pulse"), ("saw bass", "synth bass"),
        ("sixteenths", "arpeggio"), ("pluck synth", "pulse synth"), ("super pad", "warm pad"), ("saw lead",
        "square lead"),
        progressions="dance", sparkle=True, drums_db=1.0, bass_db=1.0, bands_db=(2, 1, -1, -1, -1, 0, 1, 1, 1),
    ),
    "blues": Genre(
        (72, 108), 0.75, ("shuffle",), ("brush", "pop"), ("walking", "shuffle"), ("finger bass",), ("shuffle chops",
        "quarters"),
        ("electric guitar", "organ", "piano"), ("organ",), ("lead guitar", "harmonica"), progressions="blues",
        swing=0.32,
        swing_unit=8, sevenths=0.8, bands_db=(-2, 1, 1, 1, 1, 0, -1, -2, -4),
    ),
    "r&b": Genre(
        (66, 96), 0.6, ("rnb", "half"), ("hip-hop", "pop"), ("syncopated", "roots"), ("sub bass", "finger bass"),
        ("push", "broken"), ("electric piano", "nylon guitar"), ("warm pad", "strings"), ("soft lead", "bell"),
        progressions="soul", swing=0.14, sevenths=0.8, bass_db=1.0, bands_db=(2, 1, 0, 0, -1, -1, 0, 0, 0),
    ),
    "jazz": Genre(
        (96, 152), 0.45, ("swing",), ("brush",), ("walking",), ("upright bass",), ("jazz chops", "push"),
        ("piano", "electric piano"), ("strings", "soft organ"), ("saxophone", "trumpet"), progressions="jazz",
        swing=0.3,
        swing_unit=8, sevenths=1.0, drums_db=-2.0, bands_db=(-1, 2, 1, 1, 1, 0, -2, -3, -4),
    ),
    "soul": Genre(
        (76, 108), 0.4, ("soul", "rnb"), ("pop", "brush"), ("syncopated", "eighths"), ("finger bass",), ("push",
        "offbeat chops"),
        ("electric piano", "organ", "clean guitar"), ("strings", "soft organ"), ("saxophone", "trumpet"),
        progressions="soul", swing=0.1, sevenths=0.7, bands_db=(0, 1, 1, 1, 0, 0, -1, -1, -2),
    ),
    "country": Genre(
        (92, 132), 0.12, ("train", "pop"), ("brush", "pop"), ("root fifth",), ("finger bass", "upright bass"),
        ("boom chick", "eighth strums"), ("acoustic guitar", "banjo"), ("strings", "soft organ"), ("violin",
        "clean guitar"),
        progressions="folk", sevenths=0.0, bands_db=(-2, 0, 0, 0, 1, 1, 1, 0, -1),
    ),
    "folk": Genre(
        (80, 116), 0.35, ("folk", "brushes"), ("brush",), ("root fifth", "roots"), ("upright bass",), ("picking",
        "eighth strums"),
        ("acoustic guitar", "nylon guitar"), ("strings", "warm pad"), ("flute", "violin", "harmonica"),
        progressions="folk",
        sevenths=0.05, drums_db=-2.0, bands_db=(-3, 0, 1, 1, 1, 0, -1, -1, -2),
    ),
    "dance": Genre(
        (118, 130), 0.55, ("four",), ("electronic",), ("offbeat", "pulse"), ("saw bass", "synth bass"), ("stabs",
        "sixteenths"),
        ("pulse synth", "piano", "pluck synth"), ("super pad",), ("saw lead", "square lead"), progressions="dance",
        sparkle=True, drums_db=1.5, bass_db=0.5, bands_db=(2, 1, -1, -1, -1, 0, 1, 1, 1),
    ),
    "rap": Genre(
        (76, 98), 0.85, ("boom bap", "trap"), ("hip-hop",), ("long subs", "syncopated"), ("sub bass",), ("broken",
        "quarters"),
        ("bell", "electric piano", "piano"), ("dark pad", "strings"), ("bell", "flute"), progressions="dark",
        swing=0.12,
        sevenths=0.3, drums_db=2.0, bass_db=2.0, bands_db=(4, 2, -1, -1, -1, -1, 0, 1, 0),
    ),
    "classical": Genre(
        (66, 104), 0.45, ("none",), ("brush",), ("pizzicato", "root fifth"), ("low strings",),
        ("alberti", "arpeggio"), ("piano", "harp"),
        ("strings",), ("violin", "flute", "cello"), progressions="classical", sevenths=0.1, drums_db=-6.0,
        bass_db=0.5, pads_db=-5.0, ostinato="short strings", timpani=True,
        bands_db=(-5, -1, 2, 2, 1, 0, -2, -3, -5),
    ),
    "hip-hop": Genre(
        (74, 96), 0.75, ("boom bap", "trap"), ("hip-hop",), ("long subs", "syncopated"), ("sub bass", "finger bass"),
        ("broken", "push"),
        ("electric piano", "piano", "nylon guitar"), ("dark pad", "warm pad"), ("bell", "soft lead"),
        progressions="soul",
        swing=0.16, sevenths=0.7, drums_db=1.5, bass_db=1.5, bands_db=(3, 2, 0, 0, -1, -1, 0, 0, -1),
    ),
    "chinese": Genre(
        (66, 96), 0.35, ("ballad", "half"), ("pop", "brush"), ("roots", "root fifth"), ("finger bass",), ("picking",
        "arpeggio"),
        ("guzheng", "piano", "nylon guitar"), ("strings", "warm pad"), ("flute", "erhu"), progressions="ballad",
        sevenths=0.1,
        bands_db=(-1, 0, 1, 0, 1, 0, 0, 0, -1),
    ),
    "house": Genre(
        (120, 127), 0.65, ("four", "house"), ("electronic",), ("offbeat", "syncopated"), ("synth bass", "saw bass"),
        ("stabs", "offbeat chops"), ("piano", "organ", "pulse synth"), ("super pad", "warm pad"), ("square lead",
        "saw lead"),
        progressions="dance", swing=0.08, sevenths=0.5, drums_db=1.5, bass_db=1.0, bands_db=(3, 1, -1, -1, -1, 0, 1,
        1, 1),
    ),
    "punk": Genre(
        (156, 188), 0.25, ("punk",), ("rock",), ("eighths",), ("picked bass",), ("power",), ("overdriven guitar",),
        ("organ",),
        ("lead guitar",), progressions="rock", sevenths=0.0, drums_db=1.5, bands_db=(-2, 0, 2, 2, 1, 1, 2, 0, -2),
    ),
    "metal": Genre(
        (120, 168), 0.95, ("metal", "rock2"), ("rock",), ("eighths", "gallop"), ("picked bass",), ("power", "gallop"),
        ("distorted guitar",), ("dark pad", "strings"), ("lead guitar",), progressions="dark", sevenths=0.0,
        drums_db=1.5,
        bands_db=(0, 2, 2, 0, 0, 1, 3, 1, -1),
    ),
    "funk": Genre(
        (96, 116), 0.6, ("funk",), ("pop", "rock"), ("funk", "syncopated"), ("slap bass", "finger bass"),
        ("funk chops",),
        ("clean guitar", "clavinet"), ("soft organ", "strings"), ("trumpet", "saxophone"), progressions="funk",
        swing=0.08,
        sevenths=0.8, drums_db=1.0, bass_db=1.5, bands_db=(1, 2, 0, 0, 0, 0, 1, 0, -1),
    ),
    "reggae": Genre(
        (68, 88), 0.45, ("one drop",), ("pop", "rock"), ("reggae",), ("finger bass", "sub bass"), ("skank",),
        ("clean guitar", "organ"), ("soft organ",), ("trumpet", "harmonica", "soft lead"), progressions="folk",
        swing=0.14,
        sevenths=0.2, bass_db=2.5, bands_db=(3, 3, 1, 0, -1, -1, -1, -1, -2),
    ),
    "disco": Genre(
        (112, 124), 0.6, ("disco",), ("pop", "electronic"), ("octaves",), ("finger bass", "synth bass"),
        ("funk chops", "offbeat chops"),
        ("clean guitar", "electric piano", "clavinet"), ("strings",), ("trumpet", "saw lead"), progressions="dance",
        sevenths=0.5, drums_db=1.0, bass_db=1.0, bands_db=(1, 2, 0, 0, 0, 0, 1, 1, 0),
    ),
}  # fmt: skip
