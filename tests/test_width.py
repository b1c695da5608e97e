"""Width by band, mono bass, mid and side: the mono sum is safe, and what is to stay stays."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from songkit.audio import Audio, Samples
from songkit.blocks import SourceInfo
from songkit.master.processor import Processor
from songkit.master.width import MidSide, MonoBass, Width
from tests import signals
from tests.stages import ODD_SIZES, info, run

RATE = 48_000


def impulse(left: float = 1.0, right: float = 0.0) -> Audio:
    samples = np.zeros((2, RATE), np.float32)
    samples[:, 0] = left, right
    return Audio(samples, RATE)


def gain_db(samples: Samples, frequency_hz: float) -> float:
    return float(20 * np.log10(np.abs(np.fft.rfft(samples.astype(float))[round(frequency_hz)]) + 1e-12))


def mid(samples: Samples) -> Samples:
    return (samples[0] + samples[1]) / 2


def side(samples: Samples) -> Samples:
    return (samples[0] - samples[1]) / 2


BANDED = Width(widths=(0.0, 1.0, 2.0), crossovers_hz=(200, 4_000))


def test_each_band_of_the_side_gets_its_width() -> None:
    answer = run(BANDED, impulse(1.0, -1.0))
    assert gain_db(side(answer), 20) < -55
    assert gain_db(side(answer), 900) == pytest.approx(0, abs=0.05)
    assert gain_db(side(answer), 20_000) == pytest.approx(6.02, abs=0.05)


@pytest.mark.parametrize("step", [BANDED, MonoBass(), Width(widths=(1.7,))], ids=lambda step: type(step).__name__)
def test_the_mono_sum_keeps_its_magnitude(step: Processor) -> None:
    answer = mid(run(step, impulse(1.0, 0.0)))
    given = -6.0206
    assert [gain_db(answer, hz) for hz in (30, 119, 200, 1_000, 4_000, 15_000)] == pytest.approx([given] * 6, abs=0.01)


def test_neighbours_of_one_width_meet_flat() -> None:
    step = Width(widths=(1.0, 1.0, 1.5), crossovers_hz=(200, 12_000))
    answer = run(step, impulse(1.0, 0.0))
    assert [gain_db(answer[0], hz) for hz in (20, 100, 200, 400)] == pytest.approx([0] * 4, abs=0.01)
    assert gain_db(answer[1], 200) < -60


def test_bass_becomes_mono_and_the_rest_stays() -> None:
    answer = run(MonoBass(frequency_hz=120), impulse(1.0, -1.0))
    assert gain_db(side(answer), 30) < -45
    assert gain_db(side(answer), 120) == pytest.approx(-6.02, abs=0.01)
    assert gain_db(side(answer), 2_000) == pytest.approx(0, abs=0.01)
    left_only = run(MonoBass(frequency_hz=120), impulse(1.0, 0.0))
    assert gain_db(left_only[0], 30) == pytest.approx(gain_db(left_only[1], 30), abs=0.1)


def test_mid_and_side_gains_are_exact() -> None:
    audio = signals.noise(-20, 0.1)
    out = run(MidSide(mid_gain_db=-6, side_gain_db=3), audio)
    assert np.allclose(mid(out), mid(audio.samples) * 10 ** (-6 / 20), atol=1e-7)
    assert np.allclose(side(out), side(audio.samples) * 10 ** (3 / 20), atol=1e-7)


@pytest.mark.parametrize("step", [BANDED, MonoBass(), MidSide(side_gain_db=3)], ids=lambda step: type(step).__name__)
def test_of_surround_only_the_front_pair_changes(step: Processor) -> None:
    audio = signals.multichannel(0.3, 6)
    source = SourceInfo(audio.format, audio.frames)
    out = run(step, audio)
    through = step.dry(source)
    others = audio.samples if through is None else through.push(audio.samples.copy())
    assert np.array_equal(out[2:], others[2:])
    assert not np.allclose(out[:2], others[:2], atol=1e-3)


@pytest.mark.parametrize("step", [BANDED, MonoBass(), MidSide(mid_gain_db=3)], ids=lambda step: type(step).__name__)
def test_mono_is_left_alone(step: Processor) -> None:
    assert step.is_identity(info(channels=1)) and not step.is_identity(info(channels=2))


@pytest.mark.parametrize("step", [BANDED, MonoBass(), MidSide(side_gain_db=3)], ids=lambda step: type(step).__name__)
def test_blocks_of_odd_sizes_give_the_same(step: Processor) -> None:
    audio = signals.noise(-20, 0.3)
    assert np.array_equal(run(step, audio), run(step, audio, ODD_SIZES))


def test_settings_that_change_nothing_are_the_identity() -> None:
    assert Width().is_identity(info()) and MidSide().is_identity(info())
    assert Width(widths=(1, 1), crossovers_hz=(300,)).is_identity(info())


def test_bands_that_do_not_fit_are_refused() -> None:
    for settings in (
        {"widths": (1.0, 2.0)},
        {"widths": (1.0, 2.5), "crossovers_hz": (300,)},
        {"widths": (1.0, 1.0, 1.0), "crossovers_hz": (300, 200)},
        {"widths": (1.0, 1.0), "crossovers_hz": (5,)},
    ):
        with pytest.raises(ValidationError):
            Width.model_validate(settings)
    assert "half the sample rate" in (Width(widths=(1, 0), crossovers_hz=(5_000,)).check(info(8_000)) or "")
