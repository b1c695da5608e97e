"""Tags and covers: from any container to any, unknown fields too; stale ones stay behind; damage is a note."""

from __future__ import annotations

import errno
import itertools
import struct
from pathlib import Path

import pytest

from songkit.audio import Encoding, Format
from songkit.errors import OutputError
from songkit.files import AudioWriter, open_source
from songkit.files.containers import CONTAINERS
from songkit.tags import Picture, Tags, read_tags, write_tags
from tests import signals

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c636000000200"
    "0001e221bc330000000049454e44ae426082"
)
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(60)
NAMES = sorted(CONTAINERS)
TAGS = Tags(
    {
        "title": ("Brücke 橋",),
        "artist": ("A", "B"),
        "album": ("=;:'\"\\",),
        "albumartist": ("C",),
        "tracknumber": ("3",),
        "tracktotal": ("12",),
        "discnumber": ("1",),
        "date": ("2024-05-01",),
        "genre": ("Jazz",),
        "composer": ("D",),
        "comment": ("two\nlines",),
        "lyrics": ("la\nla",),
        "bpm": ("92",),
        "isrc": ("DEA123456789",),
        "compilation": ("1",),
        "copyright": ("E",),
        "mood": ("calm",),
        "my own field": ("kept",),
        "their_seed": ("9223372036854775807",),
    },
    (Picture(PNG, "image/png", 3, ""),),
)


def empty(path: Path) -> Path:
    name = path.suffix[1:]
    encoding = Encoding(name, 16 if CONTAINERS[name].depths else None)  # type: ignore[arg-type,index]
    with AudioWriter(path, Format(48_000), encoding) as file:
        file.push(signals.noise(seconds=0.1).samples)
        file.commit()
    return path


@pytest.mark.parametrize("name", NAMES)
def test_everything_comes_back_and_the_audio_stays(name: str, tmp_path: Path) -> None:
    path = empty(tmp_path / f"a.{name}")
    before = [block.tobytes() for block in open_source(path).blocks()]
    assert write_tags(path, TAGS) == ()
    back = read_tags(path)
    assert dict(back.fields) == dict(TAGS.fields)
    assert back.pictures == TAGS.pictures
    assert back.notes == ()
    assert [block.tobytes() for block in open_source(path).blocks()] == before


@pytest.mark.parametrize(("source", "target"), list(itertools.permutations(["mp3", "flac", "opus", "m4a"], 2)))
def test_carried_from_any_to_any(source: str, target: str, tmp_path: Path) -> None:
    first, second = empty(tmp_path / f"a.{source}"), empty(tmp_path / f"b.{target}")
    write_tags(first, TAGS)
    write_tags(second, read_tags(first))
    assert read_tags(second) == read_tags(first)


@pytest.mark.parametrize("name", NAMES)
def test_tags_are_replaced_not_added(name: str, tmp_path: Path) -> None:
    path = empty(tmp_path / f"a.{name}")
    write_tags(path, TAGS)
    write_tags(path, Tags({"title": ("only",)}))
    assert read_tags(path) == Tags({"title": ("only",)})


def test_extra_fields() -> None:
    tags = Tags({"title": ("a",)}).with_extra({"SONGKIT_CHAIN": "radio", "Title": "b"})
    assert tags.fields == {"title": ("b",), "songkit_chain": ("radio",)}
    assert (tags.get("title"), tags.get("nothing", "-")) == ("b", "-")
    assert not Tags()


@pytest.mark.parametrize("name", ["mp3", "flac", "ogg", "m4a"])
def test_what_describes_the_old_bytes_is_left_behind(name: str, tmp_path: Path) -> None:
    path = empty(tmp_path / f"a.{name}")
    stale = {
        "replaygain_track_gain": ("-9 dB",),
        "REPLAYGAIN_ALBUM_PEAK": ("1.1",),
        "r128_track_gain": ("256",),
        "encoder": ("Lavf",),
        "itunsmpb": ("000",),
    }
    write_tags(path, Tags({**stale, "title": ("kept",)}))
    assert read_tags(path).fields == {"title": ("kept",)}


def test_frames_of_id3_that_are_no_text_are_named(tmp_path: Path) -> None:
    from mutagen.id3 import ID3, PRIV, RVA2, TIT2, UFID, WOAR

    path = empty(tmp_path / "a.mp3")
    id3 = ID3()
    id3.add(TIT2(3, ["t"]))
    id3.add(PRIV("me", b"x"))
    id3.add(RVA2("track", 1, -3.0, 1.0))
    id3.add(UFID("http://musicbrainz.org", b"abc"))
    id3.add(WOAR("http://example.org"))
    id3.save(path)
    tags = read_tags(path)
    assert tags.get("title") == "t"
    assert tags.get("musicbrainz_trackid") == "abc"
    assert tags.notes == ("tags not carried: PRIV",)
    write_tags(path, tags)
    assert ID3(path)["WOAR:http://example.org"].url == "http://example.org"
    assert ID3(path)["UFID:http://musicbrainz.org"].data == b"abc"


