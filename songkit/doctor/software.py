"""The software: Python, the packages of songkit and of its extras, ffmpeg, espeak-ng."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec

from songkit import ffmpeg
from songkit.doctor.finding import Finding
from songkit.errors import SongkitError
from songkit.version import __version__

EXTRAS = {"diffrhythm": "songs by DiffRhythm", "stems": "songkit stems and the step stems"}
_NEEDED = re.compile(r"^([\w.-]+)[^;]*(?:;\s*extra == ['\"]([\w-]+)['\"])?$")


def look() -> Iterator[Finding]:
    """All of it; starts ffmpeg once and loads no heavy library."""
    yield Finding("python", "ok", f"{platform.python_version()}, {sys.executable}", facts={"songkit": __version__})
    yield packages("", "songkit itself")
    for extra, what_for in EXTRAS.items():
        yield packages(extra, what_for)
    yield decoder()
    yield speaker()


def packages(extra: str, what_for: str) -> Finding:
    """The packages of songkit, or of one of its extras: their versions, or which are not installed."""
    names = _packages(extra)
    versions = {name: _version(name) for name in names}
    absent = [name for name, each in versions.items() if each is None]
    title = f"extra {extra}" if extra else "packages"
    if not absent:
        known = (f"{name} {each}" for name, each in list(versions.items())[:4])
        more = f" and {len(names) - 4} more" if len(names) > 4 else ""
        return Finding(title, "ok", f"{', '.join(known)}{more}", facts=versions)
    command = f"pip install 'songkit[{extra}]'" if extra else "pip install --force-reinstall songkit"
    what = f"for {what_for}; not installed: {', '.join(absent)}"
    return Finding(title, "note" if extra else "problem", what, command, versions)


def decoder() -> Finding:
    """ffmpeg, started once."""
    try:
        path = ffmpeg.executable()
        return Finding("ffmpeg", "ok", f"{ffmpeg.version()}, {path}", facts={"path": path, "version": ffmpeg.version()})
    except (SongkitError, OSError) as error:
        hint = error.hint if isinstance(error, SongkitError) else "pip install imageio-ffmpeg"
        return Finding("ffmpeg", "problem", str(error).partition(" (")[0], hint)


def speaker() -> Finding:
    """espeak-ng, which speaks the guide vocal and English lyrics."""
    if find_spec("espeakng_loader") is None:
        return Finding("espeak-ng", "problem", "espeakng-loader is not installed", "pip install espeakng-loader")
    from pathlib import Path

    import espeakng_loader

    library = Path(espeakng_loader.get_library_path())
    data = Path(espeakng_loader.get_data_path())
    if not library.is_file() or not data.is_dir():
        return Finding(
            "espeak-ng", "problem", f"{library} is not there", "pip install --force-reinstall espeakng-loader"
        )
    return Finding("espeak-ng", "ok", f"in espeakng-loader {_version('espeakng-loader')}", facts={"path": str(library)})


def _packages(extra: str) -> list[str]:
    found = (_NEEDED.match(line) for line in requires("songkit") or [])
    return [match[1] for match in found if match and (match[2] or "") == extra]


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
