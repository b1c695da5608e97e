"""`--dry-run` refuses what the run would refuse without touching a sample, and nothing that the run would do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from songkit.audio import Audio, Encoding
from songkit.chains import Chain
from songkit.cli import run
from songkit.deliver import master_file, order
from songkit.errors import InputError, OutputError, QualityError, SignalError, SongkitError, UsageError
from songkit.files import AudioWriter
from songkit.targets import Target
from tests import signals
from tests.strategies import audio, chain_steps

RATE_BAND = "steps: [{eq: {bands: [{shape: bell, frequency_hz: 6000, gain_db: 3}]}}]"


def write(path: Path, signal: Audio, encoding: Encoding | None = None) -> Path:
    with AudioWriter(path, signal.format, encoding or Encoding("wav", 16), frames=signal.frames) as writer:
        writer.push(signal.samples)
        writer.close()
        writer.commit()
    return path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with sources of several formats, from which commands run."""
    write(tmp_path / "song.wav", signals.song(2.0))
    write(tmp_path / "mono8k.wav", Audio(signals.song(1.0, sample_rate=8_000).samples[:1], 8_000))
    write(tmp_path / "surround.flac", signals.multichannel(1.5), Encoding("flac", 24))
    write(tmp_path / "high.wav", signals.song(1.0, sample_rate=96_000), Encoding("wav", 24))
    write(tmp_path / "silent.wav", signals.silence(1.0))
    (tmp_path / "there.wav").write_bytes(b"somebody's work")
    (tmp_path / "empty.wav").write_bytes(b"")
    (tmp_path / "text.wav").write_text("not a sound")
    (tmp_path / "file").write_text("no folder")
    (tmp_path / "folder").mkdir()
    write(tmp_path / "folder" / "song.wav", signals.song(1.0, seed=2))
    whole = (tmp_path / "song.wav").read_bytes()
    (tmp_path / "damaged.wav").write_bytes(whole[:100])
    monkeypatch.chdir(tmp_path)
    return tmp_path


GOOD = [
    "song.wav",
    "song.wav -o out.flac",
    "song.wav -o out.mp3 --chain club -t -16",
    "song.wav --output-dir new/below/new",
    "song.wav -o there.wav -f",
    "song.wav --platform spotify,apple-music",
    "mono8k.wav --chain podcast",
    "mono8k.wav -o out.opus",
    "surround.flac -o out.mp3 --chain broadcast",
    "surround.flac --chain gentle",
    "high.wav -o out.mp3",
    "song.wav folder/song.wav --chain gentle",
    "song.wav --chain chains/half.yaml",
    "song.wav --chain chains/rates.yaml",
    "song.wav --chain chains/fades.yaml",
    "song.wav --chain chains/nothing.yaml",
    "song.wav --chain chains/targets.yaml",
    "song.wav folder/song.wav --album --chain chains/album_fade.yaml",
]

BAD = [
    "missing.wav",
    "folder",
    "empty.wav",
    "text.wav",
    "damaged.wav",
    "song.wav missing.wav",
    "song.wav --chain nowhere",
    "song.wav --chain chains/typo.yaml",
    "song.wav --chain text.wav",
    "mono8k.wav --chain chains/band.yaml",
    "song.wav --chain chains/band_after_resample.yaml",
    "mono8k.wav --chain chains/side.yaml",
    "mono8k.wav --chain chains/stereo_filter.yaml",
    "mono8k.wav --chain chains/fades.yaml",
    "surround.flac --chain chains/side.yaml",
    "song.wav --chain chains/option.yaml",
    "song.wav --chain chains/plugin.yaml",
    "song.wav --chain chains/mixed_resample.yaml",
    "song.wav --chain chains/reference.yaml",
    "song.wav --chain chains/layout.yaml",
    "song.wav --chain chains/twice.yaml",
    "song.wav -o there.wav",
    "song.wav -o folder",
    "song.wav -o folder/below/out.wav",
    "song.wav -o file/out.wav",
    "song.wav -o out.xyz",
    "song.wav -o out",
    "song.wav -o song.wav -f",
    "song.wav --output-dir file",
    "song.wav --output-dir file/below",
    "song.wav -t 3",
    "song.wav --true-peak 1",
    "song.wav --platform nobody",
    "song.wav --platform spotify -t -14",
    "song.wav --platform spotify,tidal -o out.wav",
    "song.wav folder/song.wav -o out.wav",
    "song.wav high.wav --album",
    "song.wav folder/song.wav --album --chain chains/trim.yaml",
]

