"""DiffRhythm v1.2, re-implemented from facts: latent flow matching from lyrics and a style to 95 or 96-285 seconds.

    options, settle       what can be asked for; the same with nothing left open
    library, identity     where the published files lie, and what they are by their bytes
    prepared, work        what all seeds share; what is asked of one seed
    batch, take           seeds to latents, together or alone; one seed to a take, in stages that are kept
    reference             a recording to be edited
    sung, pieces          the network loaded and run; a long song piece by piece
    shape                 the sizes of the two published models, frames and seconds
    model                 the network, whole
    precision, weights    fp32, bf16 and the published fp16, on which device; strict loading
    field, sampler        the guided velocity; from noise to latents: time grid, solvers, seeds
    checkpoint            the state between two steps, kept now and then
    latents               what latents must be before they are decoded, and how they are kept
    vae, chunks, decoded  latents to audio and back, in overlapping chunks; the take, written as it is
    memory, room          memory kept, measured, named; how much is needed, and how many seeds fit
    torch_audio           torchaudio where its library does not load
    words                 lyrics as tokens on the frame axis
    style                 words, recordings or a mix of both as MuQ-MuLan hears them
    models, processor     the published files fetched and verified; what the processor can do

What makes samples imports torch when it is loaded: it is imported where work starts.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from songkit.errors import SongkitError, UsageError
from songkit.generate.contract import MAX_SEED, Request, Take
from songkit.generate.diffrhythm import library
from songkit.progress import Progress

PACKAGES = ("torch", "torchaudio", "muq", "transformers", "safetensors", "phonemizer")


class DiffRhythm:
    """Satisfies `songkit.generate.contract.Generator`, `Conditional`, `Settling`, `Placed`, `Heavy` and `Batching`."""

    name = "diffrhythm"
    version = "1"
    about = "DiffRhythm v1.2, the published latent flow matching model"
    takes_at_once = 1

    @property
    def option_names(self) -> tuple[str, ...]:
        from songkit.generate.diffrhythm.options import Options

        return tuple(Options.model_fields)

    def ready(self, request: Request) -> str | None:
        """Packages and published files that are missing for a song of that length."""
        from songkit.generate.diffrhythm.options import read

        absent = [package for package in PACKAGES if find_spec(package) is None]
        if absent:
            return f"not installed: {', '.join(absent)} (pip install 'songkit[diffrhythm]')"
        models = read(request.options, known_only=True).models
        missing = [name for name in library.needed(request.seconds) if library.find(name, models) is None]
        if missing:
            where = " and ".join(str(root) for root in library.roots(models))
            return f"{', '.join(missing)} not in {where} ({library.fetch_hint(folder=models)})"
        return None

    @property
    def silent_options(self) -> tuple[str, ...]:
        from songkit.generate.diffrhythm.options import SILENT

        return SILENT

    def settle(self, request: Request, at_once: int) -> Request:
        """Device, precision, threads and steps, and the identity of the weights; see `settle`."""
        from songkit.generate.diffrhythm.settle import settle

        return settle(request, at_once)

    def prepare(self, request: Request, workdir: Path, progress: Progress) -> Mapping[str, Any]:
        """Tokens, style vectors and an estimate; see `prepared`."""
        from songkit.generate.diffrhythm.prepared import prepare

        return prepare(request, workdir, progress)

    def generate(
        self, request: Request, prepared: Mapping[str, Any], seed: int, workdir: Path, progress: Progress
    ) -> Take:
        """The take of a seed: `raw.wav` and its latents; see `take`."""
        if not 0 <= seed <= MAX_SEED:
            raise UsageError(f"seed {seed}: seeds are 0 to 2^63 - 1")
        from songkit.generate.diffrhythm.take import make_take
        from songkit.generate.diffrhythm.work import Work

        return make_take(Work(request, seed, workdir, prepared, progress))

    def batch_size(self, request: Request) -> int:
        """As `settle` has found it."""
        return int(request.options["batch"])

    def make_together(
        self,
        request: Request,
        prepared: Mapping[str, Any],
        workdirs: Mapping[int, Path],
        workdir: Path,
        progress: Progress,
    ) -> Mapping[int, SongkitError]:
        """The latents of the seeds, which are all that the network makes; see `batch`."""
        from songkit.generate.diffrhythm.batch import make_batch

        return make_batch(request, prepared, workdirs, workdir, progress)
