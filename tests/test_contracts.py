"""What every step keeps, whoever wrote it: walked over the whole table of processors and over the stock chains."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, get_args

import numpy as np
import pytest
from pydantic import BaseModel

from songkit.audio import Audio, Samples
from songkit.blocks import BLOCK_FRAMES, AudioSource, SourceInfo, collect, info_of
from songkit.chains import Chain, render, render_chain, run, stock_names
from songkit.chains.planner import frames_at_rate, info_after
from songkit.errors import SignalError
from songkit.master import PROCESSORS
from songkit.master.processor import Processor
from tests import signals
from tests.demucs_fakes import FakeModel
from tests.references import reference_path
from tests.vst3_fakes import FakePlugin

# Settings with which each step really does something; a new line in PROCESSORS wants one here.
EXAMPLES: dict[str, dict[str, Any]] = {
    "gain": {"gain_db": -3.0},
    "highpass": {"cutoff_hz": 120, "slope_db_per_octave": 24},
    "lowpass": {"cutoff_hz": 3000},
    "eq": {
        "bands": [
            {"shape": "low_shelf", "frequency_hz": 200, "gain_db": 3},
            {"shape": "bell", "frequency_hz": 1000, "gain_db": -4, "q": 2},
            {"shape": "high_shelf", "frequency_hz": 3500, "gain_db": 2},
        ]
    },
    "compressor": {"threshold_db": -30, "ratio": 4},
    "multiband": {"bands": [{"threshold_db": -40, "ratio": 3}] * 3},
    "dynamic_eq": {"bands": [{"shape": "bell", "frequency_hz": 500, "threshold_db": -50, "ratio": 4}]},
    "gate": {"threshold_db": -25},
    "deesser": {"threshold_db": -30},
    "transients": {"attack_db": 4, "sustain_db": -3},
    "saturation": {"drive_db": 12, "character": "tube"},
    "clipper": {"ceiling_dbfs": -12},
    "exciter": {"from_hz": 6000},
    "width": {"widths": [0.5, 1.5], "crossovers_hz": [500]},
    "mono_bass": {"frequency_hz": 300},
    "midside": {"mid_gain_db": -2, "side_gain_db": 3},
    "reverb": {"send_db": -6},
    "delay": {"time_ms": 120, "feedback": 0.5},
    "match": {"references": [{"path": reference_path()}]},
    "stems": {"vocals": [{"gain": {"gain_db": -6}}, "dc"], "other": [{"compressor": {"threshold_db": -40}}]},
    "level": {"target_lufs": -30},
    "leveler": {"max_range_lu": 3, "window_seconds": 0.4},
    "limiter": {"ceiling_dbtp": -12},
    "loudness": {"target_lufs": -18, "ceiling_dbtp": -3},
    "dc": {},
    "declip": {},
    "declick": {},
    "dehum": {"frequency_hz": 50},
    "fade": {"in_seconds": 0.1, "out_seconds": 0.2},
    "trim": {"threshold_db": -30, "keep_head_ms": 5, "keep_tail_ms": 5},
    "resample": {"sample_rate_hz": 32_000},
    "downmix": {"layout": ["FL", "FR"]},
    "pedalboard": {"plugin": "Compressor", "parameters": {"threshold_db": -30, "ratio": 4}},
    "vst3": {"path": __file__},
    "ffmpeg": {"filter": "acompressor", "options": {"threshold": "-30dB", "ratio": 4}},
}

# These raise a SignalError for silence, with a reason, instead of giving silence.
REFUSE_SILENCE = ("trim", "loudness")

# Unknown latency, other channels, a level that a blend would not have.
NOT_MIXABLE = ("ffmpeg", "downmix", "loudness")

NAMES = sorted(PROCESSORS)
BLOCK_SIZES = (1, 7, 512, BLOCK_FRAMES)
CHANNELS = (1, 2, 6)


@pytest.fixture(autouse=True)
def _what_nobody_has_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights and a VST3 plugin; each has tests of its own."""
    monkeypatch.setattr("songkit.master.demucs_model.find", lambda name, weights: None)
    monkeypatch.setattr("songkit.master.demucs_model.load", lambda name, weights: FakeModel())
    monkeypatch.setattr("songkit.master.vst3_process.PluginProcess", lambda *asked: FakePlugin("late"))


