"""The checksum of a FLAC: the MD5 of all its samples, which decoders that read in blocks do not look at.

Source: RFC 9639, 8.2 (STREAMINFO).
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from songkit.audio import Samples
from songkit.files.mpeg import audio_start

_MD5_AT = 26
_NOT_KNOWN = bytes(16)


class Md5:
    """Takes every block of a pass, and says at its end whether they are what was encoded."""

    def __init__(self, told: bytes, bits: int) -> None:
        self._told, self._bits = told, bits
        self._found = hashlib.md5(usedforsecurity=False)

    def push(self, block: Samples) -> None:
        from songkit.dsp.pcm import encode

        raw, _ = encode(block, self._bits)
        self._found.update(raw.data)

    def fits(self) -> bool:
        return self._found.digest() == self._told


def md5_of(path: Path, bits: int | str | None) -> Md5 | None:
    """For samples of 16 or 24 bits (float32 holds no more) in a file whose encoder has written a checksum."""
    if bits not in (16, 24):
        return None
    with path.open("rb") as handle:
        handle.seek(audio_start(handle) + _MD5_AT)
        told = handle.read(16)
    return Md5(told, int(bits)) if len(told) == 16 and told != _NOT_KNOWN else None
