"""Time of DiffRhythm's network at full size, with random weights, against what this machine's multiplier could do.

    python benchmarks/diffrhythm.py                       # CPU: one pass in fp32 and in bf16, beside their bounds
    python benchmarks/diffrhythm.py --device cuda         # GPU: a pass and a whole song, eager, as CUDA graph, compiled
    python benchmarks/diffrhythm.py --frames 512 --depth 4 --precisions bf16    # a short look

The bound is the time of the products, attention and convolutions alone, each at its own size, measured in the same run
and in turn with the pass: no network of these sizes can be faster on this machine with this library. A pass is a
forward with the conditions computed beforehand, as the sampler runs it. On a CPU, times are CPU seconds over the number
of threads, so that other work on the machine does not count. Needs torch and songkit's sources; no weights.
"""

from __future__ import annotations

import argparse
import platform
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
import torch.nn.functional as F  # noqa: N812

from songkit.generate.diffrhythm.field import GuidedField, Prompt
from songkit.generate.diffrhythm.memory import keep_freed_memory
from songkit.generate.diffrhythm.model import POSITION_GROUPS, POSITION_KERNEL, Conditions, DiT
from songkit.generate.diffrhythm.precision import PRECISIONS, Precision, choose_place
from songkit.generate.diffrhythm.sampler import Schedule, noise, sample
from songkit.generate.diffrhythm.shape import BASE, FULL, Shape, frames_of
from songkit.generate.diffrhythm.weights import in_precision

SECONDS = 95.0


