"""`chains test`: a baseline is kept, what drifts from it is named, and nothing is left behind."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from songkit.audio import Audio, Encoding
from songkit.chains import Chain
from songkit.cli import run
from songkit.drift import TOLERANCES, check_chain, junit_xml
from songkit.errors import UsageError
from songkit.files import AudioWriter
from tests import signals

CHAIN = Chain.parse("name: mine\nsteps:\n  - highpass: {cutoff_hz: 40}\n  - loudness: {target_lufs: -12}\n")


def write(path: Path, audio: Audio) -> Path:
    path.parent.mkdir(exist_ok=True)
    with AudioWriter(path, audio.format, Encoding("wav", 16), frames=audio.frames) as writer:
        writer.push(audio.samples)
        writer.close()
        writer.commit()
    return path


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    write(folder / "song.wav", signals.song(3.0))
    write(folder / "more" / "noise.wav", signals.pink(-20.0, 3.0, channels=1))
    return folder


def changed(**settings: float) -> Chain:
    loudness = CHAIN.steps[1].model_copy(update=settings)
    return CHAIN.model_copy(update={"steps": (CHAIN.steps[0], loudness)})


def test_the_same_chain_has_not_drifted_and_writes_nothing(corpus: Path) -> None:
    first = check_chain(CHAIN, corpus, update=True)
    assert first.passed
    assert first.baseline_path == corpus / "mine.baseline.json"
    before = {path: path.read_bytes() for path in corpus.rglob("*") if path.is_file()}
    again = check_chain(CHAIN, corpus)
    assert again.passed
    assert [outcome.verdict for outcome in again.files] == ["same", "same"]
    assert [outcome.name for outcome in again.files] == ["more/noise.wav", "song.wav"]
    assert again.then == again.now
    assert {path: path.read_bytes() for path in corpus.rglob("*") if path.is_file()} == before


def test_the_figures_are_those_of_the_mastered_signal(corpus: Path) -> None:
    figures = check_chain(CHAIN, corpus, update=True).now.files["song.wav"].figures
    assert figures["integrated_lufs"] == pytest.approx(-12.0, abs=0.05)
    assert figures["true_peak_dbtp"] is not None and figures["true_peak_dbtp"] <= -1.0
    assert figures["seconds"] == 3.0
    assert figures["max_reduction_db"] is not None and figures["max_reduction_db"] > 1.0
    assert {"range_lu", "plr_lu", "width_db", "band_63_hz_db", "band_8000_hz_db"} <= figures.keys()


def test_what_drifts_is_named_with_then_and_now(corpus: Path) -> None:
    check_chain(CHAIN, corpus, update=True)
    result = check_chain(changed(target_lufs=-12.3), corpus)
    assert not result.passed
    drifted = {drift.figure: drift for drift in result.files[1].drifts}
    loudness = drifted["integrated_lufs"]
    assert (loudness.then, loudness.now) == (pytest.approx(-12.0, abs=0.05), pytest.approx(-12.3, abs=0.05))
    assert loudness.tolerance == TOLERANCES["integrated_lufs"]
    assert any(line.startswith("song.wav: integrated_lufs was -1") and ", is -12." in line for line in result.lines())
    assert "the chain mine is not the one that the baseline was measured with" in result.notes


def test_another_chain_with_the_same_figures_passes_with_a_note(corpus: Path) -> None:
    check_chain(CHAIN, corpus, update=True)
    result = check_chain(changed(max_reduction_db=9.0), corpus)
    assert result.passed
    assert len(result.notes) == 1


def test_a_figure_that_vanishes_has_drifted(corpus: Path) -> None:
    kept = check_chain(CHAIN, corpus, update=True).baseline_path
    values = json.loads(kept.read_text())
    values["files"]["song.wav"]["figures"]["range_lu"] = None
    kept.write_text(json.dumps(values))
    [drift] = check_chain(CHAIN, corpus).files[1].drifts
    assert (drift.figure, drift.then) == ("range_lu", None)
    assert "range_lu was undefined, is" in str(drift)


def test_new_missing_and_replaced_files_are_named(corpus: Path) -> None:
    check_chain(CHAIN, corpus, update=True)
    write(corpus / "another.wav", signals.song(2.0, seed=5))
    assert check_chain(CHAIN, corpus).passed  # what is new cannot have drifted
    (corpus / "song.wav").unlink()
    write(corpus / "song.wav", signals.song(3.0, seed=9))
    (corpus / "more" / "noise.wav").unlink()
    result = check_chain(CHAIN, corpus)
    assert {outcome.name: outcome.verdict for outcome in result.files} == {
        "another.wav": "new",
        "song.wav": "replaced",
        "more/noise.wav": "missing",
    }
    assert not result.passed
    assert result.lines()[-1].startswith("3 files, 2 failed")


def test_a_file_that_cannot_be_mastered_fails_and_the_others_go_on(corpus: Path) -> None:
    write(corpus / "silence.wav", signals.silence(1.0))
    result = check_chain(CHAIN, corpus, update=True)
    assert not result.passed
    assert [outcome.verdict for outcome in result.files] == ["same", "failed", "same"]
    assert sorted(result.now.files) == ["more/noise.wav", "song.wav"]
    assert "silence.wav: loudness: digital silence" in "\n".join(result.lines())


def test_text_and_hidden_files_are_no_corpus(corpus: Path) -> None:
    (corpus / "LICENCE").write_text("mine")
    write(corpus / ".cache" / "old.wav", signals.song(1.0))
    assert len(check_chain(CHAIN, corpus, update=True).files) == 2


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[1]", '{"version": 2}', '{"version": 1, "songkit": "0", "chain": "c", "chain_hash": "", "files": 3}'],
)
def test_a_baseline_that_is_none_is_refused(text: str, corpus: Path) -> None:
    (corpus / "mine.baseline.json").write_text(text)
    with pytest.raises(UsageError, match="is not a baseline"):
        check_chain(CHAIN, corpus)


def test_without_a_baseline_nothing_passes(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist") as caught:
        check_chain(CHAIN, corpus)
    assert "--update" in caught.value.hint
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="holds no audio"):
        check_chain(CHAIN, tmp_path / "empty")
    with pytest.raises(UsageError, match="is not a folder"):
        check_chain(CHAIN, tmp_path / "nowhere")


def test_junit_is_xml_whatever_the_files_are_called(corpus: Path) -> None:
    write(corpus / 'a <b> & "c" \x07 ]]>.wav', signals.song(1.0))
    check_chain(CHAIN, corpus, update=True)
    write(corpus / "later.wav", signals.song(1.0))
    write(corpus / "zilence.wav", signals.silence(1.0))
    suite = ElementTree.fromstring(junit_xml(check_chain(changed(target_lufs=-13.0), corpus)))[0]
    assert suite.attrib.items() >= {"tests": "5", "failures": "3", "errors": "1", "skipped": "1"}.items()
    cases = {case.get("name"): case for case in suite}
    assert 'a <b> & "c" � ]]>.wav' in cases
    failure = cases["song.wav"].find("failure")
    assert failure is not None and failure.get("type") == "drifted"
    assert "integrated_lufs was -1" in (failure.text or "")
    assert cases["later.wav"].find("skipped") is not None
    assert cases["zilence.wav"].find("error") is not None


def test_from_the_command_line(corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chain, kept, junit = tmp_path / "mine.yaml", tmp_path / "kept.json", tmp_path / "junit.xml"
    chain.write_text(CHAIN.dump())
    command = ["chains", "test", str(chain), "--corpus", str(corpus), "--baseline", str(kept), "-q"]
    assert run(command) == 2
    assert run([*command, "--update"]) == 0
    assert run([*command, "--junit", str(junit)]) == 0
    assert 'failures="0"' in junit.read_text()
    chain.write_text(changed(target_lufs=-13.0).dump())
    capsys.readouterr()
    assert run([*command, "--json"]) == 3
    told = json.loads(capsys.readouterr().out)
    assert not told["passed"]
    assert told["files"][0]["drifts"][0].keys() == {"figure", "then", "now", "tolerance"}
    assert run(command) == 3
    assert "song.wav: integrated_lufs was -1" in capsys.readouterr().out
