"""Folders and patterns: every file a row, none stopping another, in order, with what went wrong told at the end."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from songkit.analysis import analyze_file
from songkit.analysis.figures import figure_names
from songkit.batch import analyze_each
from songkit.cli import run
from songkit.cli.say import above, say
from songkit.errors import InputError, UsageError
from songkit.files.folder import gather
from songkit.progress import Overall, Update
from songkit.report.rows import Summary, file_row
from songkit.report.spreadsheet import COLUMNS
from tests import signals
from tests.test_cli_analyze import write


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two songs, a damaged one, a picture, a hidden file; one song more in a folder below."""
    folder = tmp_path_factory.mktemp("songs")
    (folder / "below").mkdir()
    for name, seed in (("b.wav", 1), ("a.wav", 2), ("below/c.wav", 3)):
        write(folder / name, signals.song(seconds=2, seed=seed))
    (folder / "damaged.flac").write_bytes(b"")
    (folder / "cover.jpg").write_bytes(b"\xff\xd8\xff\xe0 no song")
    (folder / ".hidden.wav").write_bytes((folder / "a.wav").read_bytes())
    return folder


def names(paths: list[Path]) -> list[str]:
    return [path.name for path in paths]


def test_a_folder_is_the_audio_in_it_and_damaged_audio_counts(folder: Path) -> None:
    assert names(gather([folder])) == ["a.wav", "b.wav", "damaged.flac"]
    assert names(gather([folder], recursive=True)) == ["a.wav", "b.wav", "c.wav", "damaged.flac"]
    assert names(gather([folder / "b.wav", folder / "below", folder / "none.wav"])) == ["b.wav", "c.wav", "none.wav"]


def test_audio_without_a_suffix_is_found_by_its_content(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "song").write_bytes((folder / "a.wav").read_bytes())
    (tmp_path / "text").write_text("no song")
    assert names(gather([tmp_path])) == ["song"]


def test_a_pattern_is_what_fits_and_a_name_with_brackets_is_a_name(folder: Path, tmp_path: Path) -> None:
    assert names(gather([folder / "*.wav"])) == [".hidden.wav", "a.wav", "b.wav"]
    assert names(gather([folder / "**" / "c*"])) == ["c.wav", "cover.jpg"]
    assert names(gather([folder / "x*.wav"])) == ["x*.wav"], "opening it says that it does not exist"
    odd = write(tmp_path / "take [1].wav", signals.song(seconds=1))
    assert gather([odd]) == [odd]


def test_a_folder_without_audio_is_wrong_usage_and_says_where_to_look(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no audio") as error:
        gather([tmp_path])
    assert "--recursive" in error.value.hint


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_file_has_its_outcome_in_order_and_no_curves(folder: Path, jobs: int) -> None:
    paths = gather([folder], recursive=True)
    outcomes = list(analyze_each(paths, jobs=jobs))
    assert [outcome.path for outcome in outcomes] == paths
    assert isinstance(outcomes[-1].error, InputError)
    for outcome in outcomes[:-1]:
        assert outcome.result is not None and outcome.seconds > 0
        alone = analyze_file(outcome.path)
        assert outcome.result.to_dict() == alone.to_dict()
        assert alone.loudness.momentary_lufs and not outcome.result.loudness.momentary_lufs
        assert alone.waveform.lowest and not outcome.result.waveform.lowest


def test_rows_a_summary_and_the_reasons(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["analyze", str(folder), "--recursive"]) == 1
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0].split() == ["file", "length", "LUFS", "dBTP", "LRA", "PLR", "found"]
    assert [Path(line.split()[0]).name for line in lines[1:4]] == ["a.wav", "b.wav", "c.wav"]
    assert "failed: is empty (0 bytes)" in lines[4]
    assert max(map(len, lines)) <= 100
    assert "4 files: 3 measured, 1 failed" in out
    assert out.rstrip().endswith("damaged.flac: is empty (0 bytes)")
    assert err.count("error: ") == 1


