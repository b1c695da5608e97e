"""The lines that commands print: what is said, how it is aligned, and that nothing breaks a terminal."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click
import pytest

from songkit.analysis import Analysis
from songkit.deliver import order
from songkit.report.columns import WIDTH, shortened, table, wrapped
from songkit.report.style import coloured, plain, style_for
from songkit.report.terminal import analysis_lines, explain_lines, master_lines, order_lines, run_lines
from songkit.report.wording import fact, number, split_unit, visible
from tests import reports, signals

ANALYSES = [reports.song, reports.tiny, reports.nothing, reports.silent, reports.partly, reports.with_findings]
LINES: list[Callable[[], list[str]]] = [
    *(lambda make=make: analysis_lines(make()) for make in ANALYSES),  # type: ignore[misc]
    lambda: analysis_lines(reports.named(reports.song(), "/a/" + "very-long-name" * 20 + reports.HOSTILE)),
    lambda: explain_lines(reports.song().score),
    lambda: master_lines(reports.master(reports.delivered("x" * 90 + ".wav"), warnings=("w " * 100,))),
    lambda: run_lines(reports.run(title="t" * 200), explain=True),
]


def row_of(lines: list[str], label: str) -> str:
    (row,) = [line for line in lines if re.search(rf"\b{re.escape(label)}\s", line + " ")]
    return row


@pytest.mark.parametrize("make", LINES)
def test_no_line_is_wider_than_the_page_or_holds_what_a_terminal_obeys(make: Callable[[], list[str]]) -> None:
    lines = make()
    assert lines
    for line in lines:
        assert len(line) <= WIDTH, line
        assert all(letter.isprintable() for letter in line)
        assert line == line.rstrip()
        line.encode("utf-8")


def test_a_song_shows_its_figures_with_units_and_one_decimal_of_loudness() -> None:
    lines = analysis_lines(reports.song())
    lufs = reports.song().loudness.integrated_lufs
    assert lufs is not None
    assert f"{lufs:.1f} LUFS" in row_of(lines, "integrated")
    assert "dBTP" in row_of(lines, "true peak")
    assert re.search(r"at \d+:\d\d\.\d{3}$", row_of(lines, "true peak"))


def test_values_stand_under_each_other() -> None:
    lines = analysis_lines(reports.song())
    table = lines[: lines.index("  Findings")]
    rows = [line for line in table if re.search(r"\d (LUFS|LU|dBFS|dB|dBTP)\b", line)]
    ends = {re.search(r"(?<=\d) (LUFS|LU|dBFS|dB|dBTP)\b", row).start() for row in rows}  # type: ignore[union-attr]
    assert len(rows) > 10
    assert len(ends) == 1


def test_what_is_undefined_shows_a_dash_and_the_reason() -> None:
    row = row_of(analysis_lines(reports.tiny()), "integrated")
    assert re.search(r" - +0\.000 s of audio, needs 0\.4 s$", row)
    assert "ungated" in "\n".join(analysis_lines(reports.tiny()))
    assert "ungated" not in "\n".join(analysis_lines(reports.song()))


def test_findings_come_worst_first_with_times_and_what_to_do() -> None:
    lines = analysis_lines(reports.with_findings())
    text = "\n".join(lines)
    start = lines.index("  Findings")
    words = [line.split()[0] for line in lines[start + 1 :] if line.startswith("  ") and line[2] != " "][:3]
    assert words == ["error", "warning", "note"]
    assert "30 times: 0:00.000 to 0:00.100, " in text
    assert "and 24 more" in text
    assert "-> declip" in text


def test_groups_that_were_not_measured_are_named_and_not_shown() -> None:
    lines = analysis_lines(reports.partly())
    assert "not measured: " in "\n".join(lines)
    assert not [line for line in lines if "correlation" in line or "clicks  " in line]


def test_the_score_explains_itself() -> None:
    score = reports.song().score
    assert score is not None
    lines = explain_lines(score)
    assert f"Score {score.total:.1f} of 100" in lines[0]
    printed = {line.split()[0]: float(line.split()[-1]) for line in lines if re.match(r"  [a-z]+\.\S+ ", line)}
    assert printed.keys() == {term.name for term in score.terms}
    assert sum(printed.values()) == pytest.approx(score.total, abs=0.05 * len(printed))


def test_a_closed_gate_is_told_with_its_reason() -> None:
    score = reports.tiny().score
    assert score is not None
    assert not score.valid
    assert "gate long-enough is closed" in "\n".join(explain_lines(score))


def test_a_plan_says_what_is_read_written_and_done(tmp_path: Path) -> None:
    source = tmp_path / "in.wav"
    write_wav(source)
    lines = order_lines(order(source, "streaming"))
    text = "\n".join(lines)
    assert "in.master.wav (WAV, 24 bit, 44.1 kHz)" in text.replace("\n           ", " ")
    assert "target -14 LUFS, ceiling -1 dBTP" in text
    for word in ("pass 1", "memory", "cutoff_hz 25", "loudness"):
        assert word in text
    assert max(map(len, lines)) <= WIDTH


def test_a_master_shows_before_and_after() -> None:
    quiet = replace(reports.partly(), loudness=replace(reports.partly().loudness, integrated_lufs=-23.04))
    text = "\n".join(master_lines(reports.master(before=quiet)))
    assert re.search(r"source +-23\.0", text)
    assert re.search(rf"in\.master\.wav +{reports.partly().loudness.integrated_lufs:.1f} ", text)
    assert "passed   in.master.wav: loudness_error_lu is 0.02, wanted at most 0.3" in text
    assert "/out/in.master.wav" in text


def test_a_failed_check_and_a_shortfall_cannot_be_overlooked() -> None:
    failed = "\n".join(
        master_lines(reports.master(reports.delivered(checks=(reports.check(passed=False),), passed=False)))
    )
    assert "a check failed" in failed
    assert "FAILED   in.master.wav" in failed
    short = "\n".join(master_lines(reports.master(reports.delivered(shortfall="1.2 LU short of the target"))))
    assert "short of the target" in short.splitlines()[2]
    assert "1.2 LU short" in short


def test_a_run_names_the_generator_marks_the_winner_and_keeps_large_seeds_whole() -> None:
    lines = run_lines(reports.run())
    text = "\n".join(lines)
    assert "why      no weights here" in text
    assert [line.split()[:2] for line in lines if line.startswith("  *")] == [["*", "1"]]
    assert str(2**62) in text
    assert "ended by signal 9" in text
    assert "song/in.master.wav (-14.0 LUFS, -1.02 dBTP)" in text
    assert "warning  seed 2 failed" in text
    assert "weights version" not in text
    assert "\n".join(run_lines(reports.run(), explain=True)).count("weights version") == 2


@pytest.mark.parametrize(
    "lines",
    [
        lambda style: analysis_lines(reports.with_findings(), style),
        lambda style: master_lines(reports.master(), style),
        lambda style: run_lines(reports.run(), explain=True, style=style),
    ],
)
def test_colours_change_no_letter(lines: Callable[..., list[str]]) -> None:
    styled = lines(coloured)
    assert any("\x1b[" in line for line in styled)
    assert [click.unstyle(line) for line in styled] == lines(plain)


def test_colours_only_where_a_terminal_wants_them(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert style_for(Terminal()) is coloured
    assert style_for(io.StringIO()) is plain
    monkeypatch.setenv("NO_COLOR", "1")
    assert style_for(Terminal()) is plain


def test_the_same_analysis_gives_the_same_lines() -> None:
    assert analysis_lines(reports.song()) == analysis_lines(reports.song())


@pytest.mark.parametrize(
    ("value", "decimals", "signed", "expected"),
    [(-0.04, 1, False, "0.0"), (-0.04, 1, True, "0.0"), (1.25, 2, True, "+1.25"), (-14.0, 1, False, "-14.0")],
)
def test_numbers(value: float, decimals: int, signed: bool, expected: str) -> None:
    assert number(value, decimals, signed=signed) == expected


def test_words() -> None:
    assert split_unit("max_reduction_db") == ("max reduction", "dB")
    assert split_unit("slope_db_per_octave") == ("slope", "dB/octave")
    assert fact("gain_db", -1.204) == "gain -1.2 dB"
    assert fact("history_db", [0.1] * 50) == "history (50 values) dB"
    assert visible("a\x1b[2J\nb\udcff") == "a\ufffd[2J\ufffdb\ufffd"


def test_columns() -> None:
    assert table([("a", "1"), ("bb", "22")], "lr") == ["  a    1", "  bb  22"]
    assert shortened("abcdefghij", 5) == "ab…ij"
    assert wrapped("x" * 250, "  ")[0] == "  " + "x" * 98


def write_wav(path: Path) -> None:
    from songkit.audio import Encoding
    from songkit.files import AudioWriter

    audio = signals.song(seconds=4)
    with AudioWriter(path, audio.format, Encoding("wav", 24)) as writer:
        writer.push(audio.samples)
        writer.close()
        writer.commit()


def test_every_figure_of_the_table_exists() -> None:
    from songkit.analysis.figures import figure_names
    from songkit.report.figures import GROUPS

    paths = {path for _, rows in GROUPS for row in rows for path in (row.path, row.at, row.instead_of) if path}
    assert paths <= figure_names()
    assert isinstance(reports.song(), Analysis)
