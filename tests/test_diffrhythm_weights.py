"""Weights load whole or not at all, and the message says what does not fit."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'songkit[diffrhythm]'")

from safetensors.torch import save_file  # noqa: E402

from songkit.errors import InputError, MissingError, UsageError  # noqa: E402
from songkit.generate.diffrhythm.model import DiT  # noqa: E402
from songkit.generate.diffrhythm.precision import (  # noqa: E402
    BF16,
    FP16,
    FP32,
    PRECISIONS,
    Place,
    Precision,
    choose_place,
)
from songkit.generate.diffrhythm.processor import has_fast_bfloat16  # noqa: E402
from songkit.generate.diffrhythm.shape import BASE, FULL, Shape, frames_of, published_shape  # noqa: E402
from songkit.generate.diffrhythm.weights import load  # noqa: E402
from tests.diffrhythm import TINY, random_model  # noqa: E402

CPU = Place(torch.device("cpu"), FP32, "as asked")
State = dict[str, Any]


@pytest.fixture(scope="module")
def state() -> State:
    return {f"transformer.{name}": value for name, value in random_model().state_dict().items()}


def saved(path: Path, content: Any) -> Path:
    if path.suffix == ".safetensors":
        save_file(content, path)
    else:
        torch.save(content, path)
    return path


def output(model: DiT) -> torch.Tensor:
    random = torch.Generator().manual_seed(3)
    number = model.precision.stream
    noisy, reference = (torch.randn(2, 30, 16, generator=random).to(number) for _ in range(2))
    text = torch.randint(0, 364, (2, 30), generator=random)
    style = torch.randn(2, 32, generator=random).to(number)
    half = torch.full((2,), 0.5, dtype=number)
    return model(noisy, reference, text, half, style, half, half)


@pytest.mark.parametrize("kind", ["published", "safetensors", "bare", "training", "average only"])
def test_every_kind_of_file_loads(kind: str, state: State, tmp_path: Path) -> None:
    average = {f"ema_model.{name}": value for name, value in state.items()}
    average |= {"initted": torch.tensor(True), "step": torch.tensor(7)}
    path, content = {
        "published": ("cfm_model.pt", {"model_state_dict": state}),
        "safetensors": ("model.safetensors", state),
        "bare": ("model.pt", state),
        "training": ("model_100.pt", {"model_state_dict": state, "ema_model_state_dict": average, "step": 100}),
        "average only": ("ema.pt", {"ema_model_state_dict": average}),
    }[kind]
    model = load(saved(tmp_path / path, content), TINY, CPU)
    assert torch.equal(output(model), output(random_model()))
    assert not any(parameter.is_meta or parameter.requires_grad for parameter in model.parameters())


@pytest.mark.parametrize("precision", PRECISIONS.values(), ids=PRECISIONS)
def test_precision_of_the_weights(precision: Precision, state: State, tmp_path: Path) -> None:
    path = saved(tmp_path / "cfm_model.pt", {"model_state_dict": state})
    model = load(path, TINY, replace(CPU, precision=precision))
    formats = {name: value.dtype for name, value in model.named_parameters()}
    assert formats["transformer_blocks.0.mlp.up_proj.weight"] == precision.heavy
    assert formats["transformer_blocks.0.input_layernorm.weight"] == precision.stream
    assert formats["text_embed.text_embed.weight"] == precision.stream
    assert torch.equal(output(model), output(random_model(precision=precision)))


def test_half_as_published_rounds_the_rotary_frequencies(state: State, tmp_path: Path) -> None:
    rounded = random_model(precision=FP16)
    exact = random_model(precision=replace(FP16, round_rotary=False))
    assert not torch.equal(output(rounded), output(exact))


def test_what_does_not_fit_is_listed(state: State, tmp_path: Path) -> None:
    wrong = dict(state)
    del wrong["transformer.proj_out.bias"]
    wrong["transformer.extra.weight"] = torch.zeros(2)
    wrong["transformer.norm_out.linear.bias"] = torch.zeros(3)
    with pytest.raises(InputError) as caught:
        load(saved(tmp_path / "cfm_model.pt", {"model_state_dict": wrong}), TINY, CPU)
    assert caught.value.message.endswith(
        "1 missing: proj_out.bias; 1 unexpected: extra.weight; "
        "1 of another shape: norm_out.linear.bias is (3,), not (128,)"
    )


def test_many_differences_are_counted(state: State, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\d+ missing: (\S+, ){4}\S+ and \d+ more"):
        load(saved(tmp_path / "few.pt", dict(list(state.items())[:3])), TINY, CPU)


def test_base_and_full_are_told_apart(state: State, tmp_path: Path) -> None:
    full = replace(TINY, max_frames=6144)
    with pytest.raises(InputError) as caught:
        load(saved(tmp_path / "base.pt", state), full, CPU)
    assert caught.value.hint == "these are the weights of the base model (up to 95 s)"
    more = state | {f"transformer.{name}": value for name, value in random_model(full).state_dict().items()}
    with pytest.raises(InputError) as caught:
        load(saved(tmp_path / "full.pt", more), TINY, CPU)
    assert caught.value.hint == "these are the weights of the full model (96 to 285 s)"


@pytest.mark.parametrize(
    "folder",
    ["DiffRhythm-base", "models--ASLP-lab--DiffRhythm-full/snapshots/0a1b", "diffrhythm-full"],
)
def test_version_1_is_refused_by_name(folder: str, state: State, tmp_path: Path) -> None:
    (tmp_path / folder).mkdir(parents=True)
    with pytest.raises(InputError, match="is DiffRhythm v1"):
        load(saved(tmp_path / folder / "cfm_model.pt", state), TINY, CPU)


@pytest.mark.parametrize("folder", ["DiffRhythm-1_2", "models--ASLP-lab--DiffRhythm-1_2-full/snapshots/0a1b"])
def test_version_1_2_is_not(folder: str, state: State, tmp_path: Path) -> None:
    (tmp_path / folder).mkdir(parents=True)
    load(saved(tmp_path / folder / "cfm_model.pt", state), TINY, CPU)


def test_values_that_are_not_finite(state: State, tmp_path: Path) -> None:
    bad = state | {"transformer.proj_out.bias": torch.full((16,), torch.nan)}
    with pytest.raises(InputError, match=r"16 values of proj_out\.bias are not finite"):
        load(saved(tmp_path / "bad.pt", bad), TINY, CPU)


class Runs:
    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return (print, ("code of the file was run",))


@pytest.mark.parametrize("name", ["cfm_model.pt", "model.safetensors"])
@pytest.mark.parametrize("damage", ["garbage", "empty", "cut"])
def test_damaged_files(name: str, damage: str, state: State, tmp_path: Path) -> None:
    path = saved(tmp_path / name, state)
    whole = path.read_bytes()
    path.write_bytes({"garbage": b"\x93garbage" * 50, "empty": b"", "cut": whole[: len(whole) // 2]}[damage])
    with pytest.raises(InputError, match="cannot be read as weights"):
        load(path, TINY, CPU)


def test_code_in_a_file_is_not_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "evil.pt"
    torch.save({"model_state_dict": Runs()}, path)
    with pytest.raises(InputError, match="cannot be read as weights"):
        load(path, TINY, CPU)
    path.write_bytes(pickle.dumps(Runs(), protocol=2))
    with pytest.raises(InputError, match="cannot be read as weights"):
        load(path, TINY, CPU)
    assert "was run" not in capsys.readouterr().out


def test_files_that_are_not_there_or_hold_something_else(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="there are no weights at"):
        load(tmp_path / "nothing.pt", TINY, CPU)
    with pytest.raises(InputError, match="holds a list"):
        load(saved(tmp_path / "list.pt", [1, 2]), TINY, CPU)


def test_sizes_of_the_published_models() -> None:
    with torch.device("meta"):
        base, full = DiT(BASE), DiT(FULL)
    assert sum(value.numel() for value in base.state_dict().values()) == 1_109_315_648
    assert sum(value.numel() for value in full.state_dict().values()) == 1_109_709_888
    assert (len(base.state_dict()), len(full.state_dict())) == (219, 223)
    shapes = {name: tuple(value.shape) for name, value in full.state_dict().items()}
    assert shapes["input_embed.proj.weight"] == (2048, 1664)
    assert shapes["input_embed.conv_pos_embed.conv1d.2.weight"] == (2048, 128, 31)
    assert shapes["text_embed.text_blocks.3.grn.gamma"] == (1, 1, 1024)
    assert shapes["transformer_blocks.15.mlp.down_proj.weight"] == (2048, 8192)
    assert shapes["text_fusion_linears.7.0.weight"] == (2048, 512)
    assert shapes["duration_time_embed.time_mlp.0.weight"] == (512, 256)


@pytest.mark.parametrize(
    ("seconds", "frames", "max_frames"),
    [(20, 2048, 2048), (95, 2048, 2048), (96, 2067, 6144), (177, 3811, 6144), (285, 6136, 6144)],
)
def test_frames_of_a_song(seconds: float, frames: int, max_frames: int) -> None:
    assert published_shape(seconds).max_frames == max_frames
    assert frames_of(seconds, max_frames) == frames


def test_shapes_that_cannot_be() -> None:
    with pytest.raises(UsageError, match="up to 285 seconds"):
        published_shape(286)
    with pytest.raises(InputError, match="cannot be split into 5 heads"):
        Shape(dim=64, heads=5)
    published = {"model_type": "diffrhythm", "model": {"dim": 128, "heads": 4, "dropout": 0.1}}
    assert Shape.from_dict(published) == Shape(dim=128, heads=4)


def test_the_place_of_work_is_chosen_and_said() -> None:
    place = choose_place()
    assert str(place) == f"{place.device} in {place.precision.name}: {place.why}"
    assert choose_place("cpu", "fp16").precision is FP16
    assert choose_place("cpu").precision in (FP32, BF16)
    for arguments, says in [(("tpu",), "no device 'tpu'"), (("cpu", "int3"), "no precision 'int3'")]:
        with pytest.raises(UsageError, match=says):
            choose_place(*arguments)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_device_that_is_not_here_is_refused_with_the_reason() -> None:
    with pytest.raises(MissingError, match="the device cuda is not here") as caught:
        choose_place("cuda")
    assert caught.value.hint


@pytest.mark.parametrize(
    ("flags", "fast"),
    [
        ("flags\t\t: fpu avx512f avx512_bf16 xsave", True),
        ("flags\t\t: fpu amx_bf16 amx_tile", True),
        ("Features\t: fp asimd bf16 i8mm", True),
        ("flags\t\t: fpu avx2 avx512f avx512_bf16x", False),
        ("", False),
    ],
)
def test_bfloat16_is_read_from_the_processors_flags(flags: str, fast: bool, tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(f"processor\t: 0\n{flags}\n")
    assert has_fast_bfloat16(tmp_path / "cpuinfo") is fast
    assert not has_fast_bfloat16(tmp_path / "nothing")
