"""Planted defects are found at their times, and clean music has none."""

from __future__ import annotations

import numpy as np
import pytest

from songkit.analysis import Analysis, Events, analyze
from songkit.audio import Audio
from songkit.blocks import AudioSource
from tests.signals import noise, pink, silence, sine, song, swells

DETECTORS = ("clipping", "silence", "clicks", "dropouts", "hum")


def measure(audio: Audio, *meters: str) -> Analysis:
    return analyze(AudioSource(audio), meters=meters or None)


def hits(events: Events, times: list[float], within_seconds: float = 0.005) -> tuple[int, int]:
    """How many of the times were found, and how many events belong to none of them."""
    starts = [span.start_seconds for span in events.spans]
    found = sum(any(abs(start - time) <= within_seconds for start in starts) for time in times)
    wrong = sum(all(abs(start - time) > within_seconds for time in times) for start in starts)
    return found, wrong


@pytest.mark.parametrize(
    "audio",
    [song(20.0), song(20.0, 48_000, seed=4), swells(), noise(-20, 20.0), pink(-20, 20.0), sine(49.0, -3.0, 20.0)],
)
def test_clean_signals_have_no_defects(audio: Audio) -> None:
    defects = measure(audio, *DETECTORS).defects
    assert defects.clipping.runs == 0
    assert defects.clicks.count == 0
    assert defects.dropouts.count == 0
    assert defects.hum.frequency_hz is None
    assert defects.silence.inside == ()


@pytest.mark.parametrize("above_db", [10, 20, 30])
def test_clicks_are_found_where_they_were_planted(above_db: float) -> None:
    audio = swells()
    samples, rng = audio.samples.copy(), np.random.default_rng(above_db)
    times = [0.5 + 0.45 * index + rng.uniform(0, 0.1) for index in range(40)]
    for time in times:
        at = round(time * audio.sample_rate)
        rms = np.sqrt(np.mean(samples[:, at - 500 : at + 500] ** 2))
        samples[:, at] += np.float32(rms * 10 ** (above_db / 20) * rng.choice([-1, 1]))
    found, wrong = hits(measure(Audio(samples, audio.sample_rate), "clicks").defects.clicks, times)
    assert found >= 38
    assert wrong <= 2


@pytest.mark.parametrize("milliseconds", [5, 20, 100])
def test_dropouts_are_found_where_they_were_planted(milliseconds: int) -> None:
    audio = swells()
    samples = audio.samples.copy()
    times = [0.7 + 0.613 * index for index in range(30)]
    for time in times:
        at = round(time * audio.sample_rate)
        samples[:, at : at + round(milliseconds * audio.sample_rate / 1000)] = 0.0
    dropouts = measure(Audio(samples, audio.sample_rate), "dropouts").defects.dropouts
    found, wrong = hits(dropouts, times)
    assert found >= 29
    assert wrong == 0
    assert dropouts.spans[0].end_seconds - dropouts.spans[0].start_seconds == pytest.approx(
        milliseconds / 1000, abs=1e-3
    )


def test_a_pause_between_notes_is_no_dropout() -> None:
    audio = sine(440, -6, 4.0)
    envelope = np.clip(np.abs((np.arange(audio.frames) / 48_000) % 0.5 - 0.25) * 20 - 1, 0, 1).astype(np.float32)
    assert measure(Audio(audio.samples * envelope, 48_000), "dropouts").defects.dropouts.count == 0


@pytest.mark.parametrize("mains_hz", [50.0, 60.0])
@pytest.mark.parametrize("level_dbfs", [-50.0, -40.0])
def test_hum_is_found_with_its_frequency_and_level(mains_hz: float, level_dbfs: float) -> None:
    audio = song(20.0)
    time = np.arange(audio.frames) / audio.sample_rate
    hum = sum(np.sin(2 * np.pi * mains_hz * k * time) / k for k in (1, 2, 3))
    hum *= 10 ** (level_dbfs / 20) / np.sqrt(np.mean(hum**2))
    found = measure(Audio(audio.samples + hum.astype(np.float32), audio.sample_rate), "hum").defects.hum
    assert found.frequency_hz == mains_hz
    assert found.level_dbfs == pytest.approx(level_dbfs, abs=3.0)


def test_hum_needs_ten_seconds() -> None:
    analysis = measure(song(5.0), "hum")
    assert analysis.undefined["defects.hum"] == "needs 10 s"
    assert analysis.to_dict()["defects"]["hum"] is None


@pytest.mark.parametrize("lowered", [1.0, 0.4])
@pytest.mark.parametrize("bits", [None, 16])
def test_flat_tops_are_found_at_full_scale_and_below(lowered: float, bits: int | None) -> None:
    samples = np.clip(swells().samples * 6.0, -1.0, 1.0) * np.float32(lowered)
    if bits:
        samples = np.round(samples * 2 ** (bits - 1)) / np.float32(2 ** (bits - 1))
    clipping = measure(Audio(np.clip(samples, -1, 1 - 2**-15), 44_100), "clipping").defects.clipping
    assert clipping.runs > 50
    assert clipping.level_dbfs == pytest.approx(20 * np.log10(lowered), abs=0.01)
    assert clipping.spans


def test_a_single_run_of_three_at_full_scale_is_found_at_its_time() -> None:
    samples = swells().samples.copy()
    samples[1, 44_100:44_103] = 1.0
    clipping = measure(Audio(samples, 44_100), "clipping").defects.clipping
    assert (clipping.runs, clipping.samples) == (1, 3)
    assert clipping.spans[0].start_seconds == pytest.approx(1.0)


def test_a_loud_bass_tone_is_not_clipped() -> None:
    assert measure(sine(40.0, -0.01, 3.0), "clipping").defects.clipping.runs == 0


def test_silence_at_head_tail_and_inside() -> None:
    tone = sine(440, -10, 2.0).samples
    parts = [silence(1.5).samples, tone, silence(3.0).samples, tone, silence(0.75).samples]
    found = measure(Audio(np.concatenate(parts, axis=1), 48_000), "silence").defects.silence
    assert found.head_seconds == pytest.approx(1.5, abs=0.011)
    assert found.tail_seconds == pytest.approx(0.75, abs=0.011)
    assert found.inside_seconds == pytest.approx(3.0, abs=0.021)
    assert found.inside[0].start_seconds == pytest.approx(3.5, abs=0.011)


def test_non_finite_samples_are_counted_located_and_measured_as_zero() -> None:
    clean = song(4.0)
    samples = clean.samples.copy()
    samples[0, 88_200:88_210] = np.nan
    samples[1, 132_300] = -np.inf
    analysis = measure(Audio(samples, 44_100))
    assert analysis.defects.nonfinite_samples == 11
    assert [span.count for span in analysis.defects.nonfinite.spans] == [10, 1]
    assert analysis.defects.nonfinite.spans[0].start_seconds == pytest.approx(2.0)
    assert analysis.loudness.integrated_lufs == pytest.approx(
        measure(clean, "loudness").loudness.integrated_lufs, abs=0.05
    )
    assert analysis.findings[0].code == "nonfinite"