def example(name: str, **shared: Any) -> Processor:
    return PROCESSORS[name].model_validate({**EXAMPLES[name], **shared})


def music(seconds: float = 1.5, channels: int = 2) -> Audio:
    """Noise with a quiet start, a loud middle and a quiet end, a little offset, a click, and a tone that clips."""
    noise = signals.pink(-20, seconds, channels=channels)
    swell = np.sin(np.linspace(0, np.pi, noise.frames)) ** 2
    samples = noise.samples * swell + 0.001
    samples[:, 12_000] += 0.2
    samples[:, 30_000:40_000] += 0.3 * np.hanning(10_000) * np.sin(np.arange(10_000) / 25)
    return Audio(np.clip(samples, -0.25, 0.25).astype(np.float32), noise.sample_rate, noise.layout)


class Cut(AudioSource):
    """A signal in blocks of one size; sizes below 512 only around the middle, because each block costs its time."""

    size: int

    def blocks(self, frames: int = BLOCK_FRAMES) -> Iterator[Samples]:
        samples, middle = self.audio.samples, self.audio.frames // 2
        small_until = middle + 200 * self.size if self.size < 512 else self.audio.frames
        start = middle if self.size < 512 else 0
        if start:
            yield samples[:, :start].copy()
            yield samples[:, :0].copy()
        while start < self.audio.frames:
            size = self.size if start < small_until else self.audio.frames - start
            yield samples[:, start : start + size].copy()
            start += size


def cut(audio: Audio, size: int) -> Cut:
    source = Cut(audio)
    object.__setattr__(source, "size", size)
    return source


def rendered(steps: tuple[Processor, ...], audio: Audio) -> Audio:
    result = render(steps, AudioSource(audio))
    return collect(result.blocks(), result.format)


def fits(step: Processor, audio: Audio) -> bool:
    return step.check(info_of(AudioSource(audio))) is None


@cache
def whole(name: str) -> Audio:
    """The example over the music in one push."""
    return rendered((example(name),), music())


def test_every_step_has_an_example() -> None:
    assert set(EXAMPLES) >= set(PROCESSORS)


@pytest.mark.parametrize("name", NAMES)
def test_blocks_of_any_size_equal_one_push(name: str) -> None:
    for size in BLOCK_SIZES:
        result = render((example(name),), cut(music(), size))
        parts = collect(result.blocks(), result.format)
        assert parts.samples.shape == whole(name).samples.shape, size
        np.testing.assert_allclose(parts.samples, whole(name).samples, rtol=0, atol=2e-7, err_msg=f"blocks of {size}")


@pytest.mark.parametrize("name", NAMES)
def test_a_stage_writes_into_no_block_that_it_was_given(name: str) -> None:
    source = music()
    given = [block.copy() for block in AudioSource(source).blocks(10_000)]

    class Listed(AudioSource):
        def blocks(self, frames: int = BLOCK_FRAMES) -> Iterator[Samples]:
            return iter(given)

    collect((result := render((example(name),), Listed(source))).blocks(), result.format)
    np.testing.assert_array_equal(np.concatenate(given, axis=1), source.samples)


@pytest.mark.parametrize("name", NAMES)
def test_silence_stays_silent(name: str) -> None:
    silence = signals.silence(1.0)
    if name in REFUSE_SILENCE:
        with pytest.raises(SignalError):
            rendered((example(name),), silence)
    else:
        assert not rendered((example(name),), silence).samples.any()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("channels", CHANNELS)
def test_shape_rate_and_length_are_as_announced(name: str, channels: int) -> None:
    audio, step = music(channels=channels), example(name)
    if not fits(step, audio):
        pytest.skip(f"{name} does not take {channels} channels")
    announced = info_after(step, SourceInfo(audio.format, audio.frames))
    out = rendered((step,), audio)
    assert out.format == announced.format
    if not step.changes_length:
        assert out.frames == announced.frames == frames_at_rate(audio.frames, audio.sample_rate, out.sample_rate)
    assert np.isfinite(out.samples).all()
    assert out.samples.any(axis=1).all()
    if not step.changes_rate:
        assert out.format.sample_rate == audio.sample_rate