def main() -> None:
    options = _options()
    place = choose_place(options.device)
    torch.set_num_threads(options.threads or torch.get_num_threads())
    shape = replace(BASE if options.seconds <= SECONDS else FULL, depth=options.depth)
    frames = options.frames or frames_of(options.seconds, shape.max_frames)
    keep_freed_memory()
    print(_machine(place.device), flush=True)
    print(
        f"torch {torch.__version__}, {shape.depth} blocks of width {shape.dim}, {frames} frames; best of {options.runs}"
    )
    default = "bf16,fp16" if place.device.type == "cuda" else "fp32,bf16"
    with torch.inference_mode():
        for name in (options.precisions or default).split(","):
            _measure(PRECISIONS[name], shape, frames, place.device, options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--device", default="cpu", help="auto, cpu, cuda or mps")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="length of the song: 95, or up to 285")
    parser.add_argument("--frames", type=int, help="latent frames, in place of --seconds")
    parser.add_argument("--depth", type=int, default=BASE.depth, help="blocks, for a short look (published: 16)")
    parser.add_argument("--precisions", help="fp32,bf16,fp16 (fp16 is slow on CPUs)")
    parser.add_argument("--steps", type=int, default=32, help="points of the time grid of a song")
    parser.add_argument("--runs", type=int, default=3, help="how often each figure is taken; the best counts")
    parser.add_argument("--threads", type=int, help="of torch, on the CPU")
    parser.add_argument("--song", action="store_true", help="make a whole song on the CPU, too (minutes)")
    parser.add_argument("--no-compile", action="store_true", help="leave torch.compile out")
    return parser.parse_args()


def _measure(
    precision: Precision, shape: Shape, frames: int, device: torch.device, options: argparse.Namespace
) -> None:
    model = random_model(shape, precision, device)
    prompt = random_prompt(shape, frames)
    field = GuidedField(model, prompt, strength=4.0, batched=True)
    state = noise([1], frames, model)
    moment = torch.tensor(0.5, device=device, dtype=precision.stream)
    conditions = field.conditions
    best = _best(device, options.runs)
    ideal = products(shape, frames, 1, precision.heavy, device)
    bound = best(ideal)
    print(f"\n{precision.name}: {_megabytes(model):.0f} MB of weights")
    _line("conditions of both branches, once a song", best(lambda: GuidedField(model, prompt, strength=4.0)))
    alone = best(lambda: model.velocity(state, moment, conditions[:1]))
    bound = min(bound, best(ideal))
    _line("bound: the matrix products of one pass", bound)
    _line("one pass", alone, bound)
    both = best(lambda: model.velocity(torch.cat([state, state]), moment, conditions))
    _line("both branches of guidance in one batch", both, 2 * bound)
    if device.type == "cuda":
        _measure_cuda(model, prompt, state, moment, conditions, bound, options)
    elif options.song:
        _line(f"song of {options.steps} steps", best(lambda: sample(model, prompt, state, Schedule(options.steps))))
    else:
        evaluations = options.steps - 1
        _line(f"song of {options.steps} steps, reckoned", min(both, 2 * alone) * evaluations)
    print(f"  {'peak memory':44s} {_peak_megabytes(device):10.0f} MB")


def _measure_cuda(
    model: DiT,
    prompt: Prompt,
    state: torch.Tensor,
    moment: torch.Tensor,
    conditions: Conditions,
    bound: float,
    options: argparse.Namespace,
) -> None:
    """The same pass and the whole song: eager, captured as a CUDA graph, compiled."""
    best, schedule = _best(state.device, options.runs), Schedule(options.steps)
    eager = model.velocity
    start = torch.cat([state, state])
    _line(f"song of {options.steps} steps, eager", best(lambda: sample(model, prompt, state, schedule, batched=True)))
    ways = {"CUDA graph": _graphed}
    if not options.no_compile:
        ways["compiled"] = _compiled
    wanted = eager(start, moment, conditions)
    for name, way in ways.items():
        velocity = way(model, start, moment, conditions)
        error = float((velocity(start, moment, conditions) - wanted).abs().max() / wanted.std())
        _line(
            f"both branches, {name} (differs by {error:.1e})",
            best(lambda v=velocity: v(start, moment, conditions)),
            2 * bound,
        )
        model.velocity = velocity  # type: ignore[method-assign]
        _line(
            f"song of {options.steps} steps, {name}", best(lambda: sample(model, prompt, state, schedule, batched=True))
        )
        model.velocity = eager  # type: ignore[method-assign]


Velocity = Callable[[torch.Tensor, torch.Tensor, Conditions], torch.Tensor]


def _graphed(model: DiT, state: torch.Tensor, time: torch.Tensor, conditions: Conditions) -> Velocity:
    """The pass captured once; what does not depend on the step is copied in when another song begins."""
    fixed = [conditions.inputs, *conditions.scalars, *conditions.fusions]
    held = [tensor.clone() for tensor in fixed]
    scalars = len(conditions.scalars)
    static = Conditions(held[0], tuple(held[1 : 1 + scalars]), tuple(held[1 + scalars :]), conditions.rotary)
    state_in, time_in = state.clone(), time.clone()
    side = torch.cuda.Stream()
    with torch.cuda.stream(side):
        for _ in range(2):
            model.velocity(state_in, time_in, static)
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        out = model.velocity(state_in, time_in, static)
    known: list[Conditions] = [conditions]

    def replay(state: torch.Tensor, time: torch.Tensor, conditions: Conditions) -> torch.Tensor:
        if known[0] is not conditions:
            for target, tensor in zip(held, [conditions.inputs, *conditions.scalars, *conditions.fusions], strict=True):
                target.copy_(tensor)
            known[0] = conditions
        state_in.copy_(state)
        time_in.copy_(time)
        graph.replay()
        return out.clone()

    return replay


def _compiled(model: DiT, *_: object) -> Velocity:
    compiled: Velocity = torch.compile(model.velocity, dynamic=False)
    return compiled


def random_model(shape: Shape, precision: Precision, device: torch.device) -> DiT:
    """A model whose values stay in range: uniform weights at unit gain, norms at 1."""
    torch.manual_seed(1)
    with torch.device("meta"):
        model = DiT(shape)
    for name, parameter in model.named_parameters():
        fan_in = max(1, parameter[0].numel()) if parameter.ndim > 1 else 1
        value = torch.empty(parameter.shape, device=device, dtype=precision.weight_dtype(name))
        if name.endswith("norm.weight"):
            value.fill_(1.0)
        else:
            value.uniform_(-1, 1).mul_((3 / fan_in) ** 0.5 if parameter.ndim > 1 else 0.1)
        owner = model.get_submodule(name.rpartition(".")[0])
        setattr(owner, name.rpartition(".")[2], torch.nn.Parameter(value, requires_grad=False))
    return in_precision(model, precision, device)


def random_prompt(shape: Shape, frames: int) -> Prompt:
    styles = F.normalize(torch.randn(2, shape.text_dim), dim=-1)
    tokens = torch.randint(0, shape.text_num_embeds + 1, (frames,))
    return Prompt(tokens, styles[:1], styles[1:], duration=frames / shape.max_frames)


def products(shape: Shape, frames: int, songs: int, number: torch.dtype, device: torch.device) -> Callable[[], None]:
    """The matrix products, the attention and the convolutions of one pass, and nothing between them."""
    dim, inner, rows = shape.dim, shape.dim * shape.ff_mult, frames * songs
    narrow, wide = (torch.randn(rows, width, device=device).to(number) for width in (dim, inner))
    square, up, down = (
        0.02 * torch.randn(out, into, device=device).to(number)
        for out, into in ((dim, dim), (inner, dim), (dim, inner))
    )
    heads = torch.randn(songs, shape.heads, frames, dim // shape.heads, device=device).to(number)
    sequence = torch.randn(songs, dim, frames, device=device).to(number)
    kernel = torch.randn(dim, dim // POSITION_GROUPS, POSITION_KERNEL, device=device).to(number)

    def run() -> None:
        for _ in range(2):
            F.conv1d(sequence, kernel, padding=POSITION_KERNEL // 2, groups=POSITION_GROUPS)
        for _ in range(shape.depth):
            for _ in range(4):
                F.linear(narrow, square)
            F.scaled_dot_product_attention(heads, heads, heads)
            F.linear(narrow, up)
            F.linear(narrow, up)
            F.linear(wide, down)

    return run


def _best(device: torch.device, runs: int) -> Callable[[Callable[[], object]], float]:
    clock = time.process_time if device.type == "cpu" else time.perf_counter
    share = torch.get_num_threads() if device.type == "cpu" else 1

    def best(work: Callable[[], object]) -> float:
        def once() -> float:
            start = clock()
            work()
            if device.type == "cuda":
                torch.cuda.synchronize()
            return (clock() - start) / share

        if device.type != "cpu":
            once()  # kernels are chosen and compiled at the first call
        return min(once() for _ in range(runs))

    return best


def _line(what: str, seconds: float, bound: float | None = None) -> None:
    ratio = f"  {seconds / bound:5.2f} x bound" if bound else ""
    amount = f"{seconds:10.2f} s " if seconds >= 10 else f"{seconds * 1e3:10.2f} ms"
    print(f"  {what:44s} {amount}{ratio}", flush=True)


def _megabytes(model: DiT) -> float:
    return sum(value.numel() * value.element_size() for value in model.parameters()) / 1e6


def _peak_megabytes(device: torch.device) -> float:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated() / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def _machine(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name()
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    name = next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor()
    )
    return f"{name}, {torch.get_num_threads()} threads"


if __name__ == "__main__":
    main()
