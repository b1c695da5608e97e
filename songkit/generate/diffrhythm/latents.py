"""Latents between the sampler and the decoder: what they must be, and how they are kept.

Latents of real songs, for comparison: standard deviation 0.95 to 1.02, all within about ±6.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from songkit.atomic import whole_file
from songkit.errors import InputError, SignalError
from songkit.optional import need

SMALLEST_SPREAD, LARGEST_SPREAD = 0.05, 8.0
LARGEST_VALUE = 100.0
USUAL_SPREAD, USUAL_VALUE = (0.7, 1.4), 8.0
STILL = 1e-3
"""Change from frame to frame, in parts of the spread, under which a frame repeats the one before."""
STILL_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class LatentFigures:
    """What a song's latents look like."""

    frames: int
    spread: float
    """Standard deviation over all frames and channels."""
    lowest: float
    highest: float
    still_share: float
    """Frames that repeat the one before."""
    dead_channels: int
    """Channels that never change."""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self) | {"warnings": list(self.warnings())}

    def warnings(self) -> Iterator[str]:
        """What is unlike the latents of real songs and still no proof of a failure."""
        low, high = USUAL_SPREAD
        if not low <= self.spread <= high:
            yield f"latents have a spread of {self.spread:.2f} (real songs: about 1)"
        if max(-self.lowest, self.highest) > USUAL_VALUE:
            yield f"latents reach from {self.lowest:.1f} to {self.highest:.1f} (real songs: about -6 to 6)"
        if self.dead_channels:
            yield f"channels of the latents that never change: {self.dead_channels}"


def check(latents: Tensor, stage: str = "sample") -> LatentFigures:
    """The figures of latents (frames, channels). Raises SignalError, naming the stage, where they cannot be a song."""
    figures = _figures(latents, stage)
    wrong = next(_complaints(figures), None)
    if wrong:
        raise SignalError(f"{stage}: {wrong}", "try another seed, less guidance, or --precision fp32")
    return figures


def save(path: Path, latents: Tensor, facts: Mapping[str, str] | None = None) -> None:
    """Keeps latents (frames, channels) as safetensors: float32 `latents` (1, channels, frames), as training data lie.

    The file appears whole or not at all, and replaces an older one. `facts` travel in its header.
    """
    need("safetensors", extra="diffrhythm")
    from safetensors.torch import save_file

    with whole_file(path, force=True) as temporary:
        save_file({"latents": latents.float().cpu().T.unsqueeze(0).contiguous()}, temporary, dict(facts or {}))


def load(path: Path) -> Tensor:
    """The latents (frames, channels) that `save` kept. Raises InputError for a file that is not whole."""
    need("safetensors", extra="diffrhythm")
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        kept = load_file(path)["latents"]
    except (OSError, SafetensorError, KeyError) as error:
        raise InputError(f"{path} holds no latents: {error}") from error
    return kept[0].T


def keep(path: Path, latents: Tensor, key: str, facts: Mapping[str, Any]) -> None:
    """`save`, with the key of what they are made from and plain JSON values that `load_kept` gives back."""
    save(path, latents, {"key": key, "facts": json.dumps(facts)})


def load_kept(path: Path, key: str) -> tuple[Tensor, dict[str, Any]] | None:
    """The latents kept under that key, with their facts; None where others lie there, or none that are whole."""
    need("safetensors", extra="diffrhythm")
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        return None
    try:
        with safe_open(path, "pt") as file:
            header = file.metadata() or {}
        if header.get("key") != key:
            return None
        facts: dict[str, Any] = json.loads(header["facts"])
        return load(path), facts
    except (OSError, SafetensorError, ValueError, KeyError, InputError):
        return None


def _figures(latents: Tensor, stage: str) -> LatentFigures:
    bad = ~torch.isfinite(latents)
    if bad.any():
        first = int(bad.any(dim=1).nonzero()[0])
        raise SignalError(
            f"{stage}: {int(bad.sum())} of {latents.numel()} latent values are not finite, the first in frame {first}",
            "try --precision fp32; if that fails too, the weights or the style are damaged",
        )
    values = latents.double()
    spread = float(values.std(correction=0))
    changes = values.diff(dim=0).abs()
    still = (changes.amax(dim=1) <= STILL * spread).double()
    return LatentFigures(
        frames=values.shape[0],
        spread=spread,
        lowest=float(values.min()),
        highest=float(values.max()),
        still_share=float(still.mean()) if len(still) else 0.0,
        dead_channels=int((changes.amax(dim=0) <= STILL * spread).sum()) if len(still) else 0,
    )


def _complaints(figures: LatentFigures) -> Iterator[str]:
    if figures.lowest == figures.highest:
        yield f"the latents are constant ({figures.lowest:g})"
    if figures.spread < SMALLEST_SPREAD:
        yield f"the latents have collapsed: spread {figures.spread:.3g} (real songs: about 1)"
    if figures.spread > LARGEST_SPREAD or max(-figures.lowest, figures.highest) > LARGEST_VALUE:
        yield (
            f"the latents have run away: spread {figures.spread:.3g}, "
            f"from {figures.lowest:.3g} to {figures.highest:.3g} (real songs: about 1, from -6 to 6)"
        )
    if figures.still_share > STILL_SHARE:
        yield f"the latents stand still: {figures.still_share:.0%} of the frames repeat the one before"
