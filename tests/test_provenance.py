"""Where a file comes from: written into every codec and read back, carried on, left out, and never believed blindly."""

from __future__ import annotations

import json
import random
import struct
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from songkit.audio import Encoding, Format
from songkit.chains import Chain
from songkit.cli import run
from songkit.deliver import master_album, master_file, sample_digest
from songkit.ffmpeg import executable
from songkit.files import AudioWriter, open_source
from songkit.files.containers import CONTAINERS
from songkit.provenance import Disclosure, Origin, Record, SourceFile, fields_of, read_provenance
from songkit.runs import file_sha256
from songkit.tags import Tags, read_tags, write_tags
from songkit.tags.bext import read_bext
from songkit.tags.ixml import read_ixml
from songkit.tags.wav import read_chunk
from tests import signals

CODECS = sorted(CONTAINERS)
REQUEST = {"seconds": 12.0, "style": "calm, piano – 橋", "lyrics": {"lines": [[1.0, "la"]]}, "options": {}}
TAKE = Record(
    made="take",
    key="ab" * 16,
    versions={"songkit": "0.1.0", "numpy": "2"},
    generated=Origin(name="fake", version="3", request=REQUEST, seed=str(2**63 - 1), weights={"sha256": "cafe"}),
    disclosure=Disclosure.of_a_song(trained=True, voice=True),
)


def chain_to(container: str) -> Chain:
    return Chain.parse(
        "name: quiet\nsteps:\n  - loudness: {target_lufs: -20, ceiling_dbtp: -1}\n"
        f"deliver: [{{format: {container}}}]\n"
    )


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A take as a generator's run leaves it."""
    path = tmp_path_factory.mktemp("take") / "take.wav"
    write_wav(path)
    write_tags(path, Tags({"title": ("Bridge",)}).with_extra(fields_of(TAKE)))
    return path


def write_wav(path: Path, seconds: float = 4.0, *, float32: bool = True) -> Path:
    with AudioWriter(path, Format(44_100), Encoding("wav", "float32" if float32 else 24), force=True) as file:
        file.push(signals.song(seconds, 44_100).samples)
        file.commit()
    return path


@pytest.mark.parametrize("container", CODECS)
def test_every_codec_tells_how_it_was_made_and_the_audio_is_what_was_measured(
    container: str, generated: Path, tmp_path: Path
) -> None:
    output = master_file(generated, chain_to(container), output_dir=tmp_path).outputs[0]
    found = read_provenance(output.path)
    assert found.record == output.record
    assert found.record is not None and found.record.origin == TAKE.generated
    assert found.disclosure == TAKE.disclosure
    tags = found.tags
    assert tags.get("songkit_generator") == "fake 3"
    assert tags.get("songkit_seed") == str(2**63 - 1)
    assert tags.get("songkit_style") == "calm, piano – 橋"
    assert tags.get("songkit_lyrics_sha256") == TAKE.generated.lyrics_sha256  # type: ignore[union-attr]
    assert tags.get("songkit_chain") == "quiet"
    assert tags.get("songkit_chain_sha256") == chain_to(container).hash
    assert tags.get("songkit_source_sha256") == file_sha256(generated)
    assert tags.get("ai_generated") == "yes"
    assert tags.get("digitalsourcetype").endswith("/trainedAlgorithmicMedia")
    assert tags.get("ai_contributions") == "vocals; instrumentation; composition"
    assert tags.get("title") == "Bridge"
    assert float(tags.get("songkit_integrated_lufs")) == pytest.approx(
        output.analysis.loudness.integrated_lufs, abs=0.006
    )
    assert float(tags.get("songkit_true_peak_dbtp")) == pytest.approx(output.analysis.peaks.true_peak_dbtp, abs=0.006)
    # the samples around which the tags lie are those that were measured, and those of a file without tags
    assert sample_digest(output.path) == output.record.audio
    bare = master_file(generated, chain_to(container), output_dir=tmp_path, stem="bare", provenance=False).outputs[0]
    assert sample_digest(bare.path) == output.record.audio


