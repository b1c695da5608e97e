"""Run folders: what was made is found again by the key of what it was made from, and nothing is overwritten.

    runs/harbour-lights-3f2a9c/
      manifest.json         the request and where the run stands; written whole at every step
      seed-3/take.wav       a take under its seed's name, with its side files
      seed-3/take.json      its key, its sha256, what the generator says of it
      song/                 the delivered files, as a whole or not at all, with delivery.json
      .work/                what is being made; what is left there by an interrupted run may be used again
      old-1/                what stood in the way of this run and was set aside
      .lock                 held while a process works here

A folder gets its name only when everything in it is on the disk: whatever the moment of a `kill -9`, `seed-3` is there
with all it needs, or not at all.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import re
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from songkit.atomic import output_error, write_json
from songkit.errors import OutputError, SignalError
from songkit.version import __version__

DEFAULT_ROOT = Path("runs")
MANIFEST, TAKE, SONG, DELIVERY = "manifest.json", "take.json", "song", "delivery.json"
ASIDE = "old-"
KEY_CHARACTERS = 32
SHORT_KEY = 6


def content_key(values: Mapping[str, Any]) -> str:
    """A name for plain JSON values: BLAKE2b of their canonical text, the same on every machine and in every order."""
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.blake2b(text.encode("ascii"), digest_size=KEY_CHARACTERS // 2).hexdigest()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in constant memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def engine_versions(*packages: str) -> dict[str, str]:
    """Versions of songkit, Python and the named packages: what else a sample may depend on."""
    versions = {"songkit": __version__, "python": ".".join(map(str, sys.version_info[:3]))}
    for package in packages:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "none"
    return versions


def name_for(title: str, key: str) -> str:
    """A folder name from a title (a lyric sheet's stem, the style) and the key: `harbour-lights-3f2a9c`."""
    return f"{slug(title)}-{key[:SHORT_KEY]}"


def slug(title: str) -> str:
    """A title as a file name: letters and digits of any script, at most 40, `song` where there are none."""
    plain = unicodedata.normalize("NFKC", title).lower()
    return "-".join(re.findall(r"\w+", plain))[:40].strip("-_") or "song"


def newest(root: Path = DEFAULT_ROOT) -> Path | None:
    """The run folder under `root` whose manifest was written last, None where there is none."""
    manifests = [path for path in root.glob(f"*/{MANIFEST}") if path.is_file()]
    return max(manifests, key=lambda path: (path.stat().st_mtime_ns, path)).parent if manifests else None


def delivered_files(folder: Path) -> list[Path]:
    """The delivered files of a run, in the order of its chain's deliver list; empty where it was not finished."""
    record = _read_json(folder / SONG / DELIVERY)
    return [folder / SONG / entry["name"] for entry in record["files"]] if record else []


@dataclass(frozen=True, slots=True)
class KeptTake:
    """A take in its place: the audio, its SHA-256, what the generator says of it, its side files by name."""

    seed: int
    audio: Path
    sha256: str
    facts: Mapping[str, Any]
    files: Mapping[str, Path]
    reused: bool
    """Whether it was found and not made now."""


@dataclass(slots=True)
class Run:
    """An open run folder; see `open_run`."""

    folder: Path
    made_from: Mapping[str, Any]
    notes: list[str] = field(default_factory=list)
    """What the user should know of the state in which things were found."""

    @property
    def manifest(self) -> Path:
        return self.folder / MANIFEST

    @property
    def song(self) -> Path:
        """Where the delivered files lie once they are all there."""
        return self.folder / SONG

    def read_manifest(self) -> dict[str, Any] | None:
        """What `write_manifest` wrote, None before the first time. Raises OutputError when it cannot be understood."""
        return _read_json(self.manifest)

    def write_manifest(self, values: Mapping[str, Any]) -> None:
        """The manifest as a whole file, with what the run is made from."""
        write_json(self.manifest, {**values, "made_from": dict(self.made_from)}, force=True)

    def work(self, name: str) -> Path:
        """A folder to work in, as an interrupted run left it."""
        folder = self.folder / ".work" / name
        with _reported(folder):
            folder.mkdir(parents=True, exist_ok=True)
        return folder

    def fresh_work(self, name: str) -> Path:
        """An empty folder to work in."""
        folder = self.work(name)
        with _reported(folder):
            shutil.rmtree(folder)
            folder.mkdir()
        return folder

    def set_aside(self, paths: Iterable[Path]) -> Path:
        """Moves what stands in the way into a new folder `old-1`, `old-2`, ... of the run; that folder."""
        number = 1
        while (aside := self.folder / f"{ASIDE}{number}").exists():
            number += 1
        with _reported(aside):
            aside.mkdir()
            for path in paths:
                path.rename(aside / path.name)
        return aside

    def clean(self) -> None:
        """Removes what was worked in; what was made has left it."""
        shutil.rmtree(self.folder / ".work", ignore_errors=True)

    def kept(self, seed: int, key: str) -> KeptTake | None:
        """The take of that seed and key when its bytes are those that were kept, else None.

        One that has changed since, or was made from something else, is moved aside with a note.
        """
        folder = self.folder / f"seed-{seed}"
        if not folder.exists():
            return None
        take = _take_in(folder, seed, key)
        if take is None:
            aside = self.set_aside([folder])
            self.notes.append(f"{folder.name} was not as it was kept: moved to {aside.name}/ and made again")
        return take

    def borrow(self, seed: int, key: str) -> KeptTake | None:
        """The same take from a run beside this one, or set aside in it, linked into this one; None without any."""
        beside = self.folder.parent.glob(f"*/seed-{seed}/{TAKE}")
        for record in sorted([*beside, *self.folder.glob(f"{ASIDE}*/seed-{seed}/{TAKE}")]):
            take = _take_in(record.parent, seed, key)
            if take is None or record.parent.parent == self.folder:
                continue
            work = self.fresh_work(f"borrow-{seed}")
            for path in (take.audio, *take.files.values()):
                _link(path, work / path.name)
            files = {name: work / path.name for name, path in take.files.items()}
            return replace(self.keep(seed, key, work / take.audio.name, take.facts, files), reused=True)
        return None

    def keep(self, seed: int, key: str, audio: Path, facts: Mapping[str, Any], files: Mapping[str, Path]) -> KeptTake:
        """Moves a take and its side files to its seed's folder, which appears when all is on the disk.

        Raises SignalError when a file is not where the generator said, OutputError where the system refuses.
        """
        staged = self.fresh_work(f"keep-{seed}")
        take = staged / f"take{audio.suffix}"
        names = _side_names(files, {take.name, TAKE})
        _move(audio, take)
        for name, path in files.items():
            _move(path, staged / names[name])
        sha256 = file_sha256(take)
        record = {"key": key, "audio": take.name, "sha256": sha256, "facts": dict(facts), "files": names}
        write_json(staged / TAKE, record)
        final = self.folder / f"seed-{seed}"
        _appear(staged, final)
        kept_files = {name: final / file for name, file in names.items()}
        return KeptTake(seed, final / take.name, sha256, dict(facts), kept_files, reused=False)

    def delivery(self, key: str, *, force: bool = False) -> dict[str, Any] | None:
        """The record of what was delivered under that key, when every file is as it was; else None.

        When something else lies there, it is set aside with `force`; without, OutputError: nothing is overwritten.
        """
        if not self.song.exists():
            return None
        record = _read_json(self.song / DELIVERY)
        files = record["files"] if record and record.get("key") == key else None
        if files is not None and all(_is(self.song / file["name"], file["sha256"]) for file in files):
            return record
        if force:
            aside = self.set_aside([self.song])
            self.notes.append(f"other delivered files were there: moved to {aside.name}/{SONG}")
            return None
        raise OutputError(
            f"{self.song} holds files that this run would write otherwise",
            "they were changed, or belong to another version: choose another folder with -o, or -f sets them aside",
        )

    def deliver(self, staged: Path, record: Mapping[str, Any]) -> None:
        """Gives the staged folder of delivered files its name, with their record."""
        for path in staged.iterdir():
            _sync(path)
        write_json(staged / DELIVERY, record)
        _appear(staged, self.song)


@contextmanager
def open_run(folder: Path, made_from: Mapping[str, Any], *, force: bool = False) -> Iterator[Run]:
    """Opens a run in `folder`, made where missing, and holds its lock until the end of the block.

    `made_from` is all that the run depends on, plain JSON values by name. Raises OutputError when another process
    works there, when the folder holds a run from something else (with `force` that one is set aside), or when the
    system refuses.
    """
    with _reported(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with _lock(folder):
        run = Run(folder, made_from)
        manifest = run.read_manifest()
        if manifest is None and (strangers := sorted([*folder.glob("seed-*"), *folder.glob(SONG)])):
            raise OutputError(
                f"{folder} has no {MANIFEST}, but {strangers[0].name}: not the folder of a run",
                "choose another folder with -o",
            )
        if manifest is not None and (others := _differences(manifest.get("made_from"), made_from)):
            _make_room(run, ", ".join(others), force=force)
        yield run


def _make_room(run: Run, others: str, *, force: bool) -> None:
    """Sets another run aside. Raises OutputError without `force`."""
    if not force:
        raise OutputError(
            f"{run.folder} holds another run ({others} differ)",
            "choose another folder with -o, or -f sets that run aside; nothing was touched",
        )
    stays = (".lock", ".work")
    there = [path for path in run.folder.iterdir() if path.name not in stays and not path.name.startswith(ASIDE)]
    aside = run.set_aside(sorted(there))
    run.notes.append(f"{run.folder} held another run ({others} differ): moved to {aside.name}/")
    run.clean()


def _differences(there: object, made_from: Mapping[str, Any]) -> list[str]:
    """Names of what a run was made from that is not the same."""
    if not isinstance(there, dict):
        return ["all"]
    here = json.loads(json.dumps(dict(made_from)))
    return sorted(name for name in {*there, *here} if there.get(name) != here.get(name))


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    path = folder / ".lock"
    with _reported(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        with _reported(path):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.read(descriptor, 20).decode("ascii", "replace").strip()
                raise OutputError(
                    f"another songkit works in {folder}" + (f" (process {holder})" if holder else ""),
                    "wait until it is done, or choose another folder with -o",
                ) from None
            os.ftruncate(descriptor, 0)
            os.write(descriptor, str(os.getpid()).encode())
        yield
    finally:
        os.close(descriptor)  # the lock goes with it; the name stays, because removing it would let two in


@contextmanager
def _reported(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise output_error(path, error) from error


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise OutputError(f"{path} cannot be read: {error}", "move it away, or choose another folder with -o") from None
    if not isinstance(values, dict):
        raise OutputError(f"{path} is not what songkit wrote", "move it away, or choose another folder with -o")
    return values


def _take_in(folder: Path, seed: int, key: str) -> KeptTake | None:
    """The take of that key in a seed's folder, None where its record or its bytes are not what was kept."""
    try:
        record = _read_json(folder / TAKE)
    except OutputError:
        return None
    if not record or record.get("key") != key or not _is(folder / record["audio"], record["sha256"]):
        return None
    files = {name: folder / file for name, file in record["files"].items()}
    if not all(path.is_file() for path in files.values()):
        return None
    return KeptTake(seed, folder / record["audio"], record["sha256"], record["facts"], files, reused=True)


def _is(path: Path, sha256: str) -> bool:
    return path.is_file() and file_sha256(path) == sha256


def _side_names(files: Mapping[str, Path], taken: set[str]) -> dict[str, str]:
    """A file name for each side file, by what it is: the stem "voice" in `x.wav` becomes `voice.wav`."""
    names: dict[str, str] = {}
    for name, path in files.items():
        stem = re.sub(r"[^\w.-]+", "-", name).strip("-.") or "file"
        candidates = (f"{stem}{number}{path.suffix}" for number in ("", *(f"-{n}" for n in range(2, len(files) + 4))))
        names[name] = next(candidate for candidate in candidates if candidate not in taken)
        taken = {*taken, names[name]}
    return names


def _move(path: Path, target: Path) -> None:
    if not path.is_file():
        raise SignalError(f"the generator said that it wrote {path.name}, but it is not there")
    with _reported(target):
        path.replace(target)
        _sync(target)


def _link(source: Path, target: Path) -> None:
    with _reported(target):
        try:
            os.link(source, target)
        except OSError as error:
            if error.errno not in (errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK):
                raise
            shutil.copyfile(source, target)


def _appear(staged: Path, final: Path) -> None:
    """Renames a complete folder to its name; fails where the name is taken."""
    with _reported(final):
        _sync(staged)
        staged.rename(final)  # refuses a folder that is not empty
        _sync(final.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
