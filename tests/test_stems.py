"""Stems: the segments join without a seam, the parts sum up to the whole, and every lack is named."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from songkit.audio import Audio
from songkit.blocks import AudioSource, SourceInfo, collect
from songkit.chains import Chain, plan, render_chain, run
from songkit.chains.vocabulary import schema
from songkit.cli import songkit
from songkit.errors import ChainError, InputError, MissingError, SignalError, UsageError
from songkit.files import read_audio
from songkit.master import demucs_model
from songkit.master.separation import stem_blocks
from songkit.progress import Update, silent
from songkit.provenance import Disclosure, read_provenance
from songkit.stems import separate_file
from songkit.tags import Tags, write_tags
from tests import signals
from tests.demucs_fakes import FakeModel, tiny_weights
from tests.references import written

RATE = 44_100


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeModel:
    model = FakeModel()
    monkeypatch.setattr(demucs_model, "load", lambda name, weights: model)
    monkeypatch.setattr(demucs_model, "find", lambda name, weights: None)
    monkeypatch.setattr("songkit.stems.load", lambda name, weights: model)
    return model


def song(seconds: float = 1.5, sample_rate: int = RATE, channels: int = 2) -> Audio:
    return signals.pink(-20, seconds, sample_rate, channels)


def separated(model: Any, audio: Audio) -> Any:
    return np.concatenate(list(stem_blocks(model, AudioSource(audio), silent)), axis=2)


def chain(**stems: Any) -> Chain:
    return Chain.parse(json.dumps({"name": "stems", "steps": [{"stems": stems}]}))


def mid(audio: Audio) -> Any:
    return audio.samples.mean(axis=0, keepdims=True)


# -- the segments


@pytest.mark.parametrize("frames", [1, 9_999, 10_000, 10_001, 40_123])
def test_segments_join_without_a_seam(frames: int) -> None:
    audio = Audio(song().samples[:, :frames], RATE)
    stems = separated(FakeModel(), audio)
    assert stems.shape == (4, 2, frames)
    centred = audio.samples - audio.samples.mean()
    np.testing.assert_allclose(stems[3], np.repeat(0.8 * centred.mean(axis=0, keepdims=True), 2, axis=0), atol=2e-6)
    np.testing.assert_allclose(stems[0], 0.1 * centred, atol=2e-6)


@pytest.mark.parametrize(("rate", "channels"), [(48_000, 2), (96_000, 1), (22_050, 2)])
def test_other_rates_and_mono_come_back_as_they_were(rate: int, channels: int) -> None:
    audio = Audio(signals.sine(440, -12, 2.0, rate, channels).samples[:, : rate + 13], rate)
    stems = separated(FakeModel(), audio)
    assert stems.shape == (4, channels, audio.frames)
    inner = slice(500, -500)  # a resampler does not know what lies beyond the ends
    np.testing.assert_allclose(stems[0][:, inner], 0.1 * audio.samples[:, inner], atol=1e-5)


def test_memory_is_bounded_by_the_segment() -> None:
    model = FakeModel()
    for _ in stem_blocks(model, AudioSource(song(12.0)), silent):
        pass
    assert model.longest_mix <= 2 * model.segment_frames


def test_progress_goes_from_nothing_to_all() -> None:
    told: list[Update] = []
    for _ in stem_blocks(FakeModel(), AudioSource(song()), told.append):
        pass
    fractions = [update.fraction for update in told]
    assert fractions[0] == 0.0
    assert fractions[-1] == 1.0
    assert fractions == sorted(fractions)  # type: ignore[type-var]


# -- the step


def test_only_what_the_steps_change_is_changed(fake: FakeModel) -> None:
    audio = song()
    out = run(chain(vocals=[{"gain": {"gain_db": -6.0206}}]), audio)
    np.testing.assert_allclose(out.samples, audio.samples - 0.4 * mid(audio), atol=3e-6)
    untouched = run(chain(vocals=["dc", {"gain": {"gain_db": 0}}]), audio)
    error_db = 20 * np.log10(np.std(untouched.samples - audio.samples) / np.std(audio.samples))
    assert error_db < -80


def test_without_steps_nothing_is_loaded_and_nothing_changes() -> None:
    assert run(chain(weights="/nowhere"), song()).samples.tobytes() == song().samples.tobytes()


def test_stems_take_steps_that_measure_and_solve(fake: FakeModel) -> None:
    audio = song(4.0)
    step = chain(
        vocals=[{"highpass": {"cutoff_hz": 200}}, {"loudness": {"target_lufs": -30}}],
        other=[{"gain": {"gain_db": -12}}],
    )
    rendered = render_chain(step, AudioSource(audio))
    out = collect(rendered.blocks(), rendered.format)
    assert out.frames == audio.frames
    [facts] = rendered.facts
    assert [each["name"] for each in facts["stems"]["vocals"]] == ["highpass", "loudness"]
    assert set(facts["stems"]) == {"vocals", "other"}
    other_before, other_after = (0.5 * (each - each.mean(axis=0)) for each in (audio.samples, out.samples))
    assert np.std(other_after) < np.std(other_before)


def test_a_warning_inside_names_the_stem(fake: FakeModel) -> None:
    loud = chain(vocals=[{"loudness": {"target_lufs": -5, "max_reduction_db": 1}}])
    rendered = render_chain(loud, AudioSource(song(4.0)))
    collect(rendered.blocks(), rendered.format)
    assert any("step 1 (stems): vocals, loudness" in line for line in rendered.warnings)


def test_a_chain_with_stems_comes_back_from_its_yaml() -> None:
    chain_ = chain(vocals=["dc", {"eq": {"bands": [{"shape": "notch", "frequency_hz": 50}]}}], model="htdemucs_ft")
    assert Chain.parse(chain_.dump()) == chain_
    assert Chain.parse(chain_.dump()).hash == chain_.hash


@pytest.mark.parametrize(
    ("stems", "message"),
    [
        ({"vocals": [{"gian": {}}]}, r"unknown step gian; did you mean gain"),
        ({"vocals": [{"gain": {"gain_db": "loud"}}]}, r"gain\.gain_db"),
        ({"vocals": [{"gain": {"gain": 1}}]}, r"gain\.gain"),
        ({"voices": []}, r"unknown key \(did you mean vocals"),
        ({"model": "../../etc"}, r"model"),
    ],
)
def test_mistakes_inside_are_named_with_their_place(stems: dict[str, Any], message: str) -> None:
    with pytest.raises(ChainError, match=message):
        chain(**stems)


@pytest.mark.parametrize(
    ("stems", "message"),
    [
        ({"vocals": ["trim"]}, r"vocals\[0\]\.trim: it changes length"),
        ({"vocals": [{"resample": {"sample_rate_hz": 48_000}}]}, r"vocals\[0\]\.resample"),
        ({"drums": ["dc", {"stems": {}}]}, r"drums\[1\]\.stems: it cannot stand inside"),
        ({"bass": [{"lowpass": {"cutoff_hz": 23_000}}]}, r"bass\[0\]\.lowpass: "),
    ],
)
def test_steps_that_do_not_fit_a_sum_are_refused(stems: dict[str, Any], message: str) -> None:
    with pytest.raises(ChainError, match=message):
        run(chain(**stems), song())


def test_other_layouts_and_unknown_stems_are_refused(fake: FakeModel) -> None:
    with pytest.raises(ChainError, match="mono or stereo"):
        run(chain(vocals=["dc"]), signals.multichannel(0.5))
    with pytest.raises(ChainError, match="htdemucs has no stem guitar"):
        run(chain(guitar=["dc"]), song())


def test_the_schema_takes_steps_inside() -> None:
    stems = schema()["$defs"]["Stems"]["properties"]["vocals"]
    assert stems["items"]["anyOf"][0]["maxProperties"] == 1


# -- files


@pytest.mark.parametrize(("rate", "channels"), [(RATE, 2), (48_000, 1)])
def test_stems_and_residual_sum_up_to_the_song(fake: FakeModel, tmp_path: Path, rate: int, channels: int) -> None:
    audio = song(1.0, rate, channels)
    result = separate_file(written(audio, tmp_path / "in.wav"), residual=True)
    assert [stem.path.name for stem in result.stems] == [
        f"in.{name}.wav" for name in ("drums", "bass", "other", "vocals", "residual")
    ]
    parts = [read_audio(stem.path) for stem in result.stems]
    assert all(part.format == audio.format for part in parts)
    error = np.sum([part.samples for part in parts], axis=0) - audio.samples
    assert 20 * np.log10(np.std(error) / np.std(audio.samples)) < -80
    assert result.stems[1].rms_dbfs is None  # the fake's bass is silent


def test_two_gives_one_stem_and_everything_else(fake: FakeModel, tmp_path: Path) -> None:
    source = written(song(), tmp_path / "in.wav")
    told = CliRunner().invoke(songkit, ["stems", str(source), "--two", "vocals", "--output-dir", str(tmp_path / "out")])
    assert told.exit_code == 0, told.output
    vocals, rest = (read_audio(tmp_path / "out" / f"in.{name}.wav") for name in ("vocals", "no_vocals"))
    np.testing.assert_allclose(vocals.samples + rest.samples, song().samples, atol=1e-7)
    np.testing.assert_allclose(vocals.samples, np.repeat(0.8 * mid(song()), 2, axis=0), atol=3e-6)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["in.no_vocals.wav", "in.vocals.wav"]


def test_stems_keep_the_tags_and_that_a_machine_made_the_song(fake: FakeModel, tmp_path: Path) -> None:
    source = written(song(), tmp_path / "in.wav")
    disclosed = Disclosure.of_a_song(trained=True, voice=True)
    write_tags(source, Tags({"title": ("Harbour",)}).with_extra(disclosed.fields))
    result = separate_file(source, two="vocals")
    for stem in result.stems:
        found = read_provenance(stem.path)
        assert found.disclosure == disclosed
        assert found.tags.get("title") == f"Harbour ({stem.name})"
    assert read_audio(result.stems[0].path).frames == song().frames


def test_what_cannot_be_separated_is_named(fake: FakeModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = written(song(), tmp_path / "in.wav")
    with pytest.raises(UsageError, match="no stem 'voice'"):
        separate_file(source, two="voice")
    with pytest.raises(InputError, match="mono or stereo"):
        separate_file(written(signals.multichannel(0.5), tmp_path / "six.wav"))
    monkeypatch.setattr(fake, "apply", lambda mix, start, frames: np.full((4, 2, frames), np.nan, np.float32))
    with pytest.raises(SignalError, match="fake made samples that are not finite"):
        separate_file(source)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.wav", "six.wav"]


# -- demucs itself


def test_without_demucs_the_command_to_get_it_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setitem(sys.modules, "demucs.api", None)
    with pytest.raises(MissingError, match=r"pip install 'songkit\[stems\]'") as caught:
        run(chain(vocals=["dc"]), song())
    assert caught.value.exit_code == 5


def test_without_weights_the_command_to_get_them_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("demucs.api", reason="demucs is not installed")
    hub = pytest.importorskip("huggingface_hub")
    monkeypatch.setattr(hub, "try_to_load_from_cache", lambda *args: None)
    with pytest.raises(MissingError, match=r"hf download adefossez/HTDemucs"):
        demucs_model.load("htdemucs", None)
    with pytest.raises(MissingError, match="does not exist"):
        demucs_model.load("htdemucs", str(tmp_path / "gone"))
    with pytest.raises(MissingError, match=r"holds no htdemucs\.yaml"):
        demucs_model.load("htdemucs", str(tmp_path))


def test_a_dry_run_misses_the_weights_too(tmp_path: Path) -> None:
    pytest.importorskip("demucs.api", reason="demucs is not installed")
    steps = chain(weights=str(tmp_path / "gone"), vocals=["dc"]).steps
    with pytest.raises(MissingError, match="does not exist"):
        plan(steps, SourceInfo(song().format, None))


def test_damaged_weights_are_called_so(tmp_path: Path) -> None:
    pytest.importorskip("demucs.api", reason="demucs is not installed")
    (tmp_path / "bad.yaml").write_text("models: ['abcd']\n")
    with pytest.raises(InputError, match="cannot be loaded"):
        demucs_model.load("bad", str(tmp_path))
    (tmp_path / "abcd.th").write_bytes(b"no model at all")
    with pytest.raises(InputError, match="cannot be loaded"):
        demucs_model.load("bad", str(tmp_path))


def test_published_weights_separate_as_demucs_itself_does() -> None:
    api = pytest.importorskip("demucs.api", reason="demucs is not installed")
    torch = pytest.importorskip("torch")
    audio = song(1.3)
    model = demucs_model.load("tiny", str(tiny_weights()))
    assert model.segment_frames == RATE // 2
    separator = api.Separator("tiny", repo=tiny_weights(), device="cpu", shifts=0)
    _, wanted = separator.separate_tensor(torch.from_numpy(audio.samples.copy()), RATE)
    got = separated(model, audio)
    for index, name in enumerate(model.stems):
        np.testing.assert_allclose(got[index], wanted[name].numpy() - audio.samples.mean(), atol=1e-5)


def test_a_chain_with_real_loading_runs(tmp_path: Path) -> None:
    pytest.importorskip("demucs.api", reason="demucs is not installed")
    out = run(chain(model="tiny", weights=str(tiny_weights()), vocals=[{"gain": {"gain_db": -20}}]), song())
    assert out.frames == song().frames
    assert np.std(out.samples - song().samples) > 0
