"""songkit: generate songs, master any audio, and know what was delivered.

    import songkit

    songkit.analyze_file("in.wav").loudness.integrated_lufs
    songkit.master_file("in.wav", chain="radio").outputs[0].path
    songkit.make_song(style="warm pop", seconds=30, seeds="3").winner

Everything here is loaded when it is first used, so that `import songkit` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from songkit.version import __version__

if TYPE_CHECKING:
    from songkit.analysis import Analysis, analyze_file
    from songkit.audio import Audio
    from songkit.chains import Chain
    from songkit.deliver import MasterResult, master_album, master_file
    from songkit.errors import SongkitError
    from songkit.make import RunResult, make_song

__all__ = [
    "Analysis",
    "Audio",
    "Chain",
    "MasterResult",
    "RunResult",
    "SongkitError",
    "__version__",
    "analyze_file",
    "make_song",
    "master_album",
    "master_file",
]

# No name here is the name of a room: importing a submodule rebinds its parent's attribute.
_ADDRESSES = {
    "Analysis": "songkit.analysis",
    "Audio": "songkit.audio",
    "Chain": "songkit.chains",
    "MasterResult": "songkit.deliver",
    "RunResult": "songkit.make",
    "SongkitError": "songkit.errors",
    "analyze_file": "songkit.analysis",
    "make_song": "songkit.make",
    "master_album": "songkit.deliver",
    "master_file": "songkit.deliver",
}


def __getattr__(name: str) -> Any:
    if name not in _ADDRESSES:
        raise AttributeError(f"module 'songkit' has no attribute {name!r}")
    return getattr(import_module(_ADDRESSES[name]), name)


def __dir__() -> list[str]:
    return __all__
