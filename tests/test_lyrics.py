"""Lyric sheets: every way to write a time, every way to get it wrong."""

from __future__ import annotations

import codecs
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from songkit.errors import UsageError
from songkit.generate import lyrics


def starts(text: str) -> list[float]:
    return [line.start_seconds for line in lyrics.parse(text, "sheet.lrc").lines]


@pytest.mark.parametrize(
    ("tag", "seconds"),
    [
        ("[0:05]", 5.0),
        ("[1:5]", 65.0),
        ("[00:12.5]", 12.5),
        ("[00:12.34]", 12.34),
        ("[00:12.345]", 12.345),
        ("[00:12,34]", 12.34),
        ("[ 00:12.34 ]", 12.34),
        ("[75:00.00]", 4500.0),
        ("[1:02:03]", 3723.0),
        ("[1:02:03.25]", 3723.25),
        ("［00：12．34］", 12.34),
        ("【０１：０２】", 62.0),
        ("  [0:05]  ", 5.0),
    ],
)
def test_every_way_to_write_a_time(tag: str, seconds: float) -> None:
    (line,) = lyrics.parse(f"{tag}words here", "sheet.lrc").lines
    assert line == lyrics.Line(seconds, "words here", 1)


def test_several_times_repeat_the_words_and_lines_come_in_order_of_time() -> None:
    sheet = lyrics.parse("[0:30]last\n[0:20][0:05] [0:10]again\n[0:10]same time, later line", "s")
    assert [(line.start_seconds, line.text, line.line_number) for line in sheet.lines] == [
        (5.0, "again", 2),
        (10.0, "again", 2),
        (10.0, "same time, later line", 3),
        (20.0, "again", 2),
        (30.0, "last", 1),
    ]


def test_a_positive_offset_makes_lyrics_sooner_wherever_it_stands() -> None:
    assert starts("[offset:+500]\n[0:10]a\n[0:20]b") == [9.5, 19.5]
    assert starts("[0:10]a\n[offset: -250 ]") == [10.25]
    assert starts("[0:00.10]a\n[0:10]b\n[offset:500]") == [0.0, 9.5]
    assert starts("[offset:]\n[0:10]a") == [10.0]


def test_headers_are_kept_and_not_sung() -> None:
    sheet = lyrics.parse("[ti:Home [live]]\n[AR : Someone][by:me]\n[length:3:21]\n[#: chorus]\n[0:01]la", "s")
    assert sheet.tags == {"ti": "Home [live]", "ar": "Someone", "by": "me", "length": "3:21", "#": "chorus"}
    assert [line.text for line in sheet.lines] == ["la"]


def test_word_times_are_taken_out_and_other_angles_stay() -> None:
    (line,) = lyrics.parse("[0:01.00] <00:01.00> I <0:01.5> <3 you <00:02>", "s").lines
    assert line.text == "I <3 you"
    (line,) = lyrics.parse("[0:01]<00:01.0>下<00:01.5>雨", "s").lines
    assert line.text == "下雨"


