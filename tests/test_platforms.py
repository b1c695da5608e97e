"""The table of platforms is data with source and date, and a delivery for several keeps to each."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from songkit.audio import Encoding
from songkit.chains import Chain
from songkit.cli import run
from songkit.deliver import master_file, order
from songkit.errors import UsageError
from songkit.files import AudioWriter
from songkit.platforms import deliverable, platform, platforms
from songkit.targets import Target
from tests import signals
from tests.second_tool import ebur128


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    audio = signals.song(seconds=6)
    path = tmp_path_factory.mktemp("platforms") / "in.wav"
    with AudioWriter(path, audio.format, Encoding("wav", 24), frames=audio.frames) as writer:
        writer.push(audio.samples)
        writer.commit()
    return path


def test_the_table_has_what_was_collected() -> None:
    figures = {name: (found.lufs, found.ceiling_dbtp) for name, found in platforms().items()}
    assert figures["spotify"] == (-14, -1) and figures["spotify-loud"] == (-11, -2)
    assert figures["apple-music"] == (-16, -1) and figures["deezer"] == (-15, -1)
    assert figures["ebu-r128"] == (-23, -1) and figures["atsc-a85"] == (-24, -2)
    assert figures["aes-td1008-album"] == (-14, -1) and figures["apple-podcasts-mono"] == (-19, -1)
    assert figures["acx"] == (None, None) and figures["replaygain2"] == (-18, None)
    assert all(found.source and found.about and found.date.year >= 2026 for found in platforms().values())


def test_unknown_platforms_get_near_names_and_those_without_lufs_a_way_out() -> None:
    with pytest.raises(UsageError, match="spotify"):
        platform("spotfy")
    with pytest.raises(UsageError, match="RMS"):
        deliverable("acx")


def test_a_platform_in_a_deliver_list_brings_its_figures_once_and_for_all() -> None:
    target = Target(platform="spotify-loud", format="flac")
    assert (target.target_lufs, target.ceiling_dbtp) == (-11, -2)
    assert Target(platform="deezer", ceiling_dbtp=-3).ceiling_dbtp == -3
    chain = Chain.parse("steps:\n  - loudness: {}\ndeliver:\n  - {format: wav, platform: deezer}\n")
    assert "target_lufs: -15" in chain.dump() and Chain.parse(chain.dump()).deliver == chain.deliver
    with pytest.raises(UsageError, match="there is no platform"):
        Chain.parse("deliver:\n  - {format: wav, platform: dezer}\n")


def test_every_platform_gets_its_own_file_at_its_own_loudness(song: Path, tmp_path: Path) -> None:
    wanted = ("spotify", "apple-music", "amazon-music", "replaygain2")
    result = master_file(song, "streaming", output_dir=tmp_path, platforms=wanted)
    assert [output.path.name for output in result.outputs] == [f"in.master-{name}.wav" for name in wanted]
    for name, output in zip(wanted, result.outputs, strict=True):
        asked = platform(name)
        assert output.passed, name
        assert output.analysis.loudness.integrated_lufs == pytest.approx(asked.lufs, abs=0.1)
        assert ebur128(output.path).integrated_lufs == pytest.approx(asked.lufs, abs=0.16)
        assert output.analysis.peaks.true_peak_dbtp <= (-1 if asked.ceiling_dbtp is None else asked.ceiling_dbtp)
        error = next(check for check in output.checks if check.name == "loudness_error_lu")
        assert error.value is not None and error.value < 0.1, "the check is relative to the platform"


def test_the_head_of_the_chain_runs_once(song: Path, tmp_path: Path) -> None:
    stages = []
    chain = Chain.parse("steps:\n  - highpass: {cutoff_hz: 30}\n  - loudness: {}\n")
    master_file(
        song,
        chain,
        output_dir=tmp_path,
        platforms=("spotify", "deezer"),
        progress=lambda update: stages.append(update.stage),
    )
    renders = [stage for before, stage in zip(["", *stages], stages, strict=False) if stage != before]
    assert sum(stage == "rendering" for stage in renders) == 1


def test_a_target_may_reach_into_the_head(song: Path, tmp_path: Path) -> None:
    chain = Chain.parse(
        "steps:\n  - loudness: {}\n  - gain: {gain_db: -6}\n  - limiter: {}\n"
        "deliver:\n  - {format: wav, target_lufs: -14}\n  - {format: wav, target_lufs: -20}\n"
    )
    outputs = master_file(song, chain, output_dir=tmp_path).outputs
    loudness = [output.analysis.loudness.integrated_lufs for output in outputs]
    assert loudness == pytest.approx([-20, -26], abs=0.1)
    assert outputs[1].path.name == "in.master--20lufs.wav"


def test_who_says_how_loud_is_said_once(song: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="its own loudness"):
        order(song, platforms=("spotify",), target_lufs=-9)
    with pytest.raises(UsageError, match="several platforms"):
        order(song, platforms=("spotify", "deezer"), output=tmp_path / "out.wav")
    assert order(song, platforms=("deezer",), output=tmp_path / "out.wav").outputs[0][1].target_lufs == -15


def test_the_commands(song: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["platforms"]) == 0
    assert "spotify" in capsys.readouterr().out
    assert run(["platforms", "--json"]) == 0
    told = {line["name"]: line for line in json.loads(capsys.readouterr().out)}
    assert told["tidal"]["lufs"] == -14 and told["tidal"]["date"].startswith("20")
    arguments = ["master", str(song), "--platform", "spotify, deezer", "--output-dir", str(tmp_path), "-n", "--json"]
    assert run(arguments) == 0
    outputs = json.loads(capsys.readouterr().out)[0]["outputs"]
    assert [Path(output["path"]).name for output in outputs] == ["in.master-spotify.wav", "in.master-deezer.wav"]
    assert [output["asked"]["lufs"] for output in outputs] == [-14, -15]
    assert run(["master", str(song), "--platform", "myspace"]) == 2
