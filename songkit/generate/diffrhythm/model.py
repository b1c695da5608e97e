"""The DiffRhythm diffusion transformer, whole: noisy latents, words and a style in, a velocity out.

Letters of the axes, used at the end of the lines:

    B  songs in the batch         N  frames (21.5 a second)     M  latent channels (64)
    K  sets of conditions         D  width (2048)               C  width of text, style and time features (512)
    H  heads (32)                 W  width of a head (64)       F  inner width of the blocks' MLP (8192)

K divides B: the songs of a batch lie one set of conditions after the other, so that one set serves many seeds and
guidance runs its two branches in one batch. What does not depend on the time is computed once, in `conditions`.
The names of the weights are the published ones, without the prefix `transformer.`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812 (torch's own custom)
from torch import Tensor, nn

from songkit.generate.diffrhythm.precision import FP32, Precision
from songkit.generate.diffrhythm.shape import Shape

FREQUENCIES = 256
POSITION_KERNEL, POSITION_GROUPS = 31, 16
TEXT_KERNEL, TEXT_EXPANSION = 7, 2
WAVELENGTH = 10_000.0
EPSILON = 1e-6


@dataclass(frozen=True, slots=True)
class Conditions:
    """What K sets of conditions bring to every step."""

    inputs: Tensor  # (K, N, M + 2C): reference latents, text features, style
    scalars: tuple[Tensor, ...]  # each (K, C): embedded start, and embedded duration of the full model
    fusions: tuple[Tensor, ...]  # each (K, N, D): what the first half of the blocks has added
    rotary: tuple[Tensor, Tensor]  # (N, W) cosines and sines

    def __len__(self) -> int:
        return self.inputs.shape[0]

    def __getitem__(self, sets: slice) -> Conditions:
        scalars = tuple(scalar[sets] for scalar in self.scalars)
        return Conditions(self.inputs[sets], scalars, tuple(fusion[sets] for fusion in self.fusions), self.rotary)


class DiT(nn.Module):
    """The velocity of noisy latents at a time in 0 (noise) to 1 (song)."""

    def __init__(self, shape: Shape, precision: Precision = FP32) -> None:
        super().__init__()
        self.shape = shape
        self.precision = precision
        dim, width = shape.dim, shape.text_dim
        self.time_embed = ScalarEmbedding(width)
        self.start_time_embed = ScalarEmbedding(width)
        if shape.takes_duration:
            self.duration_time_embed = ScalarEmbedding(width)
        self.text_embed = TextEmbedding(shape)
        self.input_embed = InputEmbedding(shape)
        self.transformer_blocks = nn.ModuleList([Block(shape) for _ in range(shape.depth)])
        self.text_fusion_linears = nn.ModuleList(
            [nn.Sequential(Linear(width, dim), nn.SiLU()) for _ in range(shape.fused_blocks)]
        )
        self.norm_out = FinalNorm(dim, width)
        self.proj_out = Linear(dim, shape.mel_dim)

    def forward(
        self,
        noisy: Tensor,
        reference: Tensor,
        text: Tensor,
        time: Tensor,
        style: Tensor,
        start: Tensor,
        duration: Tensor,
    ) -> Tensor:
        """One evaluation; shapes as in `conditions` and `velocity`, one set of conditions per song."""
        return self.velocity(noisy, time, self.conditions(reference, text, style, start, duration))  # B N M

    def conditions(self, reference: Tensor, text: Tensor, style: Tensor, start: Tensor, duration: Tensor) -> Conditions:
        """What does not depend on the time: reference (K, N, M), text ids (K, N), style (K, C), start, duration (K).

        The null conditions of guidance are ids all 0, a reference of zeros, and the negative style.
        """
        frames = text.shape[1]
        words = self.text_embed(text)  # K N C
        style = style.unsqueeze(1).expand(-1, frames, -1)  # K N C
        scalars = [self.start_time_embed(start)]  # K C
        if self.shape.takes_duration:
            scalars.append(self.duration_time_embed(duration))  # K C
        return Conditions(
            inputs=torch.cat([part.to(self.precision.heavy) for part in (reference, words, style)], dim=-1),  # K N M+2C
            scalars=tuple(scalars),
            fusions=tuple(fusion(words) for fusion in self.text_fusion_linears),  # K N D
            rotary=rotary_table(frames, self.shape, self.precision, words.device),  # N W
        )

    def velocity(self, noisy: Tensor, time: Tensor, conditions: Conditions) -> Tensor:
        """The velocity (B, N, M) of latents (B, N, M) at `time`, () or (B)."""
        songs = noisy.shape[0] // len(conditions)
        moment = self.time_embed(time.reshape(-1))  # 1|B C
        for scalar in conditions.scalars:
            moment = moment + spread(scalar, songs)  # B C
        inputs = spread(conditions.inputs, songs)  # B N M+2C
        stream = self.input_embed(noisy, inputs, moment).to(self.precision.stream)  # B N D
        for index, block in enumerate(self.transformer_blocks):
            stream = block(stream, conditions.rotary)  # B N D
            if index < self.shape.fused_blocks:
                stream = stream + spread(conditions.fusions[index], songs)  # B N D
        return self.proj_out(self.norm_out(stream, moment)).to(noisy.dtype)  # B N M


class Linear(nn.Linear):
    """A linear layer that takes its input in whatever format and works in that of its weights."""

    def forward(self, input: Tensor) -> Tensor:
        return F.linear(input.to(self.weight.dtype), self.weight, self.bias)


class ScalarEmbedding(nn.Module):
    """A number from 0 to 1 as a vector: sinusoids of 1000 times it, then a small MLP."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.time_mlp = nn.Sequential(Linear(FREQUENCIES, width), nn.SiLU(), Linear(width, width))

    def forward(self, value: Tensor) -> Tensor:  # B -> B C
        half = FREQUENCIES // 2
        # The published code divides by half - 1, so that the lowest frequency is exactly 1 / WAVELENGTH.
        steps = torch.arange(half, dtype=torch.float32, device=value.device)
        frequencies = torch.exp(steps * (-math.log(WAVELENGTH) / (half - 1)))  # 128
        # The product comes first: in float16 it is rounded there, as published; the angles are float32 in any case.
        angles = (1000 * value).unsqueeze(1) * frequencies  # B 128
        return self.time_mlp(torch.cat([angles.sin(), angles.cos()], dim=-1).to(value.dtype))  # B C


