"""Keys: what a thing was made from, as a name under which it is found again."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from songkit.version import __version__

KEY_CHARACTERS = 32


def content_key(values: Mapping[str, Any]) -> str:
    """A name for plain JSON values: BLAKE2b of their canonical text, the same on every machine and in every order."""
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.blake2b(text.encode("ascii"), digest_size=KEY_CHARACTERS // 2).hexdigest()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in constant memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def content_sha256(path: Path) -> str:
    """SHA-256 of a file; of a folder (a plugin's bundle, say) that of its files' names and SHA-256s."""
    if not path.is_dir():
        return file_sha256(path)
    files = sorted(each for each in path.rglob("*") if each.is_file())
    lines = [f"{file_sha256(each)}  {each.relative_to(path).as_posix()}\n" for each in files]
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def engine_versions(*packages: str) -> dict[str, str]:
    """Versions of songkit, Python and the named packages: what else a sample may depend on."""
    versions = {"songkit": __version__, "python": ".".join(map(str, sys.version_info[:3]))}
    for package in packages:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "none"
    return versions
