"""What the fuzzing starts from: small intact files of every kind that is read, made by the project's own writers."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import numpy as np

from songkit.audio import Audio, Encoding
from songkit.cli import run
from songkit.files import AudioWriter, read_audio
from songkit.provenance import Record, SourceFile
from songkit.tags import Tags, write_tags
from songkit.wave import WaveWriter
from tests import signals

Kind = Literal["audio", "lyrics", "chain", "profile", "baseline", "run"]

FRAMES, LONG_FRAMES = 3_000, 50_000
"""Ogg has several pages only where it is longer."""
TAGS = Tags({"title": ("Harbour",), "artist": ("Ærø", "second"), "songkit_record": ('{"layout":1}',)})

LYRICS = (
    "[ti:Harbour lights]\n[ar:Nobody]\n[offset:+250]\n[0:12.50]Lights on the water\n[0:20][0:52.1]Sing it again\n"
    "[0:30]<0:30.2>one <0:30.9>word\n[0:40]\n[1:02:03.456]late\n",
    "\ufeff[00:01.00]你好世界\r\n［00:03.00］港の灯り\r\n[00:05,5]Überall Lichter (leise)\r\n",
    "".join(f"[{second // 60}:{second % 60:02d}]line {second} of many\n" for second in range(0, 200, 5)),
)


@dataclass(frozen=True, slots=True)
class Material:
    """An intact input: its bytes, and of audio what it decodes to. `checked`: its codec has checksums over samples."""

    kind: Kind
    name: str
    data: bytes
    samples: np.ndarray | None = None
    checked: bool = False


def everything(folder: Path) -> list[Material]:
    """All materials, in an order that never changes; `folder` is empty and stays so."""
    folder.mkdir()
    made = [*_audio(folder), *_lyrics(), *_chains(), *_profiles(), *_baselines(folder), *_runs(folder)]
    shutil.rmtree(folder)
    return made


def _audio(folder: Path) -> Iterator[Material]:
    for name, suffix, rate, channels, depth, tagged in (
        ("wav16", "wav", 44_100, 2, 16, True),
        ("wav24", "wav", 48_000, 1, 24, False),
        ("wav32", "wav", 8_000, 2, 32, False),
        ("wavfloat", "wav", 44_100, 2, "float32", False),
        ("wav51", "wav", 48_000, 6, 24, True),
        ("aiff16", "aiff", 44_100, 2, 16, True),
        ("aiff24", "aiff", 48_000, 1, 24, False),
        ("aifffloat", "aiff", 48_000, 2, "float32", False),
        ("flac16", "flac", 44_100, 2, 16, True),
        ("flac24", "flac", 96_000, 2, 24, False),
        ("flac51", "flac", 48_000, 6, 16, False),
        ("mp3", "mp3", 44_100, 2, None, True),
        ("mp3mono", "mp3", 24_000, 1, None, False),
        ("ogg", "ogg", 44_100, 2, None, True),
        ("ogg51", "ogg", 48_000, 6, None, False),
        ("opus", "opus", 48_000, 2, None, True),
        ("m4a", "m4a", 44_100, 2, None, True),
    ):
        path = folder / f"a.{suffix}"
        _written(path, _signal(rate, channels, LONG_FRAMES if name in ("ogg", "opus") else FRAMES), depth)
        if tagged:
            write_tags(path, TAGS)
        yield _taken(name, path, checked=suffix in ("flac", "ogg", "opus"))
    yield _taken("rf64", _rf64(folder / "a.wav"))
    for name, container, subtype in (
        ("wav8", "WAV", "PCM_U8"),
        ("alaw", "WAV", "ALAW"),
        ("adpcm", "WAV", "IMA_ADPCM"),
        ("wavdouble", "WAV", "DOUBLE"),
        ("w64", "W64", "PCM_16"),
        ("caf", "CAF", "PCM_24"),
        ("au", "AU", "PCM_16"),
        ("aifc", "AIFF", "ULAW"),
    ):
        yield _taken(name, _foreign(folder / "a.bin", container, subtype))


def _signal(rate: int, channels: int, frames: int = FRAMES) -> Audio:
    whole = signals.multichannel(1.0, 6, rate) if channels == 6 else signals.song(2.0, rate)
    return Audio(whole.samples[:channels, :frames], rate)


def _written(path: Path, audio: Audio, depth: Any) -> None:
    with AudioWriter(path, audio.format, Encoding(path.suffix[1:], depth), frames=audio.frames) as writer:  # type: ignore[arg-type]
        writer.push(audio.samples)
        writer.close()
        writer.commit()


def _rf64(path: Path) -> Path:
    audio = _signal(48_000, 2)
    with path.open("wb") as handle:
        writer = WaveWriter(handle, audio.format, 16, None, limit_bytes=1_000)
        writer.write((audio.samples.T * 2**15).clip(-(2**15), 2**15 - 1).astype("<i2").tobytes())
        writer.close()
    return path


def _foreign(path: Path, container: str, subtype: str) -> Path:
    import soundfile

    audio = _signal(44_100, 2)
    soundfile.write(path, audio.samples.T, 44_100, subtype, format=container)
    return path


def _taken(name: str, path: Path, *, checked: bool = False) -> Material:
    samples = read_audio(path).samples
    material = Material("audio", name, path.read_bytes(), np.array(samples), checked)
    path.unlink()
    return material


def _lyrics() -> Iterator[Material]:
    for index, text in enumerate(LYRICS):
        yield Material("lyrics", f"lrc{index}", text.encode())
    yield Material("lyrics", "lrc-utf16", LYRICS[0].encode("utf-16"))


def _chains() -> Iterator[Material]:
    entries = (entry for entry in files("songkit.chains").iterdir() if entry.name.endswith(".yaml"))
    for entry in sorted(entries, key=lambda entry: entry.name):
        yield Material("chain", entry.name, entry.read_bytes())


def _profiles() -> Iterator[Material]:
    entries = files("songkit.analysis").joinpath("profiles").iterdir()
    for entry in sorted(entries, key=lambda entry: entry.name):
        if entry.name.endswith(".yaml"):
            yield Material("profile", entry.name, entry.read_bytes())


def _baselines(folder: Path) -> Iterator[Material]:
    path = folder / "a.wav"
    _written(path, _signal(44_100, 2), 16)
    yield Material("baseline", "analysis.json", _said("analyze", str(path), "--json"))


def _runs(folder: Path) -> Iterator[Material]:
    """The records of a small run: its manifest, that of a take, and one of what was delivered."""
    _said("generate", "--seconds", "10", "--seeds", "1", "-o", str(folder / "run"), "-q")
    for name in ("manifest.json", "seed-1/take.json"):
        yield Material("run", name, (folder / "run" / name).read_bytes())
    record = Record(made="master", versions={"songkit": "0"}, source=SourceFile(name="take.wav", sha256="0" * 64))
    entry = {"name": "a.master.wav", "sha256": "0" * 64, "provenance": record.model_dump(mode="json")}
    yield Material("run", "song/delivery.json", json.dumps({"key": "0", "files": [entry]}).encode())


def _said(*arguments: str) -> bytes:
    out, error = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(error):
        code = run(list(arguments))
    if code != 0:
        raise RuntimeError(f"{arguments} ended with {code}: {error.getvalue()}")
    return out.getvalue().encode()
