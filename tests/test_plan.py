"""The planner: which steps stream together, what is known before the run, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest

from songkit.audio import Format
from songkit.blocks import SourceInfo, Stage
from songkit.chains import plan, split_tail
from songkit.errors import ChainError
from songkit.master import PROCESSORS
from songkit.master.processor import Processor
from songkit.spool import MEMORY_LIMIT_BYTES

STEREO = SourceInfo(Format(48_000), 48_000 * 60)


def steps(*written: str | dict[str, Any]) -> tuple[Processor, ...]:
    """Steps by name, with their settings where given."""
    pairs: Sequence[tuple[str, Any]] = [
        (each, {}) if isinstance(each, str) else next(iter(each.items())) for each in written
    ]
    return tuple(PROCESSORS[name].model_validate(values) for name, values in pairs)


def passes(*written: str | dict[str, Any], info: SourceInfo = STEREO) -> list[tuple[list[str], str | None]]:
    return [
        ([step.name for step in each.steps], each.prepares.name if each.prepares else None)
        for each in plan(steps(*written), info).passes
    ]


def test_streaming_steps_share_one_pass() -> None:
    assert passes({"gain": {"gain_db": 1}}, "highpass", "compressor") == [(["gain", "highpass", "compressor"], None)]


def test_a_step_that_must_know_the_whole_opens_a_pass() -> None:
    assert passes("highpass", "dc", "compressor", "loudness") == [
        (["highpass"], "dc"),
        (["dc", "compressor"], "loudness"),
        (["loudness"], None),
    ]
    assert passes("dc") == [([], "dc"), (["dc"], None)]


def test_a_step_asks_for_a_pass_only_where_it_needs_one() -> None:
    fade = {"fade": {"out_seconds": 1}}
    assert passes("highpass", fade) == [(["highpass", "fade"], None)]
    assert passes("highpass", fade, info=SourceInfo(Format(48_000), None)) == [(["highpass"], "fade"), (["fade"], None)]


def test_an_empty_plan_is_one_pass_of_nothing() -> None:
    assert passes() == [([], None)]
    assert "no steps" in "\n".join(plan((), STEREO).lines())


def test_what_is_left_out_says_why_and_asks_for_nothing() -> None:
    left_out = plan(steps({"dc": {"bypass": True}}, {"dc": {"mix": 0}}, {"gain": {"gain_db": 0}}), STEREO)
    assert [step.skipped for step in left_out.steps] == ["bypass", "mix 0", "changes nothing"]
    assert len(left_out.passes) == 1


def test_a_bypassed_step_is_not_held_against_the_format() -> None:
    plan(steps({"lowpass": {"cutoff_hz": 30_000, "bypass": True}}), STEREO)


def test_a_step_that_does_not_fit_is_refused_by_number_and_name() -> None:
    with pytest.raises(ChainError, match=r"step 2 \(lowpass\): cutoff_hz 30000"):
        plan(steps("highpass", {"lowpass": {"cutoff_hz": 30_000}}), STEREO)
    with pytest.raises(ChainError, match=r"step 5 \(lowpass\)"):
        plan(steps({"lowpass": {"cutoff_hz": 30_000}}), STEREO, first_step=5)


def test_mix_over_a_change_of_length_is_refused() -> None:
    with pytest.raises(ChainError, match=r"step 1 \(trim\): mix 0.5"):
        plan(steps({"trim": {"mix": 0.5}}), STEREO)
    with pytest.raises(ChainError, match=r"whole chain: step 1 \(trim\)"):
        plan(steps("trim"), STEREO, mix=0.5)


def test_length_and_rate_are_followed() -> None:
    assert plan(steps("highpass"), STEREO).info_out == STEREO
    assert plan(steps("trim"), STEREO).info_out.frames is None
    resampled = plan(steps({"resample": {"sample_rate_hz": 44_100}}), STEREO).info_out
    assert (resampled.format.sample_rate, resampled.frames) == (44_100, 44_100 * 60)


def test_memory_is_bounded_and_what_is_more_goes_to_disk() -> None:
    hour = SourceInfo(Format(48_000), 48_000 * 3600)
    short, long = plan(steps("dc"), STEREO), plan(steps("dc"), hour)
    assert short.disk_bytes == 0
    assert long.disk_bytes == 48_000 * 3600 * 2 * 4
    assert short.memory_bytes < long.memory_bytes < MEMORY_LIMIT_BYTES * 1.2
    assert plan(steps("dc"), SourceInfo(Format(48_000), None)).disk_bytes is None
    # the dry signal of a mix stays while one pass is read and the next is filled
    assert plan(steps("dc", "dc"), hour, mix=0.5).disk_bytes == 3 * 48_000 * 3600 * 2 * 4


class Late(PROCESSORS["gain"]):  # type: ignore[misc]
    """A gain that says it is late."""

    about: ClassVar[str] = "late"

    def start(self, info: SourceInfo) -> Stage:
        class Delay:
            format = info.format
            latency_frames = 64

        return Delay()  # type: ignore[return-value]


def test_latency_is_asked_for_where_it_is_wanted() -> None:
    late = (Late(gain_db=1),)
    assert plan(late, STEREO).steps[0].latency_frames is None
    assert plan(late, STEREO, latency=True).steps[0].latency_frames == 64
    assert "64 frames late" in "\n".join(plan(late, STEREO, latency=True).lines())


def test_the_plan_is_printed_and_is_strict_json() -> None:
    planned = plan(steps("highpass", {"dc": {}}, {"gain": {"bypass": True}}, "loudness"), STEREO)
    text = "\n".join(planned.lines())
    for part in ("48000 Hz, 2 channels, 1:00.000", "cutoff_hz 30", "left out (bypass)", "measured for dc", "→ out"):
        assert part in text
    told = json.loads(json.dumps(planned.to_dict(), allow_nan=False))
    assert [each["prepares"] for each in told["passes"]] == [2, 4, None]
    assert told["steps"][0]["settings"]["cutoff_hz"] == 30
    assert told["result"]["frames"] == STEREO.frames


def test_the_pass_that_keeps_the_untouched_part_of_a_mix_is_told() -> None:
    planned = plan(steps("dc"), STEREO, mix=0.5)
    size_bytes = 48_000 * 60 * 2 * 4
    told = [(each["steps"], each["prepares"], each["kept_bytes"]) for each in planned.to_dict()["passes"]]
    assert told == [([], None, size_bytes), ([], 1, size_bytes), ([1], None, 0)]
    lines = [line for line in planned.lines() if line.startswith("pass")]
    assert lines[0] == "pass 1   read → 22.0 MiB kept, the untouched part of the mix"
    assert [line[:6] for line in lines] == ["pass 1", "pass 2", "pass 3"]


@pytest.mark.parametrize(
    ("names", "head_length"),
    [
        ((), 0),
        (("highpass", "dc"), 2),
        (("highpass", "loudness"), 1),
        (("highpass", "limiter", "loudness"), 1),
        (("limiter", "highpass", "loudness"), 2),
        (("highpass", "loudness", "fade"), 1),
        (("loudness",), 0),
    ],
)
def test_the_tail_starts_at_the_last_run_of_level_holding_steps(names: tuple[str, ...], head_length: int) -> None:
    chain = steps(*names)
    head, tail = split_tail(chain)
    assert head + tail == chain
    assert len(head) == head_length
