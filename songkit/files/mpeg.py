"""MPEG audio frames: where an MP3 starts, and what its Xing header claims.

Sources: ISO/IEC 11172-3 and 13818-3, 2.4.1.3 (frame header); the Xing/LAME info frame as LAME documents it.
"""

from __future__ import annotations

from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import IO

SEARCH_BYTES = 1 << 16
"""How far a first frame is looked for: some files begin with padding."""

_RATES_HZ = (44_100, 48_000, 32_000)
_KBPS = {
    # (MPEG-1?, layer): kb/s by the header's index, "free" and "forbidden" left out
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame header: what does not change from frame to frame, and this one's length."""

    version: int
    layer: int
    sample_rate: int
    samples: int
    bytes: int
    mono: bool

    def continues(self, other: Frame | None) -> bool:
        """Whether `other` can be the next frame of the same stream."""
        return other is not None and (self.version, self.layer, self.sample_rate) == (
            other.version,
            other.layer,
            other.sample_rate,
        )


@dataclass(frozen=True, slots=True)
class Claims:
    """What the info frame says: playable frames of samples (delay and padding taken off), bytes of the stream, and
    how many frames of MPEG audio follow it.
    """

    frames: int
    bytes: int
    follow: int


def parse_frame(data: bytes) -> Frame | None:
    """The frame header at the start of `data`, or None where its values are reserved."""
    if len(data) < 4 or data[0] != 0xFF or data[1] & 0xE0 != 0xE0:
        return None
    version, layer = data[1] >> 3 & 3, 4 - (data[1] >> 1 & 3)
    kbps_index, rate_index = data[2] >> 4, data[2] >> 2 & 3
    if version == 1 or layer == 4 or kbps_index in (0, 15) or rate_index == 3:
        return None
    first = version == 3
    rate = _RATES_HZ[rate_index] >> {3: 0, 2: 1, 0: 2}[version]
    samples = {1: 384, 2: 1152, 3: 1152 if first else 576}[layer]
    kbps = _KBPS[first, layer][kbps_index - 1]
    slot = 4 if layer == 1 else 1
    length = (samples // 8 * kbps * 1000 // rate // slot + (data[2] >> 1 & 1)) * slot
    return Frame(version, layer, rate, samples, length, mono=data[3] >> 6 == 3)


def find_stream(data: bytes) -> int | None:
    """Where the first of two consecutive frames stands; one alone is too likely to be chance."""
    at = data.find(b"\xff")
    while at >= 0:
        frame = parse_frame(data[at : at + 4])
        if frame is not None:
            following = data[at + frame.bytes : at + frame.bytes + 4]
            if frame.continues(parse_frame(following)) or (not following and at == 0):
                return at
        at = data.find(b"\xff", at + 1)
    return None


def audio_start(handle: IO[bytes]) -> int:
    """Where the file begins after an ID3v2 tag, which may stand before MP3, ADTS and FLAC."""
    handle.seek(0)
    head = handle.read(10)
    if head[:3] != b"ID3" or len(head) < 10:
        return 0
    size = 0
    for byte in head[6:10]:  # 7 bits a byte (ID3v2.4, 3.1)
        size = size << 7 | byte & 0x7F
    return 10 + size + (10 if head[5] & 0x10 else 0)


def claims_of(path: Path) -> Claims | None:
    """`read_claims` at the place where the file's info frame stands if it has one."""
    with path.open("rb") as handle:
        return read_claims(handle, audio_start(handle))


def length_is_known(path: Path) -> bool:
    """Whether an MP3 begins with an info frame that fits the file, and has one frame after the other to its end.

    libsndfile believes that frame, or else an estimate, and reads no further than it says; what it meets on the way
    and cannot decode it leaves out without a word.
    """
    with path.open("rb") as handle:
        start = audio_start(handle)
        claims = read_claims(handle, start)
        length = stream_bytes(handle, start)
        if claims is None or abs(length - claims.bytes) > claims.bytes // 100:
            return False
        return _frames_in_a_row(handle, start, start + length) == 1 + claims.follow


def _frames_in_a_row(handle: IO[bytes], start: int, end: int) -> int | None:
    """How many frames lie from `start` to `end`, None where anything else lies among them."""
    count, at, first = 0, start, None
    with mmap(handle.fileno(), 0, access=ACCESS_READ) as data:
        while at < end:
            frame = parse_frame(data[at : at + 4])
            first = first or frame
            if frame is None or first is None or not first.continues(frame):
                return None
            count, at = count + 1, at + frame.bytes
    return count if at == end else None


def read_claims(handle: IO[bytes], start: int) -> Claims | None:
    """What the info frame at `start` claims; None where there is none, or it does not give both numbers."""
    handle.seek(start)
    data = handle.read(512)
    frame = parse_frame(data)
    if frame is None:
        return None
    side_bytes = (17 if frame.mono else 32) if frame.version == 3 else (9 if frame.mono else 17)
    info = data[4 + side_bytes :]
    if len(info) < 16 or info[:4] not in (b"Xing", b"Info") or info[7] & 3 != 3:
        return None
    count, length = int.from_bytes(info[8:12], "big"), int.from_bytes(info[12:16], "big")
    at = 16 + (100 if info[7] & 4 else 0) + (4 if info[7] & 8 else 0) + 21  # LAME's own part: delay after 21 bytes
    gap = int.from_bytes(info[at : at + 3], "big")
    lame = info[at - 21 : at - 17] in (b"LAME", b"Lavf", b"Lavc")
    cut = (gap >> 12) + (gap & 0xFFF) if lame else 0
    return Claims(max(0, count * frame.samples - cut), length, count)


def stream_bytes(handle: IO[bytes], start: int) -> int:
    """Bytes from `start` to the end of the file, without the ID3v1 and APE tags that may stand there."""
    end = handle.seek(0, 2)
    handle.seek(max(0, end - 128))
    if handle.read(3) == b"TAG":
        end -= 128
    handle.seek(max(0, end - 32))
    footer = handle.read(32)
    if footer[:8] == b"APETAGEX":
        end -= int.from_bytes(footer[12:16], "little") + (32 if footer[23:24] >= b"\x80" else 0)
    return end - start
