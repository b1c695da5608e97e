"""Files that steps ask for: written once per run of the tests, gone with it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from songkit.audio import Audio, Encoding
from songkit.files import AudioWriter
from tests import signals

_FOLDER = TemporaryDirectory(prefix="songkit-tests-")


@cache
def reference_path() -> str:
    """A recording for `match` to come near to: brighter, wider and louder than the tests' music."""
    return str(written(signals.noise(-12, 2.0), Path(_FOLDER.name) / "reference.wav"))


def written(audio: Audio, path: Path) -> Path:
    """The signal as a float WAV."""
    with AudioWriter(path, audio.format, Encoding("wav", "float32"), frames=audio.frames) as writer:
        writer.push(audio.samples)
        return writer.commit()
