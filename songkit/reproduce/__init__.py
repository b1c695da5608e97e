"""A file made once more from what it says of itself, in a temporary place, and held against the file.

records   what there is to make again: what a file's record says, or those of all files of a run
rebuild   a take by its generator, a master by its chain, a track among those of its album
compared  what agrees: all bytes, the samples alone, or not even these; and which versions are others now
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from songkit.progress import Progress, about, silent
from songkit.reproduce.compared import Compared, Reproduction, compared
from songkit.reproduce.rebuild import Workshop
from songkit.reproduce.records import Wanted, wanted_of

__all__ = ["Compared", "Reproduction", "Wanted", "reproduce", "wanted_of"]


def reproduce(path: Path | str, *, sources: Sequence[Path | str] = (), progress: Progress = silent) -> Reproduction:
    """Makes a take, a master or all files of a run's folder again, and says what agrees; nothing there is touched.

    `sources` are files that went into it and lie elsewhere by now, among them every plugin and folder of weights: such
    are loaded only when they are named here, whatever a record says. Raises InputError for a file that does not say
    how it was made, MissingError for a source, a reference, a generator or weights that are not here.
    """
    path = Path(path)
    wanted = wanted_of(path)
    done = []
    with tempfile.TemporaryDirectory(prefix="songkit-reproduce-") as folder:
        workshop = Workshop(Path(folder), [Path(each) for each in sources], progress)
        for each in wanted:
            rebuilt = workshop.make(each, near=each.path.parent)
            done.append(compared(each, rebuilt, about(progress, each.path.name)))
    return Reproduction(path, tuple(done))
