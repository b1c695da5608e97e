"""Third-octaves, sibilance and harshness, resonances, noise of any colour, loops, phase: known answers."""

from __future__ import annotations

import numpy as np
import pytest

from songkit.analysis import Analysis, analyze
from songkit.audio import Audio
from songkit.blocks import AudioSource
from tests.signals import noise, pink, sine, song, swells


def measure(audio: Audio, *meters: str) -> Analysis:
    return analyze(AudioSource(audio), meters=meters or None)


def codes(audio: Audio) -> set[str]:
    return {finding.code for finding in measure(audio, "spectrum").findings}


def brown(seconds: float = 12.0) -> Audio:
    walk = np.cumsum(noise(-20.0, seconds).samples, axis=1, dtype=np.float64)
    hz = np.fft.rfftfreq(walk.shape[1], 1 / 48_000)
    walk = np.fft.irfft(np.fft.rfft(walk) * (hz > 20), n=walk.shape[1])
    return Audio((0.3 * walk / np.abs(walk).max()).astype(np.float32), 48_000)


def test_a_third_octave_holds_the_level_of_its_tone_and_of_no_other() -> None:
    thirds = measure(sine(2500.0, -10.0, 4.0), "spectrum").spectrum.third_octaves_db
    assert thirds is not None
    assert list(thirds)[:3] == ["20", "25", "31.5"]
    assert thirds["2500"] == pytest.approx(-13.01, abs=0.05)
    assert max(level for centre, level in thirds.items() if centre != "2500" and level is not None) < -60


def test_pink_noise_has_equal_third_octaves() -> None:
    thirds = measure(pink(-20.0, 12.0), "spectrum").spectrum.third_octaves_db
    assert thirds is not None
    middle = [level for centre, level in thirds.items() if level is not None and 200 <= float(centre) <= 10_000]
    assert np.ptp(middle) < 1.0


def test_bands_against_the_body_do_not_move_with_level() -> None:
    both = [measure(pink(level, 8.0), "spectrum").spectrum for level in (-20.0, -40.0)]
    # Pink noise has equal power per octave: 1 and 1.32 octaves against 3.32.
    assert both[0].sibilance_db == pytest.approx(10 * np.log10(1 / np.log2(10)), abs=0.2)
    assert both[0].harshness_db == pytest.approx(10 * np.log10(np.log2(2.5) / np.log2(10)), abs=0.2)
    assert both[0].sibilance_db == pytest.approx(both[1].sibilance_db, abs=0.01)


def test_a_low_rate_has_no_sibilance_and_says_so() -> None:
    analysis = measure(noise(-20.0, 4.0, 16_000), "spectrum")
    assert analysis.spectrum.sibilance_db is None
    assert analysis.undefined["spectrum.sibilance_db"]


def test_a_whistle_through_the_music_is_a_resonance() -> None:
    whistle = sine(3137.0, -40.0, 20.0, 44_100).samples
    lines = measure(Audio(song(20.0).samples + whistle, 44_100), "spectrum").spectrum.resonances
    assert any(abs(line.hz - 3137.0) < 12 and line.above_db > 15 for line in lines)


@pytest.mark.parametrize("audio", [noise(-20.0, 12.0), pink(-30.0, 12.0), brown(), noise(-20.0, 12.0, channels=1)])
def test_noise_of_any_colour_is_no_music(audio: Audio) -> None:
    analysis = measure(audio)
    assert analysis.findings[0].code == "noise-only"
    assert analysis.score is not None
    assert "not-noise" in {gate.name for gate in analysis.score.gates if not gate.passed}


@pytest.mark.parametrize("audio", [song(20.0), swells(12.0)])
def test_music_is_not_noise(audio: Audio) -> None:
    assert (measure(audio, "spectrum").spectrum.noisiness or 0) < 0.4
    assert "noise-only" not in codes(audio)


def test_a_song_that_ends_in_noise_says_where() -> None:
    music, hiss = song(20.0), pink(-25.0, 8.0, 44_100)
    audio = Audio(np.concatenate([music.samples, hiss.samples], axis=1), 44_100)
    finding = next(finding for finding in measure(audio, "spectrum").findings if finding.code == "noise-only")
    assert finding.severity == "warning"
    assert finding.start_seconds == pytest.approx(20.0, abs=1.0)


def test_a_song_that_gets_stuck_is_heard_in_its_last_third() -> None:
    music = song(24.0).samples
    stuck = np.concatenate([music, *[music[:, 441_000:529_200]] * 9], axis=1)
    analysis = measure(Audio(stuck, 44_100), "spectrum")
    finding = next(finding for finding in analysis.findings if finding.code == "repetition")
    assert finding.start_seconds == pytest.approx(28.0, abs=0.5)
    assert "repetition" not in codes(song(40.0))


def test_a_drone_is_static() -> None:
    assert "static" in codes(sine(220.0, -20.0, 15.0))
    assert "static" not in codes(song(15.0))


def test_a_stretch_out_of_phase_is_named_with_its_times() -> None:
    samples = song(20.0).samples.copy()
    samples[1, 5 * 44_100 : 8 * 44_100] = -samples[0, 5 * 44_100 : 8 * 44_100]
    found = measure(Audio(samples, 44_100), "stereo").findings
    finding = next(finding for finding in found if finding.code == "out-of-phase")
    assert finding.start_seconds == pytest.approx(5.0, abs=0.11)
    assert finding.end_seconds == pytest.approx(8.0, abs=0.11)


def test_width_by_band_tells_a_wide_treble_from_a_narrow_bass() -> None:
    low, high = sine(125.0, -20.0, 4.0), noise(-40.0, 4.0)
    width = measure(Audio(low.samples + high.samples, 48_000), "spectrum").spectrum.width_bands_db
    assert width is not None
    assert (width["125"] or 0) < -30
    assert width["4000"] == pytest.approx(0.0, abs=0.3)
    mono = measure(sine(125.0, -20.0, 2.0, channels=1), "spectrum")
    assert "front" in mono.undefined["spectrum.width_bands_db"]
