"""Clipping that was resampled, moments that hang, noise within a song: found where planted, and not in clean music."""

from __future__ import annotations

import numpy as np
import pytest

from songkit.analysis import Analysis, analyze
from songkit.audio import Audio
from songkit.blocks import AudioSource
from tests import signals
from tests.defect_plants import resampled


def measure(audio: Audio, *meters: str) -> Analysis:
    return analyze(AudioSource(audio), meters=meters or None)


def codes(analysis: Analysis) -> set[str]:
    return {finding.code for finding in analysis.findings}


def clipped(audio: Audio, share: float) -> Audio:
    drive = 1.0 / float(np.quantile(np.abs(audio.samples), 1.0 - share))
    return Audio(np.clip(audio.samples * drive, -1.0, 1.0), audio.sample_rate)


@pytest.mark.parametrize("gain", [0.3, pytest.param(0.9, marks=pytest.mark.long)])
def test_clipping_is_found_after_a_resampler_took_the_flat_tops(gain: float) -> None:
    rounded = resampled(clipped(signals.song(seconds=20), 0.03), 48_000)
    clipping = measure(Audio(rounded.samples * np.float32(gain), 48_000), "clipping").defects.clipping
    assert clipping.runs == 0
    assert clipping.rounded_tops >= 100
    assert clipping.rounded_level_dbfs == pytest.approx(20 * np.log10(gain), abs=1.0)


def test_a_resampled_song_and_one_with_round_tops_are_clean() -> None:
    song = signals.song(seconds=20)
    for audio in (resampled(song, 48_000), Audio(np.tanh(2 * song.samples), 44_100), signals.sine(100.0, -1.0, 10.0)):
        assert measure(audio, "clipping").defects.clipping.rounded_tops == 0


def test_blocks_of_any_size_give_the_same_tops() -> None:
    audio = resampled(clipped(signals.song(seconds=10), 0.03), 48_000)
    from songkit.analysis.rounded import RoundedMeter

    found = []
    for frames in (997, 48_000, audio.frames):
        meter = RoundedMeter(audio.format)
        for start in range(0, audio.frames, frames):
            meter.push(audio.samples[:, start : start + frames])
        found.append(meter.result())
    assert found[0] == found[1] == found[2] and found[0].tops


def test_a_moment_that_hangs_is_found_where_it_is() -> None:
    song = signals.song(seconds=24)
    samples = song.samples.copy()
    start, end, length = 10 * 44_100, 18 * 44_100, 2048
    moment = samples[:, round(9.3 * 44_100) : round(9.3 * 44_100) + length]
    samples[:, start:end] = np.tile(moment, (end - start) // length + 1)[:, : end - start]
    analysis = measure(Audio(samples, 44_100), "spectrum")
    (stuck,) = [finding for finding in analysis.findings if finding.code == "stuck"]
    assert stuck.start_seconds == pytest.approx(10.0, abs=1.5)
    assert stuck.end_seconds == pytest.approx(18.0, abs=1.5)
    assert measure(song, "spectrum").spectrum.held == ()


@pytest.mark.parametrize("kind", ["organ", "strings", pytest.param("pad", marks=pytest.mark.long), "drone"])
def test_music_that_stands_still_by_nature_did_not_get_stuck(kind: str) -> None:
    assert not codes(measure(signals.held_chords(kind), "spectrum", "loudness")) & {"stuck", "noise-only", "repetition"}


@pytest.mark.parametrize("channels", [1, 2])
def test_noise_is_no_moment_that_hangs(channels: int) -> None:
    found = codes(measure(signals.noise(-20.0, 20.0, 44_100, channels), "spectrum"))
    assert "noise-only" in found and "stuck" not in found


@pytest.mark.parametrize("make", [signals.noise, pytest.param(signals.pink, marks=pytest.mark.long)])
def test_noise_of_another_colour_within_a_song_is_found(make: object) -> None:
    samples = signals.song(seconds=20).samples.copy()
    samples[:, 441_000 : 441_000 + 5 * 44_100] = make(-18.0, 5.0, 44_100).samples  # type: ignore[operator]
    (span,) = measure(Audio(samples, 44_100), "spectrum").spectrum.noise
    assert span.start_seconds == pytest.approx(10.0, abs=1.0)
    assert span.end_seconds == pytest.approx(15.0, abs=1.0)


def test_what_was_clipped_earlier_ranks_below_its_clean_twin() -> None:
    song = signals.song(seconds=20)
    broken = measure(resampled(clipped(song, 0.02), 48_000))
    clean = measure(resampled(song, 48_000))
    assert "clipped-earlier" in codes(broken) and "clipped-earlier" not in codes(clean)
    assert broken.score is not None and clean.score is not None
    assert broken.score.total < clean.score.total
