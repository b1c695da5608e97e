"""What is written about the music in a file: fields and pictures, the same for every container."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

# Left behind: what describes the old file's level, length or encoder and is wrong of the new one.
_STALE = {
    "encoder", "encodersettings", "encoded_by", "encodingtime", "itunnorm", "itunsmpb", "itunpgap", "length", "tlen",
    "tsse", "tsiz", "waveformatextensible_channel_mask", "r128_track_gain", "r128_album_gain", "accurateripdiscid",
}  # fmt: skip
_STALE_STARTS = ("replaygain_", "mp3gain_", "lufs_", "accuraterip", "songkit_")

OWN_STARTS = ("songkit_", "ai_", "digitalsourcetype")
"""How the fields begin that say how a file came about (`songkit.provenance`)."""

_SAME: Mapping[str, str] = {
    "album artist": "albumartist",
    "album_artist": "albumartist",
    "year": "date",
    "unsyncedlyrics": "lyrics",
    "unsynced lyrics": "lyrics",
    "totaltracks": "tracktotal",
    "totaldiscs": "disctotal",
    "track": "tracknumber",
    "disc": "discnumber",
    "organization": "publisher",
    "tempo": "bpm",
}


@dataclass(frozen=True, slots=True)
class Picture:
    """Cover art: the encoded image, its MIME type, and ID3's number for what it shows (3: front cover)."""

    data: bytes
    mime: str = "image/jpeg"
    kind: int = 3
    description: str = ""


@dataclass(frozen=True, slots=True)
class Tags:
    """Fields by lower-case name (`title`, `artist`, `tracknumber`, ... or any other), each with its values.

    `notes` says what could not be read.
    """

    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pictures: tuple[Picture, ...] = ()
    notes: tuple[str, ...] = ()

    def get(self, name: str, default: str = "") -> str:
        """The first value of a field."""
        values = self.fields.get(canonical(name))
        return values[0] if values else default

    def with_extra(self, extra: Mapping[str, str]) -> Tags:
        """These tags with more fields; a field of the same name is replaced."""
        return replace(self, fields={**self.fields, **{canonical(name): (text,) for name, text in extra.items()}})

    def of_the_music(self) -> Tags:
        """These tags without what describes the bytes they came with."""
        return replace(self, fields={name: values for name, values in self.fields.items() if not is_stale(name)})

    def __bool__(self) -> bool:
        return bool(self.fields or self.pictures)


def canonical(name: str) -> str:
    """The one name of a field that goes by several."""
    plain = name.strip().lower()
    return _SAME.get(plain, plain)


def is_stale(name: str) -> bool:
    """Whether a field describes the old bytes rather than the music: ReplayGain, encoder, gapless data."""
    return name in _STALE or name.startswith(_STALE_STARTS)


def gathered(pairs: Iterable[tuple[str, Iterable[str]]]) -> dict[str, tuple[str, ...]]:
    """Fields by canonical name, `3/12` split into number and total, empty ones left out."""
    fields: dict[str, tuple[str, ...]] = {}
    for name, values in pairs:
        key = canonical(name)
        texts = tuple(text for text in (str(value).strip("\0") for value in values) if text)
        if not texts:
            continue
        for number, total in (("tracknumber", "tracktotal"), ("discnumber", "disctotal")):
            if key == number and "/" in texts[0]:
                first, _, rest = texts[0].partition("/")
                texts = (first.strip(),)
                if rest.strip():
                    fields[total] = (rest.strip(),)
        fields[key] = (*fields.get(key, ()), *(text for text in texts if text not in fields.get(key, ())))
    return {key: values for key, values in fields.items() if values and values != ("",)}


def numbered(fields: Mapping[str, tuple[str, ...]], number: str, total: str) -> str:
    """`3/12` again, `3` without a total, or nothing."""
    first = fields.get(number, ("",))[0]
    rest = fields.get(total, ("",))[0]
    if first and rest:
        return f"{first}/{rest}"
    return first or (f"0/{rest}" if rest else "")