CHAINS = {
    "half": "mix: 0.5\nsteps: [{gain: {gain_db: 3}}, {loudness: {target_lufs: -16}}]",
    "rates": "steps: [{resample: {sample_rate_hz: 22050}}, {lowpass: {cutoff_hz: 9000}}, {loudness: {}}]",
    "fades": "steps: [{fade: {in_seconds: 1, out_seconds: 0.5}}]",
    "nothing": "name: nothing",
    "targets": "steps: [{limiter: {}}]\ndeliver: [{format: wav}, {format: mp3}, {format: wav, sample_rate: 48000}]",
    "album_fade": "steps: [{fade: {in_seconds: 0.5, out_seconds: 2.2}}]",
    "typo": "steps: [{gian: {}}]",
    "band": RATE_BAND,
    "band_after_resample": f"steps: [{{resample: {{sample_rate_hz: 8000}}}}, {RATE_BAND[8:-1]}]",
    "side": "steps: [{eq: {bands: [{shape: bell, frequency_hz: 1000, gain_db: 3, target: side}]}}]",
    "stereo_filter": "steps: [{ffmpeg: {filter: extrastereo}}]",
    "option": "steps: [{ffmpeg: {filter: treble, options: {nonsense: 1}}}]",
    "plugin": "steps: [{pedalboard: {plugin: Reverb, parameters: {room: 1}}}]",
    "mixed_resample": "steps: [{resample: {sample_rate_hz: 48000, mix: 0.5}}]",
    "reference": "steps: [{match: {references: [{path: nowhere.wav}]}}]",
    "layout": "steps: [{downmix: {layout: [FL, FR, FC, LFE, BL, BR]}}]",
    "twice": "steps: []\ndeliver: [{format: wav}, {format: wav}, {format: wav}]",
    "trim": "steps: [{trim: {}}]",
}


def files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def chains(here: Path) -> Path:
    (here / "chains").mkdir()
    for name, text in CHAINS.items():
        (here / "chains" / f"{name}.yaml").write_text(text)
    return here


def test_every_chain_here_is_used() -> None:
    lines = " ".join(GOOD + BAD)
    assert all(f"chains/{name}.yaml" in lines for name in CHAINS)


@pytest.mark.parametrize("line", GOOD)
def test_what_the_run_does_the_dry_run_lets_pass(line: str, chains: Path) -> None:
    before = files(chains)
    for quiet in ([], ["-q"], ["--json"]):
        assert run(["master", *line.split(), "--dry-run", *quiet]) == 0
    assert files(chains) == before
    assert not (chains / "new").exists()
    assert run(["master", *line.split(), "-q"]) in (0, 3)  # 3: written, but a target was out of reach
    assert files(chains).keys() > before.keys() or "-f" in line


@pytest.mark.parametrize("line", BAD)
def test_what_the_run_refuses_the_dry_run_refuses_alike(
    line: str, chains: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files(chains)
    dry = run(["master", *line.split(), "--dry-run", "-q"])
    said = capsys.readouterr().err
    assert dry in (1, 2)
    assert files(chains) == before
    assert run(["master", *line.split(), "-q"]) == dry
    assert capsys.readouterr().err == said


def test_what_only_the_samples_tell_is_for_the_run(chains: Path) -> None:
    assert run(["master", "silent.wav", "--dry-run", "-q"]) == 0
    assert run(["master", "silent.wav", "-q"]) == 1


Settings = Callable[[Path], dict[str, Any]]

OUTPUTS: list[Settings] = [
    lambda folder: {},
    lambda folder: {"output": folder / "out.wav"},
    lambda folder: {"output": folder / "out.opus"},
    lambda folder: {"output": folder / "out.m4a"},
    lambda folder: {"output_dir": folder / "new"},
    lambda folder: {"platforms": ("spotify",)},
    lambda folder: {"target_lufs": -20.0, "ceiling_dbtp": -2.0},
]


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(st.data(), audio(most_frames=20_000), st.sampled_from(OUTPUTS), st.sampled_from(["wav", "flac", "mp3"]))
def test_random_chains_are_refused_by_both_or_by_neither(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, signal: Audio, settings: Settings, format: str
) -> None:
    folder = tmp_path_factory.mktemp("dry")
    source = write(folder / "in.wav", signal)
    chain = Chain(name="random", steps=data.draw(chain_steps(signal.format)), deliver=(Target(format=format),))
    wanted = settings(folder)
    refused = _error(lambda: order(source, chain, **wanted))
    assert [path.name for path in folder.iterdir()] == ["in.wav"]
    failed = _error(lambda: master_file(source, chain, **wanted))
    if refused is not None:
        event("refused")
        assert failed is not None and (type(failed), failed.message) == (type(refused), refused.message)
    else:
        event("run" if failed is None else f"the run found: {type(failed).__name__}")
        # what a sample tells, or what a finished file does, but nothing that could have been known before
        assert failed is None or isinstance(failed, SignalError | QualityError), failed
        assert not isinstance(failed, UsageError | OutputError)


def _error(call: Callable[[], object]) -> SongkitError | None:
    try:
        call()
    except SongkitError as error:
        return error
    return None


def test_bad_sources_are_the_same_error_from_python(here: Path) -> None:
    for name in ("missing.wav", "folder", "empty.wav", "text.wav", "damaged.wav"):
        refused, failed = _error(lambda n=name: order(n)), _error(lambda n=name: master_file(n))
        assert isinstance(refused, InputError)
        assert failed is not None and refused.message == failed.message
