"""One file from its address to its place: resumed where it was cut, checked, and whole or not at all.

What has come so far lies beside the target as `.<name>.<what it is>.part`, so that a killed download goes on too, and
never with the bytes of another version.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

from songkit.atomic import make_folder
from songkit.errors import InputError, OutputError
from songkit.generate.diffrhythm.models import hosts
from songkit.generate.diffrhythm.models.hosts import Offer, RangeError, UnreachableError
from songkit.runs import locked_outputs
from songkit.runs.disk import reported, sync

CHUNK_BYTES = 1 << 20
ATTEMPTS = 5
"""In a row without a byte more; each that brings some counts from the first again."""
PAUSE_SECONDS = 1.0
"""Before the second attempt; doubled before each further one."""
SPARE_BYTES = 64 << 20

Count = Callable[[int, int | None], None]
"""Told the bytes that are here and those there will be (None: not known)."""


@dataclass(slots=True)
class _Begun:
    """What is here of a file: its bytes so far and their running checksums."""

    part: Path
    size: int
    sha256: Any

    @classmethod
    def of(cls, part: Path) -> _Begun:
        sha256, size = hashlib.sha256(), 0
        if part.is_file():
            with part.open("rb") as file:
                while data := file.read(CHUNK_BYTES):
                    sha256.update(data)
                    size += len(data)
        return cls(part, size, sha256)


def download(offer: Offer, target: Path, count: Count, pause: Callable[[float], None] = time.sleep) -> str:
    """Brings the file to `target`, over what is there, and gives its SHA-256.

    Raises OutputError where the disk refuses or is too small, MissingError where the host does, also after several
    attempts in a row, InputError for bytes that are not those that were offered (what came is then thrown away).
    """
    make_folder(target.parent)
    with locked_outputs([target]):
        begun = _Begun.of(_part(offer, target))
        if offer.size is not None and begun.size > offer.size:
            begun = _anew(begun)
        _check_space(target, (offer.size or 0) - begun.size)
        begun = _complete(offer, begun, count, pause)
        _check(offer, begun, target)
        with reported(target):
            sync(begun.part)
            begun.part.replace(target)
            sync(target.parent)
    return str(begun.sha256.hexdigest())


def _complete(offer: Offer, begun: _Begun, count: Count, pause: Callable[[float], None]) -> _Begun:
    """Reads on until the end, through cuts."""
    failed = 0
    count(begun.size, offer.size)
    while offer.size is None or begun.size < offer.size:
        before = begun.size
        try:
            if _read_on(offer, begun, count):
                return begun
            failed = 0 if begun.size > before else failed + 1
        except RangeError:
            begun, failed = _anew(begun), failed + 1
        except (UnreachableError, HTTPException, TimeoutError, ConnectionError) as error:
            failed = 0 if begun.size > before else failed + 1
            if failed >= ATTEMPTS:
                raise UnreachableError(
                    f"{target_name(offer)} was cut off {ATTEMPTS} times in a row: {error}",
                    f"run the command again: it goes on after {begun.size} bytes",
                ) from error
        if failed >= ATTEMPTS:
            raise UnreachableError(f"{target_name(offer)} does not come", "try again later")
        if failed:
            pause(PAUSE_SECONDS * 2 ** (failed - 1))
    return begun


def _read_on(offer: Offer, begun: _Begun, count: Count) -> bool:
    """Appends what one connection gives; whether that was all there is, where the size is not known."""
    with hosts.opened(offer.address, offer.token, begun.size) as response:
        if begun.size and response.status != 206:  # the host does not resume: what comes is the whole file
            begun.size, begun.sha256 = 0, hashlib.sha256()
        with reported(begun.part), begun.part.open("r+b" if begun.size else "wb") as file:
            file.seek(begun.size)
            file.truncate()
            while data := _next(response):
                file.write(data)
                begun.sha256.update(data)
                begun.size += len(data)
                count(begun.size, offer.size)
    return offer.size is None


def _next(response: Any) -> bytes:
    """The next bytes; a connection that fails is no failure of the disk."""
    try:
        data: bytes = response.read1(CHUNK_BYTES)
    except TimeoutError as error:
        raise UnreachableError(f"nothing came for {hosts.TIMEOUT_SECONDS:g} s") from error
    except OSError as error:
        raise UnreachableError(f"the connection was cut: {error}") from error
    return data


def target_name(offer: Offer) -> str:
    """What the file is called to the user."""
    return offer.path.rpartition("/")[2]


def _part(offer: Offer, target: Path) -> Path:
    what = offer.sha256[:12] or offer.git_sha1[:12] or offer.revision[:12]
    return target.with_name(f".{target.name}.{what}.part")


def _anew(begun: _Begun) -> _Begun:
    begun.part.unlink(missing_ok=True)
    return _Begun.of(begun.part)


def _check_space(target: Path, needed: int) -> None:
    free = shutil.disk_usage(target.parent).free
    if needed > 0 and free < needed + SPARE_BYTES:
        raise OutputError(
            f"{target.name} needs {needed / 1e6:.0f} MB more, and {target.parent} has {free / 1e6:.0f} MB free",
            "free some space, or choose another folder with --models",
        )


def _check(offer: Offer, begun: _Begun, target: Path) -> None:
    """Raises InputError, and throws away what came, where it is not what was offered."""
    digest = begun.sha256.hexdigest()
    wrong = ""
    if offer.size is not None and begun.size != offer.size:
        wrong = f"has {begun.size} bytes, not {offer.size}"
    elif offer.sha256 and digest != offer.sha256:
        wrong = f"has the SHA-256 {digest[:12]}..., not {offer.sha256[:12]}..."
    elif offer.git_sha1 and git_sha1(begun.part) != offer.git_sha1:
        wrong = "is not the file that the repository lists"
    if wrong:
        begun.part.unlink(missing_ok=True)
        raise InputError(f"{target.name} {wrong}: it was damaged on the way", "fetch it again")


def git_sha1(path: Path) -> str:
    """The name under which git keeps the file's content."""
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as file:
        while data := file.read(CHUNK_BYTES):
            digest.update(data)
    return digest.hexdigest()
