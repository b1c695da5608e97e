"""The loudness step: target and ceiling both met, or how far it is short; read by meters, not from its own facts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from songkit.analysis.loudness import LoudnessMeter
from songkit.audio import Audio
from songkit.blocks import AudioSource, Reporting
from songkit.dsp.truepeak import TruePeakMeter
from songkit.errors import SignalError
from songkit.master.drive import Level, Outcome, search
from songkit.master.loudness import Loudness
from songkit.progress import Update, silent
from songkit.units import gain_to_db
from tests.signals import multichannel, noise, pink, silence, sine, song


def master(audio: Audio, **settings: Any) -> tuple[Audio, dict[str, Any]]:
    source = AudioSource(audio)
    stage = Loudness(**settings).solve(source, silent)
    samples = np.concatenate([*(stage.push(block) for block in source.blocks()), stage.finish()], axis=1)
    assert isinstance(stage, Reporting)
    return Audio(samples, audio.sample_rate, audio.layout), dict(stage.facts())


def lufs(audio: Audio) -> float:
    meter = LoudnessMeter(audio.format)
    meter.push(audio.samples)
    result = meter.result()
    value = result.integrated_lufs if result.integrated_lufs is not None else result.ungated_lufs
    assert value is not None
    return value


def dbtp(audio: Audio) -> float:
    meter = TruePeakMeter(audio.channels)
    meter.push(audio.samples)
    return gain_to_db(meter.result().peak)


def speech_like() -> Audio:
    """Bursts of noise of many levels with pauses between them."""
    rng = np.random.default_rng(11)
    levels = np.repeat(10 ** (rng.uniform(-40, 0, 60) / 20) * (rng.random(60) > 0.3), 4_800)
    return Audio((pink(-18.0, 6.0, channels=1).samples * levels).astype(np.float32), 48_000)


def plucks() -> Audio:
    """Sharp attacks that die away: a crest of more than 20 dB."""
    rng = np.random.default_rng(12)
    wave = np.zeros((2, 6 * 44_100))
    time = np.arange(20_000) / 44_100
    for start in rng.integers(0, wave.shape[1] - 20_000, 14):
        wave[:, start : start + 20_000] += np.sin(2 * np.pi * rng.uniform(100, 2_000) * time) * np.exp(-time / 0.05)
    return Audio((0.3 * wave).astype(np.float32), 44_100)


def quiet_then_loud() -> Audio:
    samples = pink(-30.0, 8.0).samples.copy()
    samples[:, samples.shape[1] // 2 :] *= 12
    return Audio(samples, 48_000)


CLIPS = {
    "song": song(6.0),
    "song, quiet": Audio(song(6.0, seed=2).samples * np.float32(0.003), 44_100),
    "song, hot": Audio(np.clip(song(6.0, seed=3).samples * 4, -1.1, 1.1), 44_100),
    "mono": Audio(song(6.0, seed=4).samples[:1], 44_100),
    "96 kHz": song(4.0, sample_rate=96_000, seed=5),
    "22.05 kHz": song(6.0, sample_rate=22_050, seed=6),
    "5.1": multichannel(4.0),
    "pink noise": pink(-20.0, 4.0),
    "white noise": noise(-30.0, 4.0),
    "sine": sine(997.0, -12.0, 4.0),
    "speech": speech_like(),
    "plucks": plucks(),
    "quiet, then loud": quiet_then_loud(),
}


@pytest.mark.parametrize("target_lufs", [-14.0, -9.0])
@pytest.mark.parametrize("name", CLIPS)
def test_target_and_ceiling_are_both_met_or_the_shortfall_is_told(name: str, target_lufs: float) -> None:
    mastered, facts = master(CLIPS[name], target_lufs=target_lufs, max_reduction_db=60.0)
    assert mastered.frames == CLIPS[name].frames
    assert dbtp(mastered) <= -1.0
    assert lufs(mastered) == pytest.approx(facts["predicted_after_lufs"], abs=0.02)
    short_lu = target_lufs - lufs(mastered)
    if facts["warnings"]:
        assert facts["short_of_target_lu"] == pytest.approx(short_lu, abs=0.02)
        assert f"{short_lu:.1f} LU short of the target" in facts["warnings"][0]
    else:
        assert abs(short_lu) <= 0.05
    assert facts["passes"] <= 8


@pytest.mark.parametrize("target_lufs", [-14.0, -9.0])
def test_music_is_not_short(target_lufs: float) -> None:
    """Nor is noise; sparse bursts of every level in one channel reach a wall, where more drive is all reduction."""
    for name in CLIPS.keys() - {"speech"}:
        _, facts = master(CLIPS[name], target_lufs=target_lufs, max_reduction_db=60.0)
        assert facts["warnings"] == [], name


def test_the_limiter_stays_clean_where_that_is_enough() -> None:
    _, facts = master(song(6.0), target_lufs=-14.0)
    assert (facts["lookahead_ms"], facts["hold_ms"], facts["release_ms"]) == (3.0, 6.5, 60.0)


def test_the_limiter_becomes_faster_only_as_far_as_the_target_asks() -> None:
    audio = Audio(song(6.0, seed=4).samples[:1], 44_100)
    releases_ms = []
    for target_lufs in (-16.0, -12.5, -11.0, -9.0):
        mastered, facts = master(audio, target_lufs=target_lufs, max_reduction_db=60.0)
        assert lufs(mastered) == pytest.approx(target_lufs, abs=0.05)
        assert dbtp(mastered) <= -1.0
        assert facts["max_reduction_db"] <= 10.5
        releases_ms.append(facts["release_ms"])
    assert releases_ms == sorted(releases_ms, reverse=True)
    assert len(set(releases_ms)) >= 3


def test_the_limiter_is_never_faster_than_allowed() -> None:
    audio = pink(-20.0, 4.0)
    mastered, facts = master(audio, target_lufs=-9.0, max_reduction_db=60.0, fastest_release_ms=60.0)
    assert facts["release_ms"] == 60.0
    assert lufs(mastered) < -10.0
    assert "short of the target" in facts["warnings"][0]
    _, facts = master(audio, target_lufs=-9.0, max_reduction_db=60.0, fastest_release_ms=10.0)
    assert facts["release_ms"] == 10.0


@pytest.mark.parametrize(("target_lufs", "passes"), [(-23.0, 2), (-30.0, 1)])
def test_gain_alone_where_it_is_enough(target_lufs: float, passes: int) -> None:
    """A second pass only where the peaks come near the ceiling; never one through the limiter."""
    audio = song(5.0, level=0.5)
    mastered, facts = master(audio, target_lufs=target_lufs)
    assert facts["mode"] == "linear"
    assert facts["passes"] == passes
    assert lufs(mastered) == pytest.approx(target_lufs, abs=0.001)
    assert facts["gain_db"] == pytest.approx(target_lufs - lufs(audio), abs=0.001)
    heard = audio.samples != 0
    assert np.ptp(mastered.samples[heard] / audio.samples[heard]) < 1e-6


def test_twice_is_once() -> None:
    once, _ = master(song(5.0), target_lufs=-12.0)
    twice, facts = master(once, target_lufs=-12.0)
    assert abs(facts["gain_db"]) < 0.1
    assert gain_to_db(float(np.abs(twice.samples - once.samples).max())) < -35.0
    assert lufs(twice) == pytest.approx(-12.0, abs=0.05)


def test_reduction_is_bounded_and_the_shortfall_told() -> None:
    mastered, facts = master(song(6.0), target_lufs=-6.0, max_reduction_db=3.0)
    assert facts["max_reduction_db"] == pytest.approx(3.0, abs=0.1)
    assert facts["bounded_by"] == "max_reduction_db"
    short_lu = -6.0 - lufs(mastered)
    assert short_lu > 0.1
    assert facts["warnings"] == [
        f"{short_lu:.1f} LU short of the target: more would take more than 3 dB of gain reduction"
    ]
    assert dbtp(mastered) <= -1.0


def test_linear_never_limits() -> None:
    audio = song(5.0, level=0.5)
    mastered, facts = master(audio, target_lufs=-6.0, mode="linear")
    assert dbtp(mastered) == pytest.approx(-1.0, abs=0.001)
    assert dbtp(mastered) <= -1.0
    assert facts["bounded_by"] == "ceiling"
    assert "does not limit" in facts["warnings"][0]
    assert facts["short_of_target_lu"] == pytest.approx(-6.0 - lufs(mastered), abs=0.01)


def test_short_clip_takes_the_energy_of_the_whole_and_says_so() -> None:
    mastered, facts = master(sine(997.0, -30.0, 0.3), target_lufs=-14.0)
    assert lufs(mastered) == pytest.approx(-14.0, abs=0.1)
    assert facts["measured_before_lufs"] is None
    assert "0.30 s of audio" in facts["warnings"][0]


def test_below_the_gate_is_lifted_to_the_gated_target() -> None:
    mastered, facts = master(pink(-90.0, 3.0), target_lufs=-23.0)
    assert facts["measured_before_lufs"] is None
    assert lufs(mastered) == pytest.approx(-23.0, abs=0.05)
    assert facts["warnings"] == []


@pytest.mark.parametrize("seconds", [0.0, 0.1, 2.0])
def test_nothing_to_normalise_is_an_error_that_names_the_stage(seconds: float) -> None:
    with pytest.raises(SignalError, match=r"^loudness: .*nothing to normalise"):
        master(silence(seconds))


def test_only_the_lfe_channel_has_no_loudness() -> None:
    samples = np.zeros((6, 48_000), np.float32)
    samples[3] = 0.1 * sine(50.0, 0.0, channels=1).samples[0]
    with pytest.raises(SignalError, match="LFE"):
        master(Audio(samples, 48_000))


def test_progress_is_told() -> None:
    updates: list[Update] = []
    Loudness(target_lufs=-9.0).solve(AudioSource(song(4.0)), updates.append)
    assert [update.stage for update in updates][:1] == ["loudness: measuring"]
    assert {"loudness: looking for peaks", "loudness: finding the drive"} <= {update.stage for update in updates}
    assert updates[-1].fraction == 1.0


def test_search_walks_over_a_fall_at_a_gate() -> None:
    """Loudness that falls by 9 LU at 6 dB of drive, and comes back: met behind the fall, or nearest before it."""

    def falling(drive_db: float) -> Outcome:
        return Outcome(Level(-20.0 + drive_db - (9.0 if drive_db > 6.0 else 0.0), gated=True), drive_db)

    met, bounded = search(falling, 0.0, 100.0, -10.0, 60.0)
    assert met == pytest.approx(19.0, abs=0.01)
    assert not bounded
    nearest, bounded = search(falling, 0.0, 100.0, -12.0, 10.0)
    assert nearest == pytest.approx(6.0, abs=0.01)
    assert bounded


def test_search_takes_the_nearer_side_of_a_jump() -> None:
    def jumping(drive_db: float) -> Outcome:
        return Outcome(Level(-16.0 if drive_db < 3.3 else -13.0, gated=True), 0.0)

    drive_db, _ = search(jumping, 0.0, 100.0, -14.0, 8.0)
    assert 3.3 <= drive_db < 3.31


def short_term_max(audio: Audio) -> float | None:
    meter = LoudnessMeter(audio.format)
    meter.push(audio.samples)
    return meter.result().short_term_max_lufs


@pytest.mark.parametrize("target", [-23.0, -12.0])
def test_short_forms_are_set_by_their_loudest_three_seconds(target: float) -> None:
    audio = quiet_then_loud()
    out, facts = master(audio, target_lufs=target, measure="short_term_max")
    assert short_term_max(out) == pytest.approx(target, abs=0.05)
    assert lufs(out) < target - 0.1, "the whole is quieter than its loudest part"
    assert dbtp(out) <= -1.0
    assert not facts["warnings"]


def test_what_is_shorter_than_three_seconds_is_set_by_the_whole_and_says_so() -> None:
    out, facts = master(song(2.0), target_lufs=-20.0, measure="short_term_max")
    assert short_term_max(out) is None
    assert "short-term loudness needs 3 s, and this is 2.00 s of audio" in facts["warnings"][0]


@pytest.mark.parametrize("target", [-30.0, -14.0, -3.0])
@pytest.mark.parametrize("clip", ["song, hot", "plucks", "white noise"])
def test_linear_is_one_factor_and_nothing_else(clip: str, target: float) -> None:
    audio = CLIPS[clip]
    out, facts = master(audio, target_lufs=target, mode="linear")
    factor = np.float32(10 ** (facts["gain_db"] / 20))
    np.testing.assert_allclose(out.samples, audio.samples * factor, rtol=2e-4, atol=1e-9)
    ratio = out.samples[audio.samples != 0] / audio.samples[audio.samples != 0]
    assert ratio.max() - ratio.min() <= 2e-6 * ratio.max(), "not one sample was reduced"
    assert dbtp(out) <= -1.0
    assert facts["bounded_by"] in (None, "ceiling")
