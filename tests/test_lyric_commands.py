"""`songkit lyrics`: sheets are checked and timed; exit codes and JSON as documented."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from songkit.cli import run
from songkit.errors import UsageError
from songkit.generate import lyrics
from songkit.generate.diffrhythm.words import english
from songkit.generate.sheet_check import check_sheet, fitting_seconds
from songkit.generate.sheet_times import Grid, propose

GOOD = "[0:05]Grey light climbs the harbour wall\n[0:10]Ropes are humming\n"
BAD = "[0:05]la la la la la la la la la la la la la\n[0:05.3]next one\n[0:30]love Привет\n[2:00]never sung\n"
PLAIN = "[ti:Harbour]\n\n[Verse]\nGrey light climbs the wall\nRopes are humming\n\n\n[Chorus]\nHold the line\n"


@pytest.fixture
def speaks() -> None:
    pytest.importorskip("phonemizer", reason="needs phonemizer (extra diffrhythm)")


@pytest.fixture
def speechless(monkeypatch: pytest.MonkeyPatch) -> None:
    english._espeak.cache_clear()
    monkeypatch.setitem(sys.modules, "phonemizer", None)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("good.lrc").write_text(GOOD, "utf-8")
    Path("bad.lrc").write_text(BAD, "utf-8")
    Path("plain.txt").write_text(PLAIN, "utf-8")


# check


def test_a_good_sheet_ends_with_0_and_shows_where_it_is_sung(speaks: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lyrics", "check", "good.lrc"]) == 0
    out = capsys.readouterr().out
    assert "0:05.000" in out and "0:04.969" in out  # the time, and the frame it falls into
    assert out.rstrip().endswith("good.lrc: 2 lines in a song of 0:20.000, 0 findings")


def test_a_sheet_with_findings_ends_with_3_and_names_them(speaks: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lyrics", "check", "bad.lrc", "--seconds", "95", "--json"]) == 3
    body = json.loads(capsys.readouterr().out)
    assert body["passed"] is False and body["unchecked"] == [] and body["seconds"] == 95
    assert [(finding["line_number"], finding["code"]) for finding in body["findings"]] == [
        (1, "crowded"),
        (2, "late"),
        (3, "not_sung"),
        (4, "beyond_end"),
    ]
    sung = [line["sung"] for line in body["lines"]]
    assert sung[3] is None
    assert sung[0]["tokens_per_second"] > 21.5 > sung[1]["tokens_per_second"]
    assert sung[1]["from_seconds"] == pytest.approx(sung[0]["from_seconds"] + sung[0]["seconds"])
    assert sung[2]["languages"] == ["en"] and sung[2]["symbols"][0] == "l"


def test_mandarin_says_who_reads_it(capsys: pytest.CaptureFixture[str]) -> None:
    for library in ("jieba", "cn2an", "pypinyin"):
        pytest.importorskip(library, reason=f"needs {library} (extra diffrhythm)")
    Path("zh.lrc").write_text("[0:05]你好世界", "utf-8")
    assert run(["lyrics", "check", "zh.lrc"]) == 0
    assert "note: Mandarin is read by pypinyin, a substitute" in capsys.readouterr().out


def test_without_the_extra_the_sheet_itself_is_checked(speechless: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lyrics", "check", "good.lrc"]) == 0
    out = capsys.readouterr().out
    assert "not checked: sounds, tokens" in out and "pip install 'songkit[diffrhythm]'" in out
    assert run(["lyrics", "check", "bad.lrc", "--seconds", "95", "--json"]) == 3
    body = json.loads(capsys.readouterr().out)
    assert len(body["unchecked"]) == 1
    messages = [finding["message"] for finding in body["findings"]]
    assert len(messages) == 2 and "crowded" in messages[0] and "after the end" in messages[1]
    assert [line["sung"] for line in body["lines"]] == [None] * 4
    assert body["lines"][1]["syllables"] == 3  # counted by vowels: "one" has two


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.lrc"], "does not exist"),
        (["plain.txt"], "line 3"),
        (["good.lrc", "--seconds", "5"], "5 seconds: songs of 10 to 285 seconds"),
        (["good.lrc", "--seconds", "286"], "286 seconds"),
        (["good.lrc", "--seconds", "nan"], "nan seconds"),
    ],
)
def test_what_cannot_be_checked_ends_with_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["lyrics", "check", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_the_length_follows_the_last_line() -> None:
    assert fitting_seconds(lyrics.parse("[0:50]a", "s")) == 60
    assert fitting_seconds(lyrics.parse("[0:00]a", "s")) == 10
    assert fitting_seconds(lyrics.parse("[9:00]a", "s")) == 285


# time


def test_a_plain_sheet_gets_times_on_the_bars(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lyrics", "time", "plain.txt", "--tempo", "120"]) == 0
    done = capsys.readouterr()
    assert done.out.splitlines() == [
        "[ti:Harbour]",
        "[#: Verse]",
        "[00:08.00]Grey light climbs the wall",  # after four bars of two seconds
        "[00:10.00]Ropes are humming",
        "[#: Chorus]",
        "[00:16.00]Hold the line",  # two bars of gap
    ]
    assert "line 3: [Verse] is taken for the name of a section" in done.err
    assert "3 lines, 11 bars at 120 bpm: 22.0 seconds" in done.err


def test_times_go_to_a_file_that_is_overwritten_only_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["lyrics", "time", "plain.txt", "--tempo", "90", "-o", "timed.lrc"]
    assert run(arguments) == 0
    assert capsys.readouterr().out == ""
    first = Path("timed.lrc").read_text("utf-8")
    assert run([*arguments, "--beats", "3"]) == 2
    assert Path("timed.lrc").read_text("utf-8") == first
    assert run([*arguments, "--beats", "3", "--intro", "0", "--gap", "1", "-f"]) == 0
    assert lyrics.load(Path("timed.lrc")).lines[0].start_seconds == 0


@pytest.mark.parametrize("tempo_bpm", [60.0, 92.0, 120.0, 174.0])
def test_proposed_times_can_be_sung(tempo_bpm: float, speaks: None) -> None:
    words = "Leave a window softly burning until the very last of us has come back home\nla\nHold the line\n"
    sheet = propose(words, "s", Grid(tempo_bpm))
    Path("timed.lrc").write_text(sheet.lrc, "utf-8")
    checked = check_sheet(Path("timed.lrc"), seconds=sheet.seconds)
    assert checked.passed, checked.findings
    bar_seconds = 4 * 60 / tempo_bpm
    for line in sheet.lines:
        assert abs(line.start_seconds / bar_seconds - round(line.start_seconds / bar_seconds)) < 0.01


@pytest.mark.parametrize(("syllables", "bars"), [(0, 1), (1, 1), (6, 1), (7, 2), (14, 2), (15, 4), (31, 8)])
def test_bars_follow_syllables(syllables: int, bars: int) -> None:
    assert Grid(120).bars_for(syllables) == bars


def test_slow_songs_have_shorter_notes_and_fast_ones_longer() -> None:
    assert [Grid(tempo).bars_for(8) for tempo in (60, 120, 170, 300)] == [1, 2, 4, 4]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("la\n[0:10]la", r"line 2: \[0:10\] is a time already"),
        ("[00:10.00]", "is a time already"),
        ("la\n[softly] hey", r"line 2: '\[softly\]' is neither a time nor a header"),
        ("one [0:10] two", "line 1: the time"),
        ("[ti:Only]\n[Chorus]\n\n", "no line to sing"),
        ("", "no line to sing"),
        ("a\x00", "line 1: not text"),
    ],
)
def test_sheets_that_cannot_be_timed_are_errors_with_their_line(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        propose(text, "s", Grid(120))


@pytest.mark.parametrize("option", [("--tempo", "0"), ("--tempo", "nan"), ("--beats", "0"), ("--intro", "-1")])
def test_impossible_grids_end_with_2(option: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lyrics", "time", "plain.txt", "--tempo", "120", *option]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_song_that_gets_too_long_and_an_old_offset_are_named() -> None:
    sheet = propose("[offset:+500]\n" + "la la la\n" * 150, "s", Grid(60))
    assert [note.partition(":")[0] for note in sheet.notes] == ["line 1", "the song would last 10"]
    assert "offset" not in sheet.lrc


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=60) | st.text("ab 1:[]［］<>\n.花é", max_size=40))
def test_any_text_gets_times_that_read_back_or_a_usage_error(text: str) -> None:
    try:
        sheet = propose(text, "s", Grid(110, beats_per_bar=3))
    except UsageError:
        return
    read = lyrics.parse(sheet.lrc, "s").lines
    assert [(line.start_seconds, line.text) for line in read] == [
        (line.start_seconds, line.text) for line in sheet.lines
    ]
