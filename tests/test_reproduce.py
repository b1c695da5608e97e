"""`songkit reproduce`: byte for byte where nothing changed, and what differs or is missing where it did."""

from __future__ import annotations

import json
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

from songkit.audio import Encoding, Format
from songkit.chains import Chain
from songkit.cli import run
from songkit.deliver import master_album, master_file
from songkit.errors import InputError, MissingError
from songkit.files import AudioWriter
from songkit.generate import GENERATORS
from songkit.generate.diffrhythm import PACKAGES
from songkit.make import generate_takes, make_song
from songkit.provenance import Disclosure, Record, fields_of, read_provenance
from songkit.reproduce import reproduce
from songkit.tags import read_tags, write_tags
from tests import signals
from tests.generators import Fake

CHAIN = Chain.parse(
    "name: both\nsteps:\n  - gain: {gain_db: -3}\n  - loudness: {target_lufs: -18, ceiling_dbtp: -1}\n"
    "deliver: [{format: wav, bit_depth: 16}, {format: mp3}, {format: opus}, {format: m4a}]\n"
)


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(GENERATORS, "fake", "tests.generators:Fake")
    monkeypatch.chdir(tmp_path)


def write(path: Path, seed: int = 1) -> Path:
    with AudioWriter(path, Format(44_100), Encoding("wav", 24), force=True) as file:
        file.push(signals.song(4.0, 44_100, seed=seed).samples)
        file.commit()
    return path


def song(*, provenance: bool = True) -> Path:
    make_song(
        seconds=10.0, seeds="2", style="slow", generator="fake", chain=CHAIN, output_dir="run", provenance=provenance
    )
    return Path("run")


