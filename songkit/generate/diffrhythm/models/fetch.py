"""The parts of a model from their hosts into a folder: what is missing, under which licences, how much, and then it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from songkit.errors import MissingError
from songkit.generate.diffrhythm import library
from songkit.generate.diffrhythm.library import Published
from songkit.generate.diffrhythm.models import record
from songkit.generate.diffrhythm.models.download import download
from songkit.generate.diffrhythm.models.hosts import Offer, is_offline, offers
from songkit.generate.diffrhythm.models.record import Entry
from songkit.progress import Progress, Update, silent

STAGE = "fetch"


@dataclass(frozen=True, slots=True)
class Planned:
    """A part that is not here, its files as they are offered, and the folder they go to."""

    part: Published
    offers: tuple[Offer, ...]
    home: Path

    @property
    def missing(self) -> tuple[Offer, ...]:
        """The files that are not here as they are offered."""
        known = record.read(self.home)
        return tuple(offer for offer in self.offers if not _is_here(offer, self.home, known))


@dataclass(frozen=True, slots=True)
class Plan:
    """What `fetch` would do."""

    here: tuple[str, ...]
    """Names of parts that need not be fetched."""
    parts: tuple[Planned, ...]

    @property
    def bytes(self) -> int | None:
        """All that would come; None where a size is not known."""
        sizes = [offer.size for planned in self.parts for offer in planned.missing]
        return None if None in sizes else sum(size or 0 for size in sizes)

    def report(self) -> list[str]:
        """Lines for the user, the licences among them."""
        lines = [f"{name}: here already" for name in self.here]
        for planned in self.parts:
            part = planned.part
            size = _megabytes([offer.size for offer in planned.missing])
            lines += [f"{part.name}: {size}, {part.host}/{part.repository}", f"  licence: {part.licence}"]
        return lines


def plan(names: Sequence[str], folder: Path | None = None, *, offline: bool = False) -> Plan:
    """What is missing of the named parts and would be fetched into `folder` (None: where songkit keeps them).

    Raises UsageError for a name that nobody knows, MissingError where a host cannot be asked, or must not (`offline`,
    HF_HUB_OFFLINE).
    """
    parts = [library.published(name) for name in dict.fromkeys(names)]
    absent = [part for part in parts if library.find(part.name, folder) is None]
    if absent and (offline or is_offline()):
        raise MissingError(
            f"not here: {', '.join(part.name for part in absent)}; and nothing is fetched offline",
            "leave out --offline and HF_HUB_OFFLINE, or name the folder that has them with --models",
        )
    root = library.roots(folder)[0]
    planned = tuple(Planned(part, tuple(offers(part)), root / part.repository) for part in absent)
    return Plan(tuple(part.name for part in parts if part not in absent), planned)


def fetch(plan: Plan, progress: Progress = silent) -> dict[str, str]:
    """Does what was planned; the SHA-256 of each file that came, by its path in the folder of models.

    Every file is recorded as soon as it is there, so that a later call goes on after it.
    """
    came = {}
    for planned in plan.parts:
        for offer in planned.missing:
            name = f"{planned.part.repository}/{offer.path}"
            sha256 = _one(offer, planned.home, progress)
            came[name] = sha256
    return came


def _one(offer: Offer, home: Path, progress: Progress) -> str:
    target = home / offer.path
    subject = offer.path.rpartition("/")[2]

    def count(here: int, size: int | None) -> None:
        whole = "" if size is None else f" of {size / 1e6:.0f} MB"
        progress(Update(f"{STAGE}{whole}", here / size if size else None, subject))

    sha256 = download(offer, target, count)
    source: record.Source = "published" if offer.sha256 or offer.git_sha1 else "first fetch"
    record.add(home, offer.path, Entry(sha256, target.stat().st_size, offer.revision, source))
    progress(Update(STAGE, 1.0, subject))
    return sha256


def _is_here(offer: Offer, home: Path, known: dict[str, Entry]) -> bool:
    """Whether the file lies there as it was recorded, and what was recorded is what is offered."""
    path, entry = home / offer.path, known.get(offer.path)
    if entry is None or not path.is_file() or path.stat().st_size != entry.size:
        return False
    return not offer.sha256 or offer.sha256 == entry.sha256


def _megabytes(sizes: list[int | None]) -> str:
    known = sum(size or 0 for size in sizes) / 1e6
    return f"{known:.0f} MB" if None not in sizes else f"{known:.0f} MB and more"


def described(part: Published, folder: Path | None) -> dict[str, Any]:
    """A part as plain JSON values: what it is, and where it lies."""
    found = library.find(part.name, folder)
    return {
        "name": part.name,
        "about": part.about,
        "repository": f"{part.host}/{part.repository}",
        "licence": part.licence,
        "optional": part.optional,
        "path": None if found is None else str(found),
        "resolved": None if found is None else str(found.resolve()),
    }