def test_list_info_of_a_wav_is_read(tmp_path: Path) -> None:
    path = empty(tmp_path / "a.wav")
    entries = b"INAM" + struct.pack("<I", 5) + "für\0".encode() + b"\0" + b"IART" + struct.pack("<I", 4) + b"m\xfc\0\0"
    chunk = b"LIST" + struct.pack("<I", 4 + len(entries)) + b"INFO" + entries
    data = path.read_bytes() + chunk
    path.write_bytes(data[:4] + struct.pack("<I", len(data) - 8) + data[8:])
    assert read_tags(path).fields == {"title": ("für",), "artist": ("mü",)}


def test_the_layout_of_a_flac_survives_its_tags(tmp_path: Path) -> None:
    import numpy as np

    path = tmp_path / "a.flac"
    layout = ("FL", "FR", "FC", "LFE", "SL", "SR")
    with AudioWriter(path, Format(48_000, layout), Encoding("flac", 16)) as file:
        file.push(np.zeros((6, 1_000), np.float32))
        file.close()
        write_tags(file.temporary, TAGS)
        file.commit()
    assert open_source(path).format.layout == layout
    assert read_tags(path).fields == TAGS.fields


def test_damaged_tags_are_a_note_and_the_audio_is_read(tmp_path: Path) -> None:
    path = empty(tmp_path / "a.mp3")
    frames = open_source(path).frames
    broken = b"ID3\x04\x00\x80\x00\x00\x00\x20TIT2\x7f\x7f\x7f\x7f\xff\xff" + bytes(22)
    path.write_bytes(broken + path.read_bytes())
    assert not read_tags(path)
    assert open_source(path).frames == frames
    nothing = tmp_path / "b.flac"
    nothing.write_bytes(b"fLaC" + bytes(20))
    assert "cannot be read" in read_tags(nothing).notes[0]
    assert read_tags(tmp_path / "missing.mp3").notes != ()


def test_covers_that_a_container_has_no_place_for(tmp_path: Path) -> None:
    path = empty(tmp_path / "a.m4a")
    notes = write_tags(path, Tags(pictures=(Picture(JPEG), Picture(b"GIF89a", "image/gif"))))
    assert notes == ("m4a has no place for a picture of type image/gif",)
    assert read_tags(path).pictures == (Picture(JPEG),)


def test_a_long_wav_holds_the_same_tags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("songkit.files.sinks.RIFF_LIMIT_BYTES", 1_000)
    path = empty(tmp_path / "a.wav")
    assert path.read_bytes()[:4] == b"RF64"
    before = [block.tobytes() for block in open_source(path).blocks()]
    for tags in (TAGS, Tags(), TAGS):
        assert write_tags(path, tags) == ()
        assert (read_tags(path).fields, read_tags(path).pictures) == (tags.fields, tags.pictures)
        assert [block.tobytes() for block in open_source(path).blocks()] == before
        data = path.read_bytes()
        assert int.from_bytes(data[20:28], "little") == len(data) - 8


def test_a_plain_wav_without_room_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = empty(tmp_path / "a.wav")
    before = path.read_bytes()
    monkeypatch.setattr("songkit.tags.wav.RIFF_LIMIT_BYTES", len(before) + 10)
    assert write_tags(path, TAGS) == ("a plain WAV of 4 GB has no room for tags",)
    assert path.read_bytes() == before


def test_files_that_hold_no_tags_say_so(tmp_path: Path) -> None:
    path = tmp_path / "a.w64"
    path.write_bytes(b"riff\x2e\x91\xcf\x11" + bytes(100))
    assert len(write_tags(path, TAGS)) == 1
    assert write_tags(path, Tags()) == ()


@pytest.mark.parametrize("name", ["mp3", "flac"])
def test_a_full_disk_while_tagging_is_an_output_error(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mutagen.flac
    import mutagen.mp3

    def full(*_: object, **__: object) -> None:
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError as error:
            raise mutagen.MutagenError(error) from error

    path = empty(tmp_path / f"a.{name}")
    monkeypatch.setattr(mutagen.flac.FLAC if name == "flac" else mutagen.mp3.MP3, "save", full)
    with pytest.raises(OutputError, match="no space left"):
        write_tags(path, TAGS)