def test_lines_without_words_are_not_sung() -> None:
    assert starts("[0:01]a\n\n[0:02]\n[0:03]   \n[0:04]<0:04.1>\n[0:05]b") == [1.0, 5.0]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    "encoded",
    [
        lambda text: text.encode(),
        lambda text: codecs.BOM_UTF8 + text.encode(),
        lambda text: text.encode("utf-16"),
        lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
        lambda text: text.encode("utf-16-le"),
        lambda text: text.encode("utf-16-be"),
        lambda text: text.encode("utf-32"),
    ],
    ids=["utf-8", "utf-8-mark", "utf-16", "utf-16-be-mark", "utf-16-le-bare", "utf-16-be-bare", "utf-32"],
)
def test_line_ends_and_encodings(tmp_path: Path, end: str, encoded: object) -> None:
    sheet = tmp_path / "sheet.lrc"
    sheet.write_bytes(encoded(f"[ti:Café]{end}[0:01]naïve 花{end}[0:02]two{end}"))  # type: ignore[operator]
    read = lyrics.load(sheet)
    assert read.tags["ti"] == "Café"
    assert [(line.text, line.line_number) for line in read.lines] == [("naïve 花", 2), ("two", 3)]


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ("no time at all", "has no time"),
        ("[ar:x] sung by", "has no time"),
        ("[OO:12.00]letter O", "has no time"),
        ("[0:61]a", "[0:61] is no time"),
        ("[1:60:00]a", "[1:60:00] is no time"),
        ("[9999:00]a", "more than a day"),
        ("[12.5]a", "'[12.5]' is no time"),
        ("[0:1x]a", "'[0:1x]' is no time"),
        ("[0:12.]a", "'[0:12.]' is no time"),
        ("[-0:12]a", "'[-0:12]' is no time"),
        ("[0:12", "is not closed"),
        ("[]a", "neither a time nor a header"),
        ("[Chorus]", "neither a time nor a header"),
        ("[0:12][Chorus] a", "neither a time nor a header"),
        ("[0:12][ar:x] a", "neither a time nor a header"),
        ("[0:12]a [0:14] b", "[0:14] stands inside the words"),
        ("[0:12]<0:1x>a", "<0:1x> is no word time"),
        ("[0:12]<0:99>a", "[0:99] is no time"),
        ("[offset:soon]", "is no offset"),
        ("[offset:9999999999]", "is no offset"),
        ("[offset:5]\n[offset:6]", "a second offset"),
        ("[0:01]a\x00b", "not text (character 0x00)"),
        ("[0:01]" + "a" * 5000, "characters in one line"),
    ],
)
def test_errors_name_file_and_line(bad: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        lyrics.parse(f"[0:01]fine\n\n{bad}", "my sheet.lrc")
    assert says in caught.value.message
    assert caught.value.message.startswith(f"my sheet.lrc, line {3 + bad.count(chr(10))}: ")
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("empty", ["", "\n\n", "[ti:only a title]", "[0:01]\n[0:02]  "])
def test_an_empty_sheet_says_so(empty: str) -> None:
    with pytest.raises(UsageError, match="has no line to sing"):
        lyrics.parse(empty, "s")


def test_what_is_not_a_sheet_of_text(tmp_path: Path) -> None:
    binary, chinese, huge = tmp_path / "b.lrc", tmp_path / "c.lrc", tmp_path / "h.lrc"
    binary.write_bytes(bytes(range(256)) * 4)
    chinese.write_bytes("[0:01]ok\n[0:02]亲爱的".encode("gb18030"))
    huge.write_bytes(b"[0:01]a\n" * 200_000)
    with pytest.raises(UsageError, match="not"):
        lyrics.load(binary)
    with pytest.raises(UsageError, match=r"c\.lrc, line 2: not UTF-8 text .*gb18030"):
        lyrics.load(chinese)
    with pytest.raises(UsageError, match="over 1000 kB"):
        lyrics.load(huge)
    with pytest.raises(UsageError, match="is a folder"):
        lyrics.load(tmp_path)
    with pytest.raises(UsageError, match="does not exist"):
        lyrics.load(tmp_path / "none.lrc")
    with pytest.raises(UsageError, match="cannot be read"):
        lyrics.load(Path("a\x00b"))


def test_check_names_lines_beyond_the_end_together_and_crowded() -> None:
    sheet = lyrics.parse(
        "[0:01]easy words here\n[0:05]one\n[0:05.05]two\n"
        "[0:10]never in a million years could anybody sing all of this\n[0:11]and so on\n[0:20]too late",
        "s",
    )
    together, crowded, late = lyrics.check(sheet, 20.0)
    assert together.startswith("line 2 (0:05.000 'one') and line 3 start together")
    assert "line 4" in crowded and "1.00 s" in crowded
    assert late == "line 6 (0:20.000 'too late') after the end of the song (0:20.000): will not be sung"
    assert lyrics.check(sheet, 10.5)[-1].startswith("line 5 (0:11.000 'and so on') and 1 more after the end")
    assert len(lyrics.check(sheet, 60.0)) == 2


def test_the_last_line_needs_room_before_the_end() -> None:
    sheet = lyrics.parse("[0:09.5]a quite long line indeed", "s")
    assert lyrics.check(sheet, 12.0) == []
    assert "crowded" in lyrics.check(sheet, 9.9)[0]


@pytest.mark.parametrize(
    ("text", "count"),
    [("Moonlight spills", 3), ("亲爱的 人间", 5), ("さくら", 3), ("사랑", 2), ("Hmm...", 1), ("...", 0)],
)
def test_syllables(text: str, count: int) -> None:
    assert lyrics.count_syllables(text) == count


PIECES = [*"[]:<>［：花x²", *" \n\r\ufeff", "0:1", "00:12.50", "[00:12.50]", "ar", "offset", "+1"]


@given(st.one_of(st.lists(st.sampled_from(PIECES), max_size=40).map("".join), st.text(max_size=200)))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_sheet_or_a_usage_error(text: str) -> None:
    try:
        sheet = lyrics.parse(text, "s")
    except UsageError as error:
        assert "\n" not in error.message
        return
    assert all(line.text.strip() and line.start_seconds >= 0 for line in sheet.lines)
    assert list(sheet.lines) == sorted(sheet.lines, key=lambda line: line.start_seconds)
    lyrics.check(sheet, 30.0)


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_a_sheet_or_a_usage_error(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.lrc"
    path.write_bytes(data)
    with suppress(UsageError):
        lyrics.load(path)
