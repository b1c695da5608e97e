"""Bad input, in two lists.

What must fail: one clear line, a documented exit code, nothing written. And what must be answered.
"""

from __future__ import annotations

import json
import os
import struct
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from songkit.audio import Audio, Encoding
from songkit.cli import run
from songkit.files import AudioWriter
from tests import signals


def write(path: Path, audio: Audio, encoding: Encoding | None = None) -> Path:
    with AudioWriter(path, audio.format, encoding or Encoding("wav", "float32"), frames=audio.frames) as writer:
        writer.push(audio.samples)
        writer.close()
        writer.commit()
    return path


def header(channels: int = 2, rate: int = 44_100, claimed: int = 4_000, present: int = 4_000) -> bytes:
    """A 16-bit WAVE file whose header says what is asked of it."""
    block = max(1, channels * 2)
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, rate, rate * block & 0xFFFFFFFF, block & 0xFFFF, 16)
    return (
        struct.pack("<4sI4s", b"RIFF", min(36 + claimed, 0xFFFFFFFF), b"WAVE")
        + fmt
        + struct.pack("<4sI", b"data", claimed)
        + bytes(index % 251 for index in range(present))
    )


def with_samples(mutate: Callable[[np.ndarray], None]) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        samples = signals.song(seconds=2).samples.copy()
        mutate(samples)
        return write(folder / "in.wav", Audio(samples, 44_100))

    return make


def put(samples: np.ndarray, value: float) -> None:
    samples[0, 44_100] = value


def bytes_file(content: bytes, name: str = "in.wav") -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content)
        return path

    return make


def good(folder: Path) -> Path:
    return write(folder / "in.wav", signals.song(seconds=2))


MUST_FAIL_FILES: dict[str, tuple[Callable[[Path], Path], str]] = {
    "zero bytes": (bytes_file(b""), "empty"),
    "text renamed .wav": (bytes_file(b"these are words, not audio\n" * 40), "not audio"),
    "random bytes": (bytes_file(np.random.default_rng(1).bytes(5000)), "not audio"),
    "a picture named .mp3": (bytes_file(b"\x89PNG\r\n\x1a\n" + bytes(3000), "in.mp3"), ""),
    "a directory": (lambda folder: folder, "folder"),
    "a missing file": (lambda folder: folder / "nothing.wav", "does not exist"),
    "0 channels": (bytes_file(header(channels=0)), "channel"),
    "0 Hz": (bytes_file(header(rate=0)), "rate"),
    "4 Hz": (bytes_file(header(rate=4)), "rate"),
    "300 channels": (bytes_file(header(channels=300)), "channel"),
    "a header that claims far more than there is": (bytes_file(header(claimed=0x7FFFFFF0, present=4_000)), ""),
    "no samples": (bytes_file(header(claimed=0, present=0)), ""),
    "NaN": (with_samples(lambda samples: put(samples, np.nan)), "NaN"),
    "Inf": (with_samples(lambda samples: put(samples, np.inf)), "inf"),
    "digital silence": (with_samples(lambda samples: samples.fill(0)), "silence"),
}


