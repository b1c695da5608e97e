"""What a chain refers to beside itself: reference recordings, plugins, weights, by their content.

The hash of a chain covers its settings. A reference file that was replaced under the same name makes another sound, so
whatever is found again by a chain is found by these, too.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from songkit.chains.chain import Chain
from songkit.errors import InputError
from songkit.runs import content_sha256


def contents(chain: Chain) -> dict[str, str]:
    """SHA-256 of every file and folder that the working steps read, by path. Raises InputError for one not there."""
    steps = (step for step in chain.working_steps if not step.bypass and step.mix > 0.0)
    return {path: _sha256(Path(path)) for step in steps for path in sorted(step.files)}


def _sha256(path: Path) -> str:
    try:
        status = path.stat()
        if path.is_dir():
            return content_sha256(path)
        return _sha256_once(path.absolute(), status.st_mtime_ns, status.st_size, status.st_ino)
    except OSError as error:
        raise InputError(f"{path}, which the chain refers to, cannot be read: {error.strerror or error}") from error


@lru_cache(maxsize=64)
def _sha256_once(path: Path, changed_ns: int, size_bytes: int, inode: int) -> str:
    """Read anew only when the file has changed: a batch asks for every one of its files."""
    return content_sha256(path)