@pytest.mark.parametrize("container", CODECS)
def test_what_is_left_out_is_not_there(container: str, generated: Path, tmp_path: Path) -> None:
    output = master_file(generated, chain_to(container), output_dir=tmp_path, provenance=False).outputs[0]
    found = read_provenance(output.path)
    assert found.record is None and found.disclosure is None
    own = [name for name in found.tags.fields if name.startswith(("songkit_", "ai_", "digitalsource"))]
    assert own == [] and found.tags.get("title") == "Bridge"
    assert b"songkit_" not in output.path.read_bytes().lower()
    assert output.record.source is not None  # the result still says it, and so does a run's manifest


def test_a_master_of_a_master_keeps_the_disclosure_and_the_origin(generated: Path, tmp_path: Path) -> None:
    path = generated
    for index, container in enumerate(["mp3", "wav", "m4a", "flac"]):
        path = master_file(path, chain_to(container), output_dir=tmp_path, stem=f"m{index}").outputs[0].path
    found = read_provenance(path)
    assert found.disclosure == TAKE.disclosure
    assert found.record is not None and found.record.origin == TAKE.generated
    assert [each.made for each in found.record.lineage] == ["master"] * 4 + ["take"]


def test_a_foreign_disclosure_is_carried_and_a_recording_has_none(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "in.wav", float32=False)
    plain = master_file(path, chain_to("flac"), output_dir=tmp_path).outputs[0]
    assert read_provenance(plain.path).disclosure is None
    write_tags(path, Tags({"ai_generated": ("true",), "artist": ("Somebody",)}))
    told = master_file(path, chain_to("opus"), output_dir=tmp_path).outputs[0]
    assert read_provenance(told.path).disclosure == Disclosure.from_fields({"ai_generated": ("yes",)})
    assert read_tags(told.path).get("artist") == "Somebody"


def test_the_history_has_an_end(tmp_path: Path) -> None:
    record = TAKE
    for index in range(20):
        source = SourceFile(name=f"{index}.wav", sha256="0" * 64, record=record.remembered())
        record = Record(made="master", versions={}, source=source)
    assert 2 < len(list(record.lineage)) < 12
    assert Record.from_json(record.to_json()) == record


def test_a_wav_speaks_to_studios(generated: Path, tmp_path: Path) -> None:
    output = master_file(generated, chain_to("wav"), output_dir=tmp_path).outputs[0]
    chunk = read_chunk(output.path, b"bext")
    assert chunk is not None and struct.unpack_from("<H", chunk, 346)[0] == 2  # EBU Tech 3285: version at byte 346
    loudness = output.analysis.loudness
    assert struct.unpack_from("<5h", chunk, 412) == tuple(
        round(100 * round(value, 2))
        for value in (
            loudness.integrated_lufs, loudness.range_lu, output.analysis.peaks.true_peak_dbtp,
            loudness.momentary_max_lufs, loudness.short_term_max_lufs,
        )
    )  # fmt: skip
    told = read_bext(chunk)
    assert told["originator"] == "songkit 0.1.0" and told["originator_reference"] == output.record.key
    assert told["coding_history"].startswith("A=PCM,F=44100,W=24,M=stereo,T=songkit")
    assert chunk[320:338] == bytes(18)  # no date: the same work gives the same bytes
    xml = read_chunk(output.path, b"iXML")
    assert xml is not None
    root = ElementTree.fromstring(xml)
    assert root.findtext("PROJECT") == "Bridge" and root.findtext("USER/AI_GENERATED") == "yes"
    seen = subprocess.run(
        [executable(), "-hide_banner", "-i", output.path], capture_output=True, text=True, check=False
    )
    assert f"originator_reference: {output.record.key}" in seen.stderr


def test_a_wav_whose_id3_was_lost_is_known_by_its_ixml(generated: Path, tmp_path: Path) -> None:
    output = master_file(generated, chain_to("wav"), output_dir=tmp_path).outputs[0]
    data = output.path.read_bytes()
    output.path.write_bytes(data.replace(b"id3 ", b"junk"))
    assert read_provenance(output.path).record == output.record


