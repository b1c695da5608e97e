"""Reference matching: differences that are known are found, made up for by their share, and nothing else is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from songkit.analysis import analyze
from songkit.audio import Audio
from songkit.blocks import AudioSource
from songkit.chains import Chain, run
from songkit.deliver import master_file
from songkit.errors import ChainError, InputError, SignalError
from songkit.master.eq import Eq
from songkit.master.match import Match
from songkit.report.html import master_page
from tests import signals, stages
from tests.references import written

RATE = 44_100
BELL_HZ = 1000.0


def step(*paths: Path, **settings: Any) -> Match:
    values = {"spectrum": 1.0, "width": 0.0, **settings}
    return Match.model_validate({"references": [{"path": str(path)} for path in paths], **values})


def bell(audio: Audio, gain_db: float, frequency_hz: float = BELL_HZ) -> Audio:
    eq = Eq.model_validate({"bands": [{"shape": "bell", "frequency_hz": frequency_hz, "gain_db": gain_db, "q": 0.7}]})
    return Audio(stages.run(eq, audio), audio.sample_rate, audio.layout)


def gain(facts: dict[str, Any], hz: float, curve: str = "gain_db") -> float:
    return float(facts[curve][int(np.argmin(np.abs(np.array(facts["frequencies_hz"]) - hz)))])


def width_db(samples: Any) -> float:
    left, right = samples.astype(np.float64)
    return float(10 * np.log10(np.sum((left - right) ** 2) / np.sum((left + right) ** 2)))


@pytest.mark.parametrize("phase", ["minimum", "linear"])
@pytest.mark.parametrize("level", [1.0, 0.25])
def test_a_song_matched_to_itself_stays_as_it_is(tmp_path: Path, phase: str, level: float) -> None:
    song = signals.song(6)
    quieter = written(Audio(song.samples * np.float32(level), RATE), tmp_path / "itself.wav")
    out = stages.run(step(quieter, width=1.0, phase=phase), song)
    error_db = 20 * np.log10(np.std(out - song.samples) / np.std(song.samples))
    assert error_db < -100  # 0.1 dB would be -39


@pytest.mark.parametrize("phase", ["minimum", "linear"])
def test_an_equaliser_of_the_reference_is_found_and_applied(tmp_path: Path, phase: str) -> None:
    own = signals.pink(-20, 8, RATE)
    reference = written(bell(own, 4.0), tmp_path / "reference.wav")
    matching = step(reference, phase=phase)
    facts = stages.facts(matching, own)
    assert gain(facts, BELL_HZ) - gain(facts, 60) == pytest.approx(4.0, abs=0.4)
    assert gain(facts, BELL_HZ) - gain(facts, 14_000) == pytest.approx(4.0, abs=0.4)
    again = stages.facts(matching, Audio(stages.run(matching, own), RATE))
    assert np.max(np.abs(again["gain_db"])) < 0.25


def test_the_filter_has_the_gain_that_is_told(tmp_path: Path) -> None:
    own = signals.pink(-20, 8, RATE)
    reference = written(bell(own, 5.0, 300.0), tmp_path / "reference.wav")
    for phase in ("minimum", "linear"):
        matching = step(reference, phase=phase)
        facts, out = stages.facts(matching, own), stages.run(matching, own)
        for hz in (50, 300, 1000, 8000):
            window = np.hanning(own.frames)
            at = slice(round(hz * 0.9 * own.seconds), round(hz * 1.1 * own.seconds))
            power = [np.sum(np.abs(np.fft.rfft(each[0] * window)[at]) ** 2) for each in (out, own.samples)]
            assert 10 * np.log10(power[0] / power[1]) == pytest.approx(gain(facts, hz), abs=0.15)


def test_the_loudness_stays_where_it_is_not_matched(tmp_path: Path) -> None:
    own = signals.pink(-20, 6, RATE)
    loud = bell(Audio(own.samples * np.float32(3.0), RATE), 6.0)
    out = stages.run(step(written(loud, tmp_path / "loud.wav"), width=1.0), own)
    assert lufs(out) == pytest.approx(lufs(own.samples), abs=0.1)


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_loudness_comes_nearer_by_its_share(tmp_path: Path, share: float) -> None:
    own = signals.pink(-26, 6, RATE)
    loud = bell(Audio(own.samples * np.float32(2.0), RATE), 3.0)
    out = stages.run(step(written(loud, tmp_path / "loud.wav"), loudness=share), own)
    difference = lufs(loud.samples) - lufs(own.samples)
    assert lufs(out) - lufs(own.samples) == pytest.approx(share * difference, abs=0.1)


def test_the_spectrum_comes_nearer_by_its_share_and_within_its_limit(tmp_path: Path) -> None:
    own = signals.pink(-20, 6, RATE)
    reference = written(bell(own, 12.0), tmp_path / "reference.wav")
    full = stages.facts(step(reference, limit_db=20), own)
    half = stages.facts(step(reference, limit_db=20, spectrum=0.5), own)
    span = [gain(facts, BELL_HZ) - gain(facts, 60) for facts in (full, half)]
    assert span[1] == pytest.approx(span[0] / 2, abs=0.01)
    limited = stages.facts(step(reference, limit_db=3), own)
    assert max(limited["gain_db"]) == pytest.approx(3.0, abs=1e-3)
    assert min(limited["gain_db"]) >= -3.0


def test_several_references_count_by_their_weight(tmp_path: Path) -> None:
    own = signals.pink(-20, 6, RATE)
    up, down = written(bell(own, 6.0), tmp_path / "up.wav"), written(bell(own, -3.0), tmp_path / "down.wav")
    both = Match.model_validate(
        {"references": [{"path": str(up)}, {"path": str(down), "weight": 2.0}], "spectrum": 1.0, "width": 0.0}
    )
    facts = stages.facts(both, own)
    assert gain(facts, BELL_HZ) - gain(facts, 60) == pytest.approx(0.0, abs=0.3)  # (6 - 2 * 3) / 3


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_width_comes_nearer_by_its_share(tmp_path: Path, share: float) -> None:
    own = signals.pink(-20, 6, RATE)
    left, right = own.samples
    narrow = Audio(np.stack([0.75 * left + 0.25 * right, 0.25 * left + 0.75 * right]), RATE)  # side halved
    out = stages.run(step(written(narrow, tmp_path / "narrow.wav"), width=share), own)
    difference = width_db(narrow.samples) - width_db(own.samples)
    assert width_db(out) - width_db(own.samples) == pytest.approx(share * difference, abs=0.1)
    assert lufs(out) == pytest.approx(lufs(own.samples), abs=0.1)


def test_mid_and_side_have_curves_of_their_own(tmp_path: Path) -> None:
    own = signals.pink(-20, 8, RATE)
    eq = Eq.model_validate({"bands": [{"shape": "bell", "frequency_hz": 3000, "gain_db": 5, "q": 1, "target": "side"}]})
    reference = written(Audio(stages.run(eq, own), RATE), tmp_path / "reference.wav")
    facts = stages.facts(step(reference), own)
    assert gain(facts, 3000, "side_gain_db") - gain(facts, 100, "side_gain_db") > 4.0
    assert np.max(np.abs(facts["gain_db"])) < 0.1


def test_the_cut_off_of_a_lossy_reference_is_not_copied(tmp_path: Path) -> None:
    own = signals.pink(-20, 6, RATE)
    spectrum = np.fft.rfft(own.samples)
    spectrum[:, round(16_000 * own.seconds) :] = 0
    dull = Audio(np.fft.irfft(spectrum, n=own.frames).astype(np.float32), RATE)
    facts = stages.facts(step(written(dull, tmp_path / "dull.wav")), own)
    assert np.max(np.abs(facts["gain_db"])) < 0.3


@pytest.mark.parametrize(("rate", "channels"), [(48_000, 2), (22_050, 2), (44_100, 1)])
def test_a_reference_of_another_format_serves_as_well(tmp_path: Path, rate: int, channels: int) -> None:
    own = bell(signals.pink(-20, 6, RATE), -4.0)
    reference = written(signals.pink(-20, 6, rate, channels), tmp_path / "reference.wav")
    facts = stages.facts(step(reference, smoothing_octaves=0.5), own)
    assert gain(facts, BELL_HZ) - gain(facts, 5000) > 2.5
    assert np.max(np.abs(facts["gain_db"])) < 4.5


@pytest.mark.parametrize("channels", [1, 6])
def test_other_layouts_get_one_curve_for_all_channels(tmp_path: Path, channels: int) -> None:
    own = signals.pink(-20, 6, RATE, channels)
    reference = written(bell(signals.pink(-20, 6, RATE), 4.0), tmp_path / "reference.wav")
    facts = stages.facts(step(reference, width=1.0), own)
    assert "side_gain_db" not in facts
    assert gain(facts, BELL_HZ) - gain(facts, 60) == pytest.approx(4.0, abs=0.8)


def test_a_programme_without_a_side_gets_none(tmp_path: Path) -> None:
    mono = signals.sine(440, -12, 2.0, RATE)
    reference = written(signals.pink(-20, 4, RATE), tmp_path / "reference.wav")
    left, right = stages.run(step(reference, width=1.0), mono)
    np.testing.assert_array_equal(left, right)


def test_silence_is_told_and_left(tmp_path: Path) -> None:
    reference = written(signals.pink(-20, 2, RATE), tmp_path / "reference.wav")
    matching = step(reference, loudness=1.0, width=1.0)
    assert not stages.run(matching, signals.silence(1.0, RATE)).any()
    assert stages.facts(matching, signals.silence(1.0, RATE))["warnings"]


def test_a_reference_that_is_not_there_is_named_before_any_work(tmp_path: Path) -> None:
    chain = Chain.parse(f"steps:\n  - match: {{references: [{{path: {tmp_path}/gone.wav}}]}}\n")
    with pytest.raises(ChainError, match=r"step 1 \(match\): references\[0\]: .*gone.wav does not exist"):
        run(chain, signals.pink(-20, 1.0))


def test_references_that_cannot_serve_are_named(tmp_path: Path) -> None:
    own = signals.pink(-20, 1.0)
    silent = written(signals.silence(1.0), tmp_path / "silent.wav")
    with pytest.raises(SignalError, match=r"silent\.wav is digital silence"):
        stages.start(step(silent), own)
    broken = written(Audio(np.full((2, 1000), np.nan, np.float32), RATE), tmp_path / "broken.wav")
    with pytest.raises(SignalError, match=r"broken\.wav holds samples that are not finite"):
        stages.start(step(broken), own)
    with pytest.raises(InputError, match=r"gone\.wav"):
        stages.start(step(tmp_path / "gone.wav"), own)


def test_a_relative_path_starts_at_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "chains").mkdir()
    chain = tmp_path / "chains" / "mine.yaml"
    chain.write_text("steps:\n  - match: {references: [{path: reference.wav}]}\n")
    own = signals.pink(-20, 1.0)
    written(own, tmp_path / "chains" / "reference.wav")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ChainError, match=r"reference\.wav does not exist"):
        run(Chain.load(str(chain)), own)
    written(own, tmp_path / "reference.wav")
    assert run(Chain.load(str(chain)), own).frames == own.frames


def test_a_reference_that_has_changed_is_read_again(tmp_path: Path) -> None:
    own = signals.pink(-20, 4.0, RATE)
    reference = written(own, tmp_path / "reference.wav")
    before = stages.facts(step(reference), own)
    reference.unlink()
    written(bell(signals.pink(-20, 5.0, RATE), 6.0), reference)
    after = stages.facts(step(reference), own)
    assert gain(after, BELL_HZ) > gain(before, BELL_HZ) + 3.0


def lufs(samples: Any) -> float:
    audio = Audio(samples, RATE)
    value = analyze(AudioSource(audio), meters=("loudness",)).loudness.integrated_lufs
    assert value is not None
    return value


def test_the_report_draws_the_curve(tmp_path: Path) -> None:
    own = signals.pink(-20, 4.0, RATE)
    reference = written(bell(own, 4.0), tmp_path / "reference.wav")
    chain = Chain.parse(f"steps:\n  - match: {{references: [{{path: {reference}}}], width: 1}}\n")
    page = master_page(master_file(written(own, tmp_path / "in.wav"), chain))
    assert "Matched to the references" in page
    assert page.count("M0.0,") >= 2  # mid and side, from 20 Hz on
    assert "(120 values)" not in page
    plain = master_page(master_file(tmp_path / "in.wav", "gentle", output=tmp_path / "plain.wav"))
    assert "Matched to the references" not in plain