class TextEmbedding(nn.Module):
    """Ids of phonemes, one a frame, as features: a table, sinusoidal positions, ConvNeXt-V2 blocks."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.last_position = shape.max_frames - 1
        self.text_embed = nn.Embedding(shape.text_num_embeds + 1, shape.text_dim)
        self.text_blocks = nn.Sequential(*[TextBlock(shape.text_dim) for _ in range(shape.conv_layers)])

    def forward(self, ids: Tensor) -> Tensor:  # B N -> B N C
        table = self.text_embed.weight
        positions = torch.arange(ids.shape[1], device=ids.device).clamp(max=self.last_position)
        angles = positions.unsqueeze(1) * inverse_wavelengths(table.shape[1], ids.device)  # N C/2
        places = torch.cat([angles.cos(), angles.sin()], dim=-1).to(table.dtype)  # N C
        return self.text_blocks(self.text_embed(ids) + places)  # B N C


class TextBlock(nn.Module):
    """ConvNeXt-V2 over time. Its response norm looks at all frames: text must not be padded or split."""

    def __init__(self, width: int) -> None:
        super().__init__()
        inner = width * TEXT_EXPANSION
        self.dwconv = nn.Conv1d(width, width, TEXT_KERNEL, padding=TEXT_KERNEL // 2, groups=width)
        self.norm = nn.LayerNorm(width, eps=EPSILON)
        self.pwconv1 = Linear(width, inner)
        self.grn = ResponseNorm(inner)
        self.pwconv2 = Linear(inner, width)

    def forward(self, text: Tensor) -> Tensor:  # B N C
        seen = self.norm(self.dwconv(text.transpose(1, 2)).transpose(1, 2))  # B N C
        return text + self.pwconv2(self.grn(F.gelu(self.pwconv1(seen))))  # B N C


class ResponseNorm(nn.Module):
    """Global response normalisation: each channel against the mean channel, by its norm over all frames."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1, 1, width))
        self.beta = nn.Parameter(torch.zeros(1, 1, width))

    def forward(self, features: Tensor) -> Tensor:  # B N C
        size = features.norm(p=2, dim=1, keepdim=True)  # B 1 C
        share = size / (size.mean(dim=-1, keepdim=True) + EPSILON)  # B 1 C
        return self.gamma * (features * share) + self.beta + features  # B N C


class InputEmbedding(nn.Module):
    """Everything a frame knows, projected to the width of the network, and its neighbourhood added."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.proj = Linear(2 * shape.mel_dim + 3 * shape.text_dim, shape.dim)
        self.conv_pos_embed = PositionConv(shape.dim)

    def forward(self, noisy: Tensor, inputs: Tensor, moment: Tensor) -> Tensor:  # B N M, B N M+2C, B C -> B N D
        moment = moment.unsqueeze(1).expand(inputs.shape[0], inputs.shape[1], -1)  # B N C
        parts = [part.to(inputs.dtype) for part in (noisy, inputs, moment)]
        features = self.proj(torch.cat(parts, dim=-1))  # B N D
        return features + self.conv_pos_embed(features)  # B N D


class PositionConv(nn.Module):
    """Two grouped convolutions over time: where a frame stands among its neighbours."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        first, second = [
            nn.Conv1d(dim, dim, POSITION_KERNEL, padding=POSITION_KERNEL // 2, groups=POSITION_GROUPS) for _ in range(2)
        ]
        self.conv1d = nn.Sequential(first, nn.Mish(), second, nn.Mish())

    def forward(self, features: Tensor) -> Tensor:  # B N D
        return self.conv1d(features.transpose(1, 2)).transpose(1, 2)  # B N D


