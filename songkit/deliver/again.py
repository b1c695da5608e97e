"""Files that are done already: found by the key of all that they depend on, never by their name alone."""

from __future__ import annotations

from pathlib import Path

from songkit.analysis import analyze
from songkit.chains import Chain
from songkit.deliver.asked import Asked
from songkit.deliver.order import chain_for
from songkit.deliver.papers import Papers
from songkit.deliver.reading import METERS, Checksum, Overheard
from songkit.deliver.result import Delivered
from songkit.errors import SongkitError
from songkit.files import open_source
from songkit.progress import Progress, named
from songkit.provenance import read_provenance
from songkit.runs import file_sha256
from songkit.targets import Target


def done_already(path: Path, target: Target, papers: Papers, chain: Chain, progress: Progress) -> Delivered | None:
    """The file as it was delivered before, measured again; None where it is another one, or was changed since.

    A file is the same when its record has the key, and its samples are those that were delivered.
    """
    if not path.is_file():
        return None
    record = read_provenance(path).record
    if record is None or record.key != papers.key(target) or not record.audio:
        return None
    checksum = Checksum()
    try:
        source = open_source(path)
        heard = Overheard(source, checksum.push)
        analysis = analyze(heard, info=source.info, meters=METERS, progress=named(progress, f"look at {path.name}"))
    except SongkitError:
        return None  # what cannot be read was changed
    if checksum.digest != record.audio:
        return None
    asked = Asked.of(chain_for(chain, target))
    reached = asked.loudness(analysis)
    return Delivered(
        path=path,
        target=target,
        analysis=analysis,
        checks=asked.checks(chain, analysis, reached),
        notes=("done already: found by its key",),
        facts=(),
        shortfall=asked.shortfall(reached),
        sha256=file_sha256(path),
        record=record,
        reused=True,
    )
