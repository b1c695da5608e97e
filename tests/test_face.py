"""The Python face: every public name works, twice, also after every submodule was imported."""

from __future__ import annotations

import pkgutil
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import songkit
from songkit.audio import Encoding
from songkit.files import AudioWriter
from tests import signals

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wav(tmp_path_factory: pytest.TempPathFactory) -> Path:
    audio = signals.song(seconds=6)
    path = tmp_path_factory.mktemp("face") / "in.wav"
    with AudioWriter(path, audio.format, Encoding("wav", 24)) as writer:
        writer.push(audio.samples)
        writer.close()
        writer.commit()
    return path


def submodules() -> list[str]:
    """Every module of the package that can be imported here; an extra that is not installed is no fault of theirs."""
    names = []
    packages = [("songkit", songkit.__path__)]
    while packages:
        prefix, path = packages.pop()
        for module in pkgutil.iter_modules(path, prefix + "."):
            if module.name.endswith("__main__"):
                continue
            try:
                found = import_module(module.name)
            except ModuleNotFoundError as error:
                assert error.name is not None and not error.name.startswith("songkit"), error
                continue
            names.append(module.name)
            if module.ispkg:
                packages.append((module.name, found.__path__))
    return names


def test_every_submodule_imports_and_the_face_still_works_twice(wav: Path, tmp_path: Path) -> None:
    for name in submodules():
        import_module(name)
    for index in (1, 2):
        analysis = songkit.analyze_file(wav)
        assert analysis.loudness.integrated_lufs is not None
        result = songkit.master_file(wav, chain="gentle", output=tmp_path / f"out{index}.wav")
        assert result.passed and result.outputs[0].path.exists()
        assert songkit.Chain.load("radio").name == "radio"
        run = songkit.make_song(style="pop", seconds=10, seeds=(7,), output_dir=tmp_path / f"run{index}")
        assert run.winner.seed == 7


def test_all_names_resolve() -> None:
    assert {name: getattr(songkit, name) for name in songkit.__all__}
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        songkit.nothing  # noqa: B018


def test_every_python_block_of_the_readme_runs(wav: Path, tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert blocks
    (tmp_path / "in.wav").write_bytes(wav.read_bytes())
    script = "\n".join(blocks)
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
