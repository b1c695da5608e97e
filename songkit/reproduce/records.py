"""What there is to make again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from songkit import runs
from songkit.errors import InputError
from songkit.provenance import Origin, Record, read_provenance

_REQUEST = ("seconds", "style", "lyrics", "options")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file, how it was made, and whether its own tags say so."""

    path: Path
    record: Record
    told: bool


def wanted_of(path: Path) -> list[Wanted]:
    """A file, or every take and delivered file of a run's folder. Raises InputError where nothing says how."""
    if path.is_dir():
        return list(_of_run(path))
    if not path.is_file():
        raise InputError(f"{path} does not exist")
    record = read_provenance(path).record
    if record is not None:
        return [Wanted(path, record, told=True)]
    run = path.absolute().parent.parent  # of a run without tags, its own records say how
    if (run / runs.MANIFEST).is_file():
        for each in _of_run(run):
            if each.path.samefile(path):
                return [Wanted(path, each.record, told=False)]
    raise InputError(
        f"{path} does not say how it was made",
        "songkit writes that into what it delivers, unless --no-tags leaves it out; other programs may remove it",
    )


def _of_run(folder: Path) -> Iterator[Wanted]:
    manifest = runs.read_record(folder / runs.MANIFEST)
    if manifest is None:
        raise InputError(f"{folder} holds no run", f"the folder of a run has a {runs.MANIFEST}")
    try:
        for entry in manifest["takes"]:
            if entry.get("audio"):
                audio = folder / str(entry["audio"])
                yield _wanted(audio, _take_record(manifest, entry, audio))
        delivery = runs.read_record(folder / runs.SONG / runs.DELIVERY) or {"files": []}
        for entry in delivery["files"]:
            yield _wanted(folder / runs.SONG / str(entry["name"]), Record.model_validate(entry["provenance"]))
    except (KeyError, TypeError, AttributeError, ValidationError) as error:
        raise InputError(f"the records of {folder} cannot be understood: {type(error).__name__}: {error}") from None


def _wanted(path: Path, kept: Record) -> Wanted:
    """By the file's own record where it has one, which knows more of its tags. Raises InputError without the file."""
    if not path.is_file():
        raise InputError(f"{path} is missing: the records of its run name it", "nothing can be compared with it")
    own = read_provenance(path).record
    return Wanted(path, own or kept, told=own is not None)


def _take_record(manifest: Mapping[str, Any], entry: Mapping[str, Any], audio: Path) -> Record:
    made_from = manifest["made_from"]
    kept = runs.read_record(audio.parent / runs.TAKE) or {}
    return Record(
        made="take",
        key=kept.get("key", ""),
        versions=made_from["versions"],
        generated=Origin(
            name=made_from["generator"],
            version=made_from["generator_version"],
            request={name: manifest["request"][name] for name in _REQUEST},
            seed=entry["seed"],
            weights=entry["facts"].get("weights", made_from["options"].get("weights")),
        ),
        extra_tags={"title": manifest["title"]},
    )
