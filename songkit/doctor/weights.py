"""The published files: present, and of a kind that can be loaded. Their heads are read, not their gigabytes."""

from __future__ import annotations

import json
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

from songkit.doctor.finding import Finding
from songkit.generate.diffrhythm import library
from songkit.generate.diffrhythm.library import Published


def look(folder: Path | None = None) -> Iterator[Finding]:
    """Each part that is here, and in one what is not."""
    parts = library.LIBRARY.values()
    for part in parts:
        if (found := library.find(part.name, folder)) is not None:
            yield _present(part, found)
    absent = [part for part in parts if library.find(part.name, folder) is None]
    needed = [part.name for part in absent if not part.optional]
    if needed:
        advice = f"{library.fetch_hint(folder=folder)} (for songs up to 95 s; with --seconds 285 for longer ones)"
        yield Finding("models", "note", f"not here: {', '.join(needed)}", advice, {"absent": needed})
    for part in absent:
        if part.optional:
            yield Finding(f"model {part.name}", "ok", f"not here, not needed: {part.about}")


def _present(part: Published, found: Path) -> Finding:
    name = f"model {part.name}"
    files = [found] if found.is_file() else [next(found / p for p in e if (found / p).is_file()) for e in part.files]
    broken = [f"{path.name}: {why}" for path in files if (why := damage(path))]
    size = sum(path.stat().st_size for path in files)
    facts = {"path": str(found.resolve()), "bytes": size}
    if broken:
        advice = f"songkit models verify {part.name}; then remove it and fetch it again"
        return Finding(name, "note", f"cannot be loaded: {'; '.join(broken)}", advice, facts)
    return Finding(name, "ok", f"{size / 1e6:.0f} MB, {found}", facts=facts)


def damage(path: Path) -> str:
    """Why a file cannot be what its name says; empty where its head and its length agree."""
    try:
        if path.suffix in (".pt", ".bin"):
            return "" if zipfile.is_zipfile(path) else "no archive of torch: cut off, or a page of text"
        if path.suffix == ".safetensors":
            return _safetensors(path)
        if path.suffix == ".json":
            json.loads(path.read_text(encoding="utf-8"))
        if path.suffix == ".npy":
            with path.open("rb") as file:
                return "" if file.read(6) == b"\x93NUMPY" else "no array of numpy"
    except (OSError, ValueError) as error:
        return str(error)
    return "" if path.stat().st_size else "empty"


def _safetensors(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(8)
        length = struct.unpack("<Q", head)[0] if len(head) == 8 else 0
        if not 2 <= length <= path.stat().st_size - 8:
            return "no head of safetensors"
        tensors = json.loads(file.read(length))
    end = max((each["data_offsets"][1] for name, each in tensors.items() if name != "__metadata__"), default=0)
    there = path.stat().st_size - 8 - length
    return "" if there == end else f"{there} bytes of tensors where {end} are named"
