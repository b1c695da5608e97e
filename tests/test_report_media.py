"""What a page carries besides figures: previews of equal loudness, and pictures of what was really there."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import struct
import zlib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from songkit.analysis import analyze, analyze_file
from songkit.analysis.loudness import LoudnessMeter
from songkit.audio import Audio, Encoding
from songkit.blocks import AudioSource
from songkit.cli import run
from songkit.deliver import master_file
from songkit.files import AudioWriter, open_source
from songkit.report import html
from songkit.report.balance import balance, shifted, target_db_per_octave
from songkit.report.clips import PAGE_BYTES, RATES_KBPS, REST_BYTES, Clip, plan_previews
from songkit.report.html import analysis_page, master_page
from songkit.report.look import FIELD, Look, LookMeter
from songkit.report.material import Material, gather, recordings
from songkit.report.players import Players, common_gains_db
from songkit.report.raster import STEPS, colours, picture
from songkit.report.views import distributions, spectrogram, stereo_image, widths
from songkit.units import db_to_gain
from tests import reports, signals


def written(audio: Audio, path: Path) -> Path:
    with AudioWriter(path, audio.format, Encoding("wav", "float32"), frames=audio.frames) as writer:
        writer.push(audio.samples)
        writer.close()
        writer.commit()
    return path


def look_at(audio: Audio, block: int = 65_536) -> Look:
    meter = LookMeter(audio.format, audio.frames)
    for part in AudioSource(audio).blocks(block):
        meter.push(part)
    return meter.result()


def clip(lufs: float | None, peak: float = 0.5, start_seconds: float = 0.0) -> Clip:
    return Clip("x", b"ID3", start_seconds, 1.0, 128, 48_000, lufs, peak)


def material_of(*paths: Path) -> Material:
    return gather(recordings([(path.stem, path, analyze_file(path)) for path in paths]), paths)


# Previews


def test_what_fits_is_taken_whole_at_the_best_rate_that_fits() -> None:
    assert plan_previews([60.0]).rate_kbps == RATES_KBPS[0]
    song = plan_previews([254.0] * 3)
    assert song.whole and song.rate_kbps >= 96
    for seconds in ([254.0] * 3, [60.0], [7200.0], [285.0] * 20, [0.01]):
        plan = plan_previews(seconds)
        encoded = sum(min(each, plan.seconds) for each in seconds) * plan.rate_kbps * 1000 / 8
        assert encoded * 4 / 3 + REST_BYTES < PAGE_BYTES


def test_what_does_not_fit_is_cut_around_the_loudest_passage() -> None:
    plan = plan_previews([7200.0], loudest_seconds=5000.0)
    assert not plan.whole and plan.rate_kbps == RATES_KBPS[-1]
    assert plan.start_seconds < 5000.0 < plan.start_seconds + plan.seconds
    late = plan_previews([7200.0], loudest_seconds=7199.0)
    assert late.start_seconds + late.seconds == pytest.approx(7200.0, abs=1.0)
    assert plan_previews([7200.0], loudest_seconds=1.0).start_seconds == 0.0


def test_gains_bring_all_to_the_quietest_and_none_over_full_scale() -> None:
    assert common_gains_db([clip(-20.0), clip(-9.0), clip(-14.5)]) == pytest.approx([0.0, -11.0, -5.5])
    gains = common_gains_db([clip(-9.0, db_to_gain(1.5)), clip(-9.0)])
    assert gains == pytest.approx([-1.5, -1.5])
    assert common_gains_db([clip(None, db_to_gain(2.0)), clip(-12.0)]) == pytest.approx([-2.0, 0.0])
    assert common_gains_db([clip(None)]) == [0.0]


def test_previews_of_different_levels_are_equally_loud_after_their_gains(tmp_path: Path) -> None:
    song = signals.song(seconds=8.0, level=0.8)
    quiet = Audio(song.samples * np.float32(0.2), song.sample_rate)
    paths = [written(song, tmp_path / "loud.wav"), written(quiet, tmp_path / "quiet.wav")]
    mono = written(Audio(quiet.samples.mean(axis=0, keepdims=True), song.sample_rate), tmp_path / "mono.wav")
    material = material_of(*paths, mono)
    clips = [material.clips[path] for path in (*paths, mono)]
    heard = []
    for number, (found, gain_db) in enumerate(zip(clips, common_gains_db(clips), strict=True)):
        (tmp_path / f"{number}.mp3").write_bytes(found.mp3)
        source = open_source(tmp_path / f"{number}.mp3")
        assert source.info.container == "mp3"
        assert source.info.seconds == pytest.approx(8.0, abs=0.1)
        meter = LoudnessMeter(source.format, dual_mono=True)
        for block in source.blocks():
            meter.push(block * np.float32(db_to_gain(gain_db)))
        heard.append(meter.result().integrated_lufs)
    assert heard == pytest.approx([heard[0]] * 3, abs=0.05)


def test_a_file_that_changed_or_went_away_is_named_and_the_page_stands(tmp_path: Path) -> None:
    path = written(signals.song(seconds=3.0), tmp_path / "a.wav")
    analysis = analyze_file(path)
    path.unlink()
    assert "No preview of a.wav" in analysis_page(analysis, "a.wav")
    written(signals.song(seconds=2.0), path)
    page = analysis_page(analysis, "a.wav")
    assert "the file has changed since it was measured" in page and "<audio" not in page and "<script" not in page


@pytest.mark.parametrize("kind", ["mono at 8 kHz", "5.1", "three samples", "silence", "not finite"])
def test_odd_files_have_players_too(kind: str, tmp_path: Path) -> None:
    holes = signals.song(seconds=3.0).samples.copy()
    holes[:, 1000:2000], holes[0, 5000], holes[1, 5001] = np.nan, np.inf, -np.inf
    audio = {
        "mono at 8 kHz": signals.noise(seconds=2.0, sample_rate=8000, channels=1),
        "5.1": signals.multichannel(2.0, 6),
        "three samples": Audio(np.full((2, 3), 0.5, np.float32), 44_100),
        "silence": signals.silence(2.0),
        "not finite": Audio(holes, 44_100),
    }[kind]
    page = analysis_page(analyze_file(written(audio, tmp_path / "odd.wav")), "odd.wav")
    assert page.count("<audio") == 1 and "No preview" not in page


def test_a_clip_in_two_players_is_embedded_once() -> None:
    paths = [Path("a"), Path("b"), Path("c")]
    players = Players(Material(dict.fromkeys(paths, clip(-14.0)), previews=plan_previews([1.0])))
    first = players.deck("Player", [(path.name, path, "") for path in paths[:2]])
    second = players.deck("Player", [(path.name, path, "") for path in paths[1:]])
    assert (first.count("<audio"), second.count("<audio")) == (2, 1)
    assert 'data-clip="clip-2"' in first and 'data-clip="clip-2"' in second


def test_excerpts_say_what_they_are() -> None:
    plan = plan_previews([7200.0], 5000.0)
    players = Players(Material({Path("a"): clip(-14.0, start_seconds=plan.start_seconds)}, previews=plan))
    deck = players.deck("Player", [("a", Path("a"), "")])
    assert "around the loudest passage" in deck and f'data-start="{plan.start_seconds:g}"' in deck


# The page around them


def test_a_page_with_players_allows_its_own_script_and_style_by_hash_alone(tmp_path: Path) -> None:
    path = written(signals.song(seconds=3.0), tmp_path / "a.wav")
    page = analysis_page(analyze_file(path), "a.wav")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    for kind in ("script", "style"):
        found = re.findall(rf"<{kind}>(.*?)</{kind}>", page, re.DOTALL)
        assert len(found) == 1
        digest = base64.b64encode(hashlib.sha256(found[0].encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy.group(1)
    assert policy.group(1).startswith("default-src 'none'")
    assert "script-src 'unsafe" not in policy.group(1) and "connect-src" not in policy.group(1)
    assert "http" not in page.partition("<body>")[2]


def test_a_page_is_the_same_bytes_for_the_same_file(tmp_path: Path) -> None:
    analysis = analyze_file(written(signals.song(seconds=3.0), tmp_path / "a.wav"))
    assert analysis_page(analysis, "a.wav") == analysis_page(analysis, "a.wav")


def test_a_master_has_players_for_source_and_every_file(tmp_path: Path) -> None:
    source = written(signals.song(seconds=4.0), tmp_path / "in.wav")
    result = master_file(source, "streaming", output=tmp_path / "out.mp3")
    html.write_master_page(tmp_path / "page.html", result)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page == master_page(result)
    assert re.findall(r'<audio[^>]*aria-label="([^"]*)"', page) == ["Source", "Master, MP3"]
    for words in (
        "Spectrogram: source",
        "Stereo image: master, MP3",
        "Loudness: source",
        "Blind test",
        "target of the score",
    ):
        assert words in page


def test_the_command_writes_the_page_of_one_file(tmp_path: Path) -> None:
    source, page = written(signals.song(seconds=3.0), tmp_path / "in.wav"), tmp_path / "page.html"
    command = ["master", str(source), "-q", "--html", str(page)]
    assert run(command) == 0
    assert "Master of in.wav" in page.read_text(encoding="utf-8")
    assert run([*command, "-o", str(tmp_path / "other.wav")]) == 2  # the page is there, and nobody said -f
    assert not (tmp_path / "other.wav").exists()
    assert run(["master", str(source), str(source), "--html", str(tmp_path / "two.html")]) == 2
    assert run(["master", str(source), "--plan", "-f", "-q", "--html", str(tmp_path / "plan.html")]) == 0
    assert not (tmp_path / "plan.html").exists()


# Pictures


def pixels(address: str) -> tuple[int, int, bytes]:
    """Width, height and rows (each behind its filter byte) of one of our PNGs; every checksum is looked at."""
    data = base64.b64decode(address.partition(",")[2])
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    stream, parts = io.BytesIO(data[8:]), dict[bytes, bytes]()
    while head := stream.read(8):
        length, name = struct.unpack(">I4s", head)
        parts[name] = stream.read(length)
        assert struct.unpack(">I", stream.read(4))[0] == zlib.crc32(name + parts[name])
    assert len(parts[b"PLTE"]) == 3 * STEPS
    width, height, depth, kind = struct.unpack(">IIBB", parts[b"IHDR"][:10])
    assert (depth, kind) == (8, 3)
    return width, height, zlib.decompress(parts[b"IDAT"])


def test_a_picture_is_a_png_of_its_grid() -> None:
    width, height, rows = pixels(picture(np.array([[0.0, 0.5, 1.0], [-1.0, 2.0, 0.25]])))
    top = STEPS - 1
    assert (width, height) == (3, 2)
    assert list(rows) == [0, 0, round(top / 2), top, 0, 0, top, round(top / 4)]


def test_brighter_is_more() -> None:
    lightness = [0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2 for red, green, blue in colours()]
    assert all(after > before for before, after in pairwise(lightness))


@pytest.mark.parametrize("hz", [60.0, 1000.0, 12_000.0])
def test_a_tone_stands_in_its_row_at_its_level(hz: float) -> None:
    look = look_at(signals.sine(hz, -20.0, seconds=6.0))
    rows = look.spectrogram_db.shape[0]
    loudest = int(look.spectrogram_db.mean(axis=1).argmax())
    assert 20.0 * 1000.0 ** ((rows - loudest - 0.5) / rows) == pytest.approx(hz, rel=0.08)
    assert look.spectrogram_db[loudest].max() == pytest.approx(-20.0, abs=1.5)
    assert "<image" in spectrogram(look)


def test_a_burst_stands_at_its_time_in_long_files_too() -> None:
    rate, seconds = 8000, 400
    samples = np.zeros((1, rate * seconds), np.float32)
    samples[0, 300 * rate : 304 * rate] = signals.noise(seconds=4.0, sample_rate=rate, channels=1).samples
    look = look_at(Audio(samples, rate))
    columns = look.spectrogram_db.shape[1]
    loud = np.flatnonzero(look.spectrogram_db.max(axis=0) > -100.0) * seconds / columns
    assert loud.min() == pytest.approx(300.0, abs=1.0) and loud.max() == pytest.approx(304.0, abs=1.0)


@pytest.mark.parametrize("seconds", [0.3, 1.0, 7.77, 300.0])
def test_a_spectrogram_is_filled_from_edge_to_edge(seconds: float) -> None:
    look = look_at(signals.noise(seconds=seconds, sample_rate=8000, channels=1))
    assert look.spectrogram_db[-40].min() > -70.0


@pytest.mark.parametrize("block", [1, 997, 1_000_000])
def test_blocks_of_any_size_look_the_same(block: int) -> None:
    song = signals.song(seconds=1.0 if block == 1 else 4.0)
    one, other = look_at(song), look_at(song, block)
    assert np.array_equal(one.spectrogram_db, other.spectrogram_db)
    assert one.field is not None and other.field is not None
    assert np.array_equal(one.field, other.field)


def test_the_stereo_image_knows_mono_left_and_inverted() -> None:
    tone = signals.sine(100.0, seconds=1.0, channels=1).samples[0]
    middle = FIELD // 2
    for left, right, line in (
        (tone, tone, [(place, middle) for place in range(FIELD)]),
        (tone, -tone, [(middle, place) for place in range(FIELD)]),
        (tone, 0 * tone, [(place, place) for place in range(FIELD)]),
    ):
        field = look_at(Audio(np.stack([left, right]).astype(np.float32), 48_000)).field
        assert field is not None
        assert sum(field[place] for place in line) == field.sum() > 0


def test_nothing_is_drawn_where_nothing_sounds() -> None:
    silent = look_at(signals.silence(2.0))
    assert not spectrogram(silent) and not stereo_image(silent)
    assert not widths({"1000": None}) and not widths(None)
    assert not distributions([("x", reports.silent())])
    assert not balance([("x", "first", {"1000": None})])
    short = look_at(Audio(np.full((1, 3), 0.5, np.float32), 8000))
    assert short.field is None and short.spectrogram_db.shape[1] == 1


def test_the_target_is_that_of_the_score_and_pink_noise_lies_flat() -> None:
    term = next(each for each in reports.song().score.terms if each.name == "spectrum.tilt_db_per_octave")  # type: ignore[union-attr]
    assert target_db_per_octave() == (term.target_low, term.target_high)
    thirds = analyze(AudioSource(signals.pink(20.0))).spectrum.third_octaves_db
    assert thirds is not None
    levels = [level for hz, level in thirds.items() if level is not None and 100 <= float(hz) <= 10_000]
    assert max(levels) - min(levels) < 2.5
    page = balance([("pink", "first", thirds)])
    assert "−6.5 to −4.0 dB per octave" in page


def test_a_curve_of_gains_moves_the_bands() -> None:
    moved = shifted({"100": -20.0, "1000": -30.0, "8000": None}, [20.0, 1000.0, 20_000.0], [0.0, 3.0, 3.0])
    assert moved["1000"] == -27.0 and moved["8000"] is None
    assert -20.0 < (moved["100"] or 0.0) < -17.0