@pytest.mark.parametrize("name", NAMES)
def test_nothing_not_finite_comes_of_extreme_but_finite_samples(name: str) -> None:
    audio = music()
    samples = audio.samples.copy()
    samples[:, 10_000:10_100] = 8.0
    samples[:, 20_000:20_100] = -1e-42
    samples[0, 30_000:31_000] = np.tile([1.0, -1.0], 500)
    assert np.isfinite(rendered((example(name),), Audio(samples, audio.sample_rate)).samples).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_step_left_out_is_bit_exact(name: str) -> None:
    audio = music()
    for shared in ({"bypass": True}, {"mix": 0.0}):
        assert rendered((example(name, **shared),), audio).samples.tobytes() == audio.samples.tobytes()


@pytest.mark.parametrize("name", NAMES)
def test_the_example_does_something(name: str) -> None:
    step = example(name)
    if not step.is_identity(info_of(AudioSource(music()))):
        assert whole(name).samples.tobytes() != music().samples.tobytes()


@pytest.mark.parametrize("name", NAMES)
def test_mix_lies_between_dry_and_wet(name: str) -> None:
    step = example(name, mix=0.5)
    if not step.mixable:
        assert step.changes_length or step.changes_rate or name in NOT_MIXABLE
        return
    through = step.dry(info_of(AudioSource(music())))
    dry = music().samples if through is None else through.push(music().samples.copy())
    middle = 0.5 * dry + 0.5 * whole(name).samples
    np.testing.assert_allclose(rendered((step,), music()).samples, middle, rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_a_very_short_signal_is_answered(name: str) -> None:
    short = Audio(np.array([[0.1, -0.2, 0.3], [0.1, 0.2, -0.3]], np.float32), 48_000)
    step = example(name) if name != "fade" else PROCESSORS["fade"].model_validate({"in_seconds": 2 / 48_000})
    out = rendered((step,), short)
    assert out.frames == frames_at_rate(3, 48_000, out.sample_rate) or step.changes_length


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_is_documented(name: str) -> None:
    model = PROCESSORS[name]
    assert model.about
    assert not model.about.endswith(".")
    assert model.__doc__
    for each in models_of(model):
        for field_name, field in each.model_fields.items():
            if field_name != "shape":
                assert field.description, f"{name}.{field_name}"


def models_of(model: type[BaseModel]) -> list[type[BaseModel]]:
    """A model and those in its fields."""
    found = [model]
    waiting: list[Any] = [field.annotation for field in model.model_fields.values()]
    while waiting:
        annotation = waiting.pop()
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            found += models_of(annotation)
        waiting.extend(get_args(annotation))
    return found


# -- stock chains


def shaped(channels: int = 2, sample_rate: int = 48_000) -> Audio:
    """Three seconds with beats."""
    noise = signals.pink(-18, 3.0, sample_rate, channels)
    beat = 0.15 + 0.85 * np.exp(-((np.arange(noise.frames) / sample_rate) % 0.5) * 8)
    return Audio((noise.samples * beat).astype(np.float32), sample_rate, noise.layout)


@pytest.mark.parametrize("name", stock_names())
def test_stock_chains_give_the_same_in_blocks_of_any_size(name: str) -> None:
    chain, audio = Chain.load(name), shaped()
    whole = run(chain, audio)
    assert whole.frames == audio.frames
    assert np.isfinite(whole.samples).all()
    for size in (7, 512):
        result = render_chain(chain, cut(audio, size))
        parts = collect(result.blocks(), result.format)
        np.testing.assert_allclose(parts.samples, whole.samples, rtol=0, atol=5e-7, err_msg=f"blocks of {size}")


@pytest.mark.parametrize("name", stock_names())
@pytest.mark.parametrize(("channels", "sample_rate"), [(1, 8_000), (6, 44_100), (2, 96_000)])
def test_stock_chains_take_any_format(name: str, channels: int, sample_rate: int) -> None:
    audio = shaped(channels, sample_rate)
    out = run(Chain.load(name), audio)
    assert (out.format, out.frames) == (audio.format, audio.frames)
    assert np.max(np.abs(out.samples)) <= 10 ** (-1 / 20) + 1e-6


@pytest.mark.parametrize("name", stock_names())
def test_stock_chains_can_be_switched_off(name: str) -> None:
    audio = shaped()
    for change in ({"bypass": True}, {"mix": 0.0}):
        off = Chain.load(name).model_copy(update=change)
        assert run(off, audio).samples.tobytes() == audio.samples.tobytes()
