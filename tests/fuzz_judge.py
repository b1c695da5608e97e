"""Whether a damaged input was answered as it should be: refused in one line that names it, or a sound result."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np

from songkit.analysis import analyze
from songkit.analysis.baseline import entry_for, load_baseline
from songkit.analysis.profiles import load as load_profile
from songkit.chains import Chain, lint
from songkit.cli import run
from songkit.errors import EXIT_BUG, SongkitError
from songkit.files import FileSource, open_source
from songkit.generate import lyrics
from songkit.provenance import read_provenance
from songkit.tags import read_tags
from tests.fuzz_material import Kind, Material

LONGEST_MESSAGE = 2_000
SAME_WITHIN = 1e-6
CHECKSUM = "do not fit its checksum"
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
TOLD = re.compile("truncated|damaged|no length")

Answer = tuple[str, str]
"""How the input was answered, and what was wrong with that (nothing: empty)."""


def judge(material: Material, data: bytes, place: Path) -> Answer:
    """Gives the input to what reads it, in an empty folder. What is raised beside SongkitError is for the caller."""
    open_files = _open_files()
    path = place / f"given{_SUFFIXES[material.kind]}"
    path.write_bytes(data)
    try:
        answer, wrong = _READERS[material.kind](material, path)
    except SongkitError as error:
        answer, wrong = "refused", _wrong_message(str(error), path)
    finally:
        path.unlink()
    left = sorted(str(item.relative_to(place)) for item in place.rglob("*"))
    if not wrong and left:
        wrong = f"left behind: {left}"
    more = _open_files() - open_files
    if not wrong and more > 0:
        wrong = f"{more} files left open"
    return answer, wrong


def _open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def _wrong_message(message: str, path: Path) -> str:
    if path.name not in message:
        return f"the file is not named: {message}"
    if CONTROL.search(message) or "Traceback" in message or len(message) > LONGEST_MESSAGE:
        return f"not one clear line: {message[:200]!r}"
    return ""


def _audio(material: Material, path: Path) -> Answer:
    source = open_source(path)  # whatever is refused is refused here
    try:
        samples = _read(source)
        analysis = analyze(source, info=source.info)
        json.dumps(analysis.to_dict(), allow_nan=False)
    except SongkitError as error:
        late = CHECKSUM in str(error)  # of all samples: known when the last one was read
        return "refused late" if late else "opened", _wrong_message(str(error), path) if late else f"opened: {error}"
    read_tags(path)
    read_provenance(path)
    answer = "noted" if source.info.notes else "taken"
    return answer, _silently_wrong(material, path, source, samples)


def _read(source: FileSource) -> np.ndarray:
    blocks = list(source.blocks(1_024))
    for block in blocks:
        if block.dtype != np.float32 or block.ndim != 2 or block.shape[0] != source.format.channels:
            raise ValueError(f"a block of {block.dtype} {block.shape}")
    samples = np.concatenate(blocks, axis=1)
    if samples.shape[1] != source.frames:
        raise ValueError(f"{samples.shape[1]} frames instead of {source.frames}")
    return samples


def _silently_wrong(material: Material, path: Path, source: FileSource, samples: np.ndarray) -> str:
    """A file that lacks its end, or whose checksums do not fit, must not pass for an intact one."""
    intact, data = material.samples, path.read_bytes()
    if intact is None or any(TOLD.search(note) for note in source.info.notes):
        return ""
    cut = material.data.startswith(data)
    if not cut and not (material.checked and len(data) == len(material.data)):
        return ""
    if samples.shape != intact.shape:
        return f"{samples.shape} instead of {intact.shape}, and not a word" if cut else ""
    with np.errstate(invalid="ignore"):
        off = float(np.abs(samples - intact).max(initial=0.0))
    return "" if off <= SAME_WITHIN else f"samples differ by {off:.2g}, and not a word"


def _lyrics(material: Material, path: Path) -> Answer:
    sheet = lyrics.load(path)
    for line in sheet.lines:
        if not line.text.strip() or not 0.0 <= line.start_seconds <= lyrics.MAX_TIME_SECONDS + lyrics.MAX_OFFSET_MS:
            return "read", f"a line that cannot be sung: {line}"
    lyrics.check(sheet, 95.0)
    again = lyrics.Lyrics.from_dict(json.loads(json.dumps(sheet.to_dict())))
    return "read", "" if again == sheet else "other lyrics after JSON"


def _chain(material: Material, path: Path) -> Answer:
    chain = Chain.load(str(path))
    lint(chain)
    again = Chain.parse(chain.dump(), str(path))
    return "read", "" if again.hash == chain.hash else "another chain when written and read again"


def _profile(material: Material, path: Path) -> Answer:
    load_profile(path)
    return "read", ""


def _baseline(material: Material, path: Path) -> Answer:
    entries = load_baseline(path)
    try:
        entry_for(entries, Path("a.wav"))
    except SongkitError as error:
        return "refused", "" if "a.wav" in str(error) else f"the file is not named: {error}"
    return "read", ""


def _run(material: Material, path: Path) -> Answer:
    """A run's record in its place, and the commands that read it."""
    folder = path.with_suffix("")
    record = folder / material.name
    record.parent.mkdir(parents=True)
    record.write_bytes(path.read_bytes())
    if material.name != "manifest.json":
        (folder / "manifest.json").write_text('{"takes": [{"seed": 1, "audio": "seed-1/take.wav"}], "made_from": {}}')
    try:
        for command in ("show", "rank", "reproduce"):
            if wrong := _commanded([command, str(folder)], folder):
                return command, wrong
    finally:
        for item in sorted(folder.rglob("*"), reverse=True):
            item.rmdir() if item.is_dir() else item.unlink()
        folder.rmdir()
    return "answered", ""


def _commanded(arguments: list[str], folder: Path) -> str:
    before = sorted(folder.rglob("*"))
    said = io.StringIO()
    with redirect_stdout(io.StringIO()), redirect_stderr(said):
        code = run(arguments)
    if code == EXIT_BUG or "Traceback" in said.getvalue():
        return f"{arguments[0]}: {said.getvalue().strip().splitlines()[-2:]}"
    return "" if sorted(folder.rglob("*")) == before else f"{arguments[0]} wrote into the run"


_READERS: dict[Kind, Callable[[Material, Path], Answer]] = {
    "audio": _audio,
    "lyrics": _lyrics,
    "chain": _chain,
    "profile": _profile,
    "baseline": _baseline,
    "run": _run,
}
_SUFFIXES: dict[Kind, str] = {
    "audio": ".bin",
    "lyrics": ".lrc",
    "chain": ".yaml",
    "profile": ".yaml",
    "baseline": ".json",
    "run": ".json",
}
