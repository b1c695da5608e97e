"""Findings name figures, the score ranks broken takes below their clean twins, profiles say what is broken."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from songkit.analysis import Analysis, analyze, profiles
from songkit.analysis.document import parse
from songkit.analysis.findings import RULES
from songkit.analysis.profiles import Profile, judge
from songkit.analysis.score import Weights, load_weights, score
from songkit.audio import Audio
from songkit.blocks import AudioSource
from songkit.errors import UsageError
from tests.signals import noise, silence, sine, song


def measure(audio: Audio) -> Analysis:
    return analyze(AudioSource(audio))


def joined(*parts: Audio) -> Audio:
    return Audio(np.concatenate([part.samples for part in parts], axis=1), parts[0].sample_rate)


TAKE = song(30.0)
CLEAN = measure(TAKE)

BROKEN = {
    "nonfinite": lambda x: np.where(np.arange(x.shape[1]) == 9999, np.nan, x),
    "clipped": lambda x: np.clip(x * 8, -1, 1),
    "dead-head": lambda x: np.concatenate([np.zeros((2, 132_300)), x], axis=1),
    "late-collapse": lambda x: np.concatenate([x, x * 0.01], axis=1),
    "dc-offset": lambda x: x + 0.05,
    "inverted-channel": lambda x: np.stack([x[0], -x[0]]),
    "imbalance": lambda x: x * np.array([[1.0], [0.5]]),
    "dual-mono": lambda x: np.stack([x[0], x[0]]),
    "true-peak-over": lambda x: x * 2.4,
    "gap": lambda x: np.concatenate([x, np.zeros((2, 132_300)), x], axis=1),
    "long-tail": lambda x: np.concatenate([x, np.zeros((2, 300_000))], axis=1),
}


@cache
def broken(code: str) -> Analysis:
    return measure(Audio(np.asarray(BROKEN[code](TAKE.samples), np.float32), TAKE.sample_rate))


@pytest.mark.parametrize("code", BROKEN)
def test_a_planted_defect_is_found_and_named(code: str) -> None:
    assert code not in {finding.code for finding in CLEAN.findings}
    finding = next(finding for finding in broken(code).findings if finding.code == code)
    assert finding.measured
    assert finding.advice


@pytest.mark.parametrize(
    ("audio", "code"),
    [(silence(6.0), "silent"), (noise(-20, 6.0), "noise-only"), (Audio(np.zeros((2, 0), np.float32), 44_100), "empty")],
)
def test_what_is_no_music_is_said_first(audio: Audio, code: str) -> None:
    first = measure(audio).findings[0]
    assert (first.code, first.severity) == (code, "error")


def test_codes_are_unique_and_every_rule_advises() -> None:
    assert len({rule.code for rule in RULES}) == len(RULES)
    assert all(rule.advice for rule in RULES)


@pytest.mark.parametrize("code", ["nonfinite", "clipped", "dead-head", "late-collapse", "inverted-channel", "gap"])
def test_a_broken_take_ranks_below_its_clean_twin(code: str) -> None:
    spoiled = broken(code).score
    assert CLEAN.score is not None
    assert spoiled is not None
    assert spoiled.total < CLEAN.score.total - 1.0


def test_a_take_does_not_win_by_loudness_or_by_repeating_itself() -> None:
    assert CLEAN.score is not None
    quieter = measure(Audio(TAKE.samples * np.float32(0.25), 44_100)).score
    assert quieter is not None
    assert quieter.total == pytest.approx(CLEAN.score.total, abs=1.0)
    squashed = measure(Audio(np.tanh(TAKE.samples * 12).astype(np.float32), 44_100)).score
    assert squashed is not None
    assert squashed.total < CLEAN.score.total - 5
    loop = measure(joined(*[Audio(TAKE.samples[:, :88_200], 44_100)] * 15)).score
    assert loop is not None
    terms = {term.name: term for term in loop.terms}
    assert terms["spectrum.repetition"].reached < 0.05
    assert loop.total < CLEAN.score.total


@pytest.mark.parametrize(
    ("spoiled", "gate"),
    [
        (silence(10.0), "not-silent"),
        (noise(-20, 10.0), "not-noise"),
        (song(2.0), "long-enough"),
        ("nonfinite", "finite"),
        ("clipped", "not-clipped"),
        ("dead-head", "no-dead-head"),
        ("late-collapse", "no-collapse"),
    ],
)
def test_gates_close(spoiled: Audio | str, gate: str) -> None:
    result = (broken(spoiled) if isinstance(spoiled, str) else measure(spoiled)).score
    assert result is not None
    assert gate in {entry.name for entry in result.gates if not entry.passed}
    assert result.total == 0.0
    assert not result.valid


def test_the_total_is_the_sum_of_what_is_explained() -> None:
    assert CLEAN.score is not None
    rows = CLEAN.score.explain()
    assert CLEAN.score.valid
    assert sum(float(str(row["contribution"])) for row in rows) == pytest.approx(CLEAN.score.total)
    assert sum(float(str(row["weight"])) for row in rows) == pytest.approx(100.0)
    assert 0.0 < CLEAN.score.total <= 100.0


def test_own_weights_are_read_strictly(tmp_path: Path) -> None:
    text = "version: mine\ngates: " + load_weights().gates.model_dump_json() + "\nterms: {}\n"
    path = tmp_path / "weights.yaml"
    path.write_text(text)
    assert score(CLEAN, load_weights(path)).version == "mine"
    with pytest.raises(UsageError, match="unknown key tarms"):
        parse(text.replace("terms", "tarms"), Weights, "weights.yaml")


@pytest.mark.parametrize("name", profiles.names())
def test_every_profile_loads_and_can_be_judged(name: str) -> None:
    assert profiles.load(name).name == name
    for limit in judge(CLEAN, name):
        assert limit.path in limit.message


def test_profiles_break_where_they_should() -> None:
    assert judge(CLEAN, "raw-generation") == ()
    target = measure(sine(997, -23.0, 20.0))
    assert judge(target, "broadcast-r128") == ()
    louder = measure(sine(997, -22.0, 20.0))
    assert [limit.path for limit in judge(louder, "broadcast-r128")] == ["loudness.integrated_lufs"]
    quiet = measure(silence(6.0))
    missing = next(limit for limit in judge(quiet, "streaming") if limit.path == "loudness.integrated_lufs")
    assert missing.value is None
    assert "silence" in missing.reason


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: a\nabout: b\nlimits: {peaks.true_peek_dbtp: {max: -1}}", "no figure 'peaks.true_peek_dbtp'"),
        ("name: a\nabout: b\nlimits: {peaks.true_peak_dbtp: {most: -1}}", "unknown key"),
        ("name: a\nabout: b\nlimits: {peaks.true_peak_dbtp: {}}", "needs min, max or both"),
        ("name: a\nabout: b\nlimits: {peaks.true_peak_dbtp: {min: 1, max: 0}}", "above max"),
        ("name: &a a\nabout: *a\nlimits: {}", "line 1: anchors"),
        ("name: [", "line 1"),
        ("- 1", "dictionary"),
        ("name: !!python/object/apply:os.system [ls]\nabout: x\nlimits: {}", "line 1"),
    ],
)
def test_a_wrong_profile_is_refused_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=message):
        profiles.load(path)


def test_an_unknown_profile_gets_near_names() -> None:
    with pytest.raises(UsageError) as caught:
        profiles.load("podcasts")
    assert "podcast" in caught.value.hint


def test_an_own_profile_counts_lists_and_findings() -> None:
    own = Profile.model_validate({"name": "own", "about": "", "limits": {"findings": {"max": 0}}})
    assert judge(broken("dc-offset"), own)[0].value >= 1  # type: ignore[operator]
