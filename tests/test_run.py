"""The runner: passes, latency, mixing, the firewall, and what is told afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pytest

from songkit.audio import Audio, Format, Samples
from songkit.blocks import BLOCK_FRAMES, AudioSource, Meter, Source, SourceInfo, Stage, collect
from songkit.chains import Chain, render, render_chain, run
from songkit.errors import ChainError, SignalError
from songkit.master import PROCESSORS
from songkit.master.gain import Gain
from songkit.master.processor import MapStage, MeasuredProcessor, Processor, SolvedProcessor, StreamProcessor
from songkit.progress import Progress, Update, silent
from songkit.spool import Spool
from tests import signals

# -- steps with a known fault or a known virtue


@dataclass
class Delay:
    """Gives its input late by `delay` frames; says `told` (the runner's business is the difference)."""

    format: Format
    delay: int
    told: int | None
    tail: int
    held: Samples = field(init=False)
    closed: bool = False

    def __post_init__(self) -> None:
        self.held = np.zeros((self.format.channels, self.delay), np.float32)

    @property
    def latency_frames(self) -> int | None:
        return self.told

    def push(self, block: Samples) -> Samples:
        joined = np.concatenate([self.held, block], axis=1)
        self.held = joined[:, block.shape[1] :]
        return joined[:, : block.shape[1]]

    def finish(self) -> Samples:
        return np.pad(self.held, ((0, 0), (0, 10_000)))[:, : self.tail]

    def close(self) -> None:
        self.closed = True

    def facts(self) -> Mapping[str, Any]:
        return {"delay": self.delay, "warnings": ["it was late"]} if self.delay else {}


class Late(StreamProcessor):
    about: ClassVar[str] = "late"
    delay: int = 100
    told: int | None = 100
    tail: int = 100

    def start(self, info: SourceInfo) -> Stage:
        return Delay(info.format, self.delay, self.told, self.tail)


class Holding(StreamProcessor):
    """Gives nothing until the end, and then everything, in its place."""

    about: ClassVar[str] = "holding"

    def start(self, info: SourceInfo) -> Stage:
        held: list[Samples] = []
        stage = MapStage(info.format, lambda block: (held.append(block), block[:, :0])[1])

        class Whole:
            format = info.format
            latency_frames = 0
            push = stage.push

            def finish(self) -> Samples:
                return np.concatenate(held, axis=1)

        return Whole()


class Spoils(StreamProcessor):
    """Puts one bad value at a frame."""

    about: ClassVar[str] = "spoils"
    frame: int
    value: str = "nan"

    def start(self, info: SourceInfo) -> Stage:
        return MapStage(info.format, Spoiler(self.frame, np.float32(self.value)))


@dataclass
class Spoiler:
    frame: int
    value: np.float32
    position: int = 0

    def __call__(self, block: Samples) -> Samples:
        block = block.copy()
        if 0 <= self.frame - self.position < block.shape[1]:
            block[-1, self.frame - self.position] = self.value
        self.position += block.shape[1]
        return block


class Applies(StreamProcessor):
    """Whatever a test wants."""

    about: ClassVar[str] = "applies"
    function: Callable[[Any], Any]

    def start(self, info: SourceInfo) -> Stage:
        return MapStage(info.format, self.function)


class PeakTo(MeasuredProcessor):
    """Brings the highest sample to a level."""

    about: ClassVar[str] = "peak normaliser"
    peak: float = 0.5

    def meter(self, info: SourceInfo) -> Meter:
        return Peak()

    def start(self, info: SourceInfo, measured: float) -> Stage:
        return MapStage(info.format, lambda block: block * np.float32(self.peak / measured))


class Peak:
    def __init__(self) -> None:
        self.peak = 0.0

    def push(self, block: Samples) -> None:
        self.peak = max(self.peak, float(np.max(np.abs(block))))

    def result(self) -> float:
        return self.peak


class RmsTo(SolvedProcessor):
    """Brings the root mean square to a level, by listening twice."""

    about: ClassVar[str] = "level normaliser"
    rms: float = 0.1

    def solve(self, source: Source, progress: Progress) -> Stage:
        powers = [np.mean(np.concatenate(list(source.blocks(1000)), axis=1).astype(float) ** 2) for _ in range(2)]
        assert powers[0] == powers[1]
        return MapStage(source.format, lambda block: block * np.float32(self.rms / powers[0] ** 0.5))


@dataclass
class CountedSource:
    """A source that is not in reach twice, as a file is not."""

    audio: Audio
    passes: int = 0
    block_frames: int = BLOCK_FRAMES

    @property
    def format(self) -> Format:
        return self.audio.format

    @property
    def frames(self) -> int | None:
        return self.audio.frames

    def blocks(self, frames: int = BLOCK_FRAMES) -> Iterator[Samples]:
        self.passes += 1
        return AudioSource(self.audio).blocks(self.block_frames)


def rendered(*steps: Processor, audio: Audio, mix: float = 1.0) -> Audio:
    result = render(steps, AudioSource(audio), mix=mix)
    return collect(result.blocks(), result.format)


@pytest.fixture
def music() -> Audio:
    return signals.noise(seconds=0.5)


# -- passes


def test_nothing_to_do_gives_every_bit_back(music: Audio) -> None:
    for chain in (
        Chain(name="empty"),
        Chain(name="bypass", bypass=True, steps=(Gain(gain_db=6),)),
        Chain(name="mix", mix=0, steps=(Gain(gain_db=6),)),
        Chain(name="part", mix=0.3, steps=(Gain(gain_db=6, bypass=True),)),
        Chain(name="steps", steps=(Gain(gain_db=6, bypass=True), Gain(gain_db=6, mix=0), Gain(gain_db=0))),
    ):
        assert run(chain, music).samples.tobytes() == music.samples.tobytes()


def test_steps_run_in_order(music: Audio) -> None:
    clip = Applies(function=lambda block: np.clip(block, -0.1, 0.1))
    up_then_clip = rendered(Gain(gain_db=20), clip, audio=music)
    clip_then_up = rendered(clip, Gain(gain_db=20), audio=music)
    assert np.max(np.abs(up_then_clip.samples)) == pytest.approx(0.1)
    assert np.max(np.abs(clip_then_up.samples)) == pytest.approx(1.0)


def test_measured_and_solved_steps_see_what_came_out_before_them(music: Audio) -> None:
    out = rendered(Gain(gain_db=-20), PeakTo(peak=0.25), Gain(gain_db=6), RmsTo(rms=0.05), audio=music)
    assert np.sqrt(np.mean(out.samples.astype(float) ** 2)) == pytest.approx(0.05, rel=1e-5)
    out = rendered(RmsTo(rms=0.05), Gain(gain_db=6), PeakTo(peak=0.25), audio=music)
    assert np.max(np.abs(out.samples)) == pytest.approx(0.25)


def test_a_file_is_read_once_whatever_the_steps_need(music: Audio) -> None:
    for mix in (1.0, 0.5):
        source = CountedSource(music)
        result = render((PeakTo(), RmsTo(), Gain(gain_db=1)), source, mix=mix)
        assert sum(block.shape[1] for block in result.blocks()) == music.frames
        assert source.passes == 1


def test_a_kept_signal_is_not_kept_again(music: Audio, monkeypatch: pytest.MonkeyPatch) -> None:
    with Spool(music.format) as spool:
        spool.push(music.samples)
        monkeypatch.setattr(Spool, "push", lambda self, block: pytest.fail("kept again"))
        result = render((RmsTo(rms=0.05),), spool)
        assert sum(block.shape[1] for block in result.blocks()) == music.frames


def test_the_result_is_taken_once_and_facts_come_after_it(music: Audio) -> None:
    result = render((Late(), Gain(gain_db=1, bypass=True)), AudioSource(music))
    assert (result.format, result.frames) == (music.format, music.frames)
    with pytest.raises(RuntimeError, match="after its last block"):
        _ = result.facts
    list(result.blocks())
    assert result.facts == (
        {"step": 1, "name": "Late", "delay": 100, "warnings": ["it was late"]},
        {"step": 2, "name": "gain", "skipped": "bypass"},
    )
    assert result.warnings == ("step 1 (Late): it was late",)
    with pytest.raises(RuntimeError, match="once"):
        result.blocks()


def test_stages_get_contiguous_writable_float32(music: Audio) -> None:
    seen: list[tuple[bool, bool, Any]] = []

    def look(block: Samples) -> Samples:
        seen.append((block.flags.c_contiguous, block.flags.writeable, block.dtype))
        return block.astype(np.float64)[:, ::1].T.copy().T

    rendered(Applies(function=look), Late(), Applies(function=look), audio=music)
    assert set(seen) == {(True, True, np.dtype(np.float32))}


def test_progress_names_what_is_done(music: Audio) -> None:
    updates: list[Update] = []
    list(render((PeakTo(), Gain(gain_db=1)), AudioSource(music), updates.append).blocks())
    assert list(dict.fromkeys(update.stage for update in updates)) == [
        "measuring for step 1 (PeakTo)",
        "rendering",
    ]
    assert updates[-1].fraction == 1.0


def test_an_empty_signal_stays_empty() -> None:
    assert run(Chain(name="a", steps=(Gain(gain_db=1), Late())), signals.silence(0.0)).frames == 0


# -- time


@pytest.mark.parametrize(
    "late", [Late(), Late(delay=0, told=0, tail=0), Holding(), Late(delay=70_000, told=70_000, tail=70_000)]
)
def test_latency_is_cut_and_the_tail_fetched(late: Processor) -> None:
    music = signals.noise(seconds=2)
    for mix in (1.0, 0.5):
        out = rendered(late.model_copy(update={"mix": mix}), audio=music)
        np.testing.assert_allclose(out.samples, music.samples, atol=1e-7)


def test_latencies_of_several_steps_add_up(music: Audio) -> None:
    out = rendered(Late(), Gain(gain_db=6), Late(delay=333, told=333, tail=333), audio=music)
    np.testing.assert_allclose(out.samples, rendered(Gain(gain_db=6), audio=music).samples)


@pytest.mark.parametrize("tail", [99, 101, 0])
def test_a_stage_that_loses_or_invents_frames_is_named(music: Audio, tail: int) -> None:
    with pytest.raises(SignalError, match=r"step 2 \(Late\): gave \d+ frames where 24000 were expected"):
        rendered(Gain(gain_db=1), Late(tail=tail), audio=music)


@pytest.mark.parametrize(("tail", "word"), [(70, "70 frames more"), (0, None)])
def test_unknown_latency_keeps_the_length_and_says_so(music: Audio, tail: int, word: str | None) -> None:
    result = render((Late(told=None, tail=tail),), AudioSource(music))
    assert sum(block.shape[1] for block in result.blocks()) == music.frames
    assert any(word in line for line in result.warnings) if word else result.warnings == ("step 1 (Late): it was late",)


def test_unknown_latency_that_gives_too_little_is_filled_and_said(music: Audio) -> None:
    short = Late(delay=0, told=None, tail=0)
    drops = Applies(function=lambda block: block[:, :-10])
    with pytest.raises(SignalError, match=r"step 1 \(Applies\): gave 23990"):
        rendered(drops, audio=music)
    assert rendered(short, audio=music).frames == music.frames


# -- mix


def test_mix_is_the_share_of_the_processed_signal(music: Audio) -> None:
    out = rendered(Applies(function=lambda block: -block, mix=0.25), audio=music)
    np.testing.assert_allclose(out.samples, 0.5 * music.samples, rtol=1e-5, atol=1e-8)


def test_mix_of_the_whole_chain_blends_what_comes_out_with_what_went_in(music: Audio) -> None:
    steps = (Late(), Applies(function=lambda block: -block), PeakTo(peak=float(np.max(np.abs(music.samples)))))
    np.testing.assert_allclose(
        rendered(*steps, audio=music, mix=0.25).samples, 0.5 * music.samples, rtol=1e-4, atol=1e-7
    )


def test_the_level_holding_tail_works_on_the_blend() -> None:
    music = signals.noise(-12, seconds=1)
    limiter = PROCESSORS["limiter"].model_validate({"ceiling_dbtp": -6})
    chain = Chain(name="half", mix=0.5, steps=(Gain(gain_db=12), limiter))
    result = render_chain(chain, AudioSource(music))
    out = collect(result.blocks(), result.format)
    assert np.max(np.abs(out.samples)) <= 10 ** (-6 / 20) + 1e-6
    assert [facts["step"] for facts in result.facts] == [1, 2]


@pytest.mark.parametrize(("dry_latency", "wet_latency"), [(0, 0), (0, 500), (500, 0), (70_000, 500)])
def test_the_dry_path_may_run_through_a_stage_of_its_own(dry_latency: int, wet_latency: int) -> None:
    class Crossed(Late):
        def dry(self, info: SourceInfo) -> Stage:
            return Delay(info.format, dry_latency, dry_latency, dry_latency)

    music = signals.noise(seconds=2)
    step = Crossed(delay=wet_latency, told=wet_latency, tail=wet_latency, mix=0.3)
    np.testing.assert_allclose(rendered(step, audio=music).samples, music.samples, atol=1e-6)


def test_mix_needs_a_known_latency(music: Audio) -> None:
    with pytest.raises(ChainError, match=r"step 1 \(Late\): mix, but its latency is not known"):
        rendered(Late(told=None, mix=0.5), audio=music)


# -- the firewall


@pytest.mark.parametrize(("value", "kind"), [("nan", "NaN"), ("inf", "Inf"), ("-inf", "Inf")])
@pytest.mark.parametrize("block_frames", [1000, BLOCK_FRAMES])
def test_the_first_bad_sample_is_named_with_stage_and_time(value: str, kind: str, block_frames: int) -> None:
    music = signals.noise(seconds=3)
    source = CountedSource(music, block_frames=block_frames)
    steps = (Gain(gain_db=1), Late(), Spoils(frame=96_048, value=value), PROCESSORS["highpass"]())
    with pytest.raises(SignalError, match=rf"^step 3 \(Spoils\): {kind} at 0:02.001"):
        list(render(steps, source).blocks())


def test_latency_does_not_shift_the_time(music: Audio) -> None:
    class SpoiltLate(Late):
        def start(self, info: SourceInfo) -> Stage:
            stage = Delay(info.format, self.delay, self.told, self.tail)
            spoiler = Spoiler(12_000 + 100, np.float32(np.nan))
            stage.held = stage.held.copy()
            push = stage.push
            stage.push = lambda block: spoiler(push(block))  # type: ignore[method-assign]
            return stage

    with pytest.raises(SignalError, match=r"NaN at 0:00\.250"):
        rendered(SpoiltLate(), audio=music)


@pytest.mark.parametrize("steps", [(), (PeakTo(),), (RmsTo(),), (Gain(gain_db=1, mix=0.5),)])
@pytest.mark.parametrize("mix", [1.0, 0.5])
def test_a_bad_input_is_named_as_such(steps: tuple[Processor, ...], mix: float) -> None:
    samples = signals.noise(seconds=0.5).samples.copy()
    samples[1, 4800] = np.nan
    with pytest.raises(SignalError, match=r"^input: NaN at 0:00\.100"):
        rendered(*steps, audio=Audio(samples, 48_000), mix=mix)


def test_a_bad_tail_is_found(music: Audio) -> None:
    class BadTail(Late):
        def start(self, info: SourceInfo) -> Stage:
            stage = Delay(info.format, self.delay, self.told, self.tail)
            stage.finish = lambda: np.full((2, 100), np.inf, np.float32)  # type: ignore[method-assign]
            return stage

    with pytest.raises(SignalError, match=r"step 1 \(BadTail\): Inf at 0:00.49"):
        rendered(BadTail(), audio=music)


def test_huge_but_finite_samples_pass() -> None:
    loud = Audio(np.full((2, 1000), 3e38, np.float32), 48_000)
    assert rendered(Gain(gain_db=-6), audio=loud).frames == 1000


def test_what_does_not_fit_float32_is_not_finite(music: Audio) -> None:
    with pytest.raises(SignalError, match=r"step 1 \(Applies\): Inf"):
        rendered(Applies(function=lambda block: block.astype(np.float64) * 1e60), audio=music)


def test_another_number_of_channels_than_announced_is_named(music: Audio) -> None:
    with pytest.raises(SignalError, match=r"step 1 \(Applies\): a block of shape \(1, 24000\)"):
        rendered(Applies(function=lambda block: block[:1]), audio=music)


# -- ends


def test_stages_are_closed_however_the_run_ends(music: Audio) -> None:
    started: list[Delay] = []

    class Watched(Late):
        def start(self, info: SourceInfo) -> Stage:
            started.append(Delay(info.format, self.delay, self.told, self.tail))
            return started[-1]

    list(render((Watched(),), AudioSource(music)).blocks())
    with pytest.raises(SignalError):
        list(render((Watched(), Spoils(frame=3)), AudioSource(music)).blocks())
    with pytest.raises(SignalError):
        render((Watched(), Spoils(frame=3), PeakTo()), AudioSource(music))
    with render((Watched(),), AudioSource(music)) as result:
        next(result.blocks())
    assert [stage.closed for stage in started] == [True] * 4


def test_run_is_one_push_of_the_same_code(music: Audio) -> None:
    chain = Chain(name="a", steps=(Gain(gain_db=-3), PROCESSORS["highpass"](), PROCESSORS["compressor"]()))
    whole = run(chain, music, silent)
    parts = render_chain(chain, CountedSource(music, block_frames=777))
    assert collect(parts.blocks(), parts.format).samples.tobytes() == whole.samples.tobytes()
