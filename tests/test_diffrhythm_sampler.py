"""The way from noise to latents: solvers, guidance, seeds, references, progress, and how it stops."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'songkit[diffrhythm]'")
torchdiffeq = pytest.importorskip(
    "torchdiffeq", reason="torchdiffeq is not installed: pip install 'songkit[diffrhythm]'"
)

from songkit.errors import SignalError, UsageError  # noqa: E402
from songkit.generate.diffrhythm.field import GuidedField, Prompt, Reference  # noqa: E402
from songkit.generate.diffrhythm.model import DiT  # noqa: E402
from songkit.generate.diffrhythm.precision import BF16, FP16  # noqa: E402
from songkit.generate.diffrhythm.sampler import Schedule, integrate, noise, sample  # noqa: E402
from songkit.progress import Update  # noqa: E402
from tests.diffrhythm import TINY, random_model  # noqa: E402

FRAMES = 30


@pytest.fixture(scope="module")
def model() -> DiT:
    return random_model()


@pytest.fixture(scope="module")
def prompt() -> Prompt:
    random = torch.Generator().manual_seed(9)
    styles = torch.nn.functional.normalize(torch.randn(2, TINY.text_dim, generator=random), dim=-1)
    return Prompt(torch.randint(0, 364, (FRAMES,), generator=random), styles[:1], styles[1:])


def furthest(one: torch.Tensor, other: torch.Tensor) -> float:
    return float((one - other).abs().max())


class Calls:
    """How often and with how many songs the network was asked, and at what times."""

    def __init__(self, model: DiT, monkeypatch: pytest.MonkeyPatch) -> None:
        self.songs: list[int] = []
        self.times: list[float] = []
        velocity = model.velocity

        def counted(state: torch.Tensor, time: torch.Tensor, conditions: object) -> torch.Tensor:
            self.songs.append(state.shape[0])
            self.times.append(float(time))
            return velocity(state, time, conditions)  # type: ignore[arg-type]

        monkeypatch.setattr(model, "velocity", counted)


def test_32_steps_are_31_intervals_and_62_passes(model: DiT, prompt: Prompt, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Calls(model, monkeypatch)
    sample(model, prompt, noise([1], FRAMES, model), Schedule(), batched=False)
    assert len(calls.songs) == 62
    assert calls.times[::2] == pytest.approx([index / 31 for index in range(31)])


def test_euler_is_torchdiffeqs_euler(model: DiT, prompt: Prompt) -> None:
    schedule = Schedule(steps=6, sway=-1.0)
    field = GuidedField(model, prompt, strength=4.0)
    start = noise([1], FRAMES, model)
    with torch.inference_mode():
        theirs = torchdiffeq.odeint(field, start, schedule.times(start.dtype, start.device), method="euler")[-1]
        assert furthest(integrate(field, start, schedule), theirs) < 1e-6


@pytest.mark.parametrize("solver", ["midpoint", "heun2"])
def test_fixed_solvers_step_by_step_give_what_torchdiffeq_gives(model: DiT, prompt: Prompt, solver: str) -> None:
    schedule = Schedule(steps=6, solver=solver)  # type: ignore[arg-type]
    field = GuidedField(model, prompt, strength=2.0)
    start = noise([1], FRAMES, model)
    with torch.inference_mode():
        theirs = torchdiffeq.odeint(field, start, schedule.times(start.dtype, start.device), method=solver)[-1]
        field.evaluations = 0
        assert furthest(integrate(field, start, schedule), theirs) < 1e-5
    assert field.evaluations == 10


@pytest.mark.parametrize(
    ("solver", "largest"), [("euler", 0.03), ("midpoint", 3e-4), ("heun2", 3e-4), ("dopri5", 2e-3)]
)
def test_solvers_find_what_the_equation_says(solver: str, largest: float) -> None:
    start = torch.linspace(-2, 2, 12, dtype=torch.float64).reshape(1, 4, 3)
    schedule = Schedule(steps=32, solver=solver)  # type: ignore[arg-type]
    end = integrate(lambda time, state: torch.cos(time) * state, start, schedule)
    wanted = start * math.exp(math.sin(1.0))
    assert 1e-9 < float(((end - wanted) / wanted).abs().max()) < largest


def test_sway_bends_the_grid_and_keeps_its_ends() -> None:
    times = Schedule(steps=9, sway=-1.0).times(torch.float32, torch.device("cpu"))
    assert float(times[0]) == pytest.approx(0.0, abs=1e-6)
    assert float(times[-1]) == pytest.approx(1.0, abs=1e-6)
    assert (times.diff() > 0).all()
    assert times[1] < 1 / 8


def test_a_song_does_not_depend_on_its_batch(model: DiT, prompt: Prompt) -> None:
    schedule = Schedule(steps=5)
    together = sample(model, prompt, noise([3, 1, 2**63 - 1], FRAMES, model), schedule)
    for song, seed in zip(together, (3, 1, 2**63 - 1), strict=True):
        alone = sample(model, prompt, noise([seed], FRAMES, model), schedule)
        assert furthest(alone[0], song) < 5e-5
    assert furthest(together[0], together[1]) > 0.5


def test_one_batch_or_two_passes(model: DiT, prompt: Prompt, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Calls(model, monkeypatch)
    start, schedule = noise([1, 2], FRAMES, model), Schedule(steps=3)
    batched = sample(model, prompt, start, schedule, batched=True)
    assert calls.songs == [4, 4]
    calls.songs.clear()
    assert furthest(sample(model, prompt, start, schedule, batched=False), batched) < 5e-5
    assert calls.songs == [2, 2, 2, 2]
    calls.songs.clear()
    sample(model, prompt, start, schedule)
    assert calls.songs == [4, 4]  # short songs: one batch pays on a CPU, too


def test_guidance_only_in_its_interval(model: DiT, prompt: Prompt, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Calls(model, monkeypatch)
    start = noise([1], FRAMES, model)
    whole = sample(model, prompt, start, Schedule(steps=11))
    calls.songs.clear()
    part = sample(model, prompt, start, Schedule(steps=11, guidance_interval=(0.25, 0.65)))
    assert calls.songs == [1, 1, 1, 2, 2, 2, 2, 1, 1, 1]
    none = sample(model, prompt, start, Schedule(steps=11, guidance=0.0))
    assert furthest(part, whole) > 0.01
    assert furthest(part, none) > 0.01
    never = sample(model, prompt, start, Schedule(steps=11, guidance_interval=(0.99, 1.0)))
    assert furthest(never, none) < 5e-5


def test_guidance_leads_away_from_the_negative_style(model: DiT, prompt: Prompt) -> None:
    same = replace(prompt, negative_style=prompt.style)
    start = noise([1], FRAMES, model)
    assert (
        furthest(sample(model, prompt, start, Schedule(steps=4)), sample(model, same, start, Schedule(steps=4))) > 0.1
    )


def test_what_does_not_depend_on_the_step_is_computed_once(
    model: DiT, prompt: Prompt, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = {"text": 0, "start": 0}
    text, start = model.text_embed.forward, model.start_time_embed.forward
    monkeypatch.setattr(model.text_embed, "forward", lambda *a: (counts.update(text=counts["text"] + 1), text(*a))[1])
    monkeypatch.setattr(
        model.start_time_embed, "forward", lambda *a: (counts.update(start=counts["start"] + 1), start(*a))[1]
    )
    sample(model, prompt, noise([1], FRAMES, model), Schedule(steps=8))
    assert counts == {"text": 1, "start": 1}


@pytest.mark.parametrize("solver", ["euler", "heun2", "dopri5"])
def test_every_step_is_reported(model: DiT, prompt: Prompt, solver: str) -> None:
    updates: list[Update] = []
    sample(model, prompt, noise([1], FRAMES, model), Schedule(steps=6, solver=solver), updates.append)  # type: ignore[arg-type]
    assert {update.stage for update in updates} == {"sample"}
    fractions = [update.fraction for update in updates]
    if solver != "dopri5":
        assert fractions == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert fractions[0] == 0.0
    assert fractions[-1] == 1.0
    assert all(fraction is not None and 0 <= fraction <= 1 for fraction in fractions)


class StopError(Exception):
    pass


@pytest.mark.parametrize("solver", ["euler", "heun2", "dopri5"])
def test_it_stops_when_the_caller_says_so(
    model: DiT, prompt: Prompt, solver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = Calls(model, monkeypatch)

    def stop_after_a_third(update: Update) -> None:
        if update.fraction and update.fraction > 0.3:
            raise StopError

    with pytest.raises(StopError):
        schedule = Schedule(steps=11, solver=solver)  # type: ignore[arg-type]
        sample(model, prompt, noise([1], FRAMES, model), schedule, stop_after_a_third)
    assert max(calls.times) <= 0.45


@pytest.mark.parametrize("solver", ["euler", "dopri5"])
def test_values_that_are_not_finite_end_it_at_once(prompt: Prompt, solver: str) -> None:
    broken = random_model()
    broken.proj_out.bias.data[3] = torch.nan
    with pytest.raises(SignalError, match=r"sampling: the network gave values that are not finite at time 0\.000"):
        schedule = Schedule(solver=solver)  # type: ignore[arg-type]
        sample(broken, prompt, noise([1], FRAMES, broken), schedule)


def test_noise_is_a_seeds_own_whatever_the_length_and_the_format(model: DiT) -> None:
    long = noise([5, 6], 40, model)
    assert torch.equal(noise([6], 25, model)[0], long[1, :25])
    assert torch.equal(noise([5, 6], 40, random_model(precision=FP16)), long.half())
    assert torch.equal(noise([5, 6], 40, random_model(precision=BF16)), long)
    assert float(long.std()) == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_seeds_that_cannot_be(model: DiT, seed: int) -> None:
    with pytest.raises(UsageError, match="seeds are 0 to"):
        noise([seed], 3, model)


def test_a_reference_stays_outside_its_segments(model: DiT, prompt: Prompt) -> None:
    known = torch.randn(FRAMES, TINY.mel_dim, generator=torch.Generator().manual_seed(2))
    edit = replace(prompt, reference=Reference(known, ((10, 20),)))
    start = noise([1, 2], FRAMES, model)
    given = sample(model, edit, start, Schedule(steps=4))
    assert torch.equal(given[:, :10], known[:10].expand(2, -1, -1))
    assert torch.equal(given[:, 20:], known[20:].expand(2, -1, -1))
    assert furthest(given[0, 10:20], known[10:20]) > 0.1
    # The network sees what stays: with another reference, the new part is another, too.
    other = replace(prompt, reference=Reference(known.roll(1, 0), ((10, 20),)))
    assert furthest(sample(model, other, start, Schedule(steps=4))[:, 10:20], given[:, 10:20]) > 1e-3


def test_a_song_goes_on_from_a_shorter_reference(model: DiT, prompt: Prompt) -> None:
    known = torch.randn(12, TINY.mel_dim, generator=torch.Generator().manual_seed(2))
    on = replace(prompt, reference=Reference(known, ((12, 10_000),)))
    given = sample(model, on, noise([1], FRAMES, model), Schedule(steps=4))
    assert torch.equal(given[0, :12], known)
    assert given.shape == (1, FRAMES, TINY.mel_dim)
    gap = replace(prompt, reference=Reference(known, ((5, 20),)))
    with pytest.raises(UsageError, match="the reference has 12 of 30 frames"):
        sample(model, gap, noise([1], FRAMES, model), Schedule(steps=4))


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"solver": "eular"}, "there is no solver 'eular' (did you mean euler?)"),
        ({"steps": 1}, "1 steps: 2 to 1000"),
        ({"guidance": -1.0}, "guidance -1"),
        ({"guidance": float("nan")}, "guidance nan"),
        ({"guidance_interval": (0.8, 0.2)}, "the lower first"),
        ({"sway": -2.0}, "sway -2"),
        ({"tolerance": 0.0}, "tolerance 0"),
    ],
)
def test_schedules_that_cannot_be(values: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        Schedule(**values)  # type: ignore[arg-type]
    assert says in str(caught.value)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only glibc can be told")
def test_freed_memory_is_used_again() -> None:
    """In a child: what holds for a process must not hold for the tests."""
    script = (
        "import resource\n"
        "import torch\n"
        "from songkit.generate.diffrhythm.memory import keep_freed_memory\n"
        "def faults():\n"
        "    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt\n"
        "    for _ in range(5):\n"
        "        torch.ones(16_000_000)\n"
        "    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before\n"
        "default = faults()\n"
        "told = keep_freed_memory()\n"
        "print(told, [faults() for _ in range(6)][-1] < default / 10)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split()[0] == "False" or done.stdout.split() == ["True", "True"]
