"""Words for DiffRhythm: the ids that the published code gave, and a word about everything that is not sung."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from songkit.errors import InputError, MissingError, UsageError
from songkit.generate.diffrhythm import words
from songkit.generate.diffrhythm.words import english, mandarin, polyphones, readings, sandhi
from songkit.generate.diffrhythm.words.line import Pronounced, pronounce
from songkit.generate.diffrhythm.words.number_words import cardinal, ordinal, year
from songkit.generate.diffrhythm.words.segments import Segment, segments
from songkit.generate.diffrhythm.words.spelling import spoken
from songkit.generate.diffrhythm.words.syllables import SPELLINGS, Syllable, symbols_of
from songkit.generate.diffrhythm.words.symbols import IDS, VOCABULARY, ids_of
from songkit.generate.lyrics import Line, Lyrics, parse

DATA = Path(__file__).parent / "data" / "diffrhythm"


def recorded(name: str) -> Any:
    return json.loads((DATA / name).read_text("utf-8"))


ENGLISH = recorded("words_en.json")
MANDARIN = recorded("words_zh.json")
PINYIN = recorded("pinyin_ids.json")["table"]


@pytest.fixture
def speaks() -> None:
    pytest.importorskip("phonemizer", reason="needs phonemizer (extra diffrhythm)")


@pytest.fixture
def reads() -> None:
    for library in ("jieba", "cn2an", "pypinyin"):
        pytest.importorskip(library, reason=f"needs {library} (extra diffrhythm)")


def say(text: str, otherwise: str = "en") -> Pronounced:
    return pronounce(text, readings.load(None), otherwise)


def sheet(text: str) -> Lyrics:
    """Lines of the published form, in the order of the text."""
    found = re.findall(r"^\[(\d\d):(\d\d\.\d\d)\](.*)$", text, re.MULTILINE)
    lines = [Line(int(m) * 60 + float(s), words.strip(), n) for n, (m, s, words) in enumerate(found, start=1)]
    return Lyrics(tuple(lines))


# the vocabulary and the table of syllables


def test_the_vocabulary_keeps_both_ways_to_write_a_cedilla() -> None:
    assert len(VOCABULARY) == len(IDS) == 363
    assert (IDS[","], IDS["."], IDS["_"], IDS["…"]) == (1, 2, 5, 363)
    assert (IDS["\u00e7"], IDS["c\u0327"]) == (69, 324)
    assert ids_of(["h", "ɣ", "", "ə"]) == ([42, 58], ["ɣ"])


def test_every_spelling_in_every_tone_has_the_published_ids() -> None:
    assert set(SPELLINGS) == set(PINYIN)
    for spelling, tones in PINYIN.items():
        for tone, (ids,) in enumerate(tones, start=1):
            assert ids_of(symbols_of(Syllable(spelling, tone))) == (ids, []), (spelling, tone)


def test_syllables_are_read_with_their_tone() -> None:
    assert Syllable.read("zhong1") == ("zhong", 1)
    assert Syllable.read("de0") == Syllable.read("de5") == ("de", 5)
    assert Syllable.read("lv4") == ("lv", 4)
    for no_syllable in ("", "4", "zhong", "zhong6", "hng2", "花"):
        assert Syllable.read(no_syllable) is None


# English


@pytest.mark.parametrize("text", ENGLISH["ids"])
def test_english_has_the_published_ids(text: str, speaks: None) -> None:
    assert list(say(text).ids) == ENGLISH["ids"][text]


@pytest.mark.parametrize("text", ENGLISH["raises"])
def test_lines_that_ended_the_published_code_are_sung_or_named(text: str, speaks: None) -> None:
    said = say(text)
    if any(character in "0123456789" for character in text):
        assert said.ids
    else:
        assert not said.ids
        (placed,) = [words.place(Lyrics((Line(1.0, text, 1),)), 95)] if text else [None]
        assert placed is None or placed.warnings


def test_floor_and_for_have_vowels_of_their_own(speaks: None) -> None:
    assert "oːɹ" in say("floor").symbols and "ɔːɹ" not in say("floor").symbols
    assert "ɔːɹ" in say("for").symbols and "oːɹ" not in say("for").symbols
    assert [symbol for symbol in say("four, forty: for me the floor").symbols if symbol[0] in "oɔ"] == [
        "oːɹ",
        "ɔːɹ",
        "ɔːɹ",
        "oːɹ",
    ]


@pytest.mark.parametrize(
    ("digits", "in_words"),
    [
        ("0", "zero"),
        ("007", "seven"),
        ("12", "twelve"),
        ("40", "forty"),
        ("101", "one hundred one"),
        ("1000001", "one million one"),
        ("1234567", "one million, two hundred thirty-four thousand, five hundred sixty-seven"),
        ("1" + "0" * 33, "one decillion"),
        ("9" * 37, " ".join(["nine"] * 37)),
    ],
)
def test_whole_numbers(digits: str, in_words: str) -> None:
    assert cardinal(digits) == in_words


def test_ordinals_and_years() -> None:
    numbers = (1, 2, 3, 5, 8, 9, 12, 20, 21, 103)
    names = "first, second, third, fifth, eighth, ninth, twelfth, twentieth, twenty-first, one hundred and third"
    assert ", ".join(ordinal(cardinal(str(n), conjunction="and")) for n in numbers) == names
    assert [year(n) for n in (1999, 1905, 1800, 2000, 2007, 2024)] == [
        "nineteen ninety-nine",
        "nineteen oh five",
        "eighteen hundred",
        "two thousand",
        "two thousand seven",
        "twenty twenty-four",
    ]


@pytest.mark.parametrize(
    ("text", "said", "left_out"),
    [
        ("Mr. O, St. co", "mister.O,saint.company", ""),
        ("£20 or $1.01, $3 or $0", "twenty pounds or one dollar,one cent,three dollars or zero dollars", ""),
        ("$.50 and 1/4, 3/2, 2/3", "fifty cents and one quarter,three halves,two third", ""),
        ("1,234 is 3.5%", "twelve thirtyfour is three point five percent", "-"),
        ("rock & roll (live) ♪", "rock roll live", "&()♪"),
    ],
)
def test_text_as_it_is_spoken(text: str, said: str, left_out: str) -> None:
    found, lost = spoken(text)
    assert (found.strip(), lost) == (said, left_out)


# Mandarin


@pytest.mark.parametrize("text", MANDARIN["ids"])
def test_mandarin_has_the_ids_of_the_substitute_readings(text: str, reads: None) -> None:
    assert list(say(text).ids) == MANDARIN["ids"][text]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("我有3个", "我有三个"),
        ("2023年5月1日", "二零二三年五月一日"),
        ("50%的爱", "百分之五十的爱"),
        ("1/2杯", "二分之一杯"),
        ("½杯", "二分之一杯"),
        ("今天5℃", "今天五摄氏度"),
        ("1,234个", "一千二百三十四个"),
        ("二〇二五年", "二零二五年"),
        ("12345678901234567890个", "一二三四五六七八九零一二三四五六七八九零个"),
        ("你好，世界！走吧……", "你好,世界!走吧……"),
    ],
)
def test_numbers_dates_and_marks_in_mandarin(written: str, said: str, reads: None) -> None:
    assert mandarin.spoken(written.replace("½", "1/2")) == (said, "")
    assert say(written).ids == say(said).ids != ()


def read_as(text: str) -> list[tuple[str, int]]:
    """Spellings and tones of a text, sandhi included."""
    found: list[tuple[str, int]] = []
    source, start = readings.load(None), 0
    for word in sandhi.joined(mandarin._segmenter().lcut(text)):
        found += [(syllable.spelling, syllable.tone) for syllable in sandhi.changed(word, source.of(word, text, start))]
        start += len(word)
    return found


@pytest.mark.parametrize(
    ("text", "pinyin"),
    [
        ("银行", "yin2 hang2"),
        ("行走", "xing2 zou3"),
        ("重新", "chong2 xin1"),
        ("重要", "zhong4 yao4"),
        ("音乐", "yin1 yue4"),
        ("快乐", "kuai4 le4"),
        ("长大", "zhang3 da4"),
        ("睡着", "shui4 zhao2"),
    ],
)
def test_polyphonic_characters_are_read_by_their_word(text: str, pinyin: str, reads: None) -> None:
    assert [f"{spelling}{tone}" for spelling, tone in read_as(text)] == pinyin.split()


def tones_after(word: str, pinyin: str) -> str:
    syllables = [Syllable.read(syllable) for syllable in pinyin.split()]
    return "".join(str(syllable.tone) for syllable in sandhi.changed(word, [s for s in syllables if s is not None]))


@pytest.mark.parametrize(
    ("word", "pinyin", "tones"),
    [
        ("你好", "ni3 hao3", "23"),
        ("小酒馆", "xiao3 jiu3 guan3", "333"),  # published: not changed
        ("不用", "bu4 yong4", "24"),
        ("不好", "bu4 hao3", "43"),
        ("好不好", "hao3 bu4 hao3", "353"),
        ("一定", "yi1 ding4", "24"),
        ("一天", "yi1 tian1", "41"),
        ("走一走", "zou3 yi1 zou3", "353"),
        ("第一", "di4 yi1", "41"),
        ("一月", "yi1 yue4", "14"),
        ("一百", "yi1 bai3", "43"),
        ("十一", "shi2 yi1", "21"),
        ("花儿", "hua1 er2", "15"),
        ("女儿", "nv3 er2", "32"),
    ],
)
def test_tones_change_beside_each_other(word: str, pinyin: str, tones: str) -> None:
    assert tones_after(word, pinyin) == tones


def test_words_are_joined_as_published_and_none_is_lost() -> None:
    assert sandhi.joined(["走", "一", "走", "看", "一", "看"]) == ["走一走", "看", "一看"]
    assert sandhi.joined(["我", "不", "知道"]) == ["我", "不知道"]
    assert sandhi.joined(["花", "儿", "不"]) == ["花儿", "不"]
    assert sandhi.joined(["不", "不", "好"]) == ["不", "不好"]
    assert sandhi.joined(["儿"]) == ["儿"]
    assert sandhi.joined([]) == []


# lines


def test_a_line_is_split_by_language_and_the_rest_goes_with_what_stands_before_it() -> None:
    assert segments("(2) 我爱 you, 你 3!") == [
        Segment("(2) 我爱 ", "zh"),
        Segment("you, ", "en"),
        Segment("你 3!", "zh"),
    ]
    assert segments("100%") == [Segment("100%", "en")]
    assert segments("100%", "zh") == [Segment("100%", "zh")]
    assert segments("...!") == segments("") == segments("ラララ") == []


def test_a_mixed_line_is_the_sum_of_its_runs(speaks: None, reads: None) -> None:
    mixed = say("我爱你 baby, 不要走")
    assert mixed.languages == ("zh", "en", "zh")
    assert mixed.ids == (*say("我爱你").ids, *say("baby,").ids, *say("不要走").ids)
    # a word boundary stands between English and what follows it, and not at the end of a line
    assert say("you 我").symbols[: len(say("you").symbols) + 1] == (*say("you").symbols, "_")


def test_digits_alone_are_read_in_the_language_of_the_sheet(speaks: None, reads: None) -> None:
    assert say("3", "zh").ids == say("三").ids
    assert say("3", "en").ids == say("three").ids
    placed = words.place(parse("[0:01]我爱你\n[0:05]123", "s"), 95)
    assert placed.lines[1].sound.languages == ("zh",)


def test_other_writings_of_the_same_text_sound_the_same(speaks: None, reads: None) -> None:
    assert say("ｌｏｖｅ １２").ids == say("love 12").ids
    assert say("cafe\u0301").ids == say("café").ids
    assert say("don’t").ids == say("don't").ids
    assert say("你好！").ids == say("你好!").ids


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("love ラララ", "'?ラララ'? (Katakana)"),
        ("love ひと", "(Hiragana)"),
        ("love 안녕", "(Hangul)"),
        ("love Привет", "Привет (Cyrillic)"),
        ("love Ωμέγα 3", "(Greek)"),
        ("love שלום", "(Hebrew)"),
        ("love ٣", "(Arabic-indic)"),
        ("love 🎵🎉", "🎵🎉"),
        ("love ❤️", "❤"),
        ("rock & roll", "& is not sung"),
        ("我爱你 ラ", "(Katakana)"),
        ("我爱你é", "é"),
        ("我爱你🎉", "🎉"),
        ("𠀀𠀁 love", "a rare character"),
    ],
)
def test_what_is_not_sung_is_named(text: str, named: str, speaks: None, reads: None) -> None:
    said = say(text)
    assert said.ids
    assert len(said.not_sung) == 1
    assert re.search(named.replace("(", r"\(").replace(")", r"\)"), said.not_sung[0]), said.not_sung


@pytest.mark.parametrize("text", ["(oh) yeah - [softly] “hey” ~", "well—known … no·no", "你好～（世界）《花》"])
def test_plain_punctuation_needs_no_word(text: str, speaks: None, reads: None) -> None:
    assert say(text).not_sung == ()


def test_sounds_that_the_model_does_not_have_are_named(speaks: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(english, "_phones", lambda spoken: "l|ɣ|ʌ|v|ɣ")
    assert say("love").not_sung == ("the sound ɣ is left out: the model does not have it",)


@settings(max_examples=150, deadline=None)
@given(text=st.text(max_size=40) | st.text("aé1,.!'$£/% 我不一儿走3〇ラЖ&🎉-…\u0301", max_size=30))
def test_any_text_is_sung_or_named(text: str) -> None:
    for library in ("phonemizer", "jieba", "cn2an", "pypinyin"):
        pytest.importorskip(library, reason=f"needs {library} (extra diffrhythm)")
    said = say(text)
    assert all(1 <= token <= 363 for token in said.ids)
    placed = words.place(Lyrics((Line(1.0, text, 1),)), 20)
    assert placed.ids[21:].any() or placed.warnings


# placement


@pytest.mark.parametrize("case", ENGLISH["placement"], ids=lambda case: case["name"])
def test_placement_as_published(case: dict[str, Any], speaks: None) -> None:
    placed = words.place(sheet(case["text"]), case["audio_length"], max_frames=case["max_frames"], keep_last=False)
    frames = placed.ids.nonzero()[0]
    assert frames.tolist() == case["frames"]
    assert placed.ids[frames].tolist() == case["tokens"]
    assert hashlib.sha256(placed.ids.astype("<i8").tobytes()).hexdigest() == case["sha256_le_int64"]


def test_the_last_line_stays_as_before_a_terminator(speaks: None) -> None:
    lines = "[00:10.00]first line\n[00:20.00]last line"
    kept = words.place(sheet(lines), 95)
    terminated = words.place(sheet(lines + "\n[01:34.00]end"), 95, keep_last=False)
    assert np.array_equal(kept.ids, terminated.ids)
    dropped = words.place(sheet(lines), 95, keep_last=False)
    assert [line.line.text for line in dropped.lines] == ["first line"]
    assert [finding.code for finding in dropped.findings] == ["dropped"]
    # the full model drops none
    assert len(words.place(sheet(lines), 120, keep_last=False).lines) == 2


def test_lengths_are_those_of_the_models(speaks: None) -> None:
    assert [len(words.place(None, seconds).ids) for seconds in (20, 95, 96, 285)] == [2048, 2048, 2067, 6136]
    assert len(words.place(None, 10, max_frames=64).ids) == 64
    with pytest.raises(UsageError, match="285"):
        words.place(None, 300)


def test_an_instrumental_needs_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    for library in ("phonemizer", "jieba", "cn2an", "pypinyin"):
        monkeypatch.setitem(sys.modules, library, None)
    placed = words.place(None, 95)
    assert not placed.ids.any() and not placed.warnings and placed.starts == ()


def test_what_does_not_fit_is_found_line_by_line(speaks: None) -> None:
    placed = words.place(
        parse("[0:10]la la la la la la la la la\n[0:10.2]next\n[0:40]fine\n[0:59.9]to the end\n[1:05]never", "s"), 60
    )
    assert [(finding.line_number, finding.code) for finding in placed.findings] == [
        (1, "crowded"),
        (2, "late"),
        (4, "crowded"),
        (4, "cut"),  # the base model makes 95 s, of which 60 are kept
        (5, "beyond_end"),
    ]
    first, second, *_ = placed.lines
    assert placed.starts[:2] == (first.asked, first.start + len(first.tokens)) != (first.asked, second.asked)
    assert first.tokens_per_second is not None and first.tokens_per_second > 100


def test_lines_that_start_together_have_no_room(speaks: None) -> None:
    placed = words.place(parse("[0:10]one\n[0:10]two", "s"), 95)
    assert [(finding.line_number, finding.code) for finding in placed.findings] == [(1, "crowded"), (2, "late")]
    assert placed.lines[0].tokens_per_second is None


def test_the_end_cuts_and_says_so(speaks: None) -> None:
    placed = words.place(parse("[0:02]moonlight spills through broken blinds", "s"), 3, max_frames=50)
    (line,) = placed.lines
    assert line.start + line.frames == 50 and line.frames < len(line.tokens)
    assert [finding.code for finding in placed.findings] == ["crowded", "cut"]


def test_full_stops_inside_a_line_become_commas(speaks: None) -> None:
    (line,) = words.place(parse("[0:02]Stop. Go.", "s"), 95).lines
    assert line.tokens.count(2) == 1 and line.tokens[-1] == 2
    assert line.tokens.count(1) == 2


# libraries and published files


def test_a_missing_library_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    english._espeak.cache_clear()
    monkeypatch.setitem(sys.modules, "phonemizer", None)
    monkeypatch.delitem(sys.modules, "phonemizer.backend", raising=False)
    with pytest.raises(MissingError, match=r"phonemizer is not installed.*songkit\[diffrhythm\]"):
        words.place(parse("[0:01]hello", "s"), 95)


def test_a_sheet_in_mandarin_needs_no_phonemizer(reads: None, monkeypatch: pytest.MonkeyPatch) -> None:
    english._espeak.cache_clear()
    monkeypatch.setitem(sys.modules, "phonemizer", None)
    monkeypatch.delitem(sys.modules, "phonemizer.backend", raising=False)
    placed = words.place(parse("[0:01]你好", "s"), 95)
    assert placed.readings == readings.SUBSTITUTE
    assert [finding.code for finding in placed.findings] == ["substitute"]


def test_the_published_lexicon_is_used_where_it_is(tmp_path: Path, reads: None) -> None:
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "chinese_lexicon.txt").write_text("你好\tni1 hao1\n花\thua4\n怪\thng2\n", "utf-8")
    found = readings.load(tmp_path)
    assert found.name == "the published lexicon; polyphonic characters by pypinyin"
    assert found.of("你好", "你好花怪", 0) == [("ni", 1), ("hao", 1)]
    # characters by the lexicon, and those it has not, or only in sounds that are none, by pypinyin
    assert found.of("花怪", "你好花怪", 2) == [("hua", 4), ("guai", 4)]
    placed = words.place(parse("[0:01]你好花", "s"), 95, models=tmp_path)
    assert placed.lines[0].sound.ids == tuple(ids_of([s for p in ("ni1", "hao1", "hua4") for s in _sounds(p)])[0])
    assert "polyphone" in placed.warnings[0]


def _sounds(pinyin: str) -> list[str]:
    syllable = Syllable.read(pinyin)
    assert syllable is not None
    return symbols_of(syllable)


@pytest.mark.parametrize(
    ("content", "message"), [(b"no tab here\n", "line 1"), (b"\xff\xfe\x00", "cannot be read"), (b"", "no word")]
)
def test_a_damaged_lexicon_is_an_error(tmp_path: Path, content: bytes, message: str, reads: None) -> None:
    (tmp_path / "chinese_lexicon.txt").write_bytes(content)
    with pytest.raises(InputError, match=message):
        readings.load(tmp_path)


class FakeSession:
    """Takes class 1 for the characters at even places, class 2 at odd ones, and refuses what it should not be given."""

    def __init__(self, path: str, providers: list[str]) -> None:
        assert Path(path).name == "poly_bert_model.onnx"

    def run(self, outputs: list[str], inputs: dict[str, np.ndarray[Any, Any]]) -> list[np.ndarray[Any, Any]]:
        tokens = inputs["input_ids"]
        assert outputs == ["outputs"] and tokens.dtype == np.int32 and tokens[0, 0] == 1  # [CLS]
        scores = np.zeros((1, tokens.shape[1] - 1, 2))
        scores[0, 0::2, 0] = scores[0, 1::2, 1] = 1
        return [scores]


@pytest.fixture
def polyphone_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    state = SimpleNamespace(Fail=type("Fail", (Exception,), {}))
    runtime = SimpleNamespace(InferenceSession=FakeSession, capi=SimpleNamespace(onnxruntime_pybind11_state=state))
    monkeypatch.setitem(sys.modules, "onnxruntime", runtime)
    (tmp_path / "chinese_lexicon.txt").write_text("花\thua1\n行走\txing2 zou3\n行\thang2\n", "utf-8")
    (tmp_path / "polychar.txt").write_text("行\n", "utf-8")
    (tmp_path / "poly_bert_model.onnx").write_bytes(b"model")
    (tmp_path / "polydict.json").write_text('{"1": "行{xing2}", "2": "行{hang2}"}', "utf-8")
    (tmp_path / "vocab.txt").write_text("[UNK]\n[CLS]\n行\n花", "utf-8")
    return tmp_path


def test_the_polyphone_model_reads_by_place(polyphone_files: Path) -> None:
    found = readings.load(polyphone_files)
    assert (found.name, found.substitute) == ("the published lexicon and polyphone model", "")
    assert found.of("行", "行花行行", 0) == [("xing", 2)]
    assert found.of("花行行", "行花行行", 1) == [("hua", 1), ("xing", 2), ("hang", 2)]
    assert found.of("行走", "花行走", 1) == [("xing", 2), ("zou", 3)]  # a word of the lexicon


def test_damaged_polyphone_files_are_an_error(polyphone_files: Path) -> None:
    (polyphone_files / "polydict.json").write_text("{", "utf-8")
    with pytest.raises(InputError, match="poly_bert_model"):
        polyphones.load(polyphone_files)


def test_the_polyphone_model_needs_its_runtime(polyphone_files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingError, match="onnxruntime"):
        polyphones.load(polyphone_files)