@pytest.mark.parametrize(
    "text",
    ["", "{", "null", "[]", '{"made": "master"}', '{"made":"take","versions":{},"key":"../x"}', "[" * 100_000,
     '{"layout":9,"made":"take","versions":{}}', "x" * (1 << 21)],
    ids=range(9),
)  # fmt: skip
def test_a_record_of_strangers_is_no_record(text: str, tmp_path: Path) -> None:
    assert Record.from_json(text) is None
    path = write_wav(tmp_path / "in.wav", 1.0)
    write_tags(path, Tags({"songkit_record": (text,)} if text else {}))
    found = read_provenance(path)
    assert found.record is None and (not text or "cannot be understood" in found.tags.notes[-1])


@pytest.mark.parametrize(
    "body",
    [b"", b"<", b"<BWFXML/>", b'<!DOCTYPE x [<!ENTITY a "aaaa">]><BWFXML><USER><AI_A>&a;</AI_A></USER></BWFXML>',
     b"\xff\xfe\x00", b"<BWFXML>" * 50_000],
    ids=range(6),
)  # fmt: skip
def test_damaged_ixml_says_nothing(body: bytes) -> None:
    assert read_ixml(body) == {}
    assert read_bext(body[:600]) == {}


def test_records_hold_no_folder_and_no_time(generated: Path, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    first = master_file(generated, chain_to("wav"), output_dir=tmp_path / "a").outputs[0]
    copy = tmp_path / "take.wav"
    copy.write_bytes(generated.read_bytes())
    second = master_file(copy, chain_to("wav"), output_dir=tmp_path / "b").outputs[0]
    assert first.sha256 == second.sha256
    assert str(tmp_path) not in first.record.to_json()


def test_tracks_of_an_album_name_all_of_it(tmp_path: Path) -> None:
    paths = [write_wav(tmp_path / f"{name}.wav", 4.0, float32=False) for name in "ab"]
    result = master_album(paths, chain_to("flac"), output_dir=tmp_path / "out")
    records = [read_provenance(track.outputs[0].path).record for track in result.tracks]
    assert [record.track for record in records if record] == [0, 1]
    assert all(record and [each.name for each in record.album] == ["a.wav", "b.wav"] for record in records)
    assert records[0] and records[1] and records[0].key != records[1].key


def test_show_prints_it_and_says_where_there_is_nothing(
    generated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = master_file(generated, chain_to("flac"), output_dir=tmp_path).outputs[0]
    assert run(["show", str(output.path)]) == 0
    told = capsys.readouterr().out
    for part in ("by chain quiet", "by fake 3, seed 9223372036854775807", "trainedAlgorithmicMedia (vocals", "cafe"):
        assert part in told
    assert run(["show", str(output.path), "--json"]) == 0
    [values] = json.loads(capsys.readouterr().out)
    assert values["record"]["source"]["record"]["generated"]["seed"] == str(2**63 - 1)
    plain = write_wav(tmp_path / "plain.wav", 1.0)
    assert run(["show", str(plain)]) == 1
    assert "says nothing of how it was made" in capsys.readouterr().out
    (tmp_path / "text.txt").write_text("no audio")
    assert run(["show", str(tmp_path / "text.txt")]) == 1
    assert run(["show", str(tmp_path / "missing.wav")]) == 2


def test_tags_do_not_change_the_file_that_was_read(generated: Path, tmp_path: Path) -> None:
    before = generated.read_bytes()
    master_file(generated, chain_to("mp3"), output_dir=tmp_path)
    assert generated.read_bytes() == before
    assert open_source(generated).frames == 4 * 44_100


def test_mutated_wavs_say_something_or_nothing_but_never_fail(generated: Path, tmp_path: Path) -> None:
    whole, chance = generated.read_bytes(), random.Random(3)
    path, tail = tmp_path / "mutated.wav", len(generated.read_bytes()) - 6_000
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(chance.randrange(1, 8)):
            where = chance.randrange(60) if chance.random() < 0.3 else chance.randrange(tail, len(data))
            data[where] = chance.randrange(256)
        path.write_bytes(data[: chance.randrange(len(data))] if chance.random() < 0.2 else data)
        read_provenance(path)
