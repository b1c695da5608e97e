"""Seeds to latents: through the network together or one alone; each checked and kept for itself."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from songkit.errors import SignalError
from songkit.generate.contract import TOGETHER, Request
from songkit.generate.diffrhythm import latents as latent_files
from songkit.generate.diffrhythm import memory
from songkit.generate.diffrhythm.checkpoint import Checkpoint
from songkit.generate.diffrhythm.sung import Singer
from songkit.generate.diffrhythm.work import LATENTS, Work
from songkit.progress import Progress


def make_batch(
    request: Request, prepared: Mapping[str, Any], workdirs: Mapping[int, Path], workdir: Path, progress: Progress
) -> dict[int, SignalError]:
    """The latents of a batch, for the seeds that have a workdir; why there are none, by seed.

    Raises SignalError where no seed has any, MemoryError, and what loading raises.
    """
    works = [Work(request, seed, folder, prepared, progress) for seed, folder in workdirs.items()]
    missing = [work for work in works if work.kept_latents() is None]
    if not missing:
        return {}
    make_torch_repeatable(works[0].options.threads)
    with memory.named_when_it_runs_out():
        return make_latents(missing, workdir)


def make_latents(works: Sequence[Work], folder: Path) -> dict[int, SignalError]:
    """Makes and keeps the latents of works of one batch, with the state on the way kept in `folder`; raises as above.

    The whole batch goes through the network even where not all of it is wanted: each seed hangs on the others.
    """
    work = works[0]
    device, batch = work.options.device, work.together
    began = time.monotonic()
    singer = Singer.load(work.options, work.request.seconds, work.shared, work.progress, thrifty=work.thrifty)
    loaded = time.monotonic()
    songs = singer.sing(batch, memory.shown(work.progress, device), Checkpoint(folder, work.batch_key))
    facts = {
        "sampling_memory_megabytes": memory.peak_megabytes(device),
        "seconds_loading": round(loaded - began, 3),
        "seconds_sampling": round(time.monotonic() - loaded, 3),
        **({TOGETHER: [str(seed) for seed in batch]} if len(batch) > 1 else {}),
    }
    lost = {}
    for each in works:
        try:
            _keep(each, songs[batch.index(each.seed)], facts)
        except SignalError as error:
            lost[each.seed] = error
    del singer, songs
    memory.give_back()
    return lost


def make_torch_repeatable(threads: int) -> None:
    """For processes whose life is one song or one batch: the same bytes for the same seeds, on a GPU too."""
    memory.keep_freed_memory()
    torch.set_num_threads(threads)
    torch.backends.cudnn.deterministic = True


def _keep(work: Work, latents: torch.Tensor, facts: Mapping[str, Any]) -> None:
    figures = latent_files.check(latents)
    told = {"latents": figures.to_dict(), **facts, "warnings": list(figures.warnings())}
    latent_files.keep(work.folder / LATENTS, latents.float().cpu(), work.key, told)
