"""Run folders: keys, locks, takes that are found again, and nothing overwritten."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from songkit import runs
from songkit.errors import OutputError, SignalError

KEY, OTHER = "a" * 32, "b" * 32
BLUES = {"style": "slow blues", "seeds": ["1", "2"]}


def made(run: runs.Run, seed: int, content: str = "audio") -> runs.KeptTake:
    """A take as a generator leaves it in its work folder, kept."""
    work = run.fresh_work(f"seed-{seed}")
    (work / "raw.wav").write_text(content)
    (work / "x.mid").write_text("notes")
    return run.keep(seed, KEY, work / "raw.wav", {"tempo_bpm": 90}, {"score/lead": work / "x.mid"})


def test_the_key_is_stable_and_sees_everything() -> None:
    values = {"b": [1, 2.5, None], "a": {"text": "花"}}
    assert runs.content_key(values) == "d59d5c98ced58a699b5cefc6cf88745c"  # b2sum -l 128 of {"a":{"text":"\\u82b1"},...
    assert runs.content_key(values) == runs.content_key({"a": {"text": "花"}, "b": [1, 2.5, None]})
    assert len({runs.content_key(v) for v in (values, {"b": 1}, {"b": 1.5}, {"b": "1"}, {"b": [1]}, {})}) == 6
    with pytest.raises(ValueError, match="JSON"):
        runs.content_key({"a": float("nan")})


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Harbour Lights", "harbour-lights-aaaaaa"),
        ("成都 (live)", "成都-live-aaaaaa"),
        ("../../etc/passwd", "etc-passwd-aaaaaa"),
        ("--rf\n", "rf-aaaaaa"),
        ("", "song-aaaaaa"),
        ("x" * 300, "x" * 40 + "-aaaaaa"),
    ],
)
def test_folder_names_hold_no_surprises(title: str, name: str) -> None:
    assert runs.name_for(title, KEY) == name


def test_a_take_is_kept_whole_and_found_again(tmp_path: Path) -> None:
    with runs.open_run(tmp_path / "r", BLUES) as run:
        assert run.kept(3, KEY) is None
        first = made(run, 3)
        assert first.audio == tmp_path / "r" / "seed-3" / "take.wav"
        assert first.files["score/lead"].name == "score-lead.mid"
        run.write_manifest({"state": "takes"})
        run.clean()
    with runs.open_run(tmp_path / "r", BLUES) as run:
        again = run.kept(3, KEY)
        assert again is not None and again.reused and not first.reused
        assert (again.audio, again.sha256, again.facts, again.files) == (
            first.audio, first.sha256, first.facts, first.files,
        )  # fmt: skip
        assert run.notes == []
        assert run.read_manifest() == {"state": "takes", "made_from": BLUES}


@pytest.mark.parametrize("harm", ["audio", "record", "side", "key"])
def test_a_take_that_changed_is_moved_aside_not_overwritten(tmp_path: Path, harm: str) -> None:
    with runs.open_run(tmp_path / "r", BLUES) as run:
        take = made(run, 3)
        if harm == "audio":
            take.audio.write_text("edited by hand")
        elif harm == "record":
            (take.audio.parent / "take.json").write_text("{ cut off")
        elif harm == "side":
            take.files["score/lead"].unlink()
        before = take.audio.read_text()
        assert run.kept(3, OTHER if harm == "key" else KEY) is None
        assert (tmp_path / "r" / "old-1" / "seed-3" / "take.wav").read_text() == before
        assert run.notes == ["seed-3 was not as it was kept: moved to old-1/ and made again"]
        made(run, 3)
        assert run.kept(3, KEY) is not None


def test_a_take_from_a_run_beside_is_linked_not_made_again(tmp_path: Path) -> None:
    with runs.open_run(tmp_path / "one", BLUES) as run:
        theirs = made(run, 3)
    with runs.open_run(tmp_path / "two", BLUES) as run:
        assert run.borrow(4, KEY) is None
        assert run.borrow(3, OTHER) is None
        ours = run.borrow(3, KEY)
        assert ours is not None and ours.reused
        assert ours.audio.samefile(theirs.audio)
        assert ours.audio.parent == tmp_path / "two" / "seed-3"
        assert run.kept(3, KEY) is not None


def test_an_interrupted_keep_leaves_no_half_take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with runs.open_run(tmp_path / "r", BLUES) as run:
        monkeypatch.setattr("songkit.runs.folder.write_json", interrupt)
        with pytest.raises(KeyboardInterrupt):
            made(run, 3)
        monkeypatch.undo()
        assert not (tmp_path / "r" / "seed-3").exists()
        assert run.kept(3, KEY) is None
        assert made(run, 3).audio.read_text() == "audio"


def test_a_file_that_the_generator_did_not_write_is_named(tmp_path: Path) -> None:
    with runs.open_run(tmp_path / "r", BLUES) as run, pytest.raises(SignalError, match=r"wrote none\.wav.*not there"):
        run.keep(1, KEY, run.work("seed-1") / "none.wav", {}, {})


def test_side_files_never_take_the_place_of_another(tmp_path: Path) -> None:
    with runs.open_run(tmp_path / "r", BLUES) as run:
        work = run.work("seed-1")
        for name in ("raw.wav", "a.wav", "b.wav", "c.json", "d.wav"):
            (work / name).write_text(name)
        sides = {"take": work / "a.wav", "a b": work / "b.wav", "a-b": work / "d.wav", "../take": work / "c.json"}
        take = run.keep(1, KEY, work / "raw.wav", {}, sides)
        assert [path.read_text() for path in take.files.values()] == ["a.wav", "b.wav", "d.wav", "c.json"]
        assert take.audio.read_text() == "raw.wav"
        assert {path.parent for path in take.files.values()} == {take.audio.parent}


def test_two_processes_do_not_work_in_one_folder(tmp_path: Path) -> None:
    script = f"""
