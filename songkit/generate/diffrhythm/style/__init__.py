"""The style of a song as MuQ-MuLan hears it: a unit vector of 512 numbers from words, a recording, or a mix.

    parts    what is asked for            clip    the ten seconds of a recording, and what is wrong with them
    mulan    the published model          kept    embeddings found again by what they were made from
    embed    from a style to its vector   advice  what a richer prompt would name

Only `mulan` loads torch, when it is called.
"""

from __future__ import annotations

from songkit.generate.diffrhythm.style.clip import heard, inspect
from songkit.generate.diffrhythm.style.embed import embed
from songkit.generate.diffrhythm.style.parts import Part, Recording, Style, Words, parse

__all__ = ["Part", "Recording", "Style", "Words", "embed", "heard", "inspect", "parse"]
