"""Small files that ask for much: refused before the memory is taken, and at once."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from songkit.chains import Chain
from songkit.errors import SongkitError
from songkit.files import open_source
from songkit.generate import lyrics
from songkit.provenance import read_provenance
from songkit.tags import read_tags
from tests import signals
from tests.fuzzing import _forget_peak, _peak_bytes
from tests.test_damaged_files import RF64, wav, whole

MOST_BYTES = 24 << 20
MOST_SECONDS = 5.0

if not Path("/proc/self/clear_refs").exists():
    pytest.skip("the peak of memory is read from Linux", allow_module_level=True)


def refused(read: Callable[[], object]) -> str:
    """What it was refused with, in little memory and little time."""
    _forget_peak()
    before, started = _peak_bytes(), time.monotonic()
    with pytest.raises(SongkitError) as error:
        read()
    assert _peak_bytes() - before < MOST_BYTES
    assert time.monotonic() - started < MOST_SECONDS
    return str(error.value)


@pytest.fixture(scope="module", autouse=True)
def warm(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Libraries loaded once are not what is measured."""
    path = tmp_path_factory.mktemp("warm") / "a.flac"
    whole(path, signals.noise(-20, 0.1))
    open_source(path)
    read_tags(path)
    Chain.load("radio")


def flac(rate: int = 48_000, channels: int = 2, frames: int = 1_000, block: int = 4_096) -> bytes:
    info = struct.pack(">HH6x", block, block) + (rate << 44 | channels - 1 << 41 | 15 << 36 | frames).to_bytes(8, "big")
    return b"fLaC\x80\0\0\x22" + info + bytes(16) + b"\xff\xf8\xc9\x18" + bytes(200)


def aiff(channels: int, frames: int, rate: bytes = bytes.fromhex("400ebb80000000000000")) -> bytes:
    body = b"AIFFCOMM" + struct.pack(">IHIH", 18, channels, frames, 16) + rate
    body += b"SSND" + struct.pack(">III", 0xFFFFFFFF, 0, 0) + bytes(400)
    return b"FORM" + struct.pack(">I", 0xFFFFFFFF) + body


HEADERS = {
    "WAV of 4 billion frames": wav(claimed=0xFFFFFFFE),
    "WAV of 65535 channels": wav(channels=65_535),
    "WAV of 0 Hz": wav(sample_rate=0),
    "WAV of 2^31 Hz": wav(sample_rate=2**31),
    "WAV of 2^32-1 Hz": wav(sample_rate=2**32 - 1),
    "WAV of 65535 bits": wav(bits=65_535),
    "WAV with a chunk of 4 GB before its format": wav().replace(b"fmt ", b"junk\xff\xff\xff\xfffmt "),
    "RF64 of 2^60 frames": RF64,
    "AU of 4 billion channels": b".snd" + struct.pack(">5I", 24, 0xFFFFFFFE, 3, 48_000, 2**32 - 1) + bytes(400),
    "AU of 2^31 Hz": b".snd" + struct.pack(">5I", 24, 400, 3, 2**31, 2) + bytes(400),
    "AIFF of 65535 channels": aiff(65_535, 100),
    "AIFF of 4 billion frames": aiff(2, 2**32 - 1),
    "AIFF of an infinite rate": aiff(2, 100, bytes.fromhex("7fffffffffffffffffff")),
    "AIFF of no rate": aiff(2, 100, bytes(10)),
    "CAF of 4 billion channels":
    b"caff\0\1\0\0desc" + struct.pack(">Qd4s5I", 32, 48_000.0, b"lpcm", 0, 4, 1, 2**32 - 1, 16),
    "CAF of 2^63 bytes": b"caff\0\1\0\0desc" + struct.pack(">Qd4s5I", 32, 48_000.0, b"lpcm", 0, 4, 1, 2, 16)
    + b"data" + struct.pack(">QI", 2**63 - 1, 0) + bytes(400),
    "FLAC that claims 198 hours": flac(frames=2**36 - 1),
    "FLAC of 0 Hz": flac(rate=0),
    "FLAC of a megahertz": flac(rate=1_048_575),
    "an Ogg page of nothing but segments": b"OggS" + bytes(22) + b"\xff" * 600 + b"OpusHead" + b"\xff" * 100,
    "an MP4 whose atom has 2^63 bytes":
    b"\0\0\0\x18ftypM4A " + bytes(12) + b"\0\0\0\x01moov" + b"\x7f" + b"\xff" * 7 + bytes(50),
    "an MP4 of a thousand atoms in one another": b"\0\0\0\x18ftypM4A " + bytes(12)
    + b"".join(struct.pack(">I4s", 8 * (1_000 - depth), b"moov") for depth in range(1_000)),
    "an ID3 tag of 256 MB before nothing": b"ID3\4\0\0\x7f\x7f\x7f\x7f" + bytes(2_000),
}  # fmt: skip


