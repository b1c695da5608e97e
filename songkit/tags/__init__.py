"""Tags and cover art from any container that has them to any that can hold them.

What describes the old bytes instead of the music (ReplayGain, encoder, gapless numbers, how songkit made them) is left
behind.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from songkit.atomic import output_error
from songkit.errors import OutputError
from songkit.files.sniff import sniff
from songkit.tags.id3 import from_id3, to_id3
from songkit.tags.model import Picture, Tags
from songkit.tags.mp4 import from_atoms, to_atoms
from songkit.tags.replaygain import Gains, gain_fields, read_gains
from songkit.tags.vorbis import block, from_comments, picture_comment, to_comments
from songkit.tags.wav import read_wav_tags, write_wav_tags

if TYPE_CHECKING:
    from mutagen import FileType

__all__ = ["Gains", "Picture", "Tags", "gain_fields", "read_gains", "read_tags", "write_tags"]

# Says which speakers the channels are for; `AudioWriter` has written it.
_LAYOUT_FIELD = "waveformatextensible_channel_mask"
_LARGEST_PICTURE_BYTES = 2**24 - 64
"""A FLAC block has a 24-bit size."""


def read_tags(path: Path | str, *, stale: bool = False) -> Tags:
    """What a file says about its music. Damaged tags are a note, never an error; no tags are empty ones.

    `stale` keeps what describes the bytes of this very file, too: gains, encoder, gapless numbers.
    """
    import mutagen

    path = Path(path)
    try:
        if _is_wav(path):
            found = read_wav_tags(path)
        else:
            tagged = _tagged(path)
            found = Tags() if tagged is None else _read(tagged)
        return found if stale else found.of_the_music()
    except (
        mutagen.MutagenError, OSError, ValueError, IndexError, KeyError, TypeError, AttributeError, RecursionError,
    ) as error:  # fmt: skip
        # mutagen meets damage with all of these
        return Tags(notes=(f"the tags cannot be read: {_reason(error)}",))


def write_tags(path: Path | str, tags: Tags) -> tuple[str, ...]:
    """Replaces the tags of a file that songkit wrote; returns one note for each thing it could not hold.

    Raises OutputError when writing fails half-way: the audio may then be damaged, too.
    """
    import mutagen

    path = Path(path)
    try:
        if _is_wav(path):
            return write_wav_tags(path, tags)
        tagged = _tagged(path)
        if tagged is None:
            return (f"{path.suffix or 'this'} files of this kind hold no tags",) if tags else ()
        return _write(path, tagged, tags)
    except OSError as error:
        raise output_error(path, error) from error
    except (mutagen.MutagenError, ValueError) as error:
        cause = error.__context__
        if isinstance(cause, OSError):
            raise output_error(path, cause) from error
        raise OutputError(f"{path}: the tags cannot be written: {_reason(error)}") from error


def _tagged(path: Path) -> FileType | None:
    """mutagen's view of a file that is no WAV, chosen by content; None where it knows none."""
    from mutagen.aiff import AIFF
    from mutagen.flac import FLAC
    from mutagen.mp3 import MP3
    from mutagen.mp4 import MP4
    from mutagen.oggopus import OggOpus
    from mutagen.oggvorbis import OggVorbis

    with path.open("rb") as handle:
        kind = sniff(handle)
    classes: dict[str, Any] = {
        "aiff": AIFF, "flac": FLAC, "ogg": OggVorbis, "opus": OggOpus, "mp3": MP3, "m4a": MP4,
    }  # fmt: skip
    known = None if kind is None else classes.get(kind.container)
    return None if known is None else known(path)


def _is_wav(path: Path) -> bool:
    with path.open("rb") as handle:
        head = handle.read(12)
    return head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:] == b"WAVE"


def _read(tagged: Any) -> Tags:
    family = type(tagged).__name__
    if family == "FLAC":
        return from_comments(tagged.tags, tagged.pictures)
    if family.startswith("Ogg"):
        return from_comments(tagged.tags, [])
    if family == "MP4":
        return from_atoms(tagged.tags)
    return from_id3(tagged.tags) if tagged.tags else Tags()


def _write(path: Path, tagged: Any, tags: Tags) -> tuple[str, ...]:
    family = type(tagged).__name__
    if tagged.tags is None:
        if not tags:
            return ()
        tagged.add_tags()
    notes: tuple[str, ...] = ()
    if family == "FLAC" or family.startswith("Ogg"):
        notes = _write_comments(tagged, tags)
    elif family == "MP4":
        notes = to_atoms(tags, tagged.tags)
    else:
        tagged.tags.clear()
        to_id3(tags, tagged.tags)
    tagged.save(path)
    return notes


def _write_comments(tagged: Any, tags: Tags) -> tuple[str, ...]:
    to_comments(tags, tagged.tags, keep=(_LAYOUT_FIELD,))
    fitting = [picture for picture in tags.pictures if len(picture.data) < _LARGEST_PICTURE_BYTES]
    if hasattr(tagged, "clear_pictures"):
        tagged.clear_pictures()
        for picture in fitting:
            tagged.add_picture(block(picture))
    else:
        tagged.tags.extend(picture_comment(picture) for picture in fitting)
    dropped = len(tags.pictures) - len(fitting)
    return (f"{dropped} pictures of 16 MB and more were left out",) if dropped else ()


def _reason(error: BaseException) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
