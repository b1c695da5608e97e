"""The published files: what each is, under which licence, and where it lies on this machine.

They are looked for in one folder where it is named (`--models`, else the variable SONGKIT_MODELS), else in songkit's
own folder and in the cache of Hugging Face. In each, a repository "org/name" may lie as

    org/name/            files as published
    name/                the same, without the organisation
    models--org--name/   as the cache keeps it: snapshots/<revision>/, whose files may be links

Nothing is downloaded here; `songkit models fetch` does that.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from songkit.errors import MissingError, UsageError, near_names

FOLDER_VARIABLE = "SONGKIT_MODELS"
WEIGHTS = ("model.safetensors", "pytorch_model.bin")
"""Either name: the Hub keeps models under one or the other."""

APACHE = "Apache-2.0"
MIT = "MIT"
STABILITY = "Stability AI Community License"
NON_COMMERCIAL = "CC-BY-NC-4.0: not for commercial use"


@dataclass(frozen=True, slots=True)
class Published:
    """A part of the model as it was published: files of one repository."""

    name: str
    about: str
    repository: str
    """Its name on the host, "org/name"."""
    files: tuple[tuple[str, ...], ...]
    """Every entry is needed; an entry of several paths is satisfied by any one of them."""
    licence: str
    host: str = "huggingface.co"
    sizes: tuple[int | None, ...] = ()
    """Bytes of each entry where they are known; empty: of none."""
    whole_folder: bool = False
    """Whether the part is the folder that holds the files, and not its one file."""
    optional: bool = False
    """Whether songs can be made without it."""


def _one(name: str, about: str, repository: str, path: str, licence: str) -> Published:
    return Published(name, about, repository, ((path,),), licence)


_SOURCES = "g2p/sources"
_POLYPHONES = f"{_SOURCES}/g2p_chinese_model"

LIBRARY: dict[str, Published] = {
    part.name: part
    for part in (
        _one("dit-base", "songs up to 95 s", "ASLP-lab/DiffRhythm-1_2", "cfm_model.pt", APACHE),
        _one("dit-full", "songs of 96 to 285 s", "ASLP-lab/DiffRhythm-1_2-full", "cfm_model.pt", APACHE),
        _one("vae", "latents to audio and back", "ASLP-lab/DiffRhythm-vae", "vae_model.pt", STABILITY),
        Published(
            "negative-style",
            "what guidance leads away from",
            "ASLP-lab/DiffRhythm",
            (("infer/example/vocal.npy",),),
            APACHE,
            host="github.com",
            sizes=(2176,),
        ),
        Published(
            "mulan",
            "style from words or a recording: MuQ-MuLan",
            "OpenMuQ/MuQ-MuLan-large",
            (("config.json",), WEIGHTS),
            NON_COMMERCIAL,
            whole_folder=True,
        ),
        Published(
            "muq",
            "the audio encoder of MuQ-MuLan",
            "OpenMuQ/MuQ-large-msd-iter",
            (("config.json",), WEIGHTS),
            NON_COMMERCIAL,
            whole_folder=True,
        ),
        Published(
            "xlm-roberta",
            "the text encoder of MuQ-MuLan",
            "FacebookAI/xlm-roberta-base",
            (("config.json",), ("tokenizer.json", "sentencepiece.bpe.model"), WEIGHTS),
            MIT,
            whole_folder=True,
        ),
        Published(
            "mandarin",
            "how Mandarin is read; without it by pypinyin",
            "ASLP-lab/DiffRhythm",
            (
                (f"{_SOURCES}/chinese_lexicon.txt",),
                (f"{_POLYPHONES}/polychar.txt",),
                (f"{_POLYPHONES}/poly_bert_model.onnx",),
                (f"{_POLYPHONES}/polydict.json",),
                (f"{_POLYPHONES}/vocab.txt",),
            ),
            f"{MIT} (as the code with them)",
            host="github.com",
            sizes=(14_779_443, None, None, None, None),
            whole_folder=True,
            optional=True,
        ),
    )
}
"""Every part by its name, in the order in which a song needs them."""


def locate(name: str, folder: Path | None = None) -> Path:
    """The file of a part, or the folder that holds its files where it has several.

    Raises MissingError with the command that fetches it, UsageError for a name that nobody knows.
    """
    found = find(name, folder)
    if found is None:
        part = LIBRARY[name]
        places = " and ".join(str(root) for root in roots(folder))
        raise MissingError(f"{part.repository} ({part.about}) is not in {places}", fetch_hint(name, folder))
    return found


def find(name: str, folder: Path | None = None) -> Path | None:
    """What `locate` gives, None where it is not here."""
    part = published(name)
    for home in homes(part, folder):
        if all(any((home / path).is_file() for path in entry) for entry in part.files):
            return home if part.whole_folder else home / part.files[0][0]
    return None


def published(name: str) -> Published:
    """The part of that name. Raises UsageError where there is none."""
    if name not in LIBRARY:
        raise UsageError(f"there is no published part {name!r}", near_names(name, LIBRARY))
    return LIBRARY[name]


def needed(seconds: float) -> tuple[str, ...]:
    """Names of the parts without which no song of that length can be made."""
    other = {"dit-base", "dit-full"} - {network(seconds)}
    return tuple(name for name, part in LIBRARY.items() if name not in other and not part.optional)


def network(seconds: float) -> str:
    """The name of the network's weights for a song of that length."""
    return "dit-base" if seconds <= 95 else "dit-full"


def homes(part: Published, folder: Path | None) -> Iterator[Path]:
    """Folders in which the files of a part may lie, the likeliest first."""
    organisation, _, name = part.repository.partition("/")
    for root in roots(folder):
        yield root / organisation / name
        yield root / name
        yield from _snapshots(root / f"models--{organisation}--{name}")


def roots(folder: Path | None) -> tuple[Path, ...]:
    """Where published files are looked for: `folder`, else what SONGKIT_MODELS names, else the two usual places."""
    if folder is not None:
        return (folder,)
    if named := os.environ.get(FOLDER_VARIABLE):
        return (Path(named),)
    return (own_folder(), hub_cache())


def own_folder() -> Path:
    """songkit's own folder for what does not lie on the Hub."""
    return _caches() / "songkit" / "models"


def hub_cache() -> Path:
    """The cache of Hugging Face, found as its own library finds it."""
    for variable in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if value := os.environ.get(variable):
            return Path(value).expanduser()
    home = os.environ.get("HF_HOME")
    return (Path(home).expanduser() if home else _caches() / "huggingface") / "hub"


def fetch_hint(name: str = "", folder: Path | None = None) -> str:
    """The command that fetches a part, or without a name all of them."""
    where = [] if folder is None else ["--models", str(folder)]
    return "fetch it with: " + " ".join(["songkit models fetch", *([name] if name else []), *where])


def _caches() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def _snapshots(cached: Path) -> Iterator[Path]:
    """The revisions in the cache of one repository: the one that `main` names, then the others, the newest first."""
    folder = cached / "snapshots"
    main = cached / "refs" / "main"
    if main.is_file():
        yield folder / main.read_text(encoding="ascii").strip()
    if folder.is_dir():
        yield from sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
