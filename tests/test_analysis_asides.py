"""What `songkit analyze` adds on request: platforms, second opinions, baselines, series, JUnit."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from songkit.analysis import Analysis, analyze
from songkit.analysis.baseline import compare, entry_for, load_baseline
from songkit.analysis.listening import Heard, listen
from songkit.analysis.second_opinion import ffmpeg_opinion, second_opinions
from songkit.audio import Audio, Encoding
from songkit.blocks import AudioSource
from songkit.cli import run
from songkit.errors import UsageError
from songkit.files import AudioWriter
from songkit.platforms import platforms
from songkit.report.asides import compared_lines, heard_lines, opinion_lines
from songkit.report.series import series_csv, series_json
from tests.signals import silence, sine, song


def measure(audio: Audio) -> Analysis:
    return analyze(AudioSource(audio))


def heard(lufs: float, true_peak_dbtp: float) -> dict[str, Heard]:
    tone = analyze(AudioSource(sine(997, -23.0, 1.0)), meters=["loudness", "peaks"])
    loudness = replace(tone.loudness, integrated_lufs=lufs)
    analysis = replace(tone, loudness=loudness, peaks=replace(tone.peaks, true_peak_dbtp=true_peak_dbtp))
    return {entry.platform: entry for entry in listen(analysis)}


def write(path: Path, audio: Audio) -> Path:
    with AudioWriter(path, audio.format, Encoding("wav", 24), frames=audio.frames) as writer:
        writer.push(audio.samples)
        writer.commit()
    return path


def test_louder_music_is_turned_down_everywhere() -> None:
    for name, entry in heard(-8.0, -0.5).items():
        target = platforms()[name].lufs
        assert entry.gain_db == pytest.approx((target or 0) + 8.0)
        assert (entry.integrated_lufs, entry.change) == (target, "turned down")
        assert entry.true_peak_dbtp == pytest.approx(-0.5 + entry.gain_db)


def test_quieter_music_is_turned_up_as_far_as_its_peaks_allow_or_left() -> None:
    found = heard(-20.0, -4.0)
    assert found["spotify"].gain_db == pytest.approx(3.0)
    assert found["spotify"].true_peak_dbtp == pytest.approx(-1.0)
    assert "3.0 dB short" in found["spotify"].note
    assert found["youtube"].change == "left as it is"
    assert "not turned up" in found["youtube"].note
    assert found["spotify-loud"].integrated_lufs == pytest.approx(-11.0)
    assert found["spotify-loud"].true_peak_dbtp == pytest.approx(-2.0)
    assert "limiter" in found["spotify-loud"].note
    assert heard(-20.0, -12.0)["spotify"].gain_db == pytest.approx(6.0)


def test_nothing_is_played_back_by_a_delivery_figure_and_silence_has_no_gain() -> None:
    assert not {"ebu-r128", "acx", "apple-podcasts"} & set(heard(-14.0, -1.0))
    assert listen(measure(silence(3.0))) == ()
    assert "undefined" in heard_lines(())[0]


def test_peaks_over_the_ceiling_are_not_turned_down_for_it() -> None:
    assert heard(-20.0, 0.5)["spotify"].gain_db == 0.0


def test_the_other_meters_read_the_same_song() -> None:
    audio = song(12.0, 48_000)
    ours = measure(audio)
    pyloudnorm, ffmpeg = second_opinions(AudioSource(audio))
    assert pyloudnorm.integrated_lufs == pytest.approx(ours.loudness.integrated_lufs, abs=0.1)
    assert ffmpeg.integrated_lufs == pytest.approx(ours.loudness.integrated_lufs, abs=0.11)
    assert ffmpeg.true_peak_dbtp == pytest.approx(ours.peaks.true_peak_dbtp, abs=0.2)
    assert all(len(line) <= 100 for line in opinion_lines(ours, (pyloudnorm, ffmpeg)))


def test_opinions_on_what_is_too_short_are_none_with_a_reason() -> None:
    pyloudnorm, ffmpeg = second_opinions(AudioSource(sine(997, -20.0, 0.2)))
    assert pyloudnorm.integrated_lufs is None
    assert pyloudnorm.reason
    assert ffmpeg.version
    assert ffmpeg_opinion(AudioSource(silence(2.0))).true_peak_dbtp is None


def test_a_baseline_tells_what_changed_and_nothing_else() -> None:
    before = measure(song(12.0))
    entry = json.loads(json.dumps(before.to_dict()))
    assert compare(before, entry).same
    assert "nothing changed" in compared_lines(compare(before, entry))[0]
    louder = measure(Audio(song(12.0).samples * 2.4, 44_100))
    changed = compare(louder, entry)
    figures = {difference.path: difference for difference in changed.figures}
    assert figures["loudness.integrated_lufs"].now - figures["loudness.integrated_lufs"].before == pytest.approx(
        7.6, abs=0.01
    )
    assert "spectrum.centroid_hz" not in figures
    assert "true-peak-over" in changed.new_findings
    assert any("true-peak-over" in line for line in compared_lines(changed))


def test_a_figure_that_became_undefined_is_a_change() -> None:
    entry = json.loads(json.dumps(measure(song(12.0)).to_dict()))
    changed = compare(measure(silence(12.0)), entry)
    integrated = next(d for d in changed.figures if d.path == "loudness.integrated_lufs")
    assert integrated.now is None
    assert "undefined" in integrated.message


def test_a_baseline_is_read_strictly_and_found_by_path_or_name(tmp_path: Path) -> None:
    entries = [{"format": {"path": "a/one.wav"}}, {"format": {"path": "b/two.wav"}}]
    assert entry_for(entries, Path("elsewhere/two.wav")) is entries[1]
    with pytest.raises(UsageError, match="no analysis of"):
        entry_for(entries, Path("three.wav"))
    bad = tmp_path / "bad.json"
    for text, message in (("{", "no JSON"), ("[1]", "no analysis")):
        bad.write_text(text)
        with pytest.raises(UsageError, match=message):
            load_baseline(bad)
    with pytest.raises(UsageError):
        load_baseline(tmp_path / "missing.json")


def test_series_are_lined_up_in_time() -> None:
    analysis = measure(sine(997, -20.0, 5.0))
    rows = list(csv.DictReader(series_csv(analysis).splitlines()))
    assert [row["seconds"] for row in rows[:2]] == ["0.1", "0.2"]
    assert rows[2]["momentary_lufs"] == "" and float(rows[3]["momentary_lufs"]) == pytest.approx(-20, abs=0.05)
    assert rows[28]["short_term_lufs"] == "" and float(rows[29]["short_term_lufs"]) == pytest.approx(-20, abs=0.05)
    curves = json.loads(series_json(analysis))["series"]
    assert curves["short_term_lufs"]["first_seconds"] == 3.0
    assert len(curves["short_term_lufs"]["values"]) == 21


def test_all_of_it_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "in.wav", song(6.0))
    assert run(["analyze", str(path), "--json"]) == 0
    baseline = tmp_path / "before.json"
    baseline.write_text(capsys.readouterr().out)
    junit, series = tmp_path / "report.xml", tmp_path / "curves.csv"
    options = ["--platforms", "--second-opinion", "--baseline", str(baseline), "--series", str(series)]
    assert run(["analyze", str(path), "--profile", "broadcast-r128", "--junit", str(junit), "--json", *options]) == 3
    entry = json.loads(capsys.readouterr().out)[0]
    assert entry["baseline"]["same"]
    assert {heard["platform"] for heard in entry["platforms"]} >= {"spotify", "youtube"}
    assert [opinion["meter"] for opinion in entry["second_opinion"]] == ["pyloudnorm", "ffmpeg"]
    case = ElementTree.fromstring(junit.read_text())[0][0]
    assert "loudness.integrated_lufs" in str(case[0].get("message"))
    assert series.read_text().startswith("seconds,momentary_lufs")
    assert run(["analyze", str(path), *options, "-f"]) == 0
    told = capsys.readouterr().out
    assert "What listeners hear" in told and "Second opinion" in told and "nothing changed" in told
    assert run(["analyze", str(path), "--series", str(series)]) == 2


def test_dual_mono_adds_three_decibels_to_one_channel_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "mono.wav", sine(997, -20.0, 2.0, channels=1))
    readings = []
    for options in ([], ["--dual-mono"]):
        assert run(["analyze", str(path), "--json", *options]) == 0
        readings.append(json.loads(capsys.readouterr().out)[0]["loudness"]["integrated_lufs"])
    assert readings[1] - readings[0] == pytest.approx(3.01, abs=0.01)
