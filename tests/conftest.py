"""What the tests need, set here and not in the reader's shell."""

import os
import tempfile
from pathlib import Path

import pytest

# Two oversubscribed threads of a numerical library are slower than one; nothing may reach for a network; and what the
# reader has configured is no part of a test.
for name in [name for name in os.environ if name.startswith("SONGKIT_")]:
    if name not in ("SONGKIT_FFMPEG", "SONGKIT_FUZZ_SEED"):
        del os.environ[name]
for name, value in {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "HF_HUB_OFFLINE": "1",
    "NO_COLOR": "1",
    "XDG_CONFIG_HOME": str(Path(tempfile.gettempdir()) / "songkit-tests-without-configuration"),
}.items():
    os.environ[name] = value

# Files go to the workers whole; the long ones go first, so that no worker is left alone with one of them at the end.
LONG_FILES = (
    "test_diffrhythm_make.py",
    "test_make.py",
    "test_reproduce.py",
    "test_fuzz.py",
    "test_torch_audio.py",
    "test_defect_corpus.py",
    "test_faults.py",
    "test_properties.py",
    "test_kills.py",
    "test_rank.py",
    "test_diffrhythm_edit.py",
    "test_sketch_song.py",
    "test_limiter.py",
    "test_face.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {name: place for place, name in enumerate(LONG_FILES)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))
