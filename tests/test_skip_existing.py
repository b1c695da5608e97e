"""`--skip-existing`: what is done is known by what it was made from, never by its name; what is in the way is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from songkit.audio import Encoding, Format
from songkit.chains import Chain, contents
from songkit.cli import run
from songkit.deliver import MasterResult, master_file
from songkit.errors import InputError, OutputError, UsageError
from songkit.files import AudioWriter
from songkit.generate import GENERATORS
from songkit.make import make_song
from songkit.tags import read_tags, write_tags
from tests import signals

QUIET = "name: quiet\nsteps:\n  - gain: {gain_db: -3}\ndeliver: [{format: wav, bit_depth: 24}, {format: flac}]\n"
LOUD = QUIET.replace("-3", "-1")
LIKE = "name: like\nsteps:\n  - match: {references: [{path: reference.wav}]}\ndeliver: [{format: flac}]\n"


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    write("in.wav")


def write(name: str, seed: int = 1) -> Path:
    with AudioWriter(Path(name), Format(44_100), Encoding("wav", 24), force=True) as file:
        file.push(signals.song(3.0, 44_100, seed=seed).samples)
        file.commit()
    return Path(name)


def master(chain: str = QUIET, **more: Any) -> MasterResult:
    return master_file("in.wav", Chain.parse(chain), output_dir="out", **({"skip_existing": True} | more))


def seen() -> dict[str, tuple[int, bytes]]:
    """Files by name, with the inode: what was written again has another."""
    return {path.name: (path.stat().st_ino, path.read_bytes()) for path in Path("out").iterdir()}


def test_what_is_done_is_left_alone_and_measured_again() -> None:
    first = master()
    before = seen()
    again = master()
    assert seen() == before
    assert [output.reused for output in first.outputs] == [False, False]
    assert [output.reused for output in again.outputs] == [True, True]
    for one, two in zip(first.outputs, again.outputs, strict=True):
        assert (one.sha256, one.record, one.checks) == (two.sha256, two.record, two.checks)
        assert one.analysis.loudness == two.analysis.loudness
    with pytest.raises(OutputError, match="exists already"):
        master(skip_existing=False)


def test_only_what_is_missing_is_made() -> None:
    master()
    before = seen()
    Path("out/in.master.flac").unlink()
    assert [output.reused for output in master().outputs] == [True, False]
    assert seen()["in.master.wav"] == before["in.master.wav"]
    assert seen()["in.master.flac"][1] == before["in.master.flac"][1]


@pytest.mark.parametrize("change", ["chain", "source", "audio", "tags", "cut", "no tags", "not audio"])
def test_what_is_in_the_way_is_moved_aside_and_made(change: str) -> None:
    master()
    wav, before = Path("out/in.master.wav"), seen()
    data = wav.read_bytes()
    if change == "source":
        write("in.wav", seed=2)
    if change == "audio":
        wav.write_bytes(data[:9_000] + bytes([data[9_000] ^ 1]) + data[9_001:])
    if change == "tags":
        write_tags(wav, read_tags(wav, stale=True).with_extra({"songkit_record": "{}"}))
    if change == "cut":
        wav.write_bytes(data[:9_000])
    if change == "no tags":
        write_tags(wav, read_tags(wav))
    if change == "not audio":
        wav.write_text("mine")
    there = wav.read_bytes()
    result = master(LOUD if change == "chain" else QUIET)
    assert not result.outputs[0].reused
    assert Path("out/in.master.old-1.wav").read_bytes() == there
    assert any("moved to in.master.old-1.wav" in line for line in result.warnings)
    if change not in ("chain", "source"):
        assert wav.read_bytes() == before["in.master.wav"][1]
        assert result.outputs[1].reused
    wav.write_text("mine again")
    master(LOUD if change == "chain" else QUIET)
    assert Path("out/in.master.old-2.wav").read_text() == "mine again"


def test_force_overwrites_what_is_in_the_way_and_still_skips() -> None:
    master()
    Path("out/in.master.wav").write_text("mine")
    assert [output.reused for output in master(force=True).outputs] == [False, True]
    assert sorted(seen()) == ["in.master.flac", "in.master.wav"]


def test_a_title_that_was_added_by_hand_stays() -> None:
    master()
    wav = Path("out/in.master.wav")
    write_tags(wav, read_tags(wav, stale=True).with_extra({"title": "mine"}))
    assert master().outputs[0].reused
    assert read_tags(wav).get("title") == "mine"


def test_a_reference_with_other_content_is_another_chain() -> None:
    reference = write("reference.wav", 7)
    chain = Chain.parse(LIKE)
    first = contents(chain)
    assert not master(LIKE).outputs[0].reused and master(LIKE).outputs[0].reused
    write("reference.wav", 8)
    assert contents(chain) != first and contents(chain).keys() == {"reference.wav"}
    assert chain.hash == Chain.parse(LIKE).hash
    assert not master(LIKE).outputs[0].reused
    reference.unlink()
    with pytest.raises(InputError, match=r"reference\.wav, which the chain refers to, cannot be read"):
        contents(chain)
    assert contents(Chain.parse(LIKE + "bypass: true\n")) == {}


def test_a_run_sees_the_content_of_references(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(GENERATORS, "fake", "tests.generators:Fake")
    write("reference.wav", 7)
    asked: dict[str, Any] = {"seconds": 10.0, "seeds": "1", "generator": "fake", "chain": Chain.parse(LIKE)}
    first = make_song(output_dir="run", **asked)
    assert make_song(output_dir="run", **asked).mastered is None
    write("reference.wav", 8)
    with pytest.raises(OutputError, match=r"holds another run \(chain_files differ\)"):
        make_song(output_dir="run", **asked)
    second = make_song(output_dir="run2", **asked)
    assert second.takes[0].reused and second.delivered[0].sha256 != first.delivered[0].sha256


def test_a_run_sets_a_changed_song_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(GENERATORS, "fake", "tests.generators:Fake")
    asked: dict[str, Any] = {"seconds": 10.0, "seeds": "1", "generator": "fake", "chain": Chain.parse(QUIET)}
    first = make_song(output_dir="run", **asked)
    first.delivered[0].path.write_text("mine")
    second = make_song(output_dir="run", skip_existing=True, **asked)
    assert Path("run/old-1/song", first.delivered[0].path.name).read_text() == "mine"
    assert [file.sha256 for file in second.delivered] == [file.sha256 for file in first.delivered]
    with pytest.raises(OutputError, match="holds another run"):
        make_song(output_dir="run", skip_existing=True, **{**asked, "seconds": 11.0})


def test_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    Path("quiet.yaml").write_text(QUIET)
    write("b.wav", 2)
    command = ["master", "in.wav", "b.wav", "--chain", "quiet.yaml", "--output-dir", "out", "--skip-existing"]
    assert run(command) == 0
    before = seen()
    Path("out/b.master.wav").unlink()
    assert run([*command, "--jobs", "2"]) == 0
    assert capsys.readouterr().out.count("done already: found by its key") == 3
    assert {name: data for name, (_, data) in seen().items()} == {name: data for name, (_, data) in before.items()}
    assert seen()["in.master.wav"] == before["in.master.wav"]
    assert run([*command, "--no-tags"]) == 1  # two files, and for neither can it be told
    assert run([*command[:2], *command[3:], "--no-tags"]) == 2
    assert run([*command, "--album"]) == 2
    assert run([*command, "--dry-run"]) == 0
    with pytest.raises(UsageError, match="found by its tags"):
        master(provenance=False)
