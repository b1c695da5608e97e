"""A chain reads, writes and runs nothing outside what it names: its steps attacked."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from songkit import ffmpeg
from songkit.audio import Format
from songkit.blocks import SourceInfo
from songkit.chains import Chain
from songkit.cli import run
from songkit.errors import ChainError, InputError
from songkit.files import open_source
from songkit.master.ffmpeg_filter import FILTERS, FfmpegFilter
from tests.test_bad_input import good

FORBIDDEN = (
    "movie", "amovie", "sendcmd", "asendcmd", "zmq", "azmq", "metadata", "ametadata", "ladspa", "lv2", "arnndn",
    "firequalizer", "aeval", "aevalsrc", "headphone", "sofalizer", "afir", "asr", "whisper", "concat", "amerge",
    "abuffer", "anullsrc", "volume,amovie=/etc/passwd", "volume;amovie", "volume[a];[a]amovie", "volume=1,ametadata",
    "volume@x", "volume ", " volume", "VOLUME", "volume\n", "volume\\,amovie", "'volume'", "", "../volume",
)  # fmt: skip

OPTIONS: tuple[dict[str, object], ...] = (
    {"stats_file": "out.txt"},
    {"file": "out.txt"},
    {"filename": "out.txt"},
    {"volume": "1,ametadata=print:file=out.txt"},
    {"volume": "1[x];[x]ametadata=mode=print:file=out.txt"},
    {"volume": "1:eval=frame,ametadata=print:file=out.txt"},
    {"volume": "1':file='out.txt"},
    {"volume": "1\\,amovie=/etc/passwd"},
    {"volume": "1\\\\:file=out.txt"},
    {"volume": "1\nout.txt"},
    {"volume": "$(touch out.txt)"},
    {"volume": "`touch out.txt`"},
    {"volume": "1;amovie=/etc/passwd"},
    {"volume": "st(0,1)"},
    {"volume": "%{metadata:x}"},
    {"volume": "/etc/passwd"},
    {"volume=1,ametadata=print:file": "out.txt"},
    {"volume:file": "out.txt"},
    {"-y": "out.txt"},
    {"/volume": "secret.txt"},
    {"enable": "between(t,0,1)"},
)


@pytest.mark.parametrize("name", FORBIDDEN)
def test_a_filter_that_is_not_on_the_list(name: str) -> None:
    text = json.dumps({"steps": [{"ffmpeg": {"filter": name}}]})
    with pytest.raises(ChainError, match="not among the ffmpeg filters"):
        Chain.parse(text)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_options_that_would_reach_out(
    options: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    good(tmp_path)
    Path("secret.txt").write_text("0.5")
    name = "loudnorm" if "stats_file" in options else "volume"
    Path("chain.yaml").write_text(json.dumps({"steps": [{"ffmpeg": {"filter": name, "options": options}}]}))
    before = sorted(tmp_path.iterdir())
    assert run(["master", "in.wav", "--chain", "chain.yaml", "-q"]) == 2
    error = capfd.readouterr().err
    assert "Traceback" not in error and "root:" not in error
    assert sorted(tmp_path.iterdir()) == before


def test_separators_in_a_value_stay_in_the_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the value's letters allow, is escaped: never another option, filter or link."""
    monkeypatch.chdir(tmp_path)
    info = SourceInfo(Format(48_000), 48_000)
    for value in ("1:double", "1,anull", "1|2", "1 /etc/passwd", "1:2:3", "1,2:3|4"):
        wrong = FfmpegFilter(filter="volume", options={"volume": value}).check(info)
        assert wrong is not None, value
    # the same separators where the filter itself takes them
    assert FfmpegFilter(filter="compand", options={"points": "-70/-70|-60/-20|1/0"}).check(info) is None
    assert list(tmp_path.iterdir()) == []


REVIEWED = {
    "args", "attacks", "band_noise", "bn", "c", "channels", "curve", "decays", "delays", "depths", "h", "points",
    "speeds", "v", "volume",
}  # fmt: skip
"""Options of the listed filters that are free text; none of them names anything outside the signal."""


