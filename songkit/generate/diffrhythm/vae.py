"""Latents to audio and back: the published TorchScript autoencoder, in chunks so that memory does not grow with length.

Latents are `(frames, channels)` as in the sampler, audio is stereo at 44.1 kHz, 2048 samples a latent frame.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from songkit.audio import Samples
from songkit.errors import InputError, MissingError, SignalError
from songkit.generate.diffrhythm.chunks import Chunk, chunks_of, fade_frames
from songkit.generate.diffrhythm.shape import FRAME_SAMPLES
from songkit.progress import Progress, Update, silent

Join = Literal["cut", "equal_power"]
METHODS = ("decode_export", "encode_export")
SMALLEST_DEVIATION = 1e-4


class Vae:
    """The autoencoder of a file. It works in float32 on `device`.

    Raises MissingError where there is no such file, InputError for one that is no TorchScript with both methods.
    """

    def __init__(self, path: Path, device: torch.device | str = "cpu") -> None:
        if not path.is_file():
            raise MissingError(f"there is no VAE at {path}")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # TorchScript is the format that was published
                self._script: Any = torch.jit.load(path, map_location=device).eval()
        except (RuntimeError, ValueError, OSError) as error:
            first = str(error).strip().partition("\n")[0]
            raise InputError(f"{path} cannot be read as TorchScript: {first}", "fetch it again") from error
        absent = [method for method in METHODS if not hasattr(self._script, method)]
        if absent:
            raise InputError(f"{path} has no {' and no '.join(absent)}", "take vae_model.pt of ASLP-lab/DiffRhythm-vae")
        self.device = torch.device(device)

    def decode(self, latents: Tensor, join: Join = "cut", progress: Progress = silent) -> Iterator[Samples]:
        """The audio of latents (frames, channels), float32 (2, n) blocks that make frames x 2048 samples in all.

        `join`: "cut" is what the published code does; "equal_power" cross-fades around each seam at constant power.
        Raises SignalError naming the time where a chunk is not finite.
        """
        chunks = chunks_of(latents.shape[0])
        fades = [0, *(_fade_samples(*pair, join) for pair in pairwise(chunks)), 0]
        tail: Samples | None = None
        progress(Update("decode", 0.0))
        for index, chunk in enumerate(chunks):
            audio = self._decode_chunk(latents[chunk.first : chunk.last], chunk)
            origin = chunk.first * FRAME_SAMPLES
            start, end = chunk.start * FRAME_SAMPLES - origin, chunk.end * FRAME_SAMPLES - origin
            before, after = fades[index], fades[index + 1]
            if tail is not None:
                yield crossfaded(tail, audio[:, start - before : start + before])
            yield np.ascontiguousarray(audio[:, start + before : end - after])
            tail = audio[:, end - after : end + after] if after else None
            progress(Update("decode", (index + 1) / len(chunks)))

    @torch.inference_mode()
    def encode(self, audio: Samples, progress: Progress = silent) -> Posterior:
        """What the encoder knows of stereo audio (2, samples) of any length.

        The last latent frame is completed with silence, so that every frame stands on the grid (the published code
        moves the last chunk off it when the length is no multiple of 2048). Raises SignalError where it is not finite.
        """
        frames = -(-audio.shape[1] // FRAME_SAMPLES)
        if audio.shape[0] != 2 or not frames:
            raise InputError(f"audio of shape {audio.shape}: the encoder takes stereo of at least one sample")
        whole = np.zeros((2, frames * FRAME_SAMPLES), dtype=np.float32)
        whole[:, : audio.shape[1]] = audio
        chunks = chunks_of(frames)
        parts = []
        for index, chunk in enumerate(chunks):
            piece = torch.from_numpy(whole[:, chunk.first * FRAME_SAMPLES : chunk.last * FRAME_SAMPLES])
            encoded: Tensor = self._script.encode_export(piece.unsqueeze(0).to(self.device))[0].cpu()
            _check("encoder", encoded, chunk, encoded.shape[0], chunk.last - chunk.first)
            parts.append(encoded[:, chunk.start - chunk.first : chunk.end - chunk.first])
            progress(Update("encode", (index + 1) / len(chunks)))
        mean, scale = torch.cat(parts, dim=1).T.chunk(2, dim=1)
        return Posterior(mean, scale)

    @torch.inference_mode()
    def _decode_chunk(self, latents: Tensor, chunk: Chunk) -> Samples:
        script_input = latents.to(self.device, torch.float32).T.unsqueeze(0)  # (1, channels, frames)
        decoded: Tensor = self._script.decode_export(script_input)[0].cpu()
        _check("decoder", decoded, chunk, 2, latents.shape[0] * FRAME_SAMPLES)
        samples: Samples = decoded.float().numpy()
        return samples


@dataclass(frozen=True, slots=True)
class Posterior:
    """The distribution of the latents of a recording: mean and scale, each (frames, channels)."""

    mean: Tensor
    scale: Tensor

    @property
    def deviation(self) -> Tensor:
        """Standard deviation (frames, channels)."""
        return torch.nn.functional.softplus(self.scale) + SMALLEST_DEVIATION

    def sample(self, seed: int) -> Tensor:
        """Latents (frames, channels) drawn from it: the training data were such draws. The same seed, the same draw."""
        noise = torch.randn(self.mean.shape, generator=torch.Generator("cpu").manual_seed(seed))
        return self.mean + self.deviation * noise


def crossfaded(old: Samples, new: Samples) -> Samples:
    """From `old` to `new` (both (2, n)) with the power of both all the way.

    Equal power for signals that have nothing in common. Two decodings of the same latents are nearly the same signal,
    and those would rise by 3 dB in the middle; so the gains are divided by what their correlation r adds:
    cos² + sin² + 2 r cos sin.
    """
    count = old.shape[1]
    angle = (np.arange(count) + 0.5) * (np.pi / 2 / count)
    falling, rising = np.cos(angle), np.sin(angle)
    both = float(np.sqrt(np.vdot(old, old).astype(float) * np.vdot(new, new).astype(float)))
    correlation = max(0.0, float(np.vdot(old, new)) / both) if both > 0.0 else 0.0
    level = np.sqrt(1.0 + 2.0 * correlation * falling * rising)
    mixed: Samples = (old * (falling / level) + new * (rising / level)).astype(np.float32)
    return mixed


def _fade_samples(left: Chunk, right: Chunk, join: Join) -> int:
    return 0 if join == "cut" else int(fade_frames(left, right) * FRAME_SAMPLES)


def _check(what: str, values: Tensor, chunk: Chunk, rows: int, columns: int) -> None:
    if tuple(values.shape) != (rows, columns):
        raise InputError(
            f"the VAE's {what} gave shape {tuple(values.shape)} where {(rows, columns)} was expected",
            "take vae_model.pt of ASLP-lab/DiffRhythm-vae",
        )
    if not torch.isfinite(values).all():
        raise SignalError(
            f"the VAE's {what} gave values that are not finite in latent frames {chunk.first} to {chunk.last}",
            "the latents were finite: the VAE's file is damaged, or its device fails; try --device cpu",
        )
