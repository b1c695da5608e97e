"""Takes ranked again by other weights; a defect always costs, and neither loudness nor repetition wins."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from songkit.analysis import Analysis, analyze
from songkit.analysis.document import HERE
from songkit.analysis.kept import from_dict
from songkit.analysis.score import load_weights, score
from songkit.audio import Audio, Encoding
from songkit.blocks import AudioSource
from songkit.cli import run
from songkit.errors import InputError, UsageError
from songkit.files import AudioWriter
from songkit.make import rank_run
from tests.defect_corpus import DETECTORS, take
from tests.defect_plants import plant_failure
from tests.signals import noise, song

STYLES = ("happy pop", "metal")


def measure(audio: Audio) -> Analysis:
    return analyze(AudioSource(audio))


def points(analysis: Analysis) -> float:
    return score(analysis).total


def kept(audio: Audio, folder: Path, seed: int) -> dict[str, Any]:
    """A take as a run keeps it: its file, and its entry in the manifest."""
    path = folder / f"seed-{seed}" / "take.wav"
    path.parent.mkdir(parents=True)
    with AudioWriter(path, audio.format, Encoding("wav", "float32"), frames=audio.frames) as writer:
        writer.push(audio.samples)
        writer.commit()
    analysis = measure(audio).to_dict()
    gates = [gate for gate in analysis["score"]["gates"] if not gate["passed"]]
    return {
        "seed": str(seed),
        "state": "rejected" if gates else "valid",
        "reasons": [f"{gate['name']}: {gate['reason']}" for gate in gates],
        "audio": str(path.relative_to(folder)),
        "analysis": analysis,
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    wide, narrow = song(12.0), song(12.0, seed=2)
    mono = Audio(np.tile(narrow.samples.mean(axis=0), (2, 1)), 44_100)
    takes = [kept(wide, tmp_path, 7), kept(mono, tmp_path, 8), kept(noise(-20, 12.0), tmp_path, 9)]
    takes.append({"seed": "10", "state": "failed", "reasons": ["out of memory"], "audio": None, "analysis": None})
    (tmp_path / "manifest.json").write_text(json.dumps({"winner": "7", "takes": takes}))
    return tmp_path


def weights(tmp_path: Path, terms: str) -> Path:
    gates = load_weights().gates.model_dump_json()
    path = tmp_path / "mine.yaml"
    path.write_text(f"version: mine\ngates: {gates}\nterms: {terms}\n")
    return path


def test_the_built_in_weights_give_the_order_that_was(folder: Path) -> None:
    ranking = rank_run(folder)
    assert [take.seed for take in ranking.takes[:2]] == [7, 8]
    assert ranking.winner is not None and ranking.winner.won_before
    assert all(not take.measured for take in ranking.takes)
    for ranked in ranking.takes[:2]:
        assert ranked.points == pytest.approx(ranked.points_before or 0)


def test_other_weights_give_another_winner_and_leave_the_run_alone(folder: Path, tmp_path: Path) -> None:
    before = (folder / "manifest.json").read_bytes()
    mono = "{stereo.correlation: {low: 0.999, high: 1, zero_below: 0.9, weight: 1}}"
    ranking = rank_run(folder, weights(tmp_path, mono))
    assert ranking.winner is not None and ranking.winner.seed == 8
    assert ranking.weights_version == "mine"
    assert (folder / "manifest.json").read_bytes() == before


def test_what_cannot_win_stands_at_the_end_with_its_reason(folder: Path) -> None:
    states = {take.seed: take for take in rank_run(folder).takes}
    assert states[9].state == "rejected" and "not-noise" in states[9].reasons[0]
    assert states[10].state == "failed" and states[10].reasons == ("out of memory",)


def test_what_was_not_kept_is_measured_again(folder: Path, tmp_path: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["takes"][0]["analysis"]["loudness"]["psr_min_lu"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    own = weights(tmp_path, "{loudness.psr_min_lu: {low: 8, high: 20, zero_below: 0, weight: 1}}")
    by_seed = {take.seed: take for take in rank_run(folder, own).takes}
    assert by_seed[7].measured and not by_seed[8].measured
    (folder / "seed-7" / "take.wav").unlink()
    with pytest.raises(InputError, match="not there"):
        rank_run(folder, own)


def test_a_collapse_that_was_judged_from_the_curve_is_remembered(folder: Path) -> None:
    music = song(24.0)
    collapsed = Audio(np.concatenate([music.samples, music.samples * 0.01], axis=1), 44_100)
    entry = kept(collapsed, folder, 11)
    manifest = {"winner": None, "takes": [entry]}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    ranked = rank_run(folder).takes[0]
    assert not ranked.measured
    assert ranked.points == 0.0 and any("no-collapse" in reason for reason in ranked.reasons)


def test_a_complaint_of_the_validation_stays(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["takes"][0]["reasons"] = ["6.00 s long where 12.00 s were asked for"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    ranking = rank_run(folder)
    assert ranking.winner is not None and ranking.winner.seed == 8


def test_an_analysis_comes_back_from_its_plain_values() -> None:
    analysis = measure(song(12.0))
    again = from_dict(json.loads(json.dumps(analysis.to_dict())))
    assert again.to_dict() == analysis.to_dict()
    with pytest.raises(InputError):
        from_dict({"format": {"sample_rate": 1}})


@pytest.mark.parametrize("text", [None, "{", "[]", '{"takes": [1]}', '{"takes": []}'])
def test_a_folder_without_a_run_is_refused(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(UsageError):
        rank_run(tmp_path)


def test_rank_from_the_command_line(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rank", str(folder), "-q"]) == 0
    assert run(["rank", str(folder), "--explain"]) == 0
    told = capsys.readouterr().out
    assert "won before" in told and "out of memory" in told and "dynamics.dr_db" in told
    assert run(["rank", str(folder), "--weights", str(HERE / "weights.yaml"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["winner"] == "7"
    gates = load_weights().gates.model_copy(update={"least_seconds": 60.0}).model_dump_json()
    strict = tmp_path / "strict.yaml"
    strict.write_text(f"version: strict\ngates: {gates}\nterms: {{}}\n")
    assert run(["rank", str(folder), "--weights", str(strict), "-q"]) == 4


@pytest.mark.parametrize("style", STYLES)
def test_a_planted_defect_ranks_below_its_clean_twin(style: str) -> None:
    clean = take(style)
    best = points(measure(clean))
    for name, detector in DETECTORS.items():
        planted = detector.plant(clean, np.random.default_rng(len(name)))
        assert points(measure(planted.audio)) < best, f"{name}, {planted.kind}"


@pytest.mark.long
@pytest.mark.parametrize("style", ["electronic", "metal", "rap", "jazz"])
def test_every_kind_of_every_defect_ranks_below_its_clean_twin(style: str) -> None:
    clean = take(style)
    twin = Audio(np.concatenate([clean.samples, clean.samples[:, ::-1]], axis=1), clean.sample_rate)
    best, best_of_failures = points(measure(clean)), points(measure(twin))
    for name, detector in DETECTORS.items():
        kinds = {(made := detector.plant(clean, np.random.default_rng(seed))).kind: made for seed in range(20)}
        for kind, planted in kinds.items():
            limit = best_of_failures if detector.plant is plant_failure else best
            assert points(measure(planted.audio)) < limit - 0.2, f"{name}, {kind}"


@pytest.mark.parametrize("style", STYLES)
def test_loudness_and_repetition_do_not_win(style: str) -> None:
    clean = take(style)
    best = points(measure(clean))
    samples = clean.samples
    squashed = np.tanh(samples * (8.0 / np.sqrt(np.mean(samples**2)) * 0.1)).astype(np.float32)
    assert points(measure(Audio(squashed, clean.sample_rate))) < best - 5
    stretch = samples[:, 5 * clean.sample_rate : 7 * clean.sample_rate]
    assert points(measure(Audio(np.tile(stretch, (1, 10)), clean.sample_rate))) < best - 5
    louder = Audio(samples * np.float32(0.98 / np.abs(samples).max()), clean.sample_rate)
    assert points(measure(louder)) == pytest.approx(best, abs=1.0)
