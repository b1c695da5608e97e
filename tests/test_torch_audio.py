"""torchaudio works here, with its native library or without it, and which of the two is known."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import pytest

needs_torchaudio = pytest.mark.skipif(
    find_spec("torch") is None or find_spec("torchaudio") is None,
    reason="torchaudio is not installed: pip install 'songkit[diffrhythm]'",
)

WORKS = """
from songkit.generate.diffrhythm.torch_audio import prepare
mode = prepare()
import torch, torchaudio
tone = torch.sin(2 * torch.pi * 440 * torch.arange(44100) / 44100)
lower = torchaudio.transforms.Resample(44100, 24000)(tone)
wanted = torch.sin(2 * torch.pi * 440 * torch.arange(24000) / 24000)
assert (lower - wanted)[1000:-1000].abs().max() < 1e-3
assert torchaudio.transforms.MelSpectrogram(24000, n_mels=40)(lower).shape[0] == 40
assert prepare() == mode
print(mode)
"""

IMPORTS_ALONE = "import torchaudio"

ALIGN = """
from songkit.errors import MissingError
from songkit.generate.diffrhythm.torch_audio import prepare
if prepare() == "python":
    import torch, torchaudio
    try:
        torchaudio.functional.forced_align(torch.zeros(1, 5, 3), torch.zeros(1, 2))
    except MissingError as error:
        assert "native library" in error.message
    else:
        raise SystemExit("no error")
"""


def run(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True)


@needs_torchaudio
def test_torchaudio_works_and_the_mode_is_told(record_property: pytest.RecordProperty) -> None:
    native = run(IMPORTS_ALONE).returncode == 0
    done = run(WORKS)
    assert done.returncode == 0, done.stderr
    mode = done.stdout.strip()
    record_property("torchaudio", mode)
    print(f"torchaudio: {mode}")
    assert mode == ("native" if native else "python")


@needs_torchaudio
def test_what_needs_the_library_says_so() -> None:
    done = run(ALIGN)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(
    find_spec("transformers") is None or find_spec("torchaudio") is None, reason="transformers is not installed"
)
def test_transformers_can_be_imported_after_it() -> None:
    done = run(
        "from songkit.generate.diffrhythm.torch_audio import prepare\n"
        "prepare()\n"
        "from transformers import XLMRobertaModel\n"
    )
    assert done.returncode == 0, done.stderr


def test_without_torch_the_extra_is_named() -> None:
    done = run(
        "import sys; sys.modules['torch'] = None\n"
        "from songkit.errors import MissingError\n"
        "from songkit.generate.diffrhythm.torch_audio import prepare\n"
        "try:\n    prepare()\nexcept MissingError as error:\n    print(error)\n"
    )
    assert done.stdout.strip() == "torch is not installed (pip install 'songkit[diffrhythm]')", done.stderr