def test_a_profile_that_only_some_keep_ends_with_3(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    loud = write(folder.parent / "loud.wav", signals.sine(997.0, -14.0, 4.0))
    assert run(["analyze", str(folder / "a.wav"), str(loud), "--profile", "streaming"]) == 3
    out, err = capsys.readouterr()
    assert "breaks 1 limit" in out and "1 outside the profile streaming" in out
    assert "outside" in out.splitlines()[-2] and "loudness.integrated_lufs is" in out
    assert err == ""


def test_a_row_per_file_as_csv(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["analyze", str(folder), "--csv", "-"]) == 1
    text = capsys.readouterr().out
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["status"] for row in rows] == ["ok", "ok", "failed"]
    assert list(rows[0]) == [column.name for column in COLUMNS]
    values = analyze_file(folder / "a.wav")
    assert float(rows[0]["integrated_lufs"]) == pytest.approx(values.loudness.integrated_lufs, abs=1e-4)
    assert rows[0]["seconds"] == "2" and rows[0]["bit_depth"] == "float32"
    assert rows[2]["integrated_lufs"] == "" and "empty" in rows[2]["reason"]
    table = tmp_path / "table.csv"
    assert run(["analyze", str(folder), "-q", "--csv", str(table)]) == 1
    assert table.read_text() == text
    assert run(["analyze", str(folder), "-q", "--csv", str(table)]) == 2
    assert run(["analyze", str(folder), "--json", "--csv", "-"]) == 2


def test_what_was_not_measured_is_empty_in_the_table(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["analyze", str(folder / "a.wav"), "--meters", "loudness", "--csv", "-"]) == 0
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert row["integrated_lufs"]
    assert [row[name] for name in ("clicks", "clipped_tops", "true_peak_dbtp", "samples_over", "score")] == [""] * 5


def test_columns_are_figures_with_units_in_their_names() -> None:
    assert len({column.name for column in COLUMNS}) == len(COLUMNS)
    known = {*figure_names(), "score.total", "peaks.overs.count"}
    assert {column.path for column in COLUMNS if column.path} <= known
    units = ("_lufs", "_lu", "_dbtp", "_dbfs", "_db", "_hz", "_seconds", "_kbps", "_db_per_octave")
    for column in COLUMNS:
        ending = next((unit for unit in units if column.path.endswith(unit)), "")
        assert column.name.endswith(ending), column


def test_json_of_many_is_one_list(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["analyze", str(folder), "--json"]) == 1
    text = capsys.readouterr().out
    values = json.loads(text)
    assert [Path(value.get("path") or value["format"]["path"]).name for value in values] == [
        "a.wav",
        "b.wav",
        "damaged.flac",
    ]
    assert text == json.dumps(values, indent=2, ensure_ascii=False) + "\n", "as if it were printed at once"


def test_junit_of_many_has_a_case_each_with_its_time(folder: Path, tmp_path: Path) -> None:
    report = tmp_path / "t.xml"
    assert run(["analyze", str(folder), "-q", "--profile", "streaming", "--junit", str(report), "--jobs", "2"]) == 1
    suite = ElementTree.parse(report).getroot()[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "2", "1")
    assert all(float(case.get("time", "0")) > 0 for case in list(suite)[:2])


def test_a_file_that_the_baseline_does_not_know_stops_no_other(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["analyze", str(folder / "a.wav"), str(folder / "below"), "--json"])
    (tmp_path / "then.json").write_text(capsys.readouterr().out)
    assert run(["analyze", str(folder), "-r", "--baseline", str(tmp_path / "then.json")]) == 1
    out, err = capsys.readouterr()
    assert out.count("nothing changed") == 2
    assert "the baseline has no analysis of" in err and "b.wav" in err


def test_the_whole_is_told_of_by_size_and_in_one_direction() -> None:
    told: list[Update] = []
    paths = [Path(__file__), Path(__file__).with_name("signals.py"), Path("none.wav")]
    overall = Overall(paths, told.append)
    overall(Update("analyze", 0.5, paths[0].name))
    for path in paths:
        overall.done(path)
    whole = [update.fraction for update in told if not update.subject]
    assert whole == sorted(whole) and whole[-1] == 1.0
    assert whole[0] == pytest.approx(0.5 * paths[0].stat().st_size / sum(p.stat().st_size for p in paths[:2]))
    assert {update.stage for update in told if not update.subject} == {"3 files"}


def test_lines_go_above_a_bar_and_to_a_pipe_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    lines: list[str] = []
    with above(lines.append):
        say("a row")  # stdout is no terminal here
        say("an error", err=True)
    say("afterwards", err=True)
    assert lines == ["an error"]
    assert capsys.readouterr() == ("a row\n", "afterwards\n")


def test_names_cannot_command_a_terminal_or_break_the_columns() -> None:
    analysis = analyze_file_of(signals.song(seconds=1))
    row = file_row("x" * 300 + "\x1b[31m\udcff.wav", analysis, ())
    assert len(row) <= 100 and "\x1b" not in row and "\udcff" not in row
    summary = Summary()
    summary.fail("a\x1b[2J.wav", InputError("a\x1b[2J.wav is broken\x07"))
    assert all(character.isprintable() for line in summary.lines() for character in line)


def analyze_file_of(audio: signals.Audio) -> object:
    from songkit.analysis import analyze
    from songkit.blocks import AudioSource

    return analyze(AudioSource(audio))
