"""One seed to a take, in stages: latents made, checked and kept; decoded, checked and kept. None is done twice.

    sampling-0.safetensors   the state between two steps, now and then
    latents.safetensors      before the decoder runs
    raw.wav                  float32, as it was decoded: no peak is divided by, nothing is cut off above full scale
    raw.json                 written last: what belongs to raw.wav

What an interrupted run left is used where its key says that it was made from the same; the rest is made again.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from songkit.atomic import write_json
from songkit.generate.contract import Request, Take
from songkit.generate.diffrhythm import latents as latent_files
from songkit.generate.diffrhythm import library, memory, reference
from songkit.generate.diffrhythm.checkpoint import Checkpoint
from songkit.generate.diffrhythm.decoded import write_take
from songkit.generate.diffrhythm.options import Settled
from songkit.generate.diffrhythm.shape import SAMPLE_RATE
from songkit.generate.diffrhythm.sung import Singer, segments_of
from songkit.generate.diffrhythm.vae import Join, Vae
from songkit.progress import Progress
from songkit.runs import content_key, file_sha256, read_record
from songkit.units import seconds_to_frames

LATENTS, AUDIO, RECORD = "latents.safetensors", "raw.wav", "raw.json"


@dataclass(frozen=True, slots=True)
class Work:
    """One seed's work: what is asked, where its files lie, and whose progress it is."""

    request: Request
    seed: int
    folder: Path
    shared: Path
    """The folder of what all seeds share."""
    thrifty: bool
    """Whether memory has run out before: then with less of it."""
    progress: Progress

    @property
    def options(self) -> Settled:
        return Settled.model_validate(self.request.options)

    @property
    def key(self) -> str:
        """What the latents and the audio are made from."""
        return content_key({**self.request.to_dict(), "seed": str(self.seed)})


def make_take(work: Work, prepared: Mapping[str, Any]) -> Take:
    """The take of a seed. Raises SignalError naming the stage, MemoryError, and what loading raises."""
    memory.keep_freed_memory()
    torch.set_num_threads(work.options.threads)
    torch.backends.cudnn.deterministic = True  # the same bytes for the same seed, on a GPU too
    with memory.named_when_it_runs_out():
        latents, sampled = _latents(work)
        decoded = _audio(work, latents, prepared["facts"].get("encoded_gain_db", 0.0))
    facts = {**prepared["facts"], **sampled, **decoded, "warnings": [*prepared["warnings"], *sampled["warnings"]]}
    return Take(work.seed, work.folder / AUDIO, facts, {"latents": work.folder / LATENTS})


def _latents(work: Work) -> tuple[torch.Tensor, dict[str, Any]]:
    """The latents (frames, channels), found or made, and what is to be told of them."""
    path = work.folder / LATENTS
    kept = latent_files.load_kept(path, work.key)
    if kept is not None:
        return kept
    began = time.monotonic()
    singer = Singer.load(work.options, work.request.seconds, work.shared, work.progress, thrifty=work.thrifty)
    loaded = time.monotonic()
    progress = memory.shown(work.progress, work.options.device)
    latents = singer.sing(work.seed, progress, Checkpoint(work.folder, work.key))
    sampled = time.monotonic()
    figures = latent_files.check(latents)
    warnings = [*figures.warnings()]
    if work.thrifty:
        warnings.append("memory ran out the first time: the branches of guidance ran one after the other")
    facts = {
        "latents": figures.to_dict(),
        "sampling_memory_megabytes": memory.peak_megabytes(work.options.device),
        "seconds_loading": round(loaded - began, 3),
        "seconds_sampling": round(sampled - loaded, 3),
        "warnings": warnings,
    }
    latents = latents.float().cpu()
    latent_files.keep(path, latents, work.key, facts)
    del singer
    memory.give_back()
    return latents, facts


def _audio(work: Work, latents: torch.Tensor, encoded_gain_db: float) -> dict[str, Any]:
    """The audio of latents, found or decoded; what is to be told of it."""
    audio, record = work.folder / AUDIO, work.folder / RECORD
    kept = read_record(record)
    if kept and kept["key"] == work.key and audio.is_file() and file_sha256(audio) == kept["sha256"]:
        facts: dict[str, Any] = kept["facts"]
        return facts
    began = time.monotonic()
    vae = Vae(library.locate("vae", work.options.models), work.options.device)
    join: Join = "equal_power" if work.options.decode_overlap == "equal-power" else "cut"
    blocks = vae.decode(latents, join, work.progress)
    if work.options.reference is not None:
        segments = segments_of(work.options, work.request.seconds, latents.shape[0])
        blocks = reference.Splice(work.shared / reference.AUDIO, segments, encoded_gain_db).blocks(blocks)
    figures = write_take(audio, blocks, seconds_to_frames(work.request.seconds, SAMPLE_RATE))
    facts = {
        "decoded": asdict(figures),
        "seconds_decoding": round(time.monotonic() - began, 3),
    }
    write_json(record, {"key": work.key, "sha256": file_sha256(audio), "facts": facts}, force=True)
    return facts
