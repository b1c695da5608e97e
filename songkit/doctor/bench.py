"""One forward of the network with random weights, and the time of a song that it predicts.

Four of the sixteen blocks are run, at 2048 frames, and count four times: the blocks are alike and hold 97 % of the
work, and the values of weights do not change its time. Longer songs follow from the count of operations: the products
grow with the frames, attention with their square.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from songkit import children
from songkit.children import Task
from songkit.doctor import needs
from songkit.doctor.finding import Finding
from songkit.generate.diffrhythm.options import STEPS
from songkit.generate.diffrhythm.shape import BASE
from songkit.progress import Progress, Update, silent

BLOCKS = 4
ADDRESS = f"{__name__}:measure"
STAGE = "benchmark: one forward"
TIMEOUT_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How long one pass of the whole network takes at 95 s, where, in what, and the most memory that was held."""

    pass_seconds: float
    place: str
    peak_bytes: int

    def song_seconds(self, seconds: float, points: int) -> float:
        """A song's latents: two passes (with and without what is asked) for each step between the points."""
        share = operations(needs.frames(seconds)) / operations(BASE.max_frames)
        return 2 * (points - 1) * self.pass_seconds * share


def operations(frames: int) -> float:
    """Multiplications and additions of one pass: those of the blocks' weights, and of attention."""
    weights = BASE.depth * (4 + 3 * BASE.ff_mult) * BASE.dim**2
    return 2.0 * frames * weights + 4.0 * frames**2 * BASE.dim * BASE.depth


def look(device: str = "auto", progress: Progress = silent) -> Finding:
    """The pace of this machine, measured in a child process, with what each preset would take."""
    task = Task(ADDRESS, {"device": device}, "")
    (outcome,) = children.run([task], at_once=1, timeout_seconds=TIMEOUT_SECONDS, progress=progress)
    if outcome.failure is not None:
        return Finding("benchmark", "note", str(outcome.failure), outcome.failure.hint)
    pace = Pace(**outcome.value())
    predicted = {
        name: {f"{seconds:.0f} s": round(pace.song_seconds(seconds, points), 1) for seconds in needs.LENGTHS_SECONDS}
        for name, points in STEPS.items()
    }
    rows = (f"{name} {' / '.join(_human(each) for each in times.values())}" for name, times in predicted.items())
    what = f"a pass takes {pace.pass_seconds:.2f} s on {pace.place}; songs of 95 s / 285 s: {', '.join(rows)}"
    facts = {"pass_seconds": round(pace.pass_seconds, 4), "place": pace.place, "peak_bytes": pace.peak_bytes}
    return Finding("benchmark", "ok", what, facts={**facts, "song_seconds": predicted})


def measure(values: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """The work of the child: a `Pace` as plain values."""
    import time
    from dataclasses import replace

    import torch

    from songkit.generate.diffrhythm import memory
    from songkit.generate.diffrhythm.field import GuidedField, Prompt
    from songkit.generate.diffrhythm.precision import choose_place
    from songkit.generate.diffrhythm.sampler import noise

    memory.keep_freed_memory()
    place = choose_place(values["device"])
    torch.set_num_threads(children.cores())
    model = random_model(replace(BASE, depth=BLOCKS), place.precision, place.device)
    progress(Update(STAGE))
    style = torch.ones(1, BASE.text_dim) / BASE.text_dim**0.5
    prompt = Prompt(tokens=torch.ones(BASE.max_frames, dtype=torch.long), style=style, negative_style=-style)
    conditions = GuidedField(model, prompt, strength=4.0).conditions
    state = noise([1], BASE.max_frames, model)
    moment = torch.tensor(0.5, device=place.device, dtype=place.precision.stream)
    took = []
    with torch.inference_mode(), memory.named_when_it_runs_out():
        for _ in range(2):  # the first one also prepares
            began = time.perf_counter()
            model.velocity(state, moment, conditions[:1])
            if place.device.type == "cuda":
                torch.cuda.synchronize()
            took.append(time.perf_counter() - began)
    progress(Update(STAGE, 1.0))
    peak = sum(memory.peak_megabytes(place.device.type).values()) * 2**20
    return {"pass_seconds": min(took) * BASE.depth / BLOCKS, "place": str(place), "peak_bytes": peak}


def random_model(shape: Any, precision: Any, device: Any) -> Any:
    """A network whose values stay in range, on its device, never held twice."""
    import torch

    from songkit.generate.diffrhythm.model import DiT
    from songkit.generate.diffrhythm.weights import in_precision

    with torch.device("meta"):
        model = DiT(shape, precision)
    state = {}
    for name, value in model.state_dict().items():
        drawn = torch.empty(value.shape, dtype=precision.weight_dtype(name), device=device)
        fan_in = max(1, value[0].numel()) if value.ndim > 1 else 1
        state[name] = drawn.fill_(1.0) if name.endswith("norm.weight") else drawn.uniform_(-1, 1).mul_(fan_in**-0.5)
    model.load_state_dict(state, strict=True, assign=True)
    return in_precision(model, precision, device)


def _human(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