def test_no_listed_filter_has_a_free_text_option_that_was_not_reviewed() -> None:
    program = ffmpeg.executable()
    for name in sorted(FILTERS):
        told = subprocess.run([program, "-hide_banner", "-h", f"filter={name}"], capture_output=True, text=True).stdout
        free = set(re.findall(r"^\s+(\w+)\s+<(?:string|dictionary|binary)>", told, re.MULTILINE)) - REVIEWED
        for option in free:
            with pytest.raises(ValueError, match="not allowed"):
                FfmpegFilter(filter=name, options={option: "x"})


@pytest.mark.parametrize(
    "plugin", ["VST3Plugin", "Convolution", "ExternalPlugin", "load_plugin", "io", "__class__", "os"]
)
def test_a_pedalboard_name_that_loads_something(plugin: str) -> None:
    step = Chain.parse(json.dumps({"steps": [{"pedalboard": {"plugin": plugin}}]})).steps[0]
    wrong = step.check(SourceInfo(Format(48_000), 48_000))
    assert wrong is not None and "no plugin" in wrong


@pytest.mark.parametrize("parameter", ["__class__", "process", "_x", "path", "impulse_response_filename"])
def test_a_pedalboard_parameter_that_is_none(parameter: str) -> None:
    settings = {"plugin": "Reverb", "parameters": {parameter: "x"}}
    step = Chain.parse(json.dumps({"steps": [{"pedalboard": settings}]})).steps[0]
    wrong = step.check(SourceInfo(Format(48_000), 48_000))
    assert wrong is not None and "no parameter" in wrong


def test_a_plugin_is_only_loaded_from_a_path_that_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ChainError, match="path"):
        Chain.parse(json.dumps({"steps": [{"vst3": {"plugin": "Reverb"}}]}))
    with pytest.raises(ChainError, match="path"):
        Chain.parse(json.dumps({"steps": [{"vst3": {"path": ""}}]}))
    monkeypatch.chdir(tmp_path)
    step = Chain.parse(json.dumps({"steps": [{"vst3": {"path": "Reverb.vst3"}}]})).steps[0]
    assert "does not exist" in str(step.check(SourceInfo(Format(48_000), 48_000)))


def test_match_reads_audio_and_nothing_else(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("root:x:0:0\n" * 100)
    os.mkfifo(tmp_path / "pipe")
    info = SourceInfo(Format(48_000), 48_000)
    for path in (secret, tmp_path / "pipe", tmp_path, Path("/dev/zero"), "http://127.0.0.1:9/a.wav", "concat:a|b", "-"):
        step = Chain.parse(json.dumps({"steps": [{"match": {"references": [{"path": str(path)}]}}]})).steps[0]
        wrong = step.check(info)
        assert wrong is not None and "root:" not in wrong


# What an input may make ffmpeg open -----------------------------------------------------------------------------------

PLAYLIST = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n"
DISGUISED = {
    "an HLS playlist": PLAYLIST.encode(),
    "a list of ffmpeg's": b"ffconcat version 1.0\nfile '/etc/passwd'\n",
    "a playlist behind an ID3 tag": b"ID3\x04\0\0\0\0\0\x0a" + bytes(10) + PLAYLIST.encode(),
    "a DASH manifest": b"<?xml version='1.0'?><MPD><BaseURL>file:///etc/passwd</BaseURL></MPD>",
    "an SDP": b"v=0\no=- 0 0 IN IP4 127.0.0.1\nm=audio 9 RTP/AVP 0\n",
    "an MP4 that is a playlist": b"\0\0\0\x18ftypM4A \0\0\0\0M4A mp42" + PLAYLIST.encode(),
    "a Matroska that is a playlist": b"\x1a\x45\xdf\xa3" + PLAYLIST.encode(),
}


@pytest.mark.parametrize("kind", DISGUISED)
@pytest.mark.parametrize("name", ["in.wav", "in.m3u8", "in.mp4"])
def test_a_list_of_other_files_is_no_audio(kind: str, name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(DISGUISED[kind])
    with pytest.raises(InputError) as error:
        open_source(path)
    assert name in error.value.message and "root:" not in str(error.value)


@pytest.mark.parametrize(
    "name",
    ["concat:in.wav|in.wav", "http://127.0.0.1:9/a.wav", "pipe:0", "data:audio/wav;base64,UklGRg==", "crypto:in.wav"],
)
def test_an_address_is_a_file_name_that_does_not_exist(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    good(tmp_path)
    with pytest.raises(InputError, match="does not exist"):
        open_source(name)
