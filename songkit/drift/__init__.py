"""Regression tests for chains: a corpus mastered in memory, its figures held against those of an earlier day.

    corpus ─► chain ─► figures of every file ─► against the baseline: what moved further than its tolerance

Nothing is written but the baseline, and that only when asked. What is measured is the mastered signal before any
encoder, so that a drift is one of the chain or of songkit and not of a codec.
"""

from __future__ import annotations

import re
import time
from hashlib import file_digest
from pathlib import Path

from songkit.chains import Chain
from songkit.drift.baseline import Baseline, Entry
from songkit.drift.junit import junit_xml
from songkit.drift.measure import TOLERANCES, figures
from songkit.drift.result import Drift, DriftResult, FileOutcome, compared
from songkit.errors import InputError, SongkitError, UsageError
from songkit.files import open_source
from songkit.files.folder import gather
from songkit.progress import Progress, about, silent
from songkit.version import __version__

__all__ = ["TOLERANCES", "Baseline", "Drift", "DriftResult", "FileOutcome", "check_chain", "junit_xml"]


def check_chain(
    chain: Chain | str,
    corpus: Path | str,
    *,
    baseline: Path | str | None = None,
    update: bool = False,
    progress: Progress = silent,
) -> DriftResult:
    """Masters every audio file below `corpus` through the chain and compares its figures with the baseline's.

    The baseline stands in the corpus under the chain's name unless a file is named; `update` writes it anew from what
    was measured now (files that cannot be mastered are left out of it). Raises UsageError for a corpus without audio
    and for a baseline that is not there or cannot be read.
    """
    settled = Chain.load(chain) if isinstance(chain, str) else chain
    folder = Path(corpus)
    kept = _beside(folder, settled) if baseline is None else Path(baseline)
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder", "--corpus names a folder of audio files")
    paths = gather([folder], recursive=True)
    then = None if update else Baseline.load(kept)
    measured = [_measured(settled, path, _name(folder, path), progress) for path in paths]
    now = Baseline(
        songkit=__version__,
        chain=settled.name,
        chain_hash=settled.hash,
        files={outcome.name: outcome.now for outcome in measured if outcome.now is not None},
    )
    if then is None:
        now.store(kept)
    return DriftResult(settled, kept, then or now, now, compared(measured, then or now), updated=update)


def _beside(folder: Path, chain: Chain) -> Path:
    return folder / (re.sub(r"[^\w.-]+", "-", chain.name) + ".baseline.json")


def _name(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()


def _measured(chain: Chain, path: Path, name: str, progress: Progress) -> FileOutcome:
    """One file's figures, or the error that kept it from being mastered."""
    begin = time.perf_counter()
    try:
        source = open_source(path)
        found = figures(chain, source, about(progress, name))
        entry = Entry(sha256=_sha256(path), figures=found)
    except SongkitError as error:
        return FileOutcome(name, seconds=time.perf_counter() - begin, error=error)
    return FileOutcome(name, seconds=time.perf_counter() - begin, now=entry)


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as handle:
            return file_digest(handle, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
