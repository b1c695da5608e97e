"""Album mode: one gain for all, tracks that join still join, and a track that fails stops the album by name."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from songkit.analysis import analyze_file
from songkit.audio import Audio, Encoding
from songkit.chains import Chain
from songkit.cli import run
from songkit.deliver import DeliveryError, master_album
from songkit.deliver.tail import cut
from songkit.errors import ChainError, InputError, OutputError, SignalError, UsageError
from songkit.files import AudioWriter, read_audio
from songkit.tags import read_gains, read_tags
from tests import signals

LOUD = "steps:\n  - loudness: {target_lufs: -14, ceiling_dbtp: -1}\n"


def write(path: Path, audio: Audio, depth: int = 24) -> Path:
    with AudioWriter(path, audio.format, Encoding("wav", depth), frames=audio.frames) as writer:  # type: ignore[arg-type]
        writer.push(audio.samples)
        writer.commit()
    return path


@pytest.fixture(scope="module")
def tracks(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """One piece of music cut in three where nothing is on a whole second, the middle one 9 dB quieter."""
    folder = tmp_path_factory.mktemp("album")
    song = signals.song(seconds=15, seed=4)
    joints = [0, 200_003, 430_001, song.frames]
    gains = (1.0, 0.355, 0.8)
    return [
        write(folder / f"{name}.wav", Audio(song.samples[:, start:end] * np.float32(gain), song.sample_rate))
        for name, start, end, gain in zip("abc", joints, joints[1:], gains, strict=False)
    ]


def lufs(path: Path) -> float:
    found = analyze_file(path, meters=["loudness"]).loudness.integrated_lufs
    assert found is not None
    return found


def test_the_loudest_track_meets_the_target_and_the_others_keep_their_distance(
    tracks: list[Path], tmp_path: Path
) -> None:
    chain = Chain.parse(LOUD.replace("-14", "-20"))
    album = master_album(tracks, chain, output_dir=tmp_path)
    after = [track.outputs[0].analysis.loudness.integrated_lufs for track in album.tracks]
    before = [lufs(path) for path in tracks]
    assert max(after) == pytest.approx(-20, abs=0.05)
    assert np.diff(after) == pytest.approx(np.diff(before), abs=0.05)
    samples = [read_audio(track.outputs[0].path).samples for track in album.tracks]
    sources = [read_audio(path).samples for path in tracks]
    gains = [np.sum(out * source) / np.sum(source**2) for out, source in zip(samples, sources, strict=True)]
    assert gains == pytest.approx([gains[0]] * 3, rel=1e-4), "no ceiling in the way: one and the same gain"
    assert album.passed and album.albums[0].loudest_lufs == pytest.approx(max(after))
    assert album.albums[0].loudest.name.startswith("abc"[int(np.argmax(after))])


def test_the_ceiling_holds_in_every_track_by_one_drive(tracks: list[Path], tmp_path: Path) -> None:
    chain = Chain.parse(LOUD.replace("-14", "-11") + "deliver:\n  - {format: wav}\n  - {format: mp3}\n")
    album = master_album(tracks, chain, output_dir=tmp_path)
    for outputs in zip(*(track.outputs for track in album.tracks), strict=True):
        loudness = [output.analysis.loudness.integrated_lufs for output in outputs]
        assert max(loudness) == pytest.approx(-11, abs=0.2)
        assert all(output.analysis.peaks.true_peak_dbtp <= -1.0 for output in outputs)
        drives = {fact["gain_db"] for output in outputs for fact in output.facts if "bounded_by" in fact}
        assert len(drives) == 1
        assert loudness[1] < max(loudness) - 5, "the quiet track is not lifted to the others"


@pytest.mark.parametrize("rate", [44_100, 48_000, 22_050])
@pytest.mark.parametrize("dither", ["tpdf", "shaped"])
def test_tracks_that_join_still_join(tracks: list[Path], rate: int, dither: str, tmp_path: Path) -> None:
    """The files of the album, one behind the other, are the file of the joined programme."""
    chain = Chain.parse(
        "steps:\n  - highpass: {cutoff_hz: 40}\n  - compressor: {threshold_db: -30}\n  - limiter: {ceiling_dbtp: -6}\n"
        f"deliver:\n  - {{format: wav, bit_depth: 16, sample_rate: {rate}, dither: {dither}}}\n"
    )
    album = master_album(tracks, chain, output_dir=tmp_path)
    parts = [read_audio(track.outputs[0].path) for track in album.tracks]
    sources = [read_audio(path) for path in tracks]
    done = list(itertools.accumulate(source.frames for source in sources))
    assert list(itertools.accumulate(part.frames for part in parts)) == [int(end * rate / 44_100 + 0.5) for end in done]
    whole = Audio(np.concatenate([source.samples for source in sources], axis=1), 44_100)
    single = master_album([write(tmp_path / "whole.wav", whole)], chain, output_dir=tmp_path / "single")
    expected = read_audio(single.tracks[0].outputs[0].path).samples
    joined = np.concatenate([part.samples for part in parts], axis=1)
    # the noise of the dither is another one (its seed knows the tracks), so they agree to within two of them
    assert joined.shape == expected.shape
    assert np.abs(joined - expected).max() <= (3 if dither == "tpdf" else 24) * 2.0**-15


def test_gains_of_track_and_album(tracks: list[Path], tmp_path: Path) -> None:
    chain = Chain.parse(LOUD + "deliver:\n  - {format: flac}\n  - {format: opus}\n")
    album = master_album(tracks, chain, output_dir=tmp_path)
    joined = Audio(
        np.concatenate([read_audio(track.outputs[0].path).samples for track in album.tracks], axis=1), 44_100
    )
    whole = lufs(write(tmp_path / "joined.wav", joined))
    for track in album.tracks:
        for output in track.outputs:
            tags = read_tags(output.path, stale=True)
            own, common = read_gains(tags), read_gains(tags, "album")
            assert own is not None and common is not None
            assert own.lufs == pytest.approx(output.analysis.loudness.integrated_lufs, abs=0.006)
            assert common.lufs == pytest.approx(whole, abs=0.05)
    assert album.albums[0].lufs == pytest.approx(whole, abs=0.02)
    peaks = [track.outputs[0].analysis.peaks.true_peak_dbtp for track in album.tracks]
    assert album.albums[0].true_peak_dbtp == max(peaks)


def test_a_silent_track_belongs_to_the_album(tracks: list[Path], tmp_path: Path) -> None:
    gap = write(tmp_path / "gap.wav", signals.silence(1.0, 44_100))
    album = master_album([tracks[0], gap], Chain.parse(LOUD), output_dir=tmp_path / "out")
    assert album.passed
    # dither has begun by then: what was silent is as quiet as the grid's noise
    assert np.abs(read_audio(album.tracks[1].outputs[0].path).samples).max() < 3 * 2.0**-23
    with pytest.raises(SignalError, match="every track is digital silence"):
        master_album([gap], Chain.parse(LOUD), output_dir=tmp_path / "out2")


def test_a_missing_or_damaged_track_stops_the_album_and_is_named(tracks: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(InputError, match=r"nowhere\.wav does not exist"):
        master_album([tracks[0], tmp_path / "nowhere.wav"], output_dir=out)
    broken = read_audio(tracks[1])
    samples = broken.samples.copy()
    samples[:, 100] = np.nan
    bad = tmp_path / "bad.wav"
    with AudioWriter(bad, broken.format, Encoding("wav", "float32")) as writer:
        writer.push(samples)
        writer.commit()
    with pytest.raises(SignalError, match=r"bad\.wav"):
        master_album([tracks[0], bad, tracks[2]], Chain.parse(LOUD), output_dir=out)
    assert not out.exists() or not list(out.iterdir())


def test_what_cannot_be_an_album_is_refused_before_work_begins(tracks: list[Path], tmp_path: Path) -> None:
    other = write(tmp_path / "other.wav", signals.song(seconds=2, sample_rate=48_000))
    with pytest.raises(UsageError, match=r"44100 Hz and FL FR, but .*other\.wav has 48000 Hz"):
        master_album([tracks[0], other])
    same = write(tmp_path / "a.wav", signals.song(seconds=2))
    with pytest.raises(OutputError, match="would both be written to"):
        master_album([tracks[0], same], output_dir=tmp_path / "out")
    with pytest.raises(ChainError, match="trim changes the length"):
        master_album(tracks, Chain.parse("steps:\n  - trim: {}\n"))
    with pytest.raises(UsageError, match="at least one track"):
        master_album([])


def test_the_command(tracks: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [str(path) for path in tracks]
    assert run(["master", "--album", *files, "--output-dir", str(tmp_path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [Path(track["source"]).name for track in told["tracks"]] == ["a.wav", "b.wav", "c.wav"]
    assert told["albums"][0]["loudest_lufs"] == pytest.approx(-14, abs=0.2)
    assert run(["master", "--album", *files, "--output-dir", str(tmp_path), "-f"]) == 0
    assert "over all tracks, loudest" in capsys.readouterr().out
    assert run(["master", "--album", *files, "--output-dir", str(tmp_path / "new"), "-n", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["tracks"]) == 3 and not (tmp_path / "new").exists()
    assert run(["master", "--album", *files, "-o", str(tmp_path / "x.wav")]) == 2
    assert run(["master", "--album", files[0], "missing.wav", "--output-dir", str(tmp_path), "-f"]) == 1
    assert "missing.wav" in capsys.readouterr().err


def test_a_failed_check_of_one_track_is_told_with_the_whole_album(tracks: list[Path], tmp_path: Path) -> None:
    chain = Chain.parse(LOUD + "checks:\n  integrated_lufs: {min: -18}\n")
    with pytest.raises(DeliveryError, match=r"b\.master\.wav: integrated_lufs is -2") as caught:
        master_album(tracks, chain, output_dir=tmp_path)
    assert len(caught.value.result.to_dict()["tracks"]) == 3


def test_cut_takes_every_frame_once() -> None:
    samples = np.arange(1000, dtype=np.float32).reshape(1, -1)
    blocks = [samples[:, start : start + 64] for start in range(0, 1000, 64)]
    parts = [np.concatenate([np.zeros((1, 0), np.float32), *part], axis=1) for part in cut(blocks, [10, 0, 500, None])]
    assert [part.shape[1] for part in parts] == [10, 0, 500, 490]
    assert np.array_equal(np.concatenate(parts, axis=1), samples)