@pytest.mark.parametrize("kind", MUST_FAIL_FILES)
def test_master_refuses(kind: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    make, word = MUST_FAIL_FILES[kind]
    path = make(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    code = run(["master", str(path), "--output-dir", str(tmp_path)])
    error = capfd.readouterr().err
    assert code == 1, error
    assert word.lower() in error.lower()
    assert "Traceback" not in error
    assert [line for line in error.splitlines() if line.startswith("error:")] != []
    assert sorted(tmp_path.rglob("*")) == before


CHAINS: dict[str, tuple[str, str]] = {
    "wrong YAML": ("steps: [gain: {", ""),
    "not a mapping": ("- gain\n- eq\n", ""),
    "empty": ("", "empty"),
    "an unknown key": ("steps:\n  - compressor:\n      ratoi: 2\n", "ratio"),
    "an unknown step": ("steps:\n  - compresor: {ratio: 2}\n", "compressor"),
    "two keys in one step": ("steps:\n  - {gain: {gain_db: 1}, dc: {}}\n", ""),
    "a wrong type": ("steps:\n  - gain: {gain_db: loud}\n", "gain_db"),
    "NaN as a value": ("steps:\n  - gain: {gain_db: .nan}\n", "gain_db"),
    "out of range": ("steps:\n  - compressor: {ratio: -3}\n", "ratio"),
    "a Python object": ("steps:\n  - gain: !!python/object/apply:os.system ['true']\n", ""),
    "a bomb": (
        "a: &a [x,x,x,x,x,x,x,x,x]\n"
        + "".join(f"{b}: &{b} [{','.join(['*' + a] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True))
        + "steps: *i\n",
        "",
    ),
    "a recursive anchor": ("steps: &a\n  - *a\n", ""),
    "a duplicate key": ("steps:\n  - gain: {gain_db: 1, gain_db: 2}\n", "gain_db"),
    "a cut-off above Nyquist": ("steps:\n  - lowpass: {cutoff_hz: 23000}\n", "lowpass"),
    "an unknown check": (
        "steps:\n  - gain: {gain_db: 1}\nchecks:\n  loudnes_error_lu: {max: 1}\n",
        "loudness_error_lu",
    ),
    "an unknown format": ("steps:\n  - gain: {gain_db: 1}\ndeliver:\n  - {format: wma}\n", "format"),
    "a forbidden ffmpeg filter": ("steps:\n  - ffmpeg: {filter: amovie, options: {filename: x}}\n", "amovie"),
    "an unknown plugin": ("steps:\n  - pedalboard: {plugin: Reverbb}\n", "Reverb"),
}


@pytest.mark.parametrize("kind", CHAINS)
def test_master_refuses_the_chain(kind: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    text, word = CHAINS[kind]
    path = good(tmp_path)
    chain = tmp_path / "chain.yaml"
    chain.write_text(text)
    started = time.monotonic()
    code = run(["master", str(path), "--chain", str(chain)])
    error = capfd.readouterr().err
    assert code == 2, error
    assert word in error
    assert "error:" in error and "Traceback" not in error
    assert sorted(item.name for item in tmp_path.iterdir()) == ["chain.yaml", "in.wav"]
    assert time.monotonic() - started < 10


ARGUMENTS: dict[str, list[str]] = {
    "seeds abc": ["make", "--seeds", "abc"],
    "seeds 0": ["make", "--seeds", "0"],
    "a seed twice": ["make", "--seeds", "4,4"],
    "a seed of 2^63": ["make", "--seeds", f"1,{2**63}"],
    "seconds 0": ["make", "--seconds", "0"],
    "seconds 1e9": ["make", "--seconds", "1e9"],
    "seconds nan": ["make", "--seconds", "nan"],
    "an unknown generator": ["make", "--generator", "skecth"],
    "missing lyrics": ["make", "--lyrics", "nothing.lrc"],
    "an unknown chain": ["make", "--chain", "raido"],
    "an unknown command": ["mastr", "in.wav"],
    "no file": ["master"],
}


@pytest.mark.parametrize("kind", ARGUMENTS)
def test_wrong_arguments_end_with_2(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(ARGUMENTS[kind]) == 2
    error = capfd.readouterr().err
    assert "rror" in error and "Traceback" not in error
    assert list(tmp_path.iterdir()) == []


def test_an_existing_output_is_kept_and_force_replaces_it(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = good(tmp_path)
    out = tmp_path / "in.master.wav"
    out.write_bytes(b"precious")
    assert run(["master", str(path)]) == 2
    assert out.read_bytes() == b"precious"
    assert "-f" in capfd.readouterr().err
    assert run(["master", str(path), "-f", "-q"]) == 0
    assert out.read_bytes()[:4] == b"RIFF"


def test_the_source_is_never_overwritten(tmp_path: Path) -> None:
    path = good(tmp_path)
    content = path.read_bytes()
    assert run(["master", str(path), "-o", str(path), "-f"]) == 2
    assert path.read_bytes() == content


def test_a_missing_folder_is_made_by_output_dir_only(tmp_path: Path) -> None:
    path = good(tmp_path)
    assert run(["master", str(path), "-o", str(tmp_path / "new" / "out.wav")]) == 2
    assert not (tmp_path / "new").exists()
    assert run(["master", str(path), "--output-dir", str(tmp_path / "new"), "-q"]) == 0
    assert (tmp_path / "new" / "in.master.wav").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_unwritable_folder(tmp_path: Path) -> None:
    path = good(tmp_path)
    tmp_path.chmod(0o500)
    try:
        assert run(["master", str(path)]) == 2
    finally:
        tmp_path.chmod(0o700)


# What must be answered ------------------------------------------------------------------------------------------------


def analyzed(path: Path, capfd: pytest.CaptureFixture[str]) -> dict:
    assert run(["analyze", str(path), "--json"]) == 0
    return json.loads(capfd.readouterr().out)[0]


def test_three_samples(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    report = analyzed(write(tmp_path / "in.wav", Audio(np.full((2, 3), 0.1, np.float32), 44_100)), capfd)
    assert report["loudness"]["integrated_lufs"] is None
    assert "0.4 s" in report["undefined"]["loudness.integrated_lufs"]
    assert report["levels"]["rms_dbfs"] == pytest.approx(-20, abs=0.01)


def test_a_truncated_file_is_read_as_far_as_it_goes(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = good(tmp_path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    report = analyzed(path, capfd)
    assert report["format"]["seconds"] == pytest.approx(1.0, abs=0.01)
    assert "truncated" in {finding["code"] for finding in report["findings"]}


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_not_finite_is_counted_and_located(value: float, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    report = analyzed(with_samples(lambda samples: put(samples, value))(tmp_path), capfd)
    assert report["defects"]["nonfinite_samples"] == 1
    finding = next(finding for finding in report["findings"] if "finite" in finding["code"])
    assert finding["start_seconds"] == pytest.approx(1.0, abs=0.01)
    assert report["loudness"]["integrated_lufs"] is not None


def test_digital_silence_is_a_finding(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    report = analyzed(with_samples(lambda samples: samples.fill(0))(tmp_path), capfd)
    assert report["levels"]["rms_dbfs"] is None
    assert any("silen" in finding["code"] for finding in report["findings"])


@pytest.mark.parametrize("channels", [1, 2, 6, 8])
@pytest.mark.parametrize("kind", ["square", "dc", "sine"])
def test_odd_signals_are_answered_and_mastered(
    kind: str, channels: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    sine = signals.sine(441.0, 0.0, 1.0, 44_100, channels).samples
    samples = {"square": np.sign(sine), "dc": np.full_like(sine, 0.5), "sine": sine}[kind]
    path = write(tmp_path / "in.wav", Audio(samples.astype(np.float32), 44_100))
    report = analyzed(path, capfd)
    assert report["format"]["channels"] == channels
    assert run(["master", str(path), "-q", "--chain", "gentle"]) in (0, 1, 3)
    assert "Traceback" not in capfd.readouterr().err


def test_a_clip_under_400_ms_is_mastered_by_ungated_energy(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "in.wav", signals.sine(997.0, -30.0, 0.3))
    assert run(["master", str(path), "--json"]) in (0, 3)
    report = json.loads(capfd.readouterr().out)[0]
    assert any("the energy of the whole was taken" in warning for warning in report["warnings"])
    assert Path(report["outputs"][0]["path"]).exists()
