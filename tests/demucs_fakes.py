"""A model that separates without weights, and tiny random weights in the layout in which demucs publishes its own."""

from __future__ import annotations

import warnings
from fractions import Fraction
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from songkit.audio import Samples

_FOLDER = TemporaryDirectory(prefix="songkit-tests-")


class FakeModel:
    """Vocals are 0.8 of the mid, drums a tenth of everything, other is half of the side; bass is silent."""

    name = "fake"
    stems = ("drums", "bass", "other", "vocals")
    sample_rate = 44_100
    segment_frames = 10_000

    def __init__(self) -> None:
        self.longest_mix = 0

    def apply(self, mix: Samples, start: int, frames: int) -> Samples:
        self.longest_mix = max(self.longest_mix, mix.shape[1])
        part = mix[:, start : start + frames]
        mid = part.mean(axis=0, keepdims=True)
        return np.stack([0.1 * part, 0.0 * part, 0.5 * (part - mid), np.repeat(0.8 * mid, 2, axis=0)])


@cache
def tiny_weights() -> Path:
    """A folder with `tiny.yaml` and the `.th` file that it names: a random HTDemucs of 225 000 parameters."""
    import torch
    from demucs.htdemucs import HTDemucs
    from demucs.states import get_state

    folder = Path(_FOLDER.name)
    torch.manual_seed(1)
    settings = {"sources": list(FakeModel.stems), "channels": 8, "nfft": 1024, "t_layers": 1, "t_heads": 2}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of layers that are empty in a model so small
        model = HTDemucs(**settings, bottom_channels=8, segment=Fraction(1, 2), samplerate=44_100)
    args, kwargs = model._init_args_kwargs
    package = {"klass": HTDemucs, "args": args, "kwargs": kwargs, "state": get_state(model, None)}
    torch.save(package, folder / "abcd1234.th")
    (folder / "tiny.yaml").write_text("models: ['abcd1234']\n")
    return folder
