"""The style of a song: parts and their weights, the ten seconds of a recording, MuQ-MuLan as published, advice."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from songkit.audio import Audio
from songkit.cli import run
from songkit.errors import InputError, MissingError, SignalError, UsageError
from songkit.generate.diffrhythm.style import Recording, Style, Words, heard, inspect, parse
from songkit.generate.diffrhythm.style.advice import EXAMPLES, advise, keywords
from songkit.generate.diffrhythm.style.clip import CLIP_SECONDS, MODEL_RATE, read_clip
from songkit.generate.diffrhythm.style.embed import mixed


def write_wav(path: Path, audio: Audio) -> Path:
    import soundfile

    soundfile.write(path, audio.samples.T, audio.sample_rate, subtype="FLOAT")
    return path


def stereo(seconds: float, rate: int = 44_100, seed: int = 1) -> Audio:
    noise = np.random.default_rng(seed).standard_normal((2, round(seconds * rate))) * 0.1
    return Audio(noise.astype(np.float32), rate)


# --- what is asked for


def test_words_and_recordings_share_by_the_mix() -> None:
    both = parse("pop,  piano", [Path("a.wav"), Path("b.wav")], 0.6)
    assert both.parts == (Words("pop, piano", 0.4), Recording(Path("a.wav"), 0.3), Recording(Path("b.wav"), 0.3))
    assert [part.weight for part in parse("pop", [Path("a.wav")]).parts] == [0.5, 0.5]
    assert parse("pop").parts == (Words("pop", 1.0),)
    assert parse("pop", [Path("a.wav")], 1.0).parts == (Recording(Path("a.wav"), 1.0),)
    assert parse("pop", [Path("a.wav")], 0.0).parts == (Words("pop", 1.0),)
    assert parse("", [Path("a.wav")]).parts == (Recording(Path("a.wav"), 1.0),)


@pytest.mark.parametrize(
    ("words", "recordings", "mix"), [("", [], None), ("  ", [], None), ("pop", [], 0.5), ("pop", [Path("a")], 1.5)]
)
def test_what_cannot_be_mixed_is_refused(words: str, recordings: list[Path], mix: float | None) -> None:
    with pytest.raises(UsageError):
        parse(words, recordings, mix)


def test_a_style_travels_as_json_and_hangs_on_the_bytes_of_its_recordings(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"one")
    style = parse("pop", [path], 0.7)
    assert Style.from_dict(json.loads(json.dumps(style.to_dict()))) == style
    before = style.made_from()
    shutil.copy(path, tmp_path / "b.wav")
    assert parse("pop", [tmp_path / "b.wav"], 0.7).made_from() == before
    path.write_bytes(b"two")
    assert style.made_from() != before
    path.unlink()
    with pytest.raises(InputError, match=r"a\.wav"):
        style.made_from()


# --- the ten seconds of a recording


@pytest.mark.parametrize(("seconds", "start"), [(10.0, 0.0), (25.5, 7.0), (30.0, 10.0), (31.9, 10.0)])
def test_the_clip_is_the_published_one(tmp_path: Path, seconds: float, start: float) -> None:
    rate = 8000
    ramp = np.linspace(0.1, 0.9, round(seconds * rate), dtype=np.float32)
    path = write_wav(tmp_path / "ramp.wav", Audio(np.stack([ramp, ramp]), rate))
    clip = read_clip(Recording(path))
    first = round(start * rate)
    assert clip.start_seconds == start
    np.testing.assert_allclose(clip.audio.samples[0], ramp[first : first + CLIP_SECONDS * rate], atol=1e-4)


def test_the_model_hears_mono_at_its_rate(tmp_path: Path) -> None:
    rate, seconds = 44_100, 12
    time = np.arange(seconds * rate) / rate
    left, right = (np.sin(2 * np.pi * 440 * time) * gain for gain in (0.8, 0.2))
    path = write_wav(tmp_path / "tone.wav", Audio(np.stack([left, right]).astype(np.float32), rate))
    mono = read_clip(Recording(path)).heard()
    wanted = 0.5 * np.sin(2 * np.pi * 440 * (1 + np.arange(CLIP_SECONDS * MODEL_RATE) / MODEL_RATE))
    assert mono.dtype == np.float32 and mono.shape == (240_000,)
    assert np.abs(mono - wanted)[2000:-2000].max() < 2e-3


def test_a_short_recording_is_repeated_and_that_is_said(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "short.wav", stereo(4.0))
    mono = read_clip(Recording(path)).heard()
    np.testing.assert_array_equal(mono[:96_000], mono[96_000:192_000])
    assert any("4.0 s" in line for line in heard(Recording(path)).complaints)
    assert inspect(parse("pop", [path]))[0].startswith("short.wav: lasts 4.0 s")
    assert inspect(parse("pop")) == ()


def test_what_makes_a_poor_reference_is_named(tmp_path: Path) -> None:
    good = stereo(11.0)
    assert heard(Recording(write_wav(tmp_path / "good.wav", good))).complaints == ()
    same = Audio(np.repeat(good.samples[:1], 2, axis=0), good.sample_rate)
    assert any("mono" in line for line in heard(Recording(write_wav(tmp_path / "mono.wav", same))).complaints)
    hot = Audio(np.clip(good.samples * 8, -1, 1), good.sample_rate)
    assert any("clipped" in line for line in heard(Recording(write_wav(tmp_path / "hot.wav", hot))).complaints)
    spectrum = np.fft.rfft(good.samples)
    spectrum[:, np.fft.rfftfreq(good.frames, 1 / good.sample_rate) > 9000] = 0
    dull = Audio(np.fft.irfft(spectrum, good.frames).astype(np.float32), good.sample_rate)
    lines = heard(Recording(write_wav(tmp_path / "dull.wav", dull))).complaints
    assert any("the model hears up to 12000 Hz" in line for line in lines)


def test_what_cannot_be_a_reference_is_refused(tmp_path: Path) -> None:
    silence = Audio(np.zeros((2, 12 * 44_100), np.float32), 44_100)
    with pytest.raises(SignalError, match="silent"):
        read_clip(Recording(write_wav(tmp_path / "silent.wav", silence)))
    with pytest.raises(SignalError, match="too short"):
        read_clip(Recording(write_wav(tmp_path / "blip.wav", stereo(0.4))))
    path = write_wav(tmp_path / "good.wav", stereo(12.0))
    with pytest.raises(UsageError, match="no style clip"):
        read_clip(Recording(path, start_seconds=11.5))
    assert read_clip(Recording(path, start_seconds=3.0)).start_seconds == 3.0
    with pytest.raises(InputError):
        read_clip(Recording(tmp_path / "absent.wav"))


# --- mixing vectors


def test_a_mix_lies_between_its_parts_by_weight() -> None:
    x, y = np.eye(512, dtype=np.float32)[:2]
    vector = mixed(parse("pop", [Path("a.wav")], 0.75), [x, y])
    np.testing.assert_allclose(vector[:2], np.array([0.25, 0.75]) / np.hypot(0.25, 0.75), atol=1e-6)
    with pytest.raises(SignalError, match="cancel"):
        mixed(parse("pop", [Path("a.wav")]), [x, -x])


# --- the model, tiny, in the published layout


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests import mulan

    return mulan.write(tmp_path_factory.mktemp("models"))


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))


def test_words_and_audio_are_what_the_published_package_gives(models: Path, tmp_path: Path) -> None:
    import torch
    from muq import MuQMuLan

    from songkit.generate.diffrhythm.style import embed
    from tests import mulan

    config = json.loads((models / mulan.WHOLE / "config.json").read_text())
    config["audio_model"]["name"] = str(models / mulan.AUDIO)
    config["text_model"]["name"] = str(models / mulan.TEXT)
    reference = tmp_path / "reference"
    shutil.copytree(models / mulan.WHOLE, reference)
    (reference / "config.json").write_text(json.dumps({"config": config}))
    model = MuQMuLan.from_pretrained(reference, config=config).eval()
    path = write_wav(tmp_path / "tone.wav", stereo(12.0))
    with torch.inference_mode():
        words = model(texts=["pop, piano"])[0].numpy()
        audio = model(wavs=torch.from_numpy(read_clip(Recording(path)).heard())[None])[0].numpy()
    np.testing.assert_allclose(embed(parse("pop, piano"), models, None), words, atol=1e-6)
    np.testing.assert_allclose(embed(parse("", [path]), models, None), audio, atol=1e-6)
    assert abs(words @ audio) < 0.999


def test_embeddings_are_kept_by_content(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from songkit.generate.diffrhythm.style import embed
    from songkit.generate.diffrhythm.style import mulan as room

    path = write_wav(tmp_path / "a.wav", stereo(11.0))
    cache = tmp_path / "kept"
    vector = embed(parse("pop", [path], 0.7), models, cache)
    assert vector.dtype == np.float32 and vector.shape == (512,)
    assert float(np.linalg.norm(vector)) == pytest.approx(1.0, abs=1e-5)
    assert len(list(cache.iterdir())) == 2

    def refuse(models: Path | None) -> room.Mulan:
        raise AssertionError("the model was loaded again")

    monkeypatch.setattr(room.Mulan, "load", refuse)
    shutil.copy(path, tmp_path / "b.wav")
    again = embed(parse("pop", [tmp_path / "b.wav"], 0.7), models, cache)
    np.testing.assert_array_equal(again, vector)
    with pytest.raises(AssertionError):
        embed(parse("jazz"), models, cache)
    for kept in cache.iterdir():
        kept.write_text("damaged")
    with pytest.raises(AssertionError):
        embed(parse("pop"), models, cache)


def changed(models: Path, folder: Path, name: str, state: dict[str, object]) -> Path:
    """The same set with another file of weights."""
    from safetensors.torch import save_file

    shutil.copytree(models, folder)
    save_file(state, folder / name / "model.safetensors")
    return folder


def test_weights_that_do_not_fit_are_listed(models: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    from songkit.generate.diffrhythm.style import embed
    from tests import mulan

    state = load_file(models / mulan.WHOLE / "model.safetensors")
    lacking = {name: value for name, value in state.items() if name != "mulan.text_to_latents.weight"}
    with pytest.raises(InputError, match=r"1 missing: mulan\.text_to_latents\.weight"):
        embed(parse("pop"), changed(models, tmp_path / "lacking", mulan.WHOLE, lacking), None)
    lighter = {name: value for name, value in state.items() if ".text.model." not in name}
    vector = embed(parse("pop"), changed(models, tmp_path / "lighter", mulan.WHOLE, lighter), None)
    np.testing.assert_allclose(vector, embed(parse("pop"), models, None), atol=1e-6)
    broken = {**state, "mulan.text_to_latents.bias": state["mulan.text_to_latents.bias"] * float("nan")}
    with pytest.raises(SignalError, match="not finite"):
        embed(parse("pop"), changed(models, tmp_path / "broken", mulan.WHOLE, broken), None)


def test_damaged_and_missing_files_are_named(models: Path, tmp_path: Path) -> None:
    from songkit.generate.diffrhythm.style import embed
    from tests import mulan

    folder = tmp_path / "models"
    shutil.copytree(models, folder)
    (folder / mulan.WHOLE / "model.safetensors").write_bytes(b"half a file")
    with pytest.raises(InputError, match=r"model\.safetensors cannot be read"):
        embed(parse("pop"), folder, None)
    (folder / mulan.WHOLE / "config.json").write_text("{}")
    with pytest.raises(InputError, match="configuration"):
        embed(parse("pop"), folder, None)
    with pytest.raises(MissingError, match="models fetch"):
        embed(parse("pop"), tmp_path / "nowhere", None)
    with pytest.raises(UsageError, match="512"):
        embed(parse("pop " * 600), models, None)


# --- advice


def test_a_rich_prompt_leaves_nothing_open() -> None:
    advice = advise("Melancholic Pop, acoustic guitar, 92 BPM, female voice")
    assert advice.open == ()
    assert advice.named == {
        "genre": ("pop",),
        "mood": ("melancholic",),
        "instruments": ("acoustic guitar",),
        "tempo": ("92 BPM",),
        "voice": ("female", "voice"),
    }


def test_a_short_prompt_is_told_what_is_open() -> None:
    assert advise("pop").open == ("mood", "instruments", "tempo", "voice")
    assert advise("popular").open == tuple(EXAMPLES)
    assert set(keywords()) == set(EXAMPLES)
    assert all(word == word.lower() for words in keywords().values() for word in words)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_wav(tmp_path / "short.wav", stereo(4.0))
    assert run(["style", "pop", "--style-audio", str(path)]) == 0
    out = capsys.readouterr().out
    assert "mood         open: for example melancholic" in out
    assert "short.wav: heard from 0:00" in out and "repeated" in out
    assert run(["style", "pop", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["words"]["open"] == ["mood", "instruments", "tempo", "voice"]
    assert run(["style"]) == UsageError.exit_code
