"""One seed to a take, in stages: latents made, checked and kept; decoded, checked and kept. None is done twice.

    sampling-0.safetensors   the state between two steps, now and then; of a batch in its own folder
    latents.safetensors      before the decoder runs
    raw.wav                  float32, as it was decoded: no peak is divided by, nothing is cut off above full scale
    raw.json                 written last: what belongs to raw.wav

What an interrupted run left is used where its key says that it was made from the same; the rest is made again.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

import torch

from songkit.atomic import write_json
from songkit.errors import SignalError
from songkit.generate.contract import Take
from songkit.generate.diffrhythm import library, memory, reference
from songkit.generate.diffrhythm.batch import make_latents, make_torch_repeatable
from songkit.generate.diffrhythm.decoded import write_take
from songkit.generate.diffrhythm.shape import SAMPLE_RATE
from songkit.generate.diffrhythm.sung import segments_of
from songkit.generate.diffrhythm.vae import Join, Vae
from songkit.generate.diffrhythm.work import LATENTS, Work
from songkit.runs import file_sha256, read_record
from songkit.units import seconds_to_frames

AUDIO, RECORD = "raw.wav", "raw.json"


def make_take(work: Work) -> Take:
    """The take of a seed. Raises SignalError naming the stage, MemoryError, and what loading raises."""
    make_torch_repeatable(work.options.threads)
    prepared = work.prepared
    with memory.named_when_it_runs_out():
        latents, sampled = _latents(work)
        decoded = _audio(work, latents, prepared["facts"].get("encoded_gain_db", 0.0))
    warnings = [*prepared["warnings"], *sampled["warnings"], *work.warnings]
    facts = {**prepared["facts"], **sampled, **decoded, "warnings": warnings}
    return Take(work.seed, work.folder / AUDIO, facts, {"latents": work.folder / LATENTS})


def _latents(work: Work) -> tuple[torch.Tensor, dict[str, Any]]:
    """The latents (frames, channels), found or made, and what is to be told of them."""
    kept = work.kept_latents()
    if kept is not None:
        return kept
    if len(work.together) > 1:
        raise SignalError(f"sample: the latents that a batch made are gone from {work.folder}", "start it again")
    lost = make_latents([work], work.folder)
    made = work.kept_latents()
    if made is None:
        raise lost[work.seed]
    return made


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
