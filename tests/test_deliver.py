"""Delivery: the figures are those of the decoded file, and the ceiling holds behind every codec."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

from songkit.analysis import analyze_file
from songkit.audio import Audio, Encoding
from songkit.chains import Chain
from songkit.cli import run
from songkit.deliver import DeliveryError, MasterResult, master_file, order
from songkit.errors import OutputError, QualityError
from songkit.files import AudioWriter, read_audio
from songkit.tags import Tags, read_gains, read_tags, write_tags
from tests import signals
from tests.second_tool import ebur128

HOT = "name: hot\nsteps:\n  - loudness: {target_lufs: -9, ceiling_dbtp: -1}\n"


def write(path: Path, audio: Audio, encoding: Encoding | None = None) -> Path:
    with AudioWriter(path, audio.format, encoding or Encoding("wav", 16), frames=audio.frames) as writer:
        writer.push(audio.samples)
        writer.close()
        writer.commit()
    return path


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("song") / "song.wav", signals.song(seconds=8))


@pytest.mark.parametrize("format", ["wav", "flac", "aiff", "mp3", "m4a", "ogg", "opus"])
def test_target_and_ceiling_hold_in_the_written_file(format: str, song: Path, tmp_path: Path) -> None:
    chain = Chain.parse(HOT.replace("-9", "-14") + f"deliver:\n  - {{format: {format}}}\n")
    result = master_file(song, chain, output_dir=tmp_path)
    output = result.outputs[0]
    assert output.analysis.loudness.integrated_lufs == pytest.approx(-14, abs=0.2)
    assert output.analysis.peaks.true_peak_dbtp <= -1.0
    assert output.shortfall is None
    foreign = ebur128(output.path)
    assert foreign.integrated_lufs == pytest.approx(output.analysis.loudness.integrated_lufs, abs=0.11)
    assert foreign.true_peak_dbtp == pytest.approx(output.analysis.peaks.true_peak_dbtp, abs=0.4)


def test_when_both_cannot_hold_the_ceiling_wins_and_it_is_said(song: Path, tmp_path: Path) -> None:
    chain = Chain.parse(HOT.replace("-9", "-3"))
    result = master_file(song, chain, output=tmp_path / "out.wav")
    output = result.outputs[0]
    assert output.analysis.peaks.true_peak_dbtp <= -1.0
    assert output.shortfall is not None and "short of the target" in output.shortfall
    assert any("short of the target" in line for line in result.warnings)
    with pytest.raises(DeliveryError, match="short of the target") as caught:
        master_file(song, chain, output=tmp_path / "out.wav", force=True, strict=True)
    assert caught.value.exit_code == 3
    assert isinstance(caught.value.result, MasterResult) and caught.value.result.outputs[0].path.exists()


def test_a_failed_check_keeps_the_file_and_raises(song: Path, tmp_path: Path) -> None:
    chain = Chain.parse(HOT + "checks:\n  integrated_lufs: {min: -6}\n")
    with pytest.raises(DeliveryError, match="integrated_lufs is -"):
        master_file(song, chain, output=tmp_path / "out.wav")
    assert (tmp_path / "out.wav").exists()


@pytest.mark.parametrize("depth", [16, 24])
def test_an_empty_chain_is_bit_exact(depth: int, tmp_path: Path) -> None:
    path = write(tmp_path / "in.wav", signals.song(seconds=2), Encoding("wav", depth))
    result = master_file(path, Chain(name="nothing"))
    assert np.array_equal(read_audio(path).samples, read_audio(result.outputs[0].path).samples)


def test_fewer_bits_are_dithered_and_the_same_bytes_come_twice(song: Path, tmp_path: Path) -> None:
    chain = Chain.parse("steps:\n  - gain: {gain_db: -60}\ndeliver:\n  - {format: wav, bit_depth: 16}\n")
    first = master_file(song, chain, output_dir=tmp_path / "1").outputs[0]
    second = master_file(song, chain, output_dir=tmp_path / "2").outputs[0]
    assert first.sha256 == second.sha256
    source = read_audio(song).samples.astype(np.float64) / 1000
    error = read_audio(first.path).samples - source
    # triangular dither and rounding: a variance of a quarter step squared, and no correlation with the music
    step = 2.0**-15
    assert np.std(error) == pytest.approx(step / 2, rel=0.02)
    assert abs(np.corrcoef(error.ravel(), source.ravel())[0, 1]) < 0.01


def test_targets_of_one_chain_differ_in_rate_layout_and_name(tmp_path: Path) -> None:
    path = write(tmp_path / "in.wav", signals.multichannel(seconds=4), Encoding("wav", 24))
    chain = Chain.parse(
        "steps:\n  - loudness: {target_lufs: -23, ceiling_dbtp: -1}\n"
        "deliver:\n  - {format: wav}\n  - {format: wav, sample_rate: 44100, bit_depth: 16}\n  - {format: mp3}\n"
    )
    result = master_file(path, chain)
    names = [output.path.name for output in result.outputs]
    assert names == ["in.master.wav", "in.master-16bit-44100hz.wav", "in.master.mp3"]
    assert [output.analysis.format.channels for output in result.outputs] == [6, 6, 2]
    assert [output.analysis.format.sample_rate for output in result.outputs] == [48_000, 44_100, 48_000]
    assert any("folded to stereo" in line for line in result.warnings)
    for output in result.outputs:
        assert output.analysis.loudness.integrated_lufs == pytest.approx(-23, abs=0.2)


def test_the_overrides_move_the_checks_with_them(song: Path, tmp_path: Path) -> None:
    result = master_file(song, "streaming", output=tmp_path / "out.wav", target_lufs=-18, ceiling_dbtp=-3)
    output = result.outputs[0]
    assert output.passed and {check.name for check in output.checks} >= {"loudness_error_lu", "over_ceiling_db"}
    assert output.analysis.loudness.integrated_lufs == pytest.approx(-18, abs=0.2)
    assert output.analysis.peaks.true_peak_dbtp <= -3


def test_tags_are_carried_and_added(song: Path, tmp_path: Path) -> None:
    path = tmp_path / "tagged.wav"
    path.write_bytes(song.read_bytes())
    write_tags(path, Tags({"title": ("Harbour",), "replaygain_track_gain": ("-3 dB",)}))
    result = master_file(path, "gentle", output=tmp_path / "out.flac", tags={"mood": "calm"})
    tags = read_tags(result.outputs[0].path)
    assert tags.get("title") == "Harbour" and tags.get("mood") == "calm"
    assert not tags.get("replaygain_track_gain")


def test_clipping_on_the_way_out_is_said(tmp_path: Path) -> None:
    path = write(tmp_path / "in.wav", signals.sine(441.0, -1.0))
    result = master_file(path, Chain.parse("steps:\n  - gain: {gain_db: 6}\n"))
    assert any("clipped" in line for line in result.warnings)


def test_the_order_makes_every_check_and_writes_nothing(song: Path, tmp_path: Path) -> None:
    (tmp_path / "out.wav").write_bytes(b"here")
    with pytest.raises(OutputError, match="exists already"):
        order(song, output=tmp_path / "out.wav")
    with pytest.raises(OutputError, match="the source itself"):
        order(song, output=song, force=True)
    with pytest.raises(OutputError, match="does not exist"):
        order(song, output=tmp_path / "missing" / "out.wav")
    settled = order(song, output_dir=tmp_path / "made-later")
    assert settled.outputs[0][0] == tmp_path / "made-later" / "song.master.wav"
    assert [item.name for item in tmp_path.iterdir()] == ["out.wav"]


@pytest.mark.parametrize("option", ["--plan", "--dry-run"])
def test_the_plan_is_printed_and_is_json_on_request(
    option: str, song: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    before = sorted(song.parent.iterdir())
    assert run(["master", str(song), option, "--json"]) == 0
    [told] = json.loads(capfd.readouterr().out)
    assert told["outputs"][0]["path"].endswith("song.master.wav") and told["plan"]["passes"]
    assert run(["master", str(song), option]) == 0
    assert "loudness" in capfd.readouterr().out
    assert sorted(song.parent.iterdir()) == before


def test_a_file_name_need_not_be_utf8(song: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9 -n.wav"))
    path.write_bytes(song.read_bytes())
    assert run(["analyze", str(path), "--json"]) == 0
    assert json.loads(capfd.readouterr().out)[0]["format"]["frames"] == 8 * 44_100
    assert run(["master", str(path), "--chain", "gentle", "-q"]) == 0
    assert Path(str(path).replace(".wav", ".master.wav")).exists()


def codec_chain(target: str, lufs: float = -9.0) -> Chain:
    return Chain.parse(HOT.replace("-9", f"{lufs:g}") + f"deliver:\n  - {{{target}}}\n")


@pytest.mark.parametrize("container", ["wav", "aiff", "flac", "mp3", "m4a", "ogg", "opus"])
def test_gains_are_written_and_say_what_the_file_measures(container: str, song: Path, tmp_path: Path) -> None:
    wanted = "format: opus" if container == "opus" else f"format: {container}, replaygain: true"
    output = master_file(song, codec_chain(wanted, -14), output_dir=tmp_path).outputs[0]
    tags = read_tags(output.path, stale=True)
    said = read_gains(tags)
    assert said is not None
    assert said.lufs == pytest.approx(output.analysis.loudness.integrated_lufs, abs=0.006)
    assert bool(tags.get("r128_track_gain")) == (container == "opus")
    if container == "opus":
        assert not tags.get("replaygain_track_gain") and said.true_peak_dbtp is None
    else:
        assert tags.get("replaygain_track_gain").endswith(" dB")
        assert said.true_peak_dbtp == pytest.approx(output.analysis.peaks.true_peak_dbtp, abs=0.001)
    assert read_gains(tags, "album") is None
    # the bytes are the measured ones still
    again = analyze_file(output.path)
    assert again.loudness.integrated_lufs == output.analysis.loudness.integrated_lufs
    assert again.peaks.true_peak_dbtp == output.analysis.peaks.true_peak_dbtp


def test_gains_do_not_travel_and_wav_has_none_unless_asked(song: Path, tmp_path: Path) -> None:
    flac = master_file(song, codec_chain("format: flac", -20), output_dir=tmp_path).outputs[0].path
    assert read_gains(read_tags(flac, stale=True)) is not None
    assert read_gains(read_tags(flac)) is None
    wav = master_file(flac, "gentle", output=tmp_path / "again.wav").outputs[0].path
    assert read_gains(read_tags(wav, stale=True)) is None


def test_tags_that_change_the_audio_are_found_out(song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import songkit.deliver.reading as reading

    def damaging(path: Path, tags: Tags) -> tuple[str, ...]:
        notes = write_tags(path, tags)
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
        return notes

    monkeypatch.setattr(reading, "write_tags", damaging)
    with pytest.raises(QualityError, match="changed the audio"):
        master_file(song, codec_chain("format: wav, bit_depth: 24, replaygain: true"), output_dir=tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("depth", [16, 24])
@pytest.mark.parametrize("dither", ["none", "false", "tpdf", "true", "shaped"])
def test_every_dither_keeps_the_ceiling_and_says_nothing_is_clipped(
    dither: str, depth: int, song: Path, tmp_path: Path
) -> None:
    chain = codec_chain(f"format: wav, bit_depth: {depth}, dither: {dither}").with_loudness(ceiling_dbtp=0.0)
    output = master_file(song, chain, output_dir=tmp_path).outputs[0]
    assert output.analysis.peaks.true_peak_dbtp <= 0.0
    assert not output.notes


HOT_CODECS = {
    "mp3": "format: mp3, bitrate_kbps: 128",
    "m4a": "format: m4a, bitrate_kbps: 128",
    "ogg": "format: ogg, bitrate_kbps: 96",
    "opus": "format: opus, bitrate_kbps: 96",
}


@pytest.mark.parametrize("container", sorted(HOT_CODECS))
def test_codecs_that_overshoot_are_brought_below_the_ceiling(container: str, tmp_path: Path) -> None:
    hot = Audio(np.clip(signals.song(seconds=6, seed=9).samples * 4, -1, 1), 44_100)
    path = write(tmp_path / "hot.wav", hot)
    output = master_file(path, codec_chain(HOT_CODECS[container], -7 if container == "mp3" else -8)).outputs[0]
    assert output.analysis.peaks.true_peak_dbtp <= -1.0
    assert ebur128(output.path).true_peak_dbtp <= -0.9
    assert output.passed
    assert any("lifts peaks: limited" in line for line in output.notes), "the correction is told"
    assert output.analysis.loudness.integrated_lufs > -9.5, "and it does not cost more than it must"


def test_a_ceiling_that_a_codec_cannot_keep_ends_with_3_and_the_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import songkit.deliver.tail as tail

    monkeypatch.setattr(tail, "LIMIT_FACTORS", ())
    monkeypatch.setattr(tail, "TURN_DOWN_FACTORS", (-1.0,))
    path = write(tmp_path / "hot.wav", Audio(np.clip(signals.song(seconds=4).samples * 4, -1, 1), 44_100))
    chain = tmp_path / "hot.yaml"
    chain.write_text(HOT.replace("-9", "-8") + "deliver:\n  - {format: opus, bitrate_kbps: 48}\n")
    assert run(["master", str(path), "--chain", str(chain), "-q"]) == 3
    assert re.search(r"over_ceiling_db is \d\.\d\d, wanted at most 0", capsys.readouterr().err)
    assert (tmp_path / "hot.master.opus").exists()


def test_a_blended_limit_promises_no_ceiling(song: Path, tmp_path: Path) -> None:
    """What is mixed with the untouched signal is written as it is, without a search for a codec's overshoot."""
    chain = Chain.parse("steps:\n  - loudness: {target_lufs: -14, ceiling_dbtp: -24, mix: 0.25}\n")
    result = master_file(song, chain, output=tmp_path / "out.wav")
    output = result.outputs[0]
    assert output.checks == () and output.shortfall is None
    assert output.analysis.peaks.true_peak_dbtp > -24
    asked = master_file(song, chain, output=tmp_path / "asked.wav", target_lufs=-20, ceiling_dbtp=-6).outputs[0]
    assert asked.analysis.loudness.integrated_lufs == pytest.approx(-20, abs=0.1)
    assert asked.analysis.peaks.true_peak_dbtp <= -6


def test_the_lowest_ceiling_holds_on_the_coarsest_grid(song: Path, tmp_path: Path) -> None:
    """The ceiling in front of the grid is lower than any that a chain may ask for."""
    chain = Chain.parse(
        "steps:\n  - loudness: {target_lufs: -70, ceiling_dbtp: -60}\ndeliver:\n  - {format: wav, bit_depth: 16}\n"
    )
    assert master_file(song, chain, output=tmp_path / "out.wav").outputs[0].analysis.peaks.true_peak_dbtp <= -60
