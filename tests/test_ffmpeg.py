"""ffmpeg's processes: found, fed, read, and gone afterwards whatever happens."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from songkit import ffmpeg
from songkit.audio import Audio, Encoding, Format
from songkit.blocks import collect
from songkit.errors import MissingError
from songkit.ffmpeg import Decoder, Encoder, FfmpegError, Filter
from songkit.files import AudioWriter
from tests import signals


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def children() -> str:
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text()


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """No zombie, no open pipe, no thread of ours after any of these tests."""
    before = (open_files(), children(), threading.active_count())
    yield
    assert (open_files(), children(), threading.active_count()) == before


@pytest.fixture
def song(tmp_path: Path) -> Path:
    path = tmp_path / "song.wav"
    audio = signals.noise(-20, 4.0)
    with AudioWriter(path, audio.format, Encoding("wav", "float32")) as file:
        file.push(audio.samples)
        file.commit()
    return path


def program(path: Path, script: str) -> Path:
    path.write_text("#!/bin/sh\n" + script)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_the_order_of_looking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = program(tmp_path / "ffmpeg", "echo ffmpeg version 0.1-mine Copyright")
    monkeypatch.delenv("SONGKIT_FFMPEG", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert "imageio_ffmpeg" in ffmpeg.executable()
    monkeypatch.setattr(ffmpeg, "_bundled", lambda: None)
    assert ffmpeg.executable() == str(mine)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingError, match="imageio-ffmpeg"):
        ffmpeg.executable()
    monkeypatch.setenv("SONGKIT_FFMPEG", str(mine))
    assert ffmpeg.executable() == str(mine)
    monkeypatch.setenv("SONGKIT_FFMPEG", str(tmp_path / "gone"))
    with pytest.raises(MissingError, match="gone"):
        ffmpeg.executable()


def test_the_version_is_ffmpegs_own() -> None:
    assert ffmpeg.version()[0] in "n0123456789"


@pytest.mark.parametrize("size", [1_000, 65_536, 10**6])
def test_decoding_gives_every_sample(song: Path, size: int) -> None:
    with Decoder(song, demuxer="wav") as decoder:
        assert (decoder.header.sample_rate, decoder.header.layout) == (48_000, ("FL", "FR"))
        audio = collect(decoder.blocks(size), Format(48_000))
    assert np.array_equal(audio.samples, signals.noise(-20, 4.0).samples)


def test_a_decoder_that_is_left_early_is_ended(song: Path) -> None:
    with Decoder(song) as decoder:
        next(decoder.blocks(10))
    with pytest.raises(ZeroDivisionError), Decoder(song) as decoder:
        raise ZeroDivisionError


def test_ffmpegs_own_words_are_the_error(tmp_path: Path) -> None:
    (tmp_path / "a.m4a").write_bytes(b"\0\0\0\x18ftypM4A " + bytes(500))
    with pytest.raises(FfmpegError, match="moov atom not found"), Decoder(tmp_path / "a.m4a", demuxer="mov"):
        pass
    with pytest.raises(FfmpegError, match="No such file"), Decoder(tmp_path / "missing"):
        pass


def test_only_files_are_opened(tmp_path: Path) -> None:
    """A playlist cannot make ffmpeg reach for the network or other files: neither protocol nor demuxer allows it."""
    (tmp_path / "list").write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:1/a.mp3\n")
    with pytest.raises(FfmpegError), Decoder(tmp_path / "list"):
        pass


def test_encoding_and_giving_up(tmp_path: Path) -> None:
    audio = signals.noise(-20, 1.0)
    with Encoder(tmp_path / "a.mka", audio.format, {"format": "matroska", "acodec": "pcm_f32le"}) as encoder:
        encoder.push(audio.samples)
        encoder.close()
    with Decoder(tmp_path / "a.mka") as decoder:
        assert np.array_equal(collect(decoder.blocks(), audio.format).samples, audio.samples)
    with pytest.raises(ZeroDivisionError), Encoder(tmp_path / "b.mka", audio.format, {"format": "matroska"}) as encoder:
        encoder.push(audio.samples)
        raise ZeroDivisionError


def test_an_encoder_that_ffmpeg_refuses(tmp_path: Path) -> None:
    audio = signals.noise(-20, 10.0)
    with (
        pytest.raises(FfmpegError, match="nonsense"),
        Encoder(tmp_path / "a.wav", audio.format, {"acodec": "nonsense"}) as encoder,
    ):
        for _ in range(20):
            encoder.push(audio.samples)
        encoder.close()


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("size", [100, 4_096, 200_000])
def test_a_filter_gives_back_what_goes_through(channels: int, size: int) -> None:
    audio = signals.noise(-20, 2.0, channels=channels)
    running = Filter(audio.format, "anull", {})
    parts = [running.push(audio.samples[:, at : at + size]) for at in range(0, audio.frames, size)]
    assert np.array_equal(np.concatenate([*parts, running.finish()], axis=1), audio.samples)


def test_a_filter_with_more_than_any_pipe_holds_does_not_stall() -> None:
    """areverse gives nothing before the end, then everything at once."""
    audio = signals.noise(-20, 20.0)
    running = Filter(audio.format, "areverse", {})
    assert running.push(audio.samples).shape[1] == 0
    assert np.array_equal(running.finish(), audio.samples[:, ::-1])


def test_a_filter_that_fails_or_is_left() -> None:
    audio = signals.noise(-20, 10.0)
    running = Filter(audio.format, "acompressor", {"nonsense": 1})
    with pytest.raises(FfmpegError, match="nonsense"):
        for _ in range(20):
            running.push(audio.samples)
        running.finish()
    running.close()
    left = Filter(audio.format, "anull", {})
    left.push(audio.samples)
    left.close()
    dropped = Filter(audio.format, "anull", {})
    dropped.push(Audio(np.zeros((2, 10), np.float32), 48_000).samples)
    del dropped


def test_a_program_that_dies_silently_is_an_error(tmp_path: Path, song: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SONGKIT_FFMPEG", str(program(tmp_path / "dead", "exit 3")))
    with pytest.raises(FfmpegError, match="code 3"), Decoder(song):
        pass
    with pytest.raises(FfmpegError), Encoder(tmp_path / "a", Format(48_000), {}) as encoder:
        for _ in range(50):
            encoder.push(np.zeros((2, 10_000), np.float32))
        encoder.close()


def test_a_stream_of_complaints_does_not_block(tmp_path: Path, song: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chatter = "i=0; while [ $i -lt 30000 ]; do echo '[error] no no no no no no no' >&2; i=$((i+1)); done; exit 1"
    monkeypatch.setenv("SONGKIT_FFMPEG", str(program(tmp_path / "loud", chatter)))
    with pytest.raises(FfmpegError, match="no no no"), Decoder(song):
        pass
