"""In which number formats the network works, and on which device.

fp32    everything in float32
bf16    the projections of the blocks in bfloat16; residual stream, norms, embeddings and the state in float32
fp16    everything in float16, the rotary frequencies too: what the published pipeline computes
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from songkit.errors import MissingError, UsageError, near_names
from songkit.generate.diffrhythm.processor import has_fast_bfloat16


@dataclass(frozen=True, slots=True)
class Precision:
    """A mode: formats of the heavy weights, of the residual stream and light weights, and the rotary rounding."""

    name: str
    heavy: torch.dtype
    stream: torch.dtype
    """Also the format of the state that is integrated, of the time grid and of the noise."""
    round_rotary: bool = False

    def weight_dtype(self, key: str) -> torch.dtype:
        """The format of the weight with that name (without the published prefix)."""
        heavy = key.startswith(("transformer_blocks.", "input_embed.", "text_fusion_linears."))
        return self.heavy if heavy and not key.endswith("layernorm.weight") else self.stream


FP32 = Precision("fp32", torch.float32, torch.float32)
BF16 = Precision("bf16", torch.bfloat16, torch.float32)
FP16 = Precision("fp16", torch.float16, torch.float16, round_rotary=True)
PRECISIONS = {"fp32": FP32, "bf16": BF16, "fp16": FP16}

DEVICES = ("auto", "cpu", "cuda", "mps")


@dataclass(frozen=True, slots=True)
class Place:
    """Where and how the work is done, and why so (one line for the user)."""

    device: torch.device
    precision: Precision
    why: str

    def __str__(self) -> str:
        return f"{self.device} in {self.precision.name}: {self.why}"


def choose_place(device: str = "auto", precision: str = "auto") -> Place:
    """The device (auto: CUDA, then MPS, then the CPU) and the precision (auto: what suits that device).

    Raises UsageError for names that do not exist, MissingError for a device that is not here.
    """
    if device not in DEVICES:
        raise UsageError(f"there is no device {device!r}", near_names(device, DEVICES))
    if precision != "auto" and precision not in PRECISIONS:
        raise UsageError(f"there is no precision {precision!r}", near_names(precision, ["auto", *PRECISIONS]))
    here = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if device == "auto":
        device = next(name for name, available in here.items() if available)
    elif not here[device]:
        raise MissingError(f"the device {device} is not here", _why_not(device))
    if precision != "auto":
        return Place(torch.device(device), PRECISIONS[precision], "as asked")
    chosen, why = _suited(device)
    return Place(torch.device(device), chosen, why)


def _suited(device: str) -> tuple[Precision, str]:
    if device == "cuda":
        if torch.cuda.is_bf16_supported(including_emulation=False):
            return BF16, "this GPU computes in bfloat16"
        return FP16, "this GPU has no bfloat16; float16 is what the published model uses"
    if device == "mps":
        return FP16, "what the published model uses"
    if has_fast_bfloat16():
        return BF16, "this processor has bfloat16 instructions"
    return FP32, "this processor has no bfloat16 instructions"


def _why_not(device: str) -> str:
    if device == "mps":
        return "it needs an Apple processor and macOS 12.3 or later"
    if torch.version.cuda is None:
        return "this torch is built for the CPU: install the CUDA build from pytorch.org"
    return "torch sees no NVIDIA GPU: check the driver with nvidia-smi"
