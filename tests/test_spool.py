"""The spool gives back what it took, bit for bit, from memory and from disk, and says so when the disk is full."""

from __future__ import annotations

import tempfile
import tracemalloc
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest

from songkit.audio import Audio, Format
from songkit.blocks import collect, split
from songkit.errors import OutputError
from songkit.spool import MEBIBYTE, Spool
from tests import signals

IN_MEMORY = 96 * MEBIBYTE
ON_DISK = 1024


def filled(audio: Audio, limit_bytes: int, block_frames: int = 4096) -> Spool:
    spool = Spool(audio.format, limit_bytes)
    for block in split(audio.samples, block_frames):
        spool.push(block)
    return spool


@pytest.mark.parametrize("limit_bytes", [IN_MEMORY, ON_DISK])
@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("block_frames", [1, 7, 512, 65_536])
def test_gives_back_every_bit_in_blocks_of_any_size(limit_bytes: int, channels: int, block_frames: int) -> None:
    audio = signals.noise(seconds=0.05, channels=channels)
    with filled(audio, limit_bytes, block_frames=1000) as spool:
        assert spool.on_disk == (limit_bytes == ON_DISK)
        assert spool.frames == audio.frames
        blocks = list(spool.blocks(block_frames))
        assert all(block.flags.c_contiguous and block.dtype == np.float32 for block in blocks)
        assert max(block.shape[1] for block in blocks) <= block_frames
        again = collect(blocks, spool.format)
    assert again.samples.tobytes() == audio.samples.tobytes()


@pytest.mark.parametrize("limit_bytes", [IN_MEMORY, ON_DISK])
def test_keeps_what_is_not_a_number_too(limit_bytes: int) -> None:
    odd = np.tile(np.array([[np.nan, -0.0, np.inf, 1e-45]], np.float32), (2, 300))
    with filled(Audio(odd, 48_000), limit_bytes) as spool:
        assert next(spool.blocks()).tobytes() == odd.tobytes()


@pytest.mark.parametrize("limit_bytes", [IN_MEMORY, ON_DISK])
def test_passes_overlap_and_pushing_goes_on(limit_bytes: int) -> None:
    audio = signals.noise(seconds=0.1)
    with filled(audio, limit_bytes) as spool:
        first, second = spool.blocks(100), spool.blocks(100)
        next(first)
        np.testing.assert_array_equal(next(second), audio.samples[:, :100])
        spool.push(np.ones((2, 10), np.float32))
        np.testing.assert_array_equal(next(first), audio.samples[:, 100:200])
        assert spool.frames == audio.frames + 10


def test_empty_blocks_and_an_empty_signal() -> None:
    with Spool(Format(48_000)) as spool:
        spool.push(np.zeros((2, 0), np.float32))
        assert spool.frames == 0
        assert list(spool.blocks()) == []


def test_refuses_what_is_not_its_format() -> None:
    with Spool(Format(48_000)) as spool:
        with pytest.raises(ValueError, match="2 channels"):
            spool.push(np.zeros((1, 10), np.float32))
        with pytest.raises(ValueError, match="float64"):
            spool.push(np.zeros((2, 10)))  # type: ignore[arg-type]


def test_leaves_no_name_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with filled(signals.noise(seconds=0.1), ON_DISK) as spool:
        assert spool.on_disk
        assert list(tmp_path.iterdir()) == []


def test_resident_memory_does_not_grow_with_length() -> None:
    block = np.ones((2, 65_536), np.float32)
    with Spool(Format(48_000), MEBIBYTE) as spool:
        tracemalloc.start()
        for _ in range(64):  # 32 MiB
            spool.push(block)
        total = sum(float(part[0, 0]) for part in spool.blocks())
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert total == 64
    assert peak_bytes < 4 * MEBIBYTE


Usage = namedtuple("Usage", "total used free")


def test_asks_for_room_before_it_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda folder: Usage(100, 90, 10 * MEBIBYTE))
    with pytest.raises(OutputError, match="10 MiB free: not enough"):
        Spool(Format(48_000), expected_frames=48_000 * 3600)
    with pytest.raises(OutputError, match="TMPDIR"):
        filled(signals.noise(seconds=0.1), ON_DISK)
    filled(signals.noise(seconds=0.1), IN_MEMORY).close()


def test_a_disk_that_fills_up_under_way_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **options: full.open("r+b", buffering=0))
    with pytest.raises(OutputError, match="no space left on the disk"):
        filled(signals.noise(seconds=0.1), ON_DISK)
