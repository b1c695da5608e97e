"""Vorbis comments, as they stand in FLAC, Ogg Vorbis and Opus."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from songkit.tags.model import Picture, Tags, gathered

_PICTURE = "metadata_block_picture"
_OLD_PICTURE = "coverart"


def from_comments(comments: Any, pictures: list[Any]) -> Tags:
    """Fields of mutagen's comments, and the pictures: FLAC has blocks of its own, Ogg hides them in a comment."""
    from mutagen.flac import FLACNoHeaderError
    from mutagen.flac import Picture as Block
    from mutagen.flac import error as flac_error

    pairs, notes = [], []
    blocks = list(pictures)
    for name, text in comments or ():
        if name.lower() == _PICTURE:
            try:
                blocks.append(Block(base64.b64decode(text, validate=False)))
            except (binascii.Error, flac_error, FLACNoHeaderError, ValueError, TypeError):
                notes.append("a picture in the tags cannot be read")
        elif name.lower() not in (_OLD_PICTURE, "coverartmime"):
            pairs.append((name, [text]))
    carried = tuple(Picture(block.data, block.mime, int(block.type), block.desc) for block in blocks)
    return Tags(gathered(pairs), carried, tuple(notes))


def to_comments(tags: Tags, comments: Any, keep: tuple[str, ...] = ()) -> None:
    """Replaces the fields; those named in `keep` stay."""
    kept = [(name, text) for name, text in comments if name.lower() in keep]
    comments.clear()
    comments.extend(kept)
    for name, values in tags.fields.items():
        comments.extend((_allowed(name).upper(), text) for text in values)


def block(picture: Picture) -> Any:
    """FLAC's picture block."""
    from mutagen.flac import Picture as Block

    made: Any = Block()
    made.data, made.mime, made.type, made.desc = picture.data, picture.mime, picture.kind, picture.description
    return made


def picture_comment(picture: Picture) -> tuple[str, str]:
    """The same block as the comment in which Ogg carries it."""
    return _PICTURE.upper(), base64.b64encode(block(picture).write()).decode("ascii")


def _allowed(name: str) -> str:
    """Field names are printable ASCII without `=` (Vorbis I, comment field specification)."""
    return "".join(mark if " " <= mark <= "}" and mark != "=" else "_" for mark in name) or "_"
