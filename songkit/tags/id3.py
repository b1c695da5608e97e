"""ID3v2 frames, as they stand in MP3, WAV and AIFF."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from songkit.tags.model import Picture, Tags, gathered, numbered

# ID3v2.4 "native frames" by field name.
_FRAMES = {
    "title": "TIT2",
    "subtitle": "TIT3",
    "grouping": "TIT1",
    "artist": "TPE1",
    "albumartist": "TPE2",
    "conductor": "TPE3",
    "remixer": "TPE4",
    "album": "TALB",
    "date": "TDRC",
    "originaldate": "TDOR",
    "genre": "TCON",
    "composer": "TCOM",
    "lyricist": "TEXT",
    "copyright": "TCOP",
    "publisher": "TPUB",
    "isrc": "TSRC",
    "bpm": "TBPM",
    "initialkey": "TKEY",
    "language": "TLAN",
    "mood": "TMOO",
    "compilation": "TCMP",
    "titlesort": "TSOT",
    "artistsort": "TSOP",
    "albumsort": "TSOA",
    "albumartistsort": "TSO2",
    "composersort": "TSOC",
}
_NAMES = {frame: name for name, frame in _FRAMES.items()}
_MUSICBRAINZ = "http://musicbrainz.org"


def from_id3(id3: Any) -> Tags:
    """Fields and pictures of mutagen's ID3; frames that hold neither text nor a picture are named in the notes."""
    pairs, pictures, dropped = [], [], set()
    for frame in id3.values():
        if frame.FrameID == "APIC":
            pictures.append(Picture(frame.data, frame.mime, int(frame.type), frame.desc))
            continue
        pair = _text(frame)
        if pair is not None:
            pairs.append(pair)
        elif frame.FrameID not in ("RVA2", "RGAD", "RVAD", "MCDI", "TLEN"):
            dropped.add(frame.FrameID)
    notes = (f"tags not carried: {', '.join(sorted(dropped))}",) if dropped else ()
    return Tags(gathered(pairs), tuple(pictures), notes)


def to_id3(tags: Tags, id3: Any) -> None:
    """Puts the tags into an empty ID3 of mutagen."""
    from mutagen import id3 as frames

    for frame in _frames(tags):
        id3.add(frame)
    for picture in tags.pictures:
        id3.add(frames.APIC(3, picture.mime, picture.kind, picture.description, picture.data))


def _text(frame: Any) -> tuple[str, list[str]] | None:
    if frame.FrameID == "TCON":
        return "genre", frame.genres
    if frame.FrameID == "TXXX":
        return frame.desc or "txxx", list(frame.text)
    if frame.FrameID == "COMM":
        # iTunes hides numbers in comments with a description; the comment itself has none
        return (frame.desc.lower() if frame.desc else "comment"), list(frame.text)
    if frame.FrameID == "USLT":
        return "lyrics", [frame.text]
    if frame.FrameID == "UFID" and frame.owner == _MUSICBRAINZ:
        return "musicbrainz_trackid", [frame.data.decode("ascii", "replace")]
    if frame.FrameID == "TRCK":
        return "tracknumber", list(frame.text)
    if frame.FrameID == "TPOS":
        return "discnumber", list(frame.text)
    if frame.FrameID[0] == "T":
        return _NAMES.get(frame.FrameID, frame.FrameID), [str(text) for text in frame.text]
    if frame.FrameID[0] == "W" and frame.FrameID != "WXXX":
        return frame.FrameID, [frame.url]
    return None


def _frames(tags: Tags) -> Iterator[Any]:
    from mutagen import id3 as frames

    for frame, number, total in (("TRCK", "tracknumber", "tracktotal"), ("TPOS", "discnumber", "disctotal")):
        text = numbered(tags.fields, number, total)
        if text:
            yield frames.Frames[frame](3, [text])
    for name, values in tags.fields.items():
        known = _FRAMES.get(name, name.upper())
        kind = frames.Frames.get(known)
        if name in ("tracknumber", "tracktotal", "discnumber", "disctotal"):
            continue
        if name == "comment":
            yield frames.COMM(3, "eng", "", list(values))
        elif name == "lyrics":
            yield frames.USLT(3, "eng", "", "\n".join(values))
        elif name == "musicbrainz_trackid":
            yield frames.UFID(_MUSICBRAINZ, values[0].encode("ascii", "replace"))
        elif kind is not None and issubclass(kind, frames.UrlFrame) and kind is not frames.WXXX:
            yield kind(values[0])
        elif kind is not None and issubclass(kind, frames.TextFrame) and kind not in (frames.TXXX, frames.COMM):
            yield kind(3, list(values))
        else:
            yield frames.TXXX(3, name.upper(), list(values))
