"""What a published repository offers: the files' addresses, sizes and checksums, pinned to one revision.

The Hub (huggingface.co, or HF_ENDPOINT) lists them with the SHA-256 of large files. GitHub keeps large files elsewhere
and a pointer in their place, which names size and SHA-256 (git-lfs specification, version 1).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

from songkit.errors import InputError, MissingError
from songkit.generate.diffrhythm.library import Published
from songkit.version import __version__

TIMEOUT_SECONDS = 30.0
"""Without a byte for that long, a connection counts as cut."""
HUB = "https://huggingface.co"
GITHUB_FILES = "https://raw.githubusercontent.com"
GITHUB_LARGE_FILES = "https://media.githubusercontent.com/media"
GITHUB_REVISION = "main"
POINTER_BYTES = 1024
_POINTER = re.compile(rb"version https://git-lfs\.github\.com/spec/v1\noid sha256:([0-9a-f]{64})\nsize (\d+)\n")


@dataclass(frozen=True, slots=True)
class Offer:
    """A file as it is offered: its path in the repository, address, and what is known of it before it is here."""

    path: str
    address: str
    revision: str
    size: int | None = None
    sha256: str = ""
    git_sha1: str = ""
    """Of small files on the Hub: SHA-1 of "blob <size>\\0" and the bytes."""
    token: str = ""


def offers(part: Published) -> list[Offer]:
    """One file for each entry of the part, the first of its alternatives that is there.

    Raises MissingError where the host cannot be reached, refuses, or has no such file.
    """
    listed = {"huggingface.co": _hub, "github.com": _github}[part.host](part)
    found = []
    for entry in part.files:
        offer = next((offer for path in entry if (offer := listed(path)) is not None), None)
        if offer is None:
            raise MissingError(
                f"{part.host}/{part.repository} has no {' or '.join(entry)}",
                "it may have moved: a newer songkit may know",
            )
        found.append(offer)
    return found


def opened(address: str, token: str = "", start: int = 0) -> Any:
    """The response to a request from byte `start` on. Raises MissingError in words for what can go wrong."""
    request = Request(address, headers={"User-Agent": f"songkit/{__version__}"})
    if token:
        request.add_unredirected_header("Authorization", f"Bearer {token}")  # not to whom the host sends us on
    if start:
        request.add_header("Range", f"bytes={start}-")
    try:
        return urlopen(request, timeout=TIMEOUT_SECONDS)
    except HTTPError as error:
        with error:
            raise _refused(address, error) from error
    except (URLError, HTTPException, OSError) as error:
        reason = getattr(error, "reason", error)
        raise UnreachableError(f"{_host(address)} cannot be reached: {reason}", _NO_NETWORK) from error


class UnreachableError(MissingError):
    """No answer: the network, not the file; worth another attempt."""


class RangeError(MissingError):
    """The host has nothing from that byte on."""


def is_offline() -> bool:
    """Whether the user has forbidden the network, as Hugging Face's own library understands it."""
    names = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
    return any(os.environ.get(name, "").upper() in {"1", "ON", "YES", "TRUE"} for name in names)


_NO_NETWORK = (
    "check the network, HTTPS_PROXY and HF_ENDPOINT; or copy the files from another machine and name their folder "
    "with --models"
)


def _hub(part: Published) -> Callable[[str], Offer | None]:
    endpoint = os.environ.get("HF_ENDPOINT", HUB).rstrip("/")
    token = _token()
    info = _json(f"{endpoint}/api/models/{part.repository}/revision/main?blobs=true", token)
    try:
        revision = str(info["sha"])
        files = {str(each["rfilename"]): each for each in info["siblings"]}
    except (KeyError, TypeError) as error:
        raise InputError(f"{endpoint} does not answer as the Hub does", "check HF_ENDPOINT") from error

    def listed(path: str) -> Offer | None:
        entry = files.get(path)
        if entry is None:
            return None
        address = f"{endpoint}/{part.repository}/resolve/{revision}/{quote(path)}"
        large: Mapping[str, Any] = entry.get("lfs") or {}
        small = "" if large else str(entry.get("blobId") or "")
        return Offer(path, address, revision, entry.get("size"), str(large.get("sha256", "")), small, token)

    return listed


def _github(part: Published) -> Callable[[str], Offer | None]:
    def listed(path: str) -> Offer | None:
        place = f"{part.repository}/{GITHUB_REVISION}/{quote(path)}"
        try:
            with opened(f"{GITHUB_FILES}/{place}") as response:
                length = response.headers.get("Content-Length")
                pointer = _POINTER.match(response.read(POINTER_BYTES))
        except AbsentError:
            return None
        if pointer:
            sha256, size = pointer[1].decode(), int(pointer[2])
            return Offer(path, f"{GITHUB_LARGE_FILES}/{place}", GITHUB_REVISION, size, sha256)
        return Offer(path, f"{GITHUB_FILES}/{place}", GITHUB_REVISION, None if length is None else int(length))

    return listed


class AbsentError(MissingError):
    """The host knows no such file."""


def _json(address: str, token: str) -> Any:
    with opened(address, token) as response:
        try:
            return json.load(response)
        except ValueError as error:
            raise InputError(
                f"{_host(address)} does not answer as the Hub does", "a proxy or a login page may answer in its place"
            ) from error


def _refused(address: str, error: HTTPError) -> MissingError:
    host = _host(address)
    if error.code in (401, 403):
        return MissingError(
            f"{host} refuses {address} ({error.code})",
            "its licence may have to be accepted on its page first; then set HF_TOKEN to a token of your account",
        )
    if error.code == 404:
        return AbsentError(f"{host} knows no {address}", "it may have moved: a newer songkit may know")
    if error.code == 416:
        return RangeError(f"{host} has no such part of {address}")
    if error.code in (408, 429) or error.code >= 500:
        return UnreachableError(f"{host} answers {error.code} ({error.reason}) to {address}", "try again later")
    return MissingError(f"{host} answers {error.code} ({error.reason}) to {address}")


def _host(address: str) -> str:
    return address.split("/")[2]


def _token() -> str:
    """The user's token for the Hub, from where Hugging Face's own library takes it; empty without one."""
    if token := os.environ.get("HF_TOKEN", "").strip():
        return token
    home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    path = Path(os.environ.get("HF_TOKEN_PATH") or home / "token")
    with suppress(OSError, UnicodeDecodeError):
        return path.read_text(encoding="utf-8").strip()
    return ""
