"""Words for DiffRhythm: lines of lyrics to token ids on the frame axis, as the published front end makes them.

    placement     where each line begins, what pushes what, what the end cuts: `place`
    findings      what will not be heard as written
    line          a line to ids: its runs, and what of it has no sound
    segments      which characters are English, Mandarin, or neither
    spelling, number_words, english, rhotics           English: text as it is spoken, espeak-ng, the merging of sounds
    mandarin, readings, polyphones, sandhi, syllables  Mandarin: numbers, words, readings, tones, the 429 x 5 table
    marks, symbols                                     punctuation, and the vocabulary

phonemizer, jieba, cn2an and pypinyin are imported when a text needs them. Each run of English is spoken by espeak-ng
1.52, whose ids equal those of 1.51 by `rhotics`; Mandarin is read by the published lexicon and polyphone model where
they are, else by pypinyin, which is named.
"""

from __future__ import annotations

from songkit.generate.diffrhythm.words.findings import Finding
from songkit.generate.diffrhythm.words.line import Pronounced
from songkit.generate.diffrhythm.words.placement import Placed, PlacedLine, place

__all__ = ["Finding", "Placed", "PlacedLine", "Pronounced", "place"]
