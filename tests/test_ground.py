"""The ground floor: units, the audio value, blocks, whole files, many files, optional libraries."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from songkit.atomic import whole_file, write_json
from songkit.audio import Audio, Format, default_layout, layout_from_mask, mask_from_layout
from songkit.batch import each, exit_code
from songkit.blocks import AudioSource, collect, split
from songkit.errors import InputError, MissingError, OutputError, QualityError, UsageError, near_names
from songkit.optional import need
from songkit.progress import Update, about, named, watched
from songkit.units import clock, db_to_gain, db_to_power, gain_to_db, power_to_db
from tests import signals


def test_decibels_go_there_and_back() -> None:
    assert db_to_gain(-6.0206) == pytest.approx(0.5, rel=1e-5)
    assert gain_to_db(db_to_gain(-12.3)) == pytest.approx(-12.3)
    assert power_to_db(db_to_power(-7.0)) == pytest.approx(-7.0)
    assert gain_to_db(0.0) == power_to_db(0.0) == -math.inf


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00.000"), (62.345, "1:02.345"), (59.9996, "1:00.000"), (7262.5, "2:01:02.500"), (-1.5, "-0:01.500")],
)
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text


@pytest.mark.parametrize("channels", range(1, 9))
def test_masks_go_there_and_back(channels: int) -> None:
    layout = default_layout(channels)
    assert layout_from_mask(mask_from_layout(layout), channels) == layout


def test_known_masks() -> None:
    assert mask_from_layout(default_layout(6)) == 0x3F
    assert mask_from_layout(default_layout(8)) == 0x63F
    assert layout_from_mask(0x60F, 6) == ("FL", "FR", "FC", "LFE", "SL", "SR")
    assert layout_from_mask(0x3, 6) == default_layout(6)  # a mask that does not fit is no news


def test_audio_keeps_its_promises() -> None:
    audio = Audio(np.zeros(10, np.float64), 44_100)
    assert audio.samples.shape == (1, 10) and audio.samples.dtype == np.float32
    with pytest.raises(ValueError, match="read-only"):
        audio.samples[0, 0] = 1
    for samples, rate in ((np.zeros((9, 4)), 44_100), (np.zeros((2, 4), int), 44_100), (np.zeros((2, 4)), 4)):
        with pytest.raises(InputError):
            Audio(samples, rate)
    with pytest.raises(InputError, match="speakers"):
        Audio(np.zeros((2, 4)), 44_100, ("FL",))
    with pytest.raises(InputError, match="sample rate"):
        Format(400_000)


def test_blocks_split_and_collect() -> None:
    audio = signals.noise(seconds=0.1)
    assert np.array_equal(collect(AudioSource(audio).blocks(100), audio.format).samples, audio.samples)
    assert [block.shape[1] for block in split(audio.samples[:, :250], 100)] == [100, 100, 50]


def test_progress_names_subject_and_stage() -> None:
    seen: list[Update] = []
    audio = signals.silence(0.01)
    for _ in watched(AudioSource(audio), named(about(seen.append, "in.wav"), "verify"), "analyze", 100):
        pass
    assert seen[0] == Update("verify", 0.0, "in.wav") and seen[-1] == Update("verify", 1.0, "in.wav")


def test_whole_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    with pytest.raises(RuntimeError), whole_file(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    with whole_file(path) as temporary:
        temporary.write_text("whole")
        assert not path.exists()
    assert path.read_text() == "whole" and path.stat().st_mode & 0o777 == 0o644 | (path.stat().st_mode & 0o22)
    with pytest.raises(OutputError, match="exists"), whole_file(path):
        pass
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "nan.json", {"value": math.nan})
    assert [item.name for item in tmp_path.iterdir()] == ["out.txt"]


def test_each_file_is_tried_and_the_exit_code_follows() -> None:
    def work(path: Path) -> str:
        if path.name == "bad":
            raise InputError("bad")
        if path.name == "poor":
            raise QualityError("poor")
        return path.name

    def code(*names: str) -> int:
        return exit_code(each(map(Path, names), work))

    assert [outcome.result for outcome in each(map(Path, ("a", "bad", "b")), work)] == ["a", None, "b"]
    assert (code("a", "b"), code("poor"), code("bad"), code("a", "poor"), code("a", "bad")) == (0, 3, 1, 3, 1)
    assert exit_code(each([Path("x")], lambda path: (_ for _ in ()).throw(UsageError("no")))) == 2


def test_near_names_and_missing_libraries() -> None:
    assert near_names("compresor", ["compressor", "eq"]) == "did you mean compressor?"
    assert near_names("zzz", ["b", "a"]) == "known: a, b"
    with pytest.raises(MissingError, match="no_such_library") as caught:
        need("no_such_library.part", "stems")
    assert "songkit[stems]" in caught.value.hint and caught.value.exit_code == 5
