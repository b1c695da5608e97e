"""Files that are not what they say: refused in one clear line, or read as far as they go with a note."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import numpy as np
import pytest

from songkit import ffmpeg
from songkit.audio import Audio, Encoding
from songkit.errors import InputError
from songkit.files import AudioWriter, open_source, read_audio
from songkit.files.containers import CONTAINERS
from tests import signals


def whole(path: Path, audio: Audio, bit_depth: int = 16) -> bytes:
    name = path.suffix[1:]
    depth = bit_depth if CONTAINERS[name].depths else None  # type: ignore[index]
    with AudioWriter(path, audio.format, Encoding(name, depth), frames=audio.frames) as file:  # type: ignore[arg-type]
        file.push(audio.samples)
        file.commit()
    return path.read_bytes()


def wav(
    channels: int = 2,
    sample_rate: int = 48_000,
    bits: int = 16,
    tag: int = 1,
    data_bytes: int = 400,
    claimed: int | None = None,
    before: bytes = b"",
) -> bytes:
    align = channels * bits // 8 & 0xFFFF
    rate = sample_rate * align & 0xFFFFFFFF
    body = b"WAVE" + before + b"fmt " + struct.pack("<IHHIIHH", 16, tag, channels, sample_rate, rate, align, bits)
    body += b"data" + struct.pack("<I", data_bytes if claimed is None else claimed) + bytes(data_bytes)
    return b"RIFF" + struct.pack("<I", len(body)) + body


RF64 = (
    b"RF64\xff\xff\xff\xffWAVEds64"
    + struct.pack("<IQQQI", 28, 2**62, 2**62, 2**60, 0)
    + b"fmt "
    + struct.pack("<IHHIIHH", 16, 1, 2, 48_000, 192_000, 4, 16)
    + b"data\xff\xff\xff\xff"
    + bytes(1_000)
)

REFUSED = {
    "zero bytes": (b"", "empty"),
    "text": (b"hello, I am no music\n" * 50, "not audio"),
    "a playlist": (b"#EXTM3U\nhttp://example.org/a.mp3\n", "not audio"),
    "a list of files": (b"ffconcat version 1.0\nfile /etc/passwd\n", "not audio"),
    "noise": (np.random.default_rng(1).bytes(20_000), "not audio"),
    "one MP3 frame header and noise": (b"\xff\xfb\x90\x00" + np.random.default_rng(2).bytes(3_000), "not audio"),
    "an ID3 tag alone": (b"ID3\x04\0\0\0\0\0\x0a" + bytes(10), "not audio"),
    "half a RIFF": (b"RIFF\x00\x00", "not audio"),
    "RIFF without chunks": (b"RIFF\x00\x00\x00\x00WAVE", "without format or samples"),
    "samples before the format": (b"RIFF\x10\0\0\0WAVEdata\x04\0\0\0" + bytes(40), "without format or samples"),
    "no channels": (wav(channels=0), "0 channels"),
    "nine channels": (wav(channels=9), "9 channels"),
    "65535 channels": (wav(channels=65_535), "65535 channels"),
    "0 Hz": (wav(sample_rate=0), "0 Hz"),
    "1 kHz": (wav(sample_rate=1_000), "1000 Hz"),
    "384 kHz": (wav(sample_rate=384_000), "384000 Hz"),
    "0 bits": (wav(bits=0), "not readable"),
    "17 bits": (wav(bits=17), "inconsistent"),
    "an unknown codec": (wav(tag=0x1234), "not readable"),
    "a claim of 4 GB": (wav(claimed=0xFFFFFFF0), "claims"),
    "a claim of eleven times": (wav(claimed=4_800), "claims"),
    "a claim of 2^60 frames": (RF64, "claims 1152921504606846976 frames"),
    "no samples": (wav(data_bytes=0), "no samples"),
    "MP4 of noise": (b"\0\0\0\x18ftypM4A " + np.random.default_rng(3).bytes(1_000), "not readable as m4a"),
    "FLAC of noise": (b"fLaC" + np.random.default_rng(4).bytes(1_000), "not readable as flac"),
    "Ogg of noise": (b"OggS" + np.random.default_rng(5).bytes(1_000), "not readable as ogg"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_refused_in_one_line_that_names_the_file(kind: str, tmp_path: Path) -> None:
    data, says = REFUSED[kind]
    path = tmp_path / "given.wav"
    path.write_bytes(data)
    with pytest.raises(InputError, match=says) as error:
        open_source(path)
    assert "given.wav" in error.value.message
    assert "\n" not in str(error.value)


def test_what_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="does not exist"):
        open_source(tmp_path / "missing.wav")
    with pytest.raises(InputError, match="is a folder"):
        open_source(tmp_path)
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(InputError, match="not a regular file"):
        open_source(tmp_path / "pipe.wav")
    (tmp_path / "mine.wav").write_bytes(wav())

    def closed(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", closed)  # a root user is refused nothing
    with pytest.raises(InputError, match="no permission"):
        open_source(tmp_path / "mine.wav")


@pytest.mark.parametrize("name", sorted(CONTAINERS))
def test_a_file_that_ends_early_is_read_as_far_as_it_goes(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{name}"
    audio = signals.noise(-20, 3.0)
    data = whole(path, audio)
    intact = read_audio(path)
    path.write_bytes(data[: len(data) * 6 // 10])
    source = open_source(path)
    assert any("truncated" in note or "damaged" in note for note in source.info.notes)
    assert 0.15 * audio.frames < source.frames < 0.7 * audio.frames
    blocks = np.concatenate(list(source.blocks()), axis=1)
    assert blocks.shape[1] == source.frames
    head = slice(0, source.frames - 4_000)
    assert blocks[:, head] == pytest.approx(intact.samples[:, head], abs=1e-4)


@pytest.mark.parametrize("name", ["wav", "flac", "aiff", "mp3"])
def test_a_file_that_ends_very_early_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{name}"
    data = whole(path, signals.noise(-20, 6.0))
    path.write_bytes(data[: len(data) // 20])
    with pytest.raises(InputError, match="claims"):
        open_source(path)


def test_headers_that_lie_in_other_containers(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    data = bytearray(whole(path, signals.noise(-20, 1.0)))
    data[18:26] = (int.from_bytes(data[18:26], "big") | 2**36 - 1).to_bytes(8, "big")  # total samples of STREAMINFO
    path.write_bytes(data)
    with pytest.raises(InputError, match="claims 68719476735 frames"):
        open_source(path)
    path = tmp_path / "a.aiff"
    data = bytearray(whole(path, signals.noise(-20, 1.0)))
    at = data.index(b"COMM") + 10
    data[at : at + 4] = struct.pack(">I", 2**31)
    path.write_bytes(data)
    with pytest.raises(InputError, match="claims 2147483648 frames"):
        open_source(path)


@pytest.mark.parametrize(("claimed", "notes"), [(0xFFFFFFFF, 0), (0, 1)])
def test_a_wav_whose_recorder_never_wrote_its_length(claimed: int, notes: int, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(wav(data_bytes=4_000, claimed=claimed))
    info = open_source(path).info
    assert (info.frames, len(info.notes)) == (1_000, notes)


def test_chunks_before_the_format_are_stepped_over(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(wav(before=b"bext" + struct.pack("<I", 603) + bytes(604)))
    assert open_source(path).frames == 100


@pytest.mark.parametrize("options", [{"write_xing": 0, "audio_bitrate": "128k"}, {"write_xing": 0, "q:a": 2}])
def test_an_mp3_without_an_info_frame_is_read_to_its_end(tmp_path: Path, options: dict[str, object]) -> None:
    """libsndfile would estimate the length from the first frames and stop there."""
    audio = signals.song(8.0, 48_000)
    path = tmp_path / "a.mp3"
    with ffmpeg.Encoder(path, audio.format, {"format": "mp3", "acodec": "libmp3lame", **options}) as encoder:
        encoder.push(audio.samples)
        encoder.close()
    assert audio.frames <= open_source(path).frames <= audio.frames + 3 * 1_152  # its delay and padding are unknown


def test_padding_and_tags_before_an_mp3(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    data = whole(path, signals.noise(-20, 1.0))
    path.write_bytes(b"ID3\x04\0\0\0\0\x10\x0a" + bytes(16 * 128 + 10) + data)
    assert open_source(path).frames == 48_000
    path.write_bytes(bytes(3_000) + data)
    assert open_source(path).frames >= 48_000
    path.write_bytes(data + b"TAG" + bytes(125))
    assert open_source(path).frames == 48_000
