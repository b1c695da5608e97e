"""Peaks against loudness over time, overs between samples, the histogram: known answers."""

from __future__ import annotations

import numpy as np
import pytest

from songkit.analysis import Analysis, analyze
from songkit.audio import Audio
from songkit.blocks import AudioSource
from songkit.dsp.truepeak import TruePeakMeter
from songkit.dsp.truepeak_pieces import TruePeakPieces
from tests.signals import noise, silence, sine, song


def measure(audio: Audio) -> Analysis:
    return analyze(AudioSource(audio), meters=["loudness", "peaks"])


def joined(*parts: Audio) -> Audio:
    return Audio(np.concatenate([part.samples for part in parts], axis=1), parts[0].sample_rate)


def test_psr_of_a_steady_sine_is_its_peak_over_its_loudness() -> None:
    loudness = measure(sine(997, -20.0, 10.0)).loudness
    assert loudness.psr_min_lu == pytest.approx(0.0, abs=0.02)
    assert loudness.psr_min_lu == pytest.approx(loudness.plr_lu, abs=0.02)


def test_psr_is_lowest_in_the_dense_part() -> None:
    loose, dense = noise(-20.0, 8.0), sine(997, -14.0, 8.0)
    loudness = measure(joined(loose, dense, loose)).loudness
    assert loudness.psr_min_lu == pytest.approx(0.0, abs=0.1)
    assert 11.0 <= (loudness.psr_min_seconds or 0) <= 16.0
    assert (loudness.plr_lu or 0) > 4.0


def test_a_fade_out_does_not_count_as_dense() -> None:
    loudness = measure(joined(noise(-20.0, 10.0), sine(997, -60.0, 8.0))).loudness
    assert (loudness.psr_min_lu or 0) > 6.0


def test_psr_says_why_it_is_missing() -> None:
    analysis = measure(sine(997, -20.0, 2.0))
    assert analysis.loudness.psr_min_lu is None
    assert "3 s" in analysis.undefined["loudness.psr_min_lu"]


def test_pieces_and_the_plain_meter_read_the_same_peak_at_the_same_place() -> None:
    audio = song(6.0)
    plain, pieces = TruePeakMeter(2), TruePeakPieces(2, 4410)
    for meter in (plain, pieces):
        meter.push(audio.samples)
    whole = pieces.result()
    assert whole.whole.peaks == pytest.approx(plain.result().peaks, rel=1e-6)
    assert len(whole.pieces) == 60
    samples = np.abs(audio.samples).max(axis=0).reshape(60, 4410).max(axis=1)
    assert np.all(whole.pieces >= samples - 1e-6)
    assert np.median(whole.pieces / samples) < 1.1


def test_overs_are_counted_by_region() -> None:
    samples = song(8.0).samples * np.float32(0.5)
    for second in (1, 3, 5):
        # Two equal samples: the top between them is 4/pi times as high.
        samples[:, second * 44_100 : second * 44_100 + 2] = 0.9
    overs = measure(Audio(samples, 44_100)).peaks.overs
    assert overs.count == 3
    assert [round(span.start_seconds) for span in overs.spans] == [1, 3, 5]
    assert measure(sine(11_025, -0.3, 2.0, 44_100, phase_degrees=45)).peaks.overs.count == 0


def test_a_file_full_of_overs_is_one_region_where_they_touch() -> None:
    overs = measure(sine(12_000, 2.0, 1.0, phase_degrees=45)).peaks.overs
    assert overs.count == 1
    assert overs.spans[0].end_seconds == pytest.approx(1.0, abs=0.01)


def test_the_histogram_holds_the_share_of_the_time() -> None:
    parts = joined(sine(997, -20.0, 23.0), sine(997, -30.0, 23.0))
    histogram = measure(parts).loudness.histogram
    assert sum(histogram.values()) == pytest.approx(1.0)
    assert histogram["-20"] == pytest.approx(0.465, abs=0.01)
    assert histogram["-30"] == pytest.approx(0.465, abs=0.01)
    assert measure(silence(5.0)).loudness.histogram == {}
