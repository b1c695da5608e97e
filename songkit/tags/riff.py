"""The `LIST INFO` chunk of a WAV: what DAWs write where others write ID3."""

from __future__ import annotations

from pathlib import Path

from songkit.tags.model import Tags, gathered
from songkit.wave import read_list_info

# Microsoft, "Multimedia Programming Interface and Data Specifications 1.0", INFO list chunk.
_NAMES = {
    "INAM": "title",
    "IART": "artist",
    "IPRD": "album",
    "ICRD": "date",
    "IGNR": "genre",
    "ICMT": "comment",
    "ICOP": "copyright",
    "ITRK": "tracknumber",
    "IPRT": "tracknumber",
    "IMUS": "composer",
    "ILNG": "language",
}


def from_info(path: Path) -> Tags:
    """Fields of the INFO chunk whose meaning is known; UTF-8, or Latin-1 where it is not."""
    with path.open("rb") as handle:
        found = read_list_info(handle)
    pairs = [(_NAMES[name], [_text(value)]) for name, value in found if name in _NAMES]
    return Tags(gathered(pairs))


def _text(value: bytes) -> str:
    value = value.partition(b"\0")[0]
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")
