"""An open run: its manifest, what is being made, what is kept, what is delivered."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from songkit.atomic import remove_leftovers, write_json
from songkit.errors import OutputError
from songkit.runs.disk import appear, link, move, reported, sync
from songkit.runs.keys import file_sha256
from songkit.runs.locks import locked_folder
from songkit.runs.names import ASIDE, DELIVERY, LOCK, MANIFEST, SONG, TAKE, WORK, read_record
from songkit.runs.takes import KeptTake, is_file_of, side_names, take_in


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
        return read_record(self.manifest)

    def write_manifest(self, values: Mapping[str, Any]) -> None:
        """The manifest as a whole file, with what the run is made from."""
        write_json(self.manifest, {**values, "made_from": dict(self.made_from)}, force=True)

    def work(self, name: str) -> Path:
        """A folder to work in, as an interrupted run left it."""
        folder = self.folder / WORK / name
        with reported(folder):
            folder.mkdir(parents=True, exist_ok=True)
        return folder

    def fresh_work(self, name: str) -> Path:
        """An empty folder to work in."""
        folder = self.work(name)
        with reported(folder):
            shutil.rmtree(folder)
            folder.mkdir()
        return folder

    def discard(self, folder: Path) -> None:
        """Removes a folder that was worked in, and that nobody can use again."""
        shutil.rmtree(folder, ignore_errors=True)

    def set_aside(self, paths: Iterable[Path]) -> Path:
        """Moves what stands in the way into a new folder `old-1`, `old-2`, ... of the run; that folder."""
        number = 1
        while (aside := self.folder / f"{ASIDE}{number}").exists():
            number += 1
        with reported(aside):
            aside.mkdir()
            for path in paths:
                path.rename(aside / path.name)
        return aside

    def clean(self) -> None:
        """Removes what was worked in; what was made has left it."""
        shutil.rmtree(self.folder / WORK, ignore_errors=True)

    def kept(self, seed: int, key: str) -> KeptTake | None:
        """The take of that seed and key when its bytes are those that were kept, else None.

        One that has changed since, or was made from something else, is moved aside with a note.
        """
        folder = self.folder / f"seed-{seed}"
        if not folder.exists():
            return None
        take = take_in(folder, seed, key)
        if take is None:
            aside = self.set_aside([folder])
            self.notes.append(f"{folder.name} was not as it was kept: moved to {aside.name}/ and made again")
        return take

    def borrow(self, seed: int, key: str) -> KeptTake | None:
        """The same take from a run beside this one, or set aside in it, linked into this one; None without any."""
        beside = self.folder.parent.glob(f"*/seed-{seed}/{TAKE}")
        for record in sorted([*beside, *self.folder.glob(f"{ASIDE}*/seed-{seed}/{TAKE}")]):
            take = take_in(record.parent, seed, key)
            if take is None or record.parent.parent == self.folder:
                continue
            work = self.fresh_work(f"borrow-{seed}")
            for path in (take.audio, *take.files.values()):
                link(path, work / path.name)
            files = {name: work / path.name for name, path in take.files.items()}
            kept = self.keep(
                seed, key, work / take.audio.name, take.facts, files, seconds=take.seconds, peak_bytes=take.peak_bytes
            )
            return replace(kept, reused=True)
        return None

    def keep(
        self,
        seed: int,
        key: str,
        audio: Path,
        facts: Mapping[str, Any],
        files: Mapping[str, Path],
        *,
        seconds: float = 0.0,
        peak_bytes: int | None = None,
    ) -> KeptTake:
        """Moves a take and its side files to its seed's folder, which appears when all is on the disk.

        `seconds` and `peak_bytes` say what making it cost.
        Raises SignalError when a file is not where the generator said, OutputError where the system refuses.
        """
        staged = self.fresh_work(f"keep-{seed}")
        take = staged / f"take{audio.suffix}"
        names = side_names(files, {take.name, TAKE})
        move(audio, take)
        for name, path in files.items():
            move(path, staged / names[name])
        sha256 = file_sha256(take)
        record = {"key": key, "audio": take.name, "sha256": sha256, "facts": dict(facts), "files": names}
        write_json(staged / TAKE, {**record, "seconds": round(seconds, 3), "peak_bytes": peak_bytes})
        final = self.folder / f"seed-{seed}"
        appear(staged, final)
        kept_files = {name: final / file for name, file in names.items()}
        return KeptTake(
            seed,
            final / take.name,
            sha256,
            dict(facts),
            kept_files,
            reused=False,
            seconds=seconds,
            peak_bytes=peak_bytes,
        )

    def delivery(self, key: str, *, force: bool = False) -> dict[str, Any] | None:
        """The record of what was delivered under that key, when every file is as it was; else None.

        When something else lies there, it is set aside with `force`; without, OutputError: nothing is overwritten.
        """
        if not self.song.exists():
            return None
        record = read_record(self.song / DELIVERY)
        files = record["files"] if record and record.get("key") == key else None
        if files is not None and all(is_file_of(self.song / file["name"], file["sha256"]) for file in files):
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
            sync(path)
        write_json(staged / DELIVERY, record)
        appear(staged, self.song)


@contextmanager
def open_run(folder: Path, made_from: Mapping[str, Any], *, force: bool = False) -> Iterator[Run]:
    """Opens a run in `folder`, made where missing, and holds its lock until the end of the block.

    `made_from` is all that the run depends on, plain JSON values by name. Raises OutputError when another process
    works there, when the folder holds a run from something else (with `force` that one is set aside), or when the
    system refuses.
    """
    with reported(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with locked_folder(folder):
        run = Run(folder, made_from)
        remove_leftovers(run.manifest)
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
    stays = (LOCK, WORK)
    there = [path for path in run.folder.iterdir() if path.name not in stays and not path.name.startswith(ASIDE)]
    # the manifest goes last: until then, an interrupted move is still that other run
    aside = run.set_aside(sorted(there, key=lambda path: (path.name == MANIFEST, path.name)))
    run.notes.append(f"{run.folder} held another run ({others} differ): moved to {aside.name}/")
    run.clean()


def _differences(there: object, made_from: Mapping[str, Any]) -> list[str]:
    """Names of what a run was made from that is not the same."""
    if not isinstance(there, dict):
        return ["all"]
    here = json.loads(json.dumps(dict(made_from)))
    return sorted(name for name in {*there, *here} if there.get(name) != here.get(name))
