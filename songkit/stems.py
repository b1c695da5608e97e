"""A song into its stems, each a file beside it: vocals, drums, bass and the rest, by a demucs model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from songkit.audio import Encoding, Samples
from songkit.chains.firewall import CheckedSource
from songkit.errors import InputError, SignalError, UsageError, near_names
from songkit.files import AudioWriter, FileSource, open_source
from songkit.master.demucs_model import load
from songkit.master.separation import stem_blocks
from songkit.master.stems import Reader
from songkit.progress import Progress, about, silent
from songkit.provenance import read_provenance, without_provenance
from songkit.tags import Tags, read_tags, write_tags
from songkit.units import power_to_db

if TYPE_CHECKING:
    from songkit.master.demucs_model import DemucsModel

# Stems may reach beyond full scale where the mix does not: float keeps them, and their sum exact.
ENCODING = Encoding("wav", "float32")


@dataclass(frozen=True, slots=True)
class Stem:
    """A file that was written, and how loud it is (RMS over all channels; None for digital silence)."""

    name: str
    path: Path
    rms_dbfs: float | None


@dataclass(frozen=True, slots=True)
class Separation:
    """What became of one file."""

    source: Path
    model: str
    stems: tuple[Stem, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for strict JSON."""
        return {
            "source": str(self.source),
            "model": self.model,
            "stems": [{"name": each.name, "path": str(each.path), "rms_dbfs": each.rms_dbfs} for each in self.stems],
        }


def separate_file(
    path: Path | str,
    *,
    model: str = "htdemucs",
    weights: Path | str | None = None,
    two: str | None = None,
    residual: bool = False,
    output_dir: Path | str | None = None,
    force: bool = False,
    progress: Progress = silent,
) -> Separation:
    """Writes `<stem>.<name>.wav` (float) for each stem, beside the source or in `output_dir`.

    `two` names one stem and writes it and everything else (`no_<name>`), whose sum is the source again; `residual`
    writes what the stems together leave of the source. All files appear together, or none. Raises InputError,
    OutputError, MissingError without demucs or weights, UsageError for a stem that the model does not have.
    """
    source = open_source(Path(path))
    if source.format.channels > 2:
        raise InputError(f"{path}: demucs takes mono or stereo, this is {source.format.channels} channels")
    loaded = load(model, None if weights is None else str(weights))
    if two is not None and two not in loaded.stems:
        raise UsageError(f"{model} has no stem {two!r}", near_names(two, loaded.stems))
    folder = source.info.path.parent if output_dir is None else Path(output_dir)
    if output_dir is not None:
        folder.mkdir(parents=True, exist_ok=True)
    names = (two, f"no_{two}") if two is not None else (*loaded.stems, *(("residual",) if residual else ()))
    paths = [folder / f"{source.info.path.stem}.{name}.wav" for name in names]
    squares = np.zeros(len(names))
    with ExitStack() as stack:
        writers = [
            stack.enter_context(AudioWriter(each, source.format, ENCODING, frames=source.frames, force=force))
            for each in paths
        ]
        for parts in _parts(loaded, source, two, about(progress, source.info.path.name)):
            for index, writer in enumerate(writers):
                writer.push(parts[index])
                squares[index] += float(np.sum(parts[index].astype(np.float64) ** 2))
        for writer in writers:
            writer.close()
        for name, writer in zip(names, writers, strict=True):
            write_tags(writer.temporary, _tags(source.info.path, name))
        for writer in writers:
            writer.commit()
    samples = source.frames * source.format.channels
    levels = [power_to_db(each / samples) if each else None for each in squares]
    stems = tuple(Stem(*each) for each in zip(names, paths, levels, strict=True))
    return Separation(source.info.path, model, stems)


def _tags(source: Path, name: str) -> Tags:
    """The source's tags, its title with the stem's name; a stem of a song that a machine made was made by one, too."""
    tags = without_provenance(read_tags(source))
    disclosed = read_provenance(source).disclosure
    title = tags.get("title")
    return tags.with_extra(({"title": f"{title} ({name})"} if title else {}) | (disclosed.fields if disclosed else {}))


def _parts(model: DemucsModel, source: FileSource, two: str | None, progress: Progress) -> Iterator[list[Samples]]:
    """The stems and what they leave of the source; or of one stem and what that leaves."""
    checked = CheckedSource(source)
    whole = Reader(checked.blocks(), source.format)
    for stems in stem_blocks(model, checked, progress):
        if not np.isfinite(stems).all():
            raise SignalError(
                f"{model.name} made samples that are not finite (NaN or Inf)", "its weights may be damaged"
            )
        kept = list(stems) if two is None else [stems[model.stems.index(two)]]
        left = whole.take(stems.shape[2]) - np.sum(kept, axis=0, dtype=np.float32)
        yield [np.ascontiguousarray(part) for part in (*kept, left)]