class Block(nn.Module):
    """A Llama layer that looks both ways: pre-norm attention and a gated MLP. No mask, no modulation by the time."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.input_layernorm = RMSNorm(shape.dim)
        self.self_attn = Attention(shape.dim, shape.heads)
        self.post_attention_layernorm = RMSNorm(shape.dim)
        self.mlp = GatedMLP(shape.dim, shape.dim * shape.ff_mult)

    def forward(self, stream: Tensor, rotary: tuple[Tensor, Tensor]) -> Tensor:  # B N D
        stream = stream + self.self_attn(self.input_layernorm(stream), rotary)  # B N D
        return stream + self.mlp(self.post_attention_layernorm(stream))  # B N D


class RMSNorm(nn.Module):
    """Each frame at unit mean square, computed in float32, then weighted."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, stream: Tensor) -> Tensor:  # B N D
        wide = stream.float()
        power = torch.linalg.vector_norm(wide, dim=-1, keepdim=True).square() / wide.shape[-1]  # B N 1, in one reading
        unit = wide * torch.rsqrt(power + EPSILON)
        return self.weight * unit.to(stream.dtype)  # B N D


class Attention(nn.Module):
    """Multi-head attention of every frame to every frame, with rotary positions."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q_proj = Linear(dim, dim, bias=False)
        self.k_proj = Linear(dim, dim, bias=False)
        self.v_proj = Linear(dim, dim, bias=False)
        self.o_proj = Linear(dim, dim, bias=False)

    def forward(self, stream: Tensor, rotary: tuple[Tensor, Tensor]) -> Tensor:  # B N D
        stream = stream.to(self.q_proj.weight.dtype)
        query, key, value = (
            project(stream).unflatten(-1, (self.heads, -1))  # B N H W
            for project in (self.q_proj, self.k_proj, self.v_proj)
        )
        query, key, value = (
            heads.transpose(1, 2)  # B H N W
            for heads in (rotated(query, rotary), rotated(key, rotary), value)
        )
        mixed = F.scaled_dot_product_attention(query, key, value)  # B H N W
        return self.o_proj(mixed.transpose(1, 2).flatten(2))  # B N D


class GatedMLP(nn.Module):
    """SwiGLU."""

    def __init__(self, dim: int, inner: int) -> None:
        super().__init__()
        self.gate_proj = Linear(dim, inner, bias=False)
        self.up_proj = Linear(dim, inner, bias=False)
        self.down_proj = Linear(inner, dim, bias=False)

    def forward(self, stream: Tensor) -> Tensor:  # B N D
        stream = stream.to(self.gate_proj.weight.dtype)
        gate = F.silu(self.gate_proj(stream), inplace=True)  # B N F
        return self.down_proj(gate.mul_(self.up_proj(stream)))  # B N D


class FinalNorm(nn.Module):
    """Layer norm whose scale and shift (in this order) come from the moment."""

    def __init__(self, dim: int, width: int) -> None:
        super().__init__()
        self.linear = Linear(width, 2 * dim)

    def forward(self, stream: Tensor, moment: Tensor) -> Tensor:  # B N D, B C -> B N D
        scale, shift = self.linear(F.silu(moment)).unsqueeze(1).chunk(2, dim=-1)  # B 1 D
        return F.layer_norm(stream, stream.shape[-1:], eps=EPSILON) * (1 + scale) + shift  # B N D


def spread(fixed: Tensor, songs: int) -> Tensor:  # K ... -> K*songs ...
    """Each set of conditions for that many songs; not copied where there is one of either."""
    if fixed.shape[0] == 1:
        return fixed.expand(songs, *fixed.shape[1:])
    return fixed if songs == 1 else fixed.repeat_interleave(songs, 0)


def inverse_wavelengths(width: int, device: torch.device) -> Tensor:  # -> width/2
    """Radians per frame of each pair of a rotary or sinusoidal code of that width."""
    exponents = torch.arange(0, width, 2, dtype=torch.float32, device=device) / width
    return 1.0 / WAVELENGTH**exponents


def rotary_table(frames: int, shape: Shape, precision: Precision, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosines and sines (N, W) of every frame; the frequencies rounded to float16 where the published model does so."""
    inverse = inverse_wavelengths(shape.dim // shape.heads, device)  # W/2
    if precision.round_rotary:
        inverse = inverse.half().float()
    angles = torch.arange(frames, dtype=torch.float32, device=device).unsqueeze(1) * inverse  # N W/2
    angles = torch.cat([angles, angles], dim=-1)  # N W
    return angles.cos().to(precision.heavy), angles.sin().to(precision.heavy)


def rotated(heads: Tensor, rotary: tuple[Tensor, Tensor]) -> Tensor:  # B N H W
    """Each half of a head's width turned against the other by the frame's angle."""
    cosines, sines = (table.unsqueeze(1) for table in rotary)  # N 1 W
    sines = sines.chunk(2, dim=-1)[0]  # N 1 W/2, of both halves
    low, high = heads.chunk(2, dim=-1)
    turned = heads * cosines
    first, second = turned.chunk(2, dim=-1)
    first.sub_(high * sines)
    second.add_(low * sines)
    return turned
