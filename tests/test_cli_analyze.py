"""`songkit analyze`: exit codes, what goes to stdout and what to stderr, profiles, pages, the newest run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from songkit.audio import Audio, Encoding
from songkit.cli import run
from songkit.files import AudioWriter
from tests import signals


def write(path: Path, audio: Audio) -> Path:
    with AudioWriter(path, audio.format, Encoding("wav", "float32")) as writer:
        writer.push(audio.samples)
        writer.close()
        writer.commit()
    return path


@pytest.fixture(scope="module")
def sine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """997 Hz at -23 dBFS in both channels: -23.0 LUFS by definition."""
    return write(tmp_path_factory.mktemp("analyze") / "sine.wav", signals.sine(997.0, -23.0, 4.0))


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("analyze") / "broken.wav"
    path.write_text("this is no audio")
    return path


def test_the_table_goes_to_stdout(sine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["analyze", str(sine)]) == 0
    out, err = capsys.readouterr()
    assert "-23.0 LUFS" in out
    assert "Findings" in out
    assert "\x1b" not in out
    assert "error" not in err
    assert "weights version" not in out


def test_explain_adds_the_rows_of_the_score(sine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["analyze", str(sine), "--explain"]) == 0
    out = capsys.readouterr().out
    assert "weights version" in out
    assert "loudness.range_lu" in out


def test_json_is_a_list_and_nothing_else(sine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["analyze", str(sine), "--json"]) == 0
    (values,) = json.loads(capsys.readouterr().out)
    assert values["loudness"]["integrated_lufs"] == pytest.approx(-23.0, abs=0.05)
    assert values["format"]["path"] == str(sine)
    assert "error" not in values


def test_quiet_prints_nothing(sine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["analyze", str(sine), "-q"]) == 0
    assert capsys.readouterr() == ("", "")


def test_a_kept_profile_ends_with_0_and_a_broken_one_with_3(
    sine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    profile = tmp_path / "mine.yaml"
    profile.write_text('name: mine\nabout: "x"\nlimits:\n  loudness.integrated_lufs: {min: -24, max: -22}\n')
    assert run(["analyze", str(sine), "--profile", str(profile)]) == 0
    assert run(["analyze", str(sine), "--profile", "streaming", "-q"]) == 3
    err = capsys.readouterr().err
    lines = [line for line in err.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1
    assert "loudness.integrated_lufs is -23.0" in lines[0]
    assert "at least -16" in lines[0]
    assert "(profile streaming)" in lines[0]


def test_every_broken_limit_has_its_line_and_stands_in_the_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hot = write(tmp_path / "hot.wav", signals.sine(997.0, 3.0, 4.0))
    assert run(["analyze", str(hot), "--profile", "broadcast-r128", "--json"]) == 3
    out, err = capsys.readouterr()
    (values,) = json.loads(out)
    broken = [each["path"] for each in values["profile"]["broken"]]
    assert {"loudness.integrated_lufs", "peaks.true_peak_dbtp"} <= set(broken)
    assert values["profile"]["passed"] is False
    assert [line.split(" is ")[0].rpartition(" ")[2] for line in err.splitlines() if " is " in line] == broken


def test_an_unknown_profile_is_refused_before_any_work(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["analyze", str(broken), "--profile", "straming"]) == 2
    err = capsys.readouterr().err
    assert "streaming" in err
    assert "broken.wav" not in err


def test_one_bad_file_does_not_stop_the_rest(sine: Path, broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["analyze", str(broken), str(sine)]) == 1
    out, err = capsys.readouterr()
    assert "-23.0 LUFS" in out
    assert "broken.wav" in err
    assert run(["analyze", str(broken), str(sine), "--json"]) == 1
    first, second = json.loads(capsys.readouterr().out)
    assert first["path"] == str(broken)
    assert first["error"]["exit_code"] == 1
    assert "loudness" in second


def test_several_files_of_which_one_breaks_a_limit_end_with_3(sine: Path, tmp_path: Path) -> None:
    fine = write(tmp_path / "fine.wav", signals.sine(997.0, -14.0, 4.0))
    assert run(["analyze", str(fine), str(sine), "--profile", "streaming", "-q"]) == 3


def test_what_cannot_be_measured_is_answered_and_not_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    samples = np.full((1, 3), np.nan, np.float32)
    assert run(["analyze", str(write(tmp_path / "nan.wav", Audio(samples, 8000))), "--json"]) == 0
    (values,) = json.loads(capsys.readouterr().out)
    assert values["loudness"]["integrated_lufs"] is None
    assert values["defects"]["nonfinite_samples"] == 3
    assert values["findings"][0]["code"] == "nonfinite"
    assert run(["analyze", str(tmp_path / "nan.wav")]) == 0


def test_a_page_is_written_once_and_again_only_when_asked(
    sine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "report.html"
    command = ["analyze", str(sine), "-q", "--html", str(page)]
    assert run(command) == 0
    text = page.read_text(encoding="utf-8")
    assert "<h1>sine.wav</h1>" in text
    assert run(command) == 2
    assert "exists already" in capsys.readouterr().err
    assert run([*command, "-f"]) == 0
    assert page.read_text(encoding="utf-8") == text
    assert run(["analyze", str(sine), str(sine), "--html", str(tmp_path / "two.html")]) == 2
    assert not (tmp_path / "two.html").exists()


def test_the_making_of_a_page_is_told(sine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["analyze", str(sine), "--html", str(tmp_path / "report.html")]) == 0
    assert "sine.wav: previews" in capsys.readouterr().err


def test_no_page_of_what_could_not_be_read(broken: Path, tmp_path: Path) -> None:
    assert run(["analyze", str(broken), "--html", str(tmp_path / "x.html")]) == 1
    assert list(tmp_path.iterdir()) == []


# Without a file: the newest run


def make_run(folder: Path, *, delivered: bool) -> Path:
    """A run folder as `songkit.runs` lays it out; the file that stands for it comes back."""
    take = folder / "seed-3" / "take.wav"
    take.parent.mkdir(parents=True)
    write(take, signals.sine(997.0, -23.0, 1.0))
    takes = [
        {"seed": "1", "audio": None},
        {"seed": "3", "audio": "seed-3/take.wav"},
    ]
    (folder / "manifest.json").write_text(json.dumps({"key": "k", "winner": "3", "takes": takes}))
    if not delivered:
        return take
    song = folder / "song"
    song.mkdir()
    (song / "delivery.json").write_text(json.dumps({"key": "k", "files": [{"name": "a.wav", "sha256": "x"}]}))
    return write(song / "a.wav", signals.sine(997.0, -14.0, 1.0))


@pytest.mark.parametrize("delivered", [True, False])
def test_without_a_file_the_newest_run_stands_in(
    delivered: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    expected = make_run(Path("runs/a-123456"), delivered=delivered)
    assert run(["analyze", "--json"]) == 0
    out, err = capsys.readouterr()
    (values,) = json.loads(out)
    assert values["format"]["path"] == str(expected)
    assert str(expected) in err


def test_without_a_file_and_without_a_run_it_is_wrong_usage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["analyze"]) == 2
    assert "there is no run in runs/" in capsys.readouterr().err
    make_run(Path("runs/b-123456"), delivered=False)
    Path("runs/b-123456/manifest.json").write_text('{"key": "k", "winner": null, "takes": []}')
    assert run(["analyze"]) == 2
    assert "has no winner yet" in capsys.readouterr().err


def test_meters_by_name(sine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["analyze", str(sine), "--json", "--meters", "loudness, peaks"]) == 0
    (values,) = json.loads(capsys.readouterr().out)
    assert values["loudness"]["integrated_lufs"] == pytest.approx(-23.0, abs=0.05)
    assert values["spectrum"] is None
    assert values["undefined"]["spectrum"] == "not measured"
    assert run(["analyze", str(sine), "--meters", "loudnes"]) == 2
    assert "did you mean loudness?" in capsys.readouterr().err