import sys
from pathlib import Path
from songkit import runs
with runs.open_run(Path({str(tmp_path / "r")!r}), {BLUES!r}):
    print("in", flush=True)
    sys.stdin.read()
"""
    other = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[1]
    )
    assert other.stdout is not None and other.stdin is not None
    assert other.stdout.readline() == b"in\n"
    with (
        pytest.raises(OutputError, match=rf"another songkit works in .*r \(process {other.pid}\)"),
        runs.open_run(tmp_path / "r", BLUES),
    ):
        pass
    other.kill()
    other.wait()
    other.stdin.close()
    other.stdout.close()
    with runs.open_run(tmp_path / "r", BLUES):  # a killed process leaves no lock behind
        pass


def test_another_request_or_a_foreign_folder_is_refused(tmp_path: Path) -> None:
    with runs.open_run(tmp_path / "r", BLUES) as run:
        run.write_manifest({"state": "done"})
    before = (tmp_path / "r" / "manifest.json").read_bytes()
    with (
        pytest.raises(OutputError, match=r"holds another run \(seeds, style differ\)"),
        runs.open_run(tmp_path / "r", {"style": "fast", "seeds": ["1"]}),
    ):
        pass
    assert (tmp_path / "r" / "manifest.json").read_bytes() == before
    (tmp_path / "foreign" / "seed-1").mkdir(parents=True)
    with pytest.raises(OutputError, match=r"no manifest\.json, but seed-1"), runs.open_run(tmp_path / "foreign", BLUES):
        pass
    (tmp_path / "r" / "manifest.json").write_text("{")
    with pytest.raises(OutputError, match=r"manifest\.json cannot be read"), runs.open_run(tmp_path / "r", BLUES):
        pass
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"), runs.open_run(tmp_path / "file", BLUES):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_one_clear_line(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="Permission denied"), runs.open_run(tmp_path / "r", BLUES):
        pass


def test_delivered_files_appear_together_and_are_not_overwritten(tmp_path: Path) -> None:
    with runs.open_run(tmp_path / "r", BLUES) as run:
        assert run.delivery("d1") is None
        staged = run.fresh_work("song")
        (staged / "song.wav").write_text("master")
        files = [{"name": "song.wav", "sha256": runs.file_sha256(staged / "song.wav")}]
        run.deliver(staged, {"key": "d1", "files": files})
        assert runs.delivered_files(run.folder) == [run.song / "song.wav"]
        record = run.delivery("d1")
        assert record is not None and record["files"] == files
        with pytest.raises(OutputError, match="would write otherwise"):
            run.delivery("d2")
        (run.song / "song.wav").write_text("edited by hand")
        with pytest.raises(OutputError, match="would write otherwise"):
            run.delivery("d1")
        assert (run.song / "song.wav").read_text() == "edited by hand"


def test_the_newest_run_is_the_one_written_last(tmp_path: Path) -> None:
    assert runs.newest(tmp_path / "nowhere") is None
    for index, name in enumerate(("b", "a", "c")):
        with runs.open_run(tmp_path / name, BLUES) as run:
            run.write_manifest({})
            os.utime(run.manifest, (1_000 + index, 1_000 + index))
    (tmp_path / "z").mkdir()
    assert runs.newest(tmp_path) == tmp_path / "c"
    assert runs.delivered_files(tmp_path / "c") == []


def test_versions_name_what_a_sample_depends_on() -> None:
    versions = runs.engine_versions("numpy", "no-such-package")
    assert set(versions) == {"songkit", "python", "numpy", "no-such-package"}
    assert versions["no-such-package"] == "none"
    json.dumps(versions)