@pytest.mark.parametrize("provenance", [True, pytest.param(False, marks=pytest.mark.long)])
def test_a_run_comes_out_again_byte_for_byte(provenance: bool, capsys: pytest.CaptureFixture[str]) -> None:
    folder = song(provenance=provenance)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    found = reproduce(folder)
    assert [file.path.suffix for file in found.files] == [".wav", ".wav", ".wav", ".mp3", ".opus", ".m4a"]
    assert [str(file) for file in found.files] == ["the same, byte for byte"] * 6
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    take = folder / "seed-2" / "take.wav"
    assert (read_provenance(take).record is None) == (not provenance)
    assert run(["reproduce", str(take), "-q"]) == 0
    assert run(["reproduce", str(folder / "song" / "slow.master.mp3"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["agrees"] is True


def test_a_master_finds_its_source_and_says_where_it_does_not(capsys: pytest.CaptureFixture[str]) -> None:
    source = write(Path("in.wav"))
    [wav, mp3, *_] = master_file(source, CHAIN, output_dir="out", tags={"artist": "A"}).outputs
    assert reproduce(wav.path).agrees and reproduce(mp3.path).agrees
    moved = source.rename("elsewhere.wav")
    with pytest.raises(MissingError, match=r"in\.wav is not here \(SHA-256 [0-9a-f]{64}\)"):
        reproduce(wav.path)
    write(source, seed=2)  # another file by that name is no source
    assert run(["reproduce", str(wav.path)]) == 5
    assert wav.record.source is not None and wav.record.source.sha256 in capsys.readouterr().err
    assert reproduce(wav.path, sources=[moved]).agrees


def test_what_differs_is_named_audio_or_tags(capsys: pytest.CaptureFixture[str]) -> None:
    source = write(Path("in.wav"))
    [wav, *_] = master_file(source, CHAIN, output_dir="out").outputs
    write_tags(wav.path, read_tags(wav.path, stale=True).with_extra({"title": "mine"}))
    [file] = reproduce(wav.path).files
    assert not file.same_bytes and file.same_audio and file.tags == ("title",)
    data = bytearray(wav.path.read_bytes())
    data[10_000] ^= 1
    wav.path.write_bytes(data)
    assert not reproduce(wav.path).files[0].same_audio
    assert run(["reproduce", str(wav.path)]) == 3
    assert "other samples" in capsys.readouterr().out


def test_other_versions_are_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    folder = song()
    monkeypatch.setattr(Fake, "version", "2")
    monkeypatch.setattr("songkit.runs.keys.__version__", "9.9")
    assert run(["reproduce", str(folder / "seed-1" / "take.wav")]) == 3
    told = capsys.readouterr().out
    assert "the same samples" in told
    assert "generator fake: 1 then, 2 now" in told and "songkit: 0.1.0 then, 9.9 now" in told


def test_an_album_track_is_made_among_its_album() -> None:
    paths = [write(Path(f"{seed}.wav"), seed) for seed in (1, 2)]
    chain = Chain.parse(CHAIN.dump().split("deliver:")[0] + "deliver: [{format: flac}]\n")
    result = master_album(paths, chain, output_dir="out")
    for track in result.tracks:
        assert reproduce(track.outputs[0].path).agrees
    paths[1].unlink()
    with pytest.raises(MissingError, match=r"2\.wav is not here"):
        reproduce(result.tracks[0].outputs[0].path)


def test_a_reference_that_changed_is_named_with_its_hash() -> None:
    source, reference = write(Path("in.wav")), write(Path("reference.wav"), 7)
    chain = Chain.parse("name: like\nsteps:\n  - match: {references: [{path: reference.wav}]}\n")
    [wav] = master_file(source, chain, output_dir="out").outputs
    assert reproduce(wav.path).agrees
    write(reference, 8)
    with pytest.raises(MissingError, match=r"reference\.wav is not what the chain referred to \(SHA-256"):
        reproduce(wav.path)
    reference.unlink()
    with pytest.raises(MissingError, match=r"reference\.wav, which the chain refers to, is not here \(SHA-256"):
        reproduce(wav.path)


def test_a_record_is_no_reason_to_load_a_plugin() -> None:
    source = write(Path("in.wav"))
    [wav] = master_file(source, Chain.parse("name: none\nsteps: []\n"), output_dir="out").outputs
    Path("evil.vst3").write_text("not even a plugin")
    chain = Chain.parse("name: evil\nsteps:\n  - vst3: {path: evil.vst3}\n")
    used = wav.record.chain
    assert used is not None
    forged = wav.record.model_copy(
        update={"chain": used.model_copy(update={"settings": chain.as_dict(), "hash": chain.hash})}
    )
    write_tags(wav.path, read_tags(wav.path, stale=True).with_extra(fields_of(forged)))
    with pytest.raises(MissingError, match=r"loads evil\.vst3, which a file is no reason to trust"):
        reproduce(wav.path)


def test_files_and_folders_that_say_nothing(tmp_path: Path) -> None:
    plain = write(Path("plain.wav"))
    with pytest.raises(InputError, match="does not say how it was made"):
        reproduce(plain)
    with pytest.raises(InputError, match="holds no run"):
        reproduce(tmp_path)
    with pytest.raises(InputError, match="does not exist"):
        reproduce("none.wav")
    folder = song()
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps({"takes": [{"audio": "seed-1/take.wav"}]}))
    with pytest.raises(InputError, match="cannot be understood"):
        reproduce(folder)


@pytest.mark.parametrize(
    "harm",
    [
        {"chain": None}, {"source": None}, {"target": {"format": "exe"}}, {"target": None},
        {"made": "take", "generated": None, "source": None, "chain": None},
    ],
    ids=range(5),
)  # fmt: skip
def test_a_record_with_holes_is_refused(harm: dict[str, object]) -> None:
    source = write(Path("in.wav"))
    [wav, *_] = master_file(source, CHAIN, output_dir="out").outputs
    holed = Record.model_validate({**wav.record.model_dump(), **harm})
    write_tags(wav.path, read_tags(wav.path, stale=True).with_extra(fields_of(holed)))
    with pytest.raises(InputError):
        reproduce(wav.path)


def test_a_master_of_a_take_is_rebuilt_without_the_run() -> None:
    folder = song()
    [wav, *_] = master_file(folder / "seed-1" / "take.wav", CHAIN, output_dir="out").outputs
    shutil.rmtree(folder)
    assert reproduce(wav.path).agrees


def test_takes_alone_say_it_too_unless_asked_not_to() -> None:
    ask = ["generate", "--seconds", "10", "--seeds", "1", "--generator", "fake", "-q", "-o"]
    assert run([*ask, "told/run"]) == 0 and run([*ask, "untold/run", "--no-tags"]) == 0
    told = read_provenance(Path("told/run/seed-1/take.wav"))
    assert told.record is not None and told.record.made == "take" and told.disclosure is not None
    untold = read_provenance(Path("untold/run/seed-1/take.wav"))
    assert untold.record is None and untold.disclosure is None and not untold.tags
    assert reproduce("told/run").agrees and reproduce("untold/run").agrees


@pytest.mark.long
@pytest.mark.skipif(any(find_spec(name) is None for name in PACKAGES), reason="not all of the extra is installed")
def test_a_model_with_settled_options_and_without_its_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests import tiny_diffrhythm

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    monkeypatch.setitem(GENERATORS, "diffrhythm", "tests.tiny_diffrhythm:Tiny")
    models = tiny_diffrhythm.write(tmp_path / "models")
    options = {"models": str(models), "quality": "draft", "precision": "fp32", "threads": 1}
    ask = {"style": "calm piano", "seconds": 10.0, "seeds": "1,", "generator": "diffrhythm"}
    generate_takes(output_dir="tiny/run", options=options, **ask)  # type: ignore[arg-type]
    [file] = reproduce("tiny/run").files
    assert file.same_bytes and file.record.origin is not None and file.record.origin.weights
    assert file.record.disclosure == Disclosure.of_a_song(trained=True, voice=False)
    weights = next(models.rglob("cfm_model.pt"))
    weights.unlink()
    with pytest.raises(MissingError, match="diffrhythm cannot run here"):
        reproduce("tiny/run/seed-1/take.wav")
