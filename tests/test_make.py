"""The whole way from a request to delivered files: what wins, what is found again, what each failure leaves behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from songkit import runs
from songkit.analysis import analyze_file
from songkit.chains import Chain
from songkit.children import ChildBugError
from songkit.errors import MissingError, NoValidTakeError, OutputError, SignalError, UsageError
from songkit.generate import GENERATORS
from songkit.make import MakeCheckError, RunResult, make_song, settle
from songkit.progress import Update

PLAIN = Chain.parse("name: plain\nsteps: [{gain: {gain_db: -3}}]\ndeliver: [{format: wav, bit_depth: 24}]")
OTHER = Chain.parse("name: other\nsteps: [{gain: {gain_db: -6}}]\ndeliver: [{format: flac, bit_depth: 24}]")
SHEET = "[ti:Harbour Lights]\n[ar:The Tide]\n[0:01]lights on the water\n[0:05]sing it again\n"


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(GENERATORS, "fake", "tests.generators:Fake")
    monkeypatch.chdir(tmp_path)


def make(output_dir: Path | str | None = "out", behaviours: dict[str, str] | None = None, **more: Any) -> RunResult:
    options = {"seeds": behaviours or {}, **more.pop("options", {})}
    values: dict[str, Any] = {"seconds": 10.0, "seeds": "2", "generator": "fake", "chain": PLAIN}
    return make_song(output_dir=output_dir, options=options, **(values | more))


def calls(folder: Path) -> dict[str, float]:
    """When each take was made: nothing made twice has the same time."""
    return {path.parent.name: path.stat().st_mtime_ns for path in folder.glob("seed-*/take.wav")}


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.wav")}


def manifest_of(folder: Path | str) -> dict[str, Any]:
    values: dict[str, Any] = json.loads((Path(folder) / "manifest.json").read_text())
    return values


def test_takes_are_made_judged_and_the_best_one_is_delivered(tmp_path: Path) -> None:
    updates: list[Update] = []
    Path("my lights.lrc").write_text(SHEET)
    result = make(lyrics="my lights.lrc", style="slow blues", seeds="7,3", progress=updates.append)
    assert [take.seed for take in result.takes] == [7, 3]
    assert {take.state for take in result.takes} == {"valid"}
    assert result.winner.points == max(take.points for take in result.takes)
    assert result.winner.take is not None and result.winner.take.facts["style_seen"] == "slow blues"
    assert result.order.why == "as asked"
    (delivered,) = result.delivered
    assert delivered.path == Path("out/song/harbour-lights.master.wav")
    assert runs.file_sha256(delivered.path) == delivered.sha256
    measured = analyze_file(delivered.path).loudness.integrated_lufs
    assert measured == pytest.approx(delivered.record["analysis"]["loudness"]["integrated_lufs"], abs=1e-6)
    for seed in (7, 3):
        assert {path.name for path in Path(f"out/seed-{seed}").iterdir()} == {"take.wav", "take.json", "notes.txt"}
    assert not Path("out/.work").exists()
    assert {update.subject for update in updates} >= {"seed 7", "seed 3", "all seeds"}


def test_the_manifest_says_all(tmp_path: Path) -> None:
    result = make(style="slow blues", seeds=[2**63 - 1, 4], behaviours={"4": "refuse"})
    written = manifest_of("out")
    assert written["state"] == "done"
    assert written["seeds"] == ["9223372036854775807", "4"]
    assert written["winner"] == "9223372036854775807"
    assert written["generator"] == {"name": "fake", "version": "1", "why": "as asked"}
    assert written["request"]["style"] == "slow blues" and written["request"]["seconds"] == 10.0
    assert written["chain"]["hash"] == result.order.chain.hash
    good, bad = written["takes"]
    assert (good["state"], good["audio"]) == ("valid", "seed-9223372036854775807/take.wav")
    assert good["analysis"]["loudness"]["integrated_lufs"] == result.winner.analysis.loudness.integrated_lufs  # type: ignore[union-attr]
    assert (bad["state"], bad["failure"]["error"], bad["failure"]["stage"]) == ("failed", "SignalError", "compose")
    (file,) = written["delivered"]
    assert runs.file_sha256(Path("out") / file["path"]) == file["sha256"]
    assert set(written["timings_seconds"]) == {"prepare", "takes", "master", "all"}
    assert runs.newest(tmp_path) == tmp_path / "out"
    assert runs.delivered_files(Path("out")) == [result.delivered[0].path]


def test_a_failed_seed_is_said_aloud_and_stops_nobody() -> None:
    behaviours = {"1": "exit", "2": "silence", "3": "nan", "4": "memory", "5": "good", "6": "hang", "7": "bug"}
    result = make(behaviours=behaviours, seeds="1-7", timeout=4.0, jobs=4)
    assert result.winner.seed == 5
    states = {take.seed: take.state for take in result.takes}
    assert states == {1: "failed", 2: "rejected", 3: "rejected", 4: "failed", 5: "valid", 6: "failed", 7: "failed"}
    said = "\n".join(result.warnings)
    for line in (
        "seed 1 failed: in stage 'compose': ended with code 7",
        "seed 2 rejected: digital silence",
        "seed 3 rejected: 1 samples are not finite",
        "seed 4 failed: in stage 'compose': out of memory",
        "seed 6 failed: in stage 'compose': not finished after 4.",
        "seed 7 failed: in stage 'compose': ZeroDivisionError: a silent peak",
    ):
        assert line in said
    assert Path("out/seed-3/take.wav").exists()  # what was rejected is kept, too
    assert "in misbehave" in manifest_of("out")["takes"][6]["failure"]["log"]


def test_no_valid_take_names_the_reason_of_each_seed() -> None:
    with pytest.raises(NoValidTakeError) as caught:
        make(behaviours={"1": "silence", "2": "refuse"})
    assert caught.value.exit_code == 4
    assert caught.value.message == (
        "no valid take out of 2: seed 1 digital silence; seed 2 in stage 'compose': no sound came out"
    )
    assert manifest_of("out")["state"] == "no valid take"
    assert not Path("out/song").exists()


def test_of_equal_takes_the_seed_named_first_wins() -> None:
    # seeds 1001 and 1 make the same samples
    for seeds in ("1001,1", "1,1001"):
        result = make(f"out-{seeds}", seeds=seeds)
        assert result.takes[0].points == result.takes[1].points
        assert result.winner.seed == int(seeds.split(",")[0])


def test_the_same_call_again_does_nothing_twice() -> None:
    first = make()
    before, times = files_of(Path("out")), calls(Path("out"))
    again = make()
    assert files_of(Path("out")) == before and calls(Path("out")) == times
    assert all(take.reused for take in again.takes) and not any(take.reused for take in first.takes)
    assert first.mastered is not None and again.mastered is None
    assert [file.sha256 for file in again.delivered] == [file.sha256 for file in first.delivered]
    assert again.delivered[0].record == json.loads(json.dumps(first.delivered[0].record))
    assert "prepare" not in again.timings


@pytest.mark.parametrize("failure", [OutputError("no space left"), SignalError("a NaN"), KeyboardInterrupt()])
def test_what_fails_in_mastering_leaves_takes_and_goes_on_from_them(failure: BaseException) -> None:
    def broken(source: Path, chain: object, *, output_dir: Path, **_: object) -> Any:
        (output_dir / "half.wav").write_text("half a file")
        raise failure

    with pytest.raises(type(failure)):
        make(master=broken)
    assert manifest_of("out")["state"] == "mastering"
    assert not Path("out/song").exists()
    times = calls(Path("out"))
    result = make()
    assert calls(Path("out")) == times
    assert {path.name for path in Path("out/song").iterdir()} == {"delivery.json", "song.master.wav"}
    assert manifest_of("out")["state"] == "done"
    assert all(take.reused for take in result.takes)


def test_an_interrupt_keeps_what_is_done_and_the_next_run_makes_the_rest() -> None:
    def interrupt(update: Update) -> None:
        if update.subject == "seed 2" and update.stage == "compose":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(jobs=1, progress=interrupt)
    written = manifest_of("out")
    assert written["state"] == "making takes"
    assert [take["seed"] for take in written["takes"]] == ["1"]
    assert written["not_made_yet"] == ["2"]
    result = make(jobs=1)
    assert [take.reused for take in result.takes] == [True, False]
    whole = make("elsewhere/whole")  # a run beside this one would take its takes
    assert not any(take.reused for take in whole.takes)
    assert [take.sha256 for take in whole.takes] == [take.sha256 for take in result.takes]
    assert whole.delivered[0].sha256 == result.delivered[0].sha256


def test_another_request_in_the_same_folder_is_refused_and_touches_nothing() -> None:
    make()
    before = files_of(Path("out"))
    for other, names in (
        ({"style": "fast"}, "style"),
        ({"seeds": "3"}, "seeds"),
        ({"chain": OTHER}, "chain"),
        ({"seconds": 11.0}, "seconds"),
    ):
        with pytest.raises(OutputError, match=rf"out holds another run \({names} differ\)") as caught:
            make(**other)
        assert "-o" in caught.value.hint
    assert files_of(Path("out")) == before


def test_force_sets_the_other_run_aside_and_takes_its_takes() -> None:
    first = make()
    before = files_of(Path("out"))
    second = make(chain=OTHER, seeds="3", force=True)
    assert files_of(Path("out/old-1")) == before
    assert [take.reused for take in second.takes] == [True, True, False]
    assert second.delivered[0].path == Path("out/song/song.master.flac")
    assert any("out held another run (chain, seeds differ): moved to old-1/" in line for line in second.warnings)
    second.delivered[0].path.write_text("edited by hand")
    third = make(chain=OTHER, seeds="3", force=True)
    assert Path("out/old-2/song/song.master.flac").read_text() == "edited by hand"
    assert third.delivered[0].sha256 == second.delivered[0].sha256
    assert first.winner.audio == Path(f"out/seed-{first.winner.seed}/take.wav")


def test_strict_ends_with_one_where_a_seed_failed() -> None:
    assert make(behaviours={"1": "refuse"}).exit_code == 0
    assert make(behaviours={"1": "refuse"}, strict=True).exit_code == 1
    assert make("other", strict=True).exit_code == 0


def test_another_chain_takes_the_takes_of_the_run_beside() -> None:
    first = make(None, style="Slow Blues!")
    assert first.folder.parent == Path("runs") and first.folder.name.startswith("slow-blues-")
    second = make(None, style="Slow Blues!", chain=OTHER, seeds="3")
    assert second.folder != first.folder
    assert [take.reused for take in second.takes] == [True, True, False]
    assert [take.sha256 for take in second.takes[:2]] == [take.sha256 for take in first.takes]


def test_a_delivered_file_that_was_changed_is_not_overwritten() -> None:
    path = make().delivered[0].path
    path.write_text("edited by hand")
    with pytest.raises(OutputError, match="out/song holds files that this run would write otherwise"):
        make()
    assert path.read_text() == "edited by hand"


def test_two_runs_at_once_in_one_folder() -> None:
    seen: list[str] = []

    def second(update: Update) -> None:
        if not seen:
            seen.append("")
            with pytest.raises(OutputError, match=rf"another songkit works in out \(process {os.getpid()}\)"):
                make()
            seen.append("refused")

    make(progress=second)
    assert seen == ["", "refused"]


def test_what_prepare_refuses_ends_the_run_with_its_own_error() -> None:
    with pytest.raises(SignalError, match="the style is not ready"):
        make(options={"prepare": "refuse"})
    with pytest.raises(ChildBugError, match=r"(?s)in prepare.*KeyError: 'style'"):
        make("other", options={"prepare": "bug"})


def test_a_missed_check_keeps_the_files_and_is_said_every_time(tmp_path: Path) -> None:
    chain = tmp_path / "strict.yaml"
    chain.write_text("name: strict\nsteps:\n  - gain: {gain_db: -3}\ndeliver:\n  - {format: wav}\n"
                     "checks:\n  integrated_lufs: {min: -1}\n")  # fmt: skip
    for _ in range(2):
        with pytest.raises(
            MakeCheckError, match=r"song\.master\.wav: integrated_lufs is -.*wanted at least -1"
        ) as caught:
            make(chain=str(chain))
        assert caught.value.exit_code == 3
        assert caught.value.result.delivered[0].path.exists()
    assert manifest_of("out")["delivered"][0]["failed_checks"]


def test_the_run_has_a_page_about_it() -> None:
    result = make()
    page = result.report.read_text(encoding="utf-8")
    assert result.report == Path("out/report.html")
    assert all(f"seed-{take.seed}" in page or str(take.seed) in page for take in result.takes)
    assert make().report.read_text(encoding="utf-8") == page


def test_options_of_another_generator_are_refused_or_left_out_aloud(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SONGKIT_MODELS", "no-models-here")
    options = {"quality": "draft", "voice": False}
    chosen = settle(options=options)
    assert chosen.generator.name == "sketch" and chosen.request.options == {"voice": False}
    assert "quality=draft has no meaning for sketch: left out" in chosen.warnings
    with pytest.raises(UsageError, match="sketch has no option 'quality'"):
        make_song(seconds=10, seeds="1", generator="sketch", options=options, output_dir="out")


@pytest.mark.parametrize(
    ("wrong", "error", "says"),
    [
        ({"seconds": 0.0}, UsageError, "0 seconds: songs of 10 to 285 seconds"),
        ({"seconds": 1e9}, UsageError, "1e+09 seconds"),
        ({"seconds": float("nan")}, UsageError, "nan seconds"),
        ({"seeds": "abc"}, UsageError, "'abc' is no seed"),
        ({"seeds": [1, 1]}, UsageError, "different whole numbers"),
        ({"seeds": []}, UsageError, "different whole numbers"),
        ({"generator": "diffrhythm", "options": {"models": "/none"}}, MissingError, "diffrhythm cannot run here"),
        ({"generator": "fak"}, UsageError, "there is no generator 'fak'"),
        ({"chain": "no-such-chain"}, UsageError, "no-such-chain"),
        ({"lyrics": "none.lrc"}, UsageError, "none.lrc does not exist"),
        ({"options": {"x": object()}}, UsageError, "no plain JSON"),
        ({"jobs": 0}, UsageError, "0 jobs"),
        ({"timeout": 0.0}, UsageError, "timeout of 0 s"),
    ],
)
def test_wrong_requests_are_refused_before_anything_is_made(
    wrong: dict[str, Any], error: type[Exception], says: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=says.replace("+", r"\+")):
        make(**wrong)
    assert list(tmp_path.iterdir()) == []


def test_the_length_fits_the_lyrics() -> None:
    def length(sheet: str | None) -> float:
        if sheet is None:
            return settle(generator="fake", chain=PLAIN).request.seconds
        Path("s.lrc").write_text(sheet)
        return settle(lyrics=Path("s.lrc"), generator="fake", chain=PLAIN).request.seconds

    assert length(None) == 60.0
    assert length("[0:20]a\n[0:31.5]b") == 41.5
    assert length("[0:00]a") == 10.0
    assert length("[4:40]a") == 285.0
    with pytest.raises(UsageError, match=r"every line of the lyrics starts after the end of the song \(4:45"):
        length("[1:02:03]a")
    Path("s.lrc").write_text("[0:01]a\n[0:30]b")
    (warning,) = settle(lyrics="s.lrc", seconds=20, generator="fake", chain=PLAIN).warnings
    assert warning.startswith("lyrics: line 2") and "after the end of the song" in warning


def test_progress_from_another_thread_and_an_import_without_weight() -> None:
    results: list[RunResult] = []
    thread = threading.Thread(target=lambda: results.append(make(seeds="1")))
    thread.start()
    thread.join(60)
    assert results[0].winner.seed == 1
    check = "import sys, songkit.make; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1]
    ).stdout.split()
    assert not {"scipy", "numba", "pedalboard", "soundfile", "torch"} & set(loaded)


def test_sketch_end_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SONGKIT_MODELS", "no-models-here")
    Path("lights.lrc").write_text(SHEET)
    result = make_song(lyrics="lights.lrc", style="warm pop", seconds=10, seeds="2", chain="radio")
    assert result.order.why.startswith("diffrhythm cannot run here: ")
    assert [take.state for take in result.takes] == ["valid", "valid"]
    assert result.takes[0].sha256 != result.takes[1].sha256
    loudness = result.delivered[0].record["analysis"]["loudness"]["integrated_lufs"]
    assert loudness == pytest.approx(-14.0, abs=3.0)
