"""One gain ahead of the thresholds: a quiet take and a loud one come out of the same chain the same."""

from __future__ import annotations

import numpy as np
import pytest

from songkit import chains
from songkit.analysis.loudness import LoudnessMeter
from songkit.audio import Audio
from songkit.blocks import AudioSource, collect
from songkit.chains import Chain
from songkit.errors import ChainError
from songkit.master.level import Level
from songkit.units import db_to_gain
from tests import signals, stages


def loudness_lufs(audio: Audio) -> float | None:
    meter = LoudnessMeter(audio.format)
    meter.push(audio.samples)
    return meter.result().integrated_lufs


def at(audio: Audio, gain_db: float) -> Audio:
    return Audio(audio.samples * np.float32(db_to_gain(gain_db)), audio.sample_rate, audio.layout)


@pytest.mark.parametrize("gain_db", [-36.0, 0.0, 12.0])
def test_any_level_comes_to_the_loudness_that_was_asked_by_gain_alone(gain_db: float) -> None:
    programme = at(signals.pink(-20, 3.0), gain_db)
    result = Audio(stages.run(Level(target_lufs=-18), programme), programme.sample_rate, programme.layout)
    assert loudness_lufs(result) == pytest.approx(-18, abs=0.01)
    ratio = result.samples / programme.samples
    np.testing.assert_allclose(ratio, ratio[0, 0], rtol=1e-6)


def test_it_tells_what_it_found_and_did() -> None:
    told = stages.facts(Level(target_lufs=-18), signals.pink(-30, 3.0))
    assert told["gain_db"] == pytest.approx(-18 - told["loudness_before_lufs"], abs=0.01)


def test_the_gain_has_a_limit_and_silence_has_none() -> None:
    assert stages.facts(Level(max_gain_db=6), signals.pink(-60, 3.0))["gain_db"] == 6.0
    silence = Audio(np.zeros((2, 48_000), np.float32), 48_000)
    np.testing.assert_array_equal(stages.run(Level(), silence), silence.samples)


def test_less_than_a_gating_block_is_measured_whole() -> None:
    short = signals.pink(-30, 0.2)
    told = stages.facts(Level(target_lufs=-18), short)
    assert told["loudness_before_lufs"] is not None
    assert told["gain_db"] > 5


def test_the_podcast_chain_gives_the_same_whatever_the_recording_level() -> None:
    chain = Chain.load("podcast")
    speech = signals.pink(-24, 4.0, channels=1)
    swell = np.abs(np.sin(np.linspace(0, 9, speech.frames))).astype(np.float32)
    speech = Audio(speech.samples * swell, speech.sample_rate, speech.layout)
    results = []
    for gain_db in (-24.0, 0.0):
        rendered = chains.render(chain.steps, AudioSource(at(speech, gain_db)))
        results.append(collect(rendered.blocks(), rendered.format).samples)
    np.testing.assert_allclose(results[0], results[1], atol=2e-4)


def test_a_target_above_full_scale_is_refused() -> None:
    with pytest.raises(ChainError, match="target_lufs"):
        Chain.parse("steps: [level: {target_lufs: 3}]", "chain.yaml")
