"""The child process that speaks: espeak-ng through ctypes, monotone, with the place of every phoneme.

Run as `python -m songkit.generate.sketch.espeak` with a JSON list of `{"text", "language"}` on stdin and the output
path as argument. espeak-ng keeps hidden state from call to call, so a fresh process that speaks the same lines in the
same order is the only way to the same samples (with the random seed set).
"""

from __future__ import annotations

import ctypes
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

SPOKEN_HZ = 180
"""The monotone's pitch: espeak_ng_SetConstF0 keeps to it within 0.3 Hz."""

# espeak-ng's speak_lib.h
_SYNCHRONOUS = 2
_PHONEME_EVENTS_NO_EXIT = 0x8001
_UTF8 = 1
_CHARACTERS = 1
_RATE, _VOLUME = 1, 2
_EVENT_END, _EVENT_PHONEME = 0, 7

WORDS_PER_MINUTE = 150
# At the default of 100 loud vowels reach the end of 16 bits.
VOLUME_PERCENT = 70


class _Id(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    )


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


class _Speaker:
    """One espeak-ng library, set to monotone."""

    def __init__(self) -> None:
        import espeakng_loader

        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        data_path = espeakng_loader.get_data_path().encode()
        self.sample_rate = int(self._library.espeak_Initialize(_SYNCHRONOUS, 0, data_path, _PHONEME_EVENTS_NO_EXIT))
        self._chunks: list[npt.NDArray[np.int16]] = []
        self._phonemes: list[tuple[int, str]] = []
        self._callback = _CALLBACK(self._take)  # kept: the library holds only the address
        self._library.espeak_SetSynthCallback(self._callback)
        self._library.espeak_ng_SetRandSeed(ctypes.c_long(1))
        self._library.espeak_ng_SetConstF0(SPOKEN_HZ)
        self._library.espeak_SetParameter(_RATE, WORDS_PER_MINUTE, 0)
        self._library.espeak_SetParameter(_VOLUME, VOLUME_PERCENT, 0)

    def _take(self, samples: Any, count: int, events: Any) -> int:
        if samples and count:
            self._chunks.append(np.ctypeslib.as_array(samples, (count,)).copy())
        index = 0
        while events[index].type != _EVENT_END:
            if events[index].type == _EVENT_PHONEME:
                name = events[index].id.string.decode("utf-8", "replace")
                self._phonemes.append((int(events[index].sample), name))
            index += 1
        return 0

    def say(self, text: str, language: str) -> tuple[npt.NDArray[np.int16], list[tuple[int, str]]]:
        """Samples of a line, and (first sample, mnemonic) of each phoneme."""
        self._chunks, self._phonemes = [], []
        self._library.espeak_SetVoiceByName(language.encode())
        data = text.encode() + b"\0"
        self._library.espeak_Synth(data, len(data), 0, _CHARACTERS, 0, _UTF8, None, None)
        return np.concatenate([np.zeros(0, np.int16), *self._chunks]), self._phonemes


def main() -> None:
    speaker = _Speaker()
    arrays: dict[str, npt.NDArray[Any]] = {"sample_rate": np.array(speaker.sample_rate)}
    for number, line in enumerate(json.load(sys.stdin)):
        samples, phonemes = speaker.say(line["text"], line["language"])
        arrays[f"samples_{number}"] = samples
        arrays[f"starts_{number}"] = np.array([start for start, _ in phonemes], dtype=np.int64)
        arrays[f"names_{number}"] = np.array([name for _, name in phonemes], dtype="U8")
    with Path(sys.argv[1]).open("wb") as handle:
        np.savez(handle, **arrays)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