@pytest.mark.parametrize("kind", HEADERS)
def test_an_absurd_header_takes_no_memory(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "given.bin"
    path.write_bytes(HEADERS[kind])
    assert "given.bin" in refused(lambda: open_source(path))
    read_tags(path)
    read_provenance(path)


def test_a_terabyte_of_nothing_is_no_audio(tmp_path: Path) -> None:
    path = tmp_path / "given.wav"
    path.write_bytes(b"")
    with path.open("r+b") as handle:
        handle.truncate(1 << 40)
    assert "not audio" in refused(lambda: open_source(path))


def aliases(levels: int) -> str:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, levels)]
    return "\n".join([*rows, f"steps: *a{levels - 1}"])


CHAINS = {
    "ten to the power of forty values": (aliases(40), "expand"),
    "a mapping of mappings": ("steps:\n  - gain: &g {a: *g}\n", "anchor|itself|alias"),
    "a hundred thousand brackets": ("steps: " + "[" * 100_000, "nested"),
    "a hundred thousand braces": ("steps: " + "{a: " * 60_000, "nested"),
    "a hundred thousand dashes": ("steps:\n" + "- " * 100_000, "nested"),
    "a million steps": ("steps:\n" + "  - dc\n" * 1_000_000, "KiB"),
    "thousands of steps": ("steps:\n" + "  - dc\n" * 15_000, "there may be"),
    "a number of 200 kB": ("steps:\n  - gain: {gain_db: " + "9" * 200_000 + "}\n", "digits"),
    "a key of 200 kB": ("steps:\n  - ? " + "k" * 200_000 + "\n", ""),
    "a text of 1 MB": ("name: " + "n" * 1_000_000, "KiB"),
}


@pytest.mark.parametrize("kind", CHAINS)
def test_a_chain_that_grows_takes_no_memory(kind: str, tmp_path: Path) -> None:
    import re

    text, says = CHAINS[kind]
    path = tmp_path / "given.yaml"
    path.write_text(text)
    error = refused(lambda: Chain.load(str(path)))
    assert "given.yaml" in error and re.search(says, error)
    assert len(error) < 2_000


def test_a_gigabyte_of_lyrics_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "given.lrc"
    path.write_bytes(b"[0:01]")
    with path.open("r+b") as handle:
        handle.truncate(1 << 30)
    assert "given.lrc" in refused(lambda: lyrics.load(path))


@pytest.mark.parametrize(
    "text",
    ["[" * 900_000, "[0:01]" * 150_000 + "la", "<0:01" * 180_000, "[0:" + "9" * 900_000,
     "[ti:[" * 180_000, "[0:01]" + " " * 900_000],
    ids=["brackets", "times", "word times", "digits", "headers", "spaces"],
)  # fmt: skip
def test_a_megabyte_of_lyrics_in_one_line(text: str) -> None:
    assert "given.lrc, line 1" in refused(lambda: lyrics.parse(text, "given.lrc"))
