"""MP4 metadata atoms, as they stand in M4A."""

from __future__ import annotations

from typing import Any

from songkit.tags.model import Picture, Tags, gathered

_ATOMS = {
    "title": "\xa9nam",
    "artist": "\xa9ART",
    "albumartist": "aART",
    "album": "\xa9alb",
    "date": "\xa9day",
    "genre": "\xa9gen",
    "composer": "\xa9wrt",
    "comment": "\xa9cmt",
    "description": "desc",
    "lyrics": "\xa9lyr",
    "grouping": "\xa9grp",
    "copyright": "cprt",
    "titlesort": "sonm",
    "artistsort": "soar",
    "albumsort": "soal",
    "albumartistsort": "soaa",
    "composersort": "soco",
}
_NAMES = {atom: name for name, atom in _ATOMS.items()}
_FREE = "----:com.apple.iTunes:"
_NUMBERS = (("trkn", "tracknumber", "tracktotal"), ("disk", "discnumber", "disctotal"))


def from_atoms(atoms: Any) -> Tags:
    """Fields and covers of mutagen's MP4 tags; a shop's own numbers and flags stay behind."""
    pairs: list[tuple[str, list[str]]] = []
    for atom, values in (atoms or {}).items():
        if atom.startswith("----:"):
            pairs.append((atom.rpartition(":")[2], [bytes(value).decode("utf-8", "replace") for value in values]))
        elif atom in _NAMES:
            pairs.append((_NAMES[atom], list(values)))
        elif atom == "tmpo":
            pairs.append(("bpm", [str(value) for value in values]))
        elif atom == "cpil":
            pairs.append(("compilation", ["1"] if values else []))
    for atom, number, total in _NUMBERS:
        for first, last in (atoms or {}).get(atom, [])[:1]:
            pairs += [(number, [str(first)] if first else []), (total, [str(last)] if last else [])]
    covers = tuple(Picture(bytes(cover), _mime(cover)) for cover in (atoms or {}).get("covr", []))
    return Tags(gathered(pairs), covers)


def to_atoms(tags: Tags, atoms: Any) -> tuple[str, ...]:
    """Replaces the tags of an MP4; returns what could not be put in."""
    from mutagen.mp4 import MP4Cover, MP4FreeForm

    atoms.clear()
    rest = dict(tags.fields)
    for atom, number, total in _NUMBERS:
        pair = tuple(_whole(rest.pop(name, ("",))[0]) for name in (number, total))
        if any(pair):
            atoms[atom] = [pair]
    tempo = _whole(rest.get("bpm", ("",))[0])
    if tempo:  # the atom holds whole numbers: 92.5 goes the free way
        atoms["tmpo"] = [tempo]
        del rest["bpm"]
    if rest.pop("compilation", ("",))[0] == "1":
        atoms["cpil"] = True
    for name, values in rest.items():
        if name in _ATOMS:
            atoms[_ATOMS[name]] = list(values)
        else:
            atoms[_FREE + name.upper()] = [MP4FreeForm(value.encode("utf-8")) for value in values]
    formats = {"image/jpeg": MP4Cover.FORMAT_JPEG, "image/jpg": MP4Cover.FORMAT_JPEG, "image/png": MP4Cover.FORMAT_PNG}
    fitting = [picture for picture in tags.pictures if picture.mime in formats]
    if fitting:
        atoms["covr"] = [MP4Cover(picture.data, formats[picture.mime]) for picture in fitting]
    return tuple(
        f"m4a has no place for a picture of type {picture.mime}" for picture in tags.pictures if picture not in fitting
    )


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and int(text) < 2**16 else 0


def _mime(cover: Any) -> str:
    from mutagen.mp4 import MP4Cover

    return "image/png" if cover.imageformat == MP4Cover.FORMAT_PNG else "image/jpeg"
