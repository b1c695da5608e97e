"""The vowel of "floor" apart from the vowel of "for", which espeak-ng 1.52 writes alike.

Up to 1.51 it wrote oːɹ for the one and ɔːɹ for the other; the model has a token for each, and has learnt them so. The
mnemonics still tell them apart (o@ and O@): where the vowels of both readings match, the difference comes back.
"""

from __future__ import annotations

import ctypes
import re
from functools import cache

from songkit.generate.diffrhythm.words.marks import MARKS

# espeak-ng's speak_lib.h
_SYNCHRONOUS = 2
_UTF8 = 1
_MNEMONICS = 0

_CLAUSES = re.compile(rf"[{re.escape(MARKS)}]+")
_OPEN_VOWEL = re.compile("O:|O@|o@")


def told_apart(phones: str, spoken: str) -> str:
    """The phones of a text with oː for the ɔː of "floor"; as they were where the two readings do not match."""
    vowels = [vowel for clause in _CLAUSES.split(spoken) for vowel in _OPEN_VOWEL.findall(_mnemonics(clause))]
    pieces = phones.split("ɔː")
    if "o@" not in vowels or len(vowels) != len(pieces) - 1:
        return phones
    written = ["oː" if vowel == "o@" else "ɔː" for vowel in vowels]
    return pieces[0] + "".join(vowel + piece for vowel, piece in zip(written, pieces[1:], strict=True))


def _mnemonics(clause: str) -> str:
    rest = ctypes.c_char_p(clause.encode())
    read: list[str] = []
    while rest.value:
        phones = _library().espeak_TextToPhonemes(ctypes.byref(rest), _UTF8, _MNEMONICS)
        read.append((phones or b"").decode("utf-8", "replace"))
    return " ".join(read)


@cache
def _library() -> ctypes.CDLL:
    """An espeak-ng of our own: phonemizer works on a copy of the library file, so the two do not disturb each other."""
    import espeakng_loader

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    library.espeak_TextToPhonemes.restype = ctypes.c_char_p
    library.espeak_TextToPhonemes.argtypes = [ctypes.POINTER(ctypes.c_char_p), ctypes.c_int, ctypes.c_int]
    library.espeak_Initialize(_SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), 0)
    library.espeak_SetVoiceByName(b"en-us")
    return library
