"""Files out and in again: every container, layout and depth; bit-exact where it can be; whole or not at all."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from songkit import atomic, ffmpeg, wave
from songkit.audio import DEFAULT_LAYOUTS, Audio, Encoding, Format
from songkit.blocks import AudioSource, collect
from songkit.dsp.pcm import decode, encode
from songkit.errors import InputError, OutputError, SignalError
from songkit.files import AudioWriter, open_source, read_audio, sinks
from songkit.files.containers import CONTAINERS, why_not
from songkit.files.pcm import to_integers
from tests import signals

FRAMES = 4_801
PCM = [(name, depth) for name, container in CONTAINERS.items() for depth in container.depths]
LOSSY = [name for name, container in CONTAINERS.items() if not container.depths]
SIDE_51 = ("FL", "FR", "FC", "LFE", "SL", "SR")


def tones(channels: int, sample_rate: int = 48_000, frames: int = FRAMES) -> Audio:
    """Another tone in every channel (the LFE's is one that codecs keep), so that a swapped pair is found."""
    layout = DEFAULT_LAYOUTS[channels]
    time = np.arange(frames) / sample_rate
    rows = [
        np.sin(2 * np.pi * (60 if speaker == "LFE" else 300 + 150 * at) * time) for at, speaker in enumerate(layout)
    ]
    return Audio((0.3 * np.array(rows)).astype(np.float32), sample_rate)


def write(path: Path, audio: Audio, encoding: Encoding, **options: object) -> AudioWriter:
    with AudioWriter(path, audio.format, encoding, **options) as file:  # type: ignore[arg-type]
        for block in AudioSource(audio).blocks(1_000):
            file.push(block)
        file.commit()
    return file


def only_file(path: Path) -> bool:
    return [entry.name for entry in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("channels", range(1, 9))
@pytest.mark.parametrize(("name", "depth"), PCM)
def test_pcm_round_trip(tmp_path: Path, name: str, depth: int | str, channels: int) -> None:
    path = tmp_path / f"a.{name}"
    audio = signals.noise(-20, 0.1, channels=channels)
    write(path, audio, Encoding(name, depth))  # type: ignore[arg-type]
    info, back = open_source(path).info, read_audio(path)
    assert (info.container, info.bit_depth, info.frames) == (name, depth, audio.frames)
    assert len(info.notes) == (depth == 32)  # float32 blocks cannot hold all of it
    assert back.format == audio.format
    step = 0.0 if depth == "float32" else 0.5 / 2 ** (min(int(depth), 24) - 1)
    assert np.max(np.abs(back.samples - audio.samples)) <= step
    assert only_file(path)


@pytest.mark.parametrize("sample_rate", [8_000, 11_025, 22_050, 44_100, 88_200, 192_000])
@pytest.mark.parametrize("name", ["wav", "flac", "aiff"])
def test_every_rate_in_pcm(tmp_path: Path, name: str, sample_rate: int) -> None:
    path = tmp_path / f"a.{name}"
    audio = signals.noise(-12, 0.05, sample_rate)
    write(path, audio, Encoding(name, 24))  # type: ignore[arg-type]
    assert open_source(path).format == audio.format


@pytest.mark.parametrize(
    ("name", "channels"),
    [(name, count) for name in LOSSY for count in range(1, 9) if why_not(name, Format.of(48_000, count)) is None],
)
def test_lossy_round_trip_keeps_length_and_every_channel_in_its_place(tmp_path: Path, name: str, channels: int) -> None:
    audio = tones(channels)
    path = tmp_path / f"a.{name}"
    write(path, audio, Encoding(name, None))  # type: ignore[arg-type]
    back = read_audio(path)
    assert back.format == audio.format
    assert back.frames == audio.frames
    inner = slice(1_000, -500)
    for speaker, before, after in zip(audio.layout, audio.samples, back.samples, strict=True):
        if speaker != "LFE" or name != "opus":  # Opus gives a short low tone on the LFE little
            assert np.corrcoef(before[inner], after[inner])[0, 1] > 0.98, speaker


@pytest.mark.parametrize("name", LOSSY)
@pytest.mark.parametrize("frames", [100, 1_152, 44_100])
def test_lossy_files_are_gapless(tmp_path: Path, name: str, frames: int) -> None:
    """Delay and padding of the encoder are cut, by libsndfile and by ffmpeg, which agree to a sample."""
    path = tmp_path / f"a.{name}"
    audio = tones(2, 48_000, frames)
    write(path, audio, Encoding(name, None))  # type: ignore[arg-type]
    assert read_audio(path).frames == frames


@pytest.mark.parametrize("channels", [3, 6, 8])
@pytest.mark.parametrize("name", ["ogg", "opus", "m4a", "wav", "flac"])
def test_ffmpeg_sees_the_same_channels(tmp_path: Path, name: str, channels: int) -> None:
    audio = tones(channels)
    path = tmp_path / f"a.{name}"
    write(path, audio, Encoding(name, None if name in LOSSY else 24))  # type: ignore[arg-type]
    with ffmpeg.Decoder(path) as decoder:
        other = collect(decoder.blocks(), Format(48_000, decoder.header.layout))
    ours = read_audio(path)
    assert other.layout == ours.layout
    assert other.samples[:, :4_000] == pytest.approx(ours.samples[:, :4_000], abs=2e-3)


@pytest.mark.parametrize(
    "layout", [SIDE_51, ("FL", "FR", "FC", "BC"), ("FL", "FR", "LFE"), ("SL", "SR"), (*SIDE_51, "TFL", "TFR")]
)
@pytest.mark.parametrize("name", ["wav", "flac"])
def test_unusual_layouts_travel_in_the_mask(tmp_path: Path, name: str, layout: tuple[str, ...]) -> None:
    layout = layout if "TFL" not in layout else ("FL", "FR", "FC", "LFE", "SL", "SR", "TFL", "TFR")
    path = tmp_path / f"a.{name}"
    audio = Audio(np.zeros((len(layout), 500), np.float32), 48_000, layout)
    write(path, audio, Encoding(name, 16))  # type: ignore[arg-type]
    assert open_source(path).format.layout == layout
    with ffmpeg.Decoder(path) as decoder:
        assert decoder.header.layout == layout


@pytest.mark.parametrize("bits", [16, 24])
def test_what_was_read_is_written_bit_for_bit(tmp_path: Path, bits: int) -> None:
    every = np.arange(-(2 ** (bits - 1)), 2 ** (bits - 1), 1 if bits == 16 else 997, dtype=np.int32)
    audio = Audio((every / 2.0 ** (bits - 1)).astype(np.float32)[np.newaxis], 48_000)
    for name in ("wav", "flac", "aiff"):
        first, second = tmp_path / f"1.{name}", tmp_path / f"2.{name}"
        file = write(first, audio, Encoding(name, bits))  # type: ignore[arg-type]
        write(second, read_audio(first), Encoding(name, bits))  # type: ignore[arg-type]
        assert first.read_bytes() == second.read_bytes()
        assert np.array_equal(read_audio(second).samples, audio.samples)
        assert file.clipped_samples == 0


@given(st.lists(st.floats(-4, 4, width=32), min_size=1, max_size=50), st.sampled_from([16, 24, 32]))
@settings(max_examples=60, deadline=None)
def test_integers_are_the_nearest_and_clipping_is_counted(values: list[float], bits: int) -> None:
    block = np.array([values], np.float32)
    integers, clipped = to_integers(block, bits)  # type: ignore[arg-type]
    top = 2 ** (bits - 1)
    for value, integer in zip(values, integers[0].tolist(), strict=True):
        assert integer == min(max(round(value * top), -top), top - 1)
    assert clipped == sum(abs(round(value * top)) > top for value in values)
    raw, clipped_too = encode(block, bits)
    assert clipped_too == clipped
    assert raw.tobytes() == b"".join(
        integer.to_bytes(bits // 8, "little", signed=True) for integer in integers[0].tolist()
    )
    assert np.array_equal(decode(raw, 1, bits), (integers / float(top)).astype(np.float32))


@pytest.mark.parametrize("name", ["wav", "flac", "aiff"])
def test_beyond_full_scale_is_clipped_and_said(tmp_path: Path, name: str) -> None:
    audio = Audio(np.array([[0.0, 1.0, -1.0, 1.5, -2.0]], np.float32), 48_000)
    file = write(tmp_path / f"a.{name}", audio, Encoding(name, 16))  # type: ignore[arg-type]
    assert file.clipped_samples == 2
    assert any("2 samples beyond full scale clipped" in note for note in file.notes)
    top = 1 - 2**-15
    assert read_audio(file.path).samples[0].tolist() == pytest.approx([0, top, -1, top, -1], abs=1e-9)


def test_float_wav_carries_anything_and_nothing_else_carries_nan(tmp_path: Path) -> None:
    audio = Audio(np.array([[0.5, np.nan, np.inf, -7.0]], np.float32), 48_000)
    write(tmp_path / "a.wav", audio, Encoding("wav", "float32"))
    assert np.array_equal(read_audio(tmp_path / "a.wav").samples, audio.samples, equal_nan=True)
    for name in ("wav", "flac", "mp3"):
        path = tmp_path / f"b.{name}"
        with pytest.raises(SignalError, match="NaN or Inf"):
            write(path, audio, Encoding(name, None if name == "mp3" else 16))  # type: ignore[arg-type]
        assert not path.exists()
    assert only_file(tmp_path / "a.wav")


@pytest.mark.parametrize("name", sorted(CONTAINERS))
def test_the_same_samples_give_the_same_bytes(tmp_path: Path, name: str) -> None:
    encoding = Encoding(name, None if name in LOSSY else 16)  # type: ignore[arg-type]
    for stem in ("a", "b"):
        write(tmp_path / f"{stem}.{name}", tones(2), encoding)
    assert (tmp_path / f"a.{name}").read_bytes() == (tmp_path / f"b.{name}").read_bytes()


@pytest.mark.parametrize("name", ["wav", "flac", "ogg", "m4a"])
def test_blocks_of_any_size_and_every_pass_are_the_same(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"a.{name}"
    write(path, tones(6), Encoding(name, None if name in LOSSY else 24))  # type: ignore[arg-type]
    source = open_source(path)
    whole = collect(source.blocks(), source.format)
    for size in (1, 997, FRAMES + 5) if name == "wav" else (997, FRAMES + 5):
        blocks = list(source.blocks(size))
        assert max(block.shape[1] for block in blocks) <= size
        assert all(block.flags.c_contiguous and block.dtype == np.float32 for block in blocks)
        assert np.array_equal(collect(blocks, source.format).samples, whole.samples)


@pytest.mark.parametrize("name", ["wav", "flac", "m4a"])
def test_a_dropped_pass_closes_its_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"a.{name}"
    write(path, tones(2, frames=200_000), Encoding(name, None if name in LOSSY else 24))  # type: ignore[arg-type]
    source = open_source(path)
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    blocks = source.blocks(100)
    next(blocks)
    assert len(os.listdir("/proc/self/fd")) > before  # noqa: PTH208
    del blocks
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


def test_nothing_is_left_of_a_file_that_was_given_up(tmp_path: Path) -> None:
    for name in CONTAINERS:
        encoding = Encoding(name, None if name in LOSSY else 16)
        with pytest.raises(KeyboardInterrupt), AudioWriter(tmp_path / f"a.{name}", Format(48_000), encoding) as file:
            file.push(np.zeros((2, 5_000), np.float32))
            raise KeyboardInterrupt
        with AudioWriter(tmp_path / f"a.{name}", Format(48_000), encoding) as file:
            file.push(np.zeros((2, 5_000), np.float32))
            file.close()
            assert open_source(file.temporary).frames == 5_000
        assert list(tmp_path.iterdir()) == []


def test_an_existing_file_stays_unless_forced(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"mine")
    with pytest.raises(OutputError, match="exists already"):
        write(path, tones(2), Encoding())
    assert path.read_bytes() == b"mine"
    write(path, tones(2), Encoding(), force=True)
    assert open_source(path).frames == FRAMES


def test_a_file_that_appears_meanwhile_stays_too(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with AudioWriter(path, Format(48_000), Encoding()) as file:
        path.write_bytes(b"mine")
        with pytest.raises(OutputError, match="exists already"):
            file.commit()
    assert path.read_bytes() == b"mine"
    assert only_file(path)


@pytest.mark.parametrize("name", sorted(CONTAINERS))
def test_a_full_disk_is_one_clear_line(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The temporary file is /dev/full, which takes nothing."""

    def full(*, prefix: str, suffix: str, dir: Path) -> tuple[int, str]:
        link = Path(dir) / f"{prefix}x{suffix}"
        link.symlink_to("/dev/full")
        return os.open(os.devnull, os.O_RDONLY), str(link)

    monkeypatch.setattr(tempfile, "mkstemp", full)
    encoding = Encoding(name, None if name in LOSSY else 24)  # type: ignore[arg-type]
    with pytest.raises(OutputError) as error:
        write(tmp_path / f"a.{name}", signals.noise(-12, 10.0), encoding)
    assert f"a.{name}" in error.value.message
    assert "disk" in str(error.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("format", "encoding", "says"),
    [
        (Format(44_100), Encoding("opus", None), "cannot carry 44100 Hz"),
        (Format(96_000), Encoding("mp3", None), "cannot carry 96000 Hz"),
        (Format.of(48_000, 6), Encoding("mp3", None), "6 channels"),
        (Format(48_000, SIDE_51), Encoding("m4a", None), "6 channels"),
        (Format(48_000, SIDE_51), Encoding("aiff", 24), "6 channels"),
        (Format(48_000), Encoding("flac", 32), "no bit depth 32"),
        (Format(48_000), Encoding("flac", "float32"), "no bit depth float32"),
    ],
)
def test_what_the_codec_cannot_carry_is_refused(tmp_path: Path, format: Format, encoding: Encoding, says: str) -> None:
    with pytest.raises(OutputError, match=says):
        AudioWriter(tmp_path / "a.x", format, encoding)
    assert list(tmp_path.iterdir()) == []


def test_a_block_of_the_wrong_width_is_refused(tmp_path: Path) -> None:
    with AudioWriter(tmp_path / "a.wav", Format(48_000), Encoding()) as file, pytest.raises(OutputError):
        file.push(np.zeros((1, 10), np.float32))


@pytest.mark.parametrize("known", [True, False])
def test_wav_becomes_rf64_where_32_bits_are_too_few(
    tmp_path: Path, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sinks, "RIFF_LIMIT_BYTES", 20_000)
    path, audio = tmp_path / "a.wav", signals.noise(-12, 0.2)
    write(path, audio, Encoding("wav", 16), frames=audio.frames if known else None)
    assert path.read_bytes()[:4] == b"RF64"
    assert np.max(np.abs(read_audio(path).samples - audio.samples)) <= 2**-16
    with ffmpeg.Decoder(path) as decoder:
        assert sum(block.shape[1] for block in decoder.blocks()) == audio.frames


def test_a_wav_below_the_limit_is_plain(tmp_path: Path) -> None:
    write(tmp_path / "a.wav", tones(2), Encoding("wav", 16), frames=FRAMES)
    data = (tmp_path / "a.wav").read_bytes()
    assert data[:4] == b"RIFF"
    assert data[36:40] == b"data"
    assert len(data) == 44 + 4 * FRAMES


def test_a_signal_longer_than_announced_is_an_error_not_a_cut_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sinks, "RIFF_LIMIT_BYTES", 20_000)
    with pytest.raises(OutputError, match="longer than was announced"):
        write(tmp_path / "a.wav", tones(2, frames=20_000), Encoding("wav", 16), frames=100)
    assert list(tmp_path.iterdir()) == []


def test_more_than_4_gb_are_written_and_read(tmp_path: Path) -> None:
    """The header of a real size, over a file with a hole where the silence is."""
    path, frames = tmp_path / "long.wav", 2**30 + 12_345
    with path.open("w+b") as handle:
        file = wave.WaveWriter(handle, Format(48_000), 16, frames * 4)
        file._handle.seek(frames * 4 - 8, 1)
        file._written = frames * 4 - 8
        file.write(bytes([0, 64] * 4))
        file.close()
    info = open_source(path).info
    assert (info.frames, info.notes) == (frames, ())
    import soundfile

    with soundfile.SoundFile(path) as other:
        assert other.format == "RF64"
        other.seek(frames - 3)
        assert other.read(3)[:, 0].tolist() == [0.0, 0.5, 0.5]


def test_bit_rates_that_a_codec_has_not_are_fitted_and_said(tmp_path: Path) -> None:
    file = write(tmp_path / "a.mp3", tones(2, 22_050), Encoding("mp3", None, 320))
    assert any("no 320 kb/s: written with 160 kb/s" in note for note in file.notes)
    assert open_source(file.path).info.bitrate_kbps == 160
    assert write(tmp_path / "b.mp3", tones(2, 22_050), Encoding("mp3", None)).notes == ()


@pytest.mark.parametrize("sample_rate", [8_000, 11_025, 22_050, 32_000, 44_100])
@pytest.mark.parametrize("name", ["mp3", "m4a", "ogg"])
def test_lossy_codecs_at_low_rates(tmp_path: Path, name: str, sample_rate: int) -> None:
    for channels in (1, 2):
        path = tmp_path / f"{channels}.{name}"
        audio = tones(channels, sample_rate, 12_000)
        write(path, audio, Encoding(name, None))  # type: ignore[arg-type]
        back = read_audio(path)
        assert (back.format, back.frames) == (audio.format, audio.frames)
        assert np.corrcoef(back.samples[0, 2_000:8_000], audio.samples[0, 2_000:8_000])[0, 1] > 0.98


OTHERS = {"a.w64": "pcm_s24le", "a.caf": "pcm_s24be", "a.au": "pcm_s24be", "a.wv": "wavpack", "a.m4a": "alac"}


@pytest.mark.parametrize(("name", "codec"), OTHERS.items())
def test_lossless_files_of_others_are_read(tmp_path: Path, name: str, codec: str) -> None:
    audio = tones(2, frames=4_800)  # ffmpeg counts the padding of a W64 as samples: 4800 frames need none
    write(tmp_path / "in.wav", audio, Encoding("wav", 24))
    command = [ffmpeg.executable(), "-nostdin", "-v", "error", "-f", "wav", "-i", tmp_path / "in.wav", "-c:a", codec]
    subprocess.run([*command, tmp_path / name], check=True, stdin=subprocess.DEVNULL)
    source = open_source(tmp_path / name)
    assert source.info.bit_depth == 24
    back = read_audio(tmp_path / name)
    assert back.frames == audio.frames
    assert np.max(np.abs(back.samples - audio.samples)) <= 2**-24


def test_a_name_means_nothing(tmp_path: Path) -> None:
    """A plain 440 Hz tone is what ffmpeg 9 takes for an MPEG transport stream; a FLAC may be called .mp3."""
    write(tmp_path / "tone.wav", signals.sine(440, -6, 2.0, 44_100), Encoding("wav", 16))
    assert open_source(tmp_path / "tone.wav").info.container == "wav"
    write(tmp_path / "a.flac", tones(2), Encoding("flac", 16))
    (tmp_path / "a.flac").rename(tmp_path / "-x concat:a|b.mp3")
    assert open_source(tmp_path / "-x concat:a|b.mp3").info.container == "flac"
    write(tmp_path / "a.m4a", tones(2), Encoding("m4a", None))
    (tmp_path / "a.m4a").rename(tmp_path / "-i concat:a|b.wav")
    assert open_source(tmp_path / "-i concat:a|b.wav").info.container == "m4a"


def test_atomic_pending_file_is_harmless_when_discarded_twice(tmp_path: Path) -> None:
    pending = atomic.PendingFile(tmp_path / "a.txt")
    pending.discard()
    pending.discard()
    assert list(tmp_path.iterdir()) == []


def test_reading_a_file_that_shrinks_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    write(path, tones(2), Encoding("wav", 16))
    source = open_source(path)
    path.write_bytes(path.read_bytes()[:5_000])
    with pytest.raises(InputError, match="shorter"):
        list(source.blocks())
