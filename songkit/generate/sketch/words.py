"""The words of a style prompt and what each one moves: moods, instruments, and other names for genres."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mood:
    """What a mood adds to a genre's habits.

    `minor` shifts the share of minor takes, `tempo` moves within the genre's range (-1 slowest, 1 fastest), `energy`
    thickens or thins the arrangement, `register` moves the lead in semitones, `tilt_db` brightens (+) or darkens (-)
    the mix per octave, `legato` stretches notes.
    """

    minor: float = 0.0
    tempo: float = 0.0
    energy: float = 0.0
    register: int = 0
    tilt_db: float = 0.0
    legato: float = 0.0


MOODS: dict[str, Mood] = {
    "romantic": Mood(-0.1, -0.4, -0.1, 0, -0.2, 0.2),
    "nostalgic": Mood(0.1, -0.4, -0.1, -1, -0.5, 0.15),
    "heartfelt": Mood(0.0, -0.4, -0.1, 0, -0.2, 0.2),
    "happy": Mood(-0.6, 0.4, 0.1, 2, 0.3, -0.1),
    "melancholic": Mood(0.6, -0.6, -0.2, -2, -0.4, 0.2),
    "love": Mood(-0.2, -0.3, -0.05, 1, -0.1, 0.15),
    "upbeat": Mood(-0.4, 0.6, 0.15, 1, 0.3, -0.15),
    "energetic": Mood(0.0, 0.7, 0.25, 1, 0.4, -0.15),
    "uplifting": Mood(-0.5, 0.3, 0.15, 3, 0.3, 0.05),
    "carefree": Mood(-0.5, 0.2, -0.05, 2, 0.2, -0.2),
    "fun": Mood(-0.5, 0.5, 0.1, 2, 0.3, -0.2),
    "emotional": Mood(0.3, -0.3, 0.0, 1, -0.1, 0.25),
    "heartbroken": Mood(0.6, -0.7, -0.2, -1, -0.4, 0.25),
    "reflective": Mood(0.2, -0.6, -0.25, -2, -0.4, 0.2),
    "mellow": Mood(0.0, -0.6, -0.25, -2, -0.6, 0.2),
    "hopeful": Mood(-0.4, 0.0, 0.0, 2, 0.1, 0.1),
    "relaxed": Mood(-0.1, -0.6, -0.25, -1, -0.5, 0.15),
    "passionate": Mood(0.3, 0.2, 0.2, 3, 0.1, 0.15),
    "aggressive": Mood(0.6, 0.7, 0.3, -2, 0.5, -0.2),
    "sad": Mood(0.6, -0.6, -0.2, -2, -0.4, 0.2),
    "dark": Mood(0.6, -0.1, 0.0, -3, -0.6, 0.1),
    "bright": Mood(-0.4, 0.1, 0.05, 2, 0.6, 0.0),
    "calm": Mood(-0.1, -0.7, -0.3, -1, -0.5, 0.2),
    "fast": Mood(tempo=1.0),
    "slow": Mood(tempo=-1.0),
}


@dataclass(frozen=True, slots=True)
class Instrument:
    """Where an instrument goes: `role` is comp, pad, lead, bass or drums; `patch` is its sound ('' where none)."""

    role: str
    patch: str = ""


INSTRUMENTS: dict[str, Instrument] = {
    "piano": Instrument("comp", "piano"),
    "electric guitar": Instrument("comp", "electric guitar"),
    "drums": Instrument("drums"),
    "synthesizer": Instrument("comp", "pulse synth"),
    "bass": Instrument("bass"),
    "strings": Instrument("pad", "strings"),
    "bass guitar": Instrument("bass", "picked bass"),
    "acoustic guitar": Instrument("comp", "acoustic guitar"),
    "guitar": Instrument("comp", "clean guitar"),
    "trumpet": Instrument("lead", "trumpet"),
    "saxophone": Instrument("lead", "saxophone"),
    "violin": Instrument("lead", "violin"),
    "organ": Instrument("pad", "organ"),
    "percussion": Instrument("percussion"),
    "vocal sample": Instrument("lead", "vocal"),
    "flute": Instrument("lead", "flute"),
    "harmonica": Instrument("lead", "harmonica"),
    "banjo": Instrument("comp", "banjo"),
    "electric bass": Instrument("bass", "finger bass"),
    "cello": Instrument("lead", "cello"),
    "electric piano": Instrument("comp", "electric piano"),
    "rhodes": Instrument("comp", "electric piano"),
    "harp": Instrument("comp", "harp"),
    "erhu": Instrument("lead", "erhu"),
    "guzheng": Instrument("comp", "guzheng"),
    "bells": Instrument("lead", "bell"),
    "pad": Instrument("pad", "warm pad"),
}

# Other names of what the tables above know; the right side is a key of GENRES, MOODS or INSTRUMENTS.
OTHER_NAMES: dict[str, str] = {
    "rnb": "r&b", "r & b": "r&b", "r and b": "r&b", "hip hop": "hip-hop", "hiphop": "hip-hop", "edm": "electronic",
    "techno": "electronic", "trance": "electronic", "synthpop": "electronic", "ballad": "love",
    "heavy metal": "metal",
    "swing": "jazz", "trap": "rap", "mandopop": "chinese", "c-pop": "chinese", "cpop": "chinese",
    "synth": "synthesizer", "synths": "synthesizer", "sax": "saxophone", "keys": "electric piano", "drum": "drums",
    "guitars": "guitar", "acoustic": "acoustic guitar", "joyful": "happy", "cheerful": "happy", "chill": "relaxed",
    "peaceful": "calm", "soft": "mellow", "angry": "aggressive", "powerful": "energetic", "gentle": "calm",
    "sentimental": "emotional", "lonely": "melancholic", "vocal samples": "vocal sample", "string": "strings",
}  # fmt: skip

# Words that carry the sentence and no sound; they are neither used nor reported.
SILENT_WORDS = frozenset(
    (
        "a",
        "an",
        "and",
        "with",
        "the",
        "of",
        "in",
        "for",
        "to",
        "style",
        "song",
        "music",
        "track",
        "vibe",
        "feel",
        "feeling",
        "mood",
        "some",
        "tempo",
        "at",
        "key",
        "bpm",
        "genre",
        "about",
        "on",
        "is",
        "very",
        "sound",
        "sounds",
        "sounding",
        "instrumentation",
        "featuring",
        "feat",
    )
)
