"""The network and the sampler give what the published code gave, on every recorded case."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'songkit[diffrhythm]'")

from songkit.generate.diffrhythm.field import Prompt, Reference  # noqa: E402
from songkit.generate.diffrhythm.precision import BF16, FP16, FP32  # noqa: E402
from songkit.generate.diffrhythm.sampler import Schedule, noise, sample  # noqa: E402
from tests.diffrhythm import Case, cases, model_of  # noqa: E402

FORWARD, SAMPLE = 5e-5, 2e-4
HALF_FORWARD, HALF_SAMPLE = 2e-2, 1e-1
STAGES = {
    "time_embed": "time_embed",
    "start_time_embed": "start_time_embed",
    "duration_embed": "duration_time_embed",
    "text_embed": "text_embed",
    "input_proj": "input_embed.proj",
    "input_embed": "input_embed",
    "block0": "transformer_blocks.0",
    "block1": "transformer_blocks.1",
    "norm_out": "norm_out",
}


def test_there_are_cases() -> None:
    assert len(list(cases("transformer_forward"))) >= 10
    assert len(list(cases("sample"))) >= 18


@pytest.mark.parametrize("case", list(cases("transformer_forward")), ids=str)
@pytest.mark.parametrize("branch", ["cond", "null", "drop_prompt"])
def test_one_evaluation(case: Case, branch: str) -> None:
    tensors = case.tensors()
    model = model_of(case.group, case.max_frames, FP16 if case.half else FP32)
    assert error(forward(model, tensors, branch), tensors[f"out_{branch}"]) < (HALF_FORWARD if case.half else FORWARD)


@pytest.mark.parametrize("case", [case for case in cases("transformer_forward") if not case.half], ids=str)
def test_bfloat16_stays_near(case: Case) -> None:
    tensors = case.tensors()
    wanted = tensors["out_cond"]
    given = forward(model_of(case.group, case.max_frames, BF16), tensors, "cond")
    assert given.dtype == torch.float32
    assert 1e-4 < float((given - wanted).square().mean().sqrt() / wanted.std()) < 0.02


@pytest.mark.parametrize("case", [case for case in cases("transformer_forward") if case.taps()], ids=str)
def test_every_stage_on_the_way(case: Case) -> None:
    tensors = case.tensors()
    taps = case.taps()
    model = model_of(case.group, case.max_frames)
    seen: dict[str, torch.Tensor] = {}
    for tap, module in STAGES.items():
        if tap in taps:
            model.get_submodule(module).register_forward_hook(lambda *call, tap=tap: seen.update({tap: call[-1]}))
    conditions = conditions_of(model, tensors, "cond")
    model.velocity(tensors["x"], tensors["time"], conditions)
    seen["rope_cos"], seen["rope_sin"] = (table[None] for table in conditions.rotary)
    assert set(seen) == set(taps)
    assert {tap: error(seen[tap], taps[tap]) for tap in taps if error(seen[tap], taps[tap]) > FORWARD} == {}


@pytest.mark.parametrize("case", list(cases("sample")), ids=str)
@pytest.mark.parametrize("batched", [True, False], ids=["one batch", "two passes"])
def test_a_whole_song(case: Case, batched: bool) -> None:
    tensors = case.tensors()
    model = model_of(case.group, case.max_frames, FP16 if case.half else FP32)
    given = sample(model, prompt_of(case), tensors["noise"], schedule_of(case), batched=batched)
    assert error(given, tensors["out"]) < (HALF_SAMPLE if case.half else SAMPLE)


@pytest.mark.parametrize("case", [c for c in cases("sample") if c.facts["seed_argument"] is not None], ids=str)
def test_the_noise_of_a_seed(case: Case) -> None:
    wanted = case.tensors()["noise"]
    model = model_of(case.group, case.max_frames, FP16 if case.half else FP32)
    # The published code starts its generator anew for every song, so all songs of a batch have one noise.
    assert torch.equal(noise([case.facts["seed_argument"]] * len(wanted), wanted.shape[1], model), wanted)


@pytest.mark.parametrize("case", [case for case in cases("sample") if "trajectory" in case.tensors()], ids=str)
def test_every_step_on_the_way(case: Case) -> None:
    wanted = case.tensors()["trajectory"]
    model = model_of(case.group, case.max_frames)
    points = len(wanted)
    assert points == case.facts["steps_argument"]
    times = Schedule(steps=points).times(torch.float32, torch.device("cpu"))
    assert torch.equal(times, torch.linspace(0, 1, points))
    states: list[torch.Tensor] = []
    velocity = model.velocity
    model.velocity = lambda state, *rest: (states.append(state), velocity(state, *rest))[1]  # type: ignore[method-assign]
    states.append(sample(model, prompt_of(case), wanted[0], schedule_of(case), batched=False))
    assert all(error(state, then) < SAMPLE for state, then in zip(states[::2], wanted, strict=True))


def error(given: torch.Tensor, wanted: torch.Tensor) -> float:
    assert given.shape == wanted.shape
    return float((given.double() - wanted.double()).abs().max())


def conditions_of(model, tensors, branch):  # type: ignore[no-untyped-def]
    number = model.precision.stream
    reference, text, style = tensors["cond"], tensors["text"], tensors["style"]
    if branch == "null":
        reference, text, style = torch.zeros_like(reference), torch.zeros_like(text), tensors["negative_style"]
    if branch == "drop_prompt":
        style = torch.zeros_like(style)
    start, duration = tensors["start_time"].to(number), tensors["duration"].to(number)
    return model.conditions(reference.to(number), text, style.to(number), start, duration)


def forward(model, tensors, branch):  # type: ignore[no-untyped-def]
    number = model.precision.stream
    return model.velocity(tensors["x"].to(number), tensors["time"].to(number), conditions_of(model, tensors, branch))


def prompt_of(case: Case) -> Prompt:
    tensors = case.tensors()
    segments = tuple((start, end) for start, end in case.facts["latent_pred_segments"])
    return Prompt(
        tokens=tensors["text"][0],
        style=tensors["style"],
        negative_style=tensors["negative_style"],
        start=float(tensors["start_time"]),
        duration=float(tensors["song_duration"]),
        reference=Reference(tensors["cond"][0], segments),
    )


def schedule_of(case: Case) -> Schedule:
    facts = case.facts
    return Schedule(steps=facts["steps_argument"], guidance=facts["cfg_strength"], sway=facts["sway_sampling_coef"])
