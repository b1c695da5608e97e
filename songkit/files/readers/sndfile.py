"""WAV, FLAC, AIFF, Ogg, Opus, MP3, W64 and CAF through libsndfile."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from songkit.audio import SPEAKERS, Format, Samples, default_layout, layout_from_mask
from songkit.blocks import BLOCK_FRAMES
from songkit.errors import InputError
from songkit.files.claims import claimed_frames, cut_short
from songkit.files.flac import md5_of
from songkit.files.ogg import faults
from songkit.files.readers.contract import Opened
from songkit.files.sniff import Kind
from songkit.wave import PCM, WaveHeader, read_header

if TYPE_CHECKING:
    import soundfile

# Vorbis I specification 4.3.9 and RFC 7845 5.1.1.2: the order of the channels in the stream, by their number.
VORBIS_ORDER: dict[int, tuple[str, ...]] = {
    1: ("FC",),
    2: ("FL", "FR"),
    3: ("FL", "FC", "FR"),
    4: ("FL", "FR", "BL", "BR"),
    5: ("FL", "FC", "FR", "BL", "BR"),
    6: ("FL", "FC", "FR", "BL", "BR", "LFE"),
    7: ("FL", "FC", "FR", "SL", "SR", "BC", "LFE"),
    8: ("FL", "FC", "FR", "SL", "SR", "BL", "BR", "LFE"),
}

# libsndfile's subtypes: codec, and depth where samples are on a grid.
_CODECS: dict[str, tuple[str, int | str | None]] = {
    "PCM_S8": ("pcm", 8),
    "PCM_U8": ("pcm", 8),
    "PCM_16": ("pcm", 16),
    "PCM_24": ("pcm", 24),
    "PCM_32": ("pcm", 32),
    "FLOAT": ("float", "float32"),
    "DOUBLE": ("float", "float64"),
    "MPEG_LAYER_I": ("mp1", None),
    "MPEG_LAYER_II": ("mp2", None),
    "MPEG_LAYER_III": ("mp3", None),
    "ALAC_16": ("alac", 16),
    "ALAC_20": ("alac", 20),
    "ALAC_24": ("alac", 24),
    "ALAC_32": ("alac", 32),
}


_SAMPLE_BYTES = {
    "PCM_S8": 1, "PCM_U8": 1, "PCM_16": 2, "PCM_24": 3, "PCM_32": 4, "FLOAT": 4, "DOUBLE": 8, "ULAW": 1, "ALAW": 1,
}  # fmt: skip
"""Of subtypes whose bytes say how many samples they are."""


class SoundFileReader:
    """libsndfile, with the channels brought to WAVE order."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._order: list[int] | None = None
        self._plain: WaveHeader | None = None
        self._bits: int | str | None = None
        """Depth of a FLAC that is all there, and whose checksum was not looked at yet."""
        self._frames = 0
        self.worth_another_try = True
        """Whether the last `open` failed on something that another reader may know."""

    def open(self, path: Path) -> Opened:
        import soundfile

        header = self._wave_header(path) if self._kind.container == "wav" else None
        try:
            with soundfile.SoundFile(os.fsencode(path)) as file:
                codec, bit_depth = _CODECS.get(file.subtype, (file.subtype.lower(), None))
                found = Format(file.samplerate, self._layout(path, file.channels, header))
                frames, claimed = _length(path, file, self._kind, header)
        except soundfile.LibsndfileError as error:
            reason = str(error.error_string).strip().rstrip(".")
            raise InputError(f"not readable as {self._kind.container}: {reason}") from error
        if self._kind.container == "flac":
            codec = "flac"
            self._bits, self._frames = bit_depth if frames == claimed else None, frames
        if header is not None and header.format_tag == PCM and header.bits in (16, 24, 32):
            self._plain = header
        notes = _fine_print(path, self._kind, bit_depth, None if codec in ("pcm", "float") else header)
        return Opened(codec, bit_depth, found, frames, claimed, _mpeg_kbps(path, codec), notes)

    def blocks(self, path: Path, frames: int) -> Iterator[Samples]:
        import numpy as np

        if self._plain is not None:
            yield from _plain_blocks(path, self._plain, frames)
            return
        checksum, left = md5_of(path, self._bits), self._frames
        for block in _raw_blocks(path, frames):
            turned = np.ascontiguousarray(block.T if self._order is None else block.T[self._order])
            if checksum is not None:
                checksum.push(turned)
                left -= turned.shape[1]
                if left < 0:  # after damage libsndfile can give more than there is
                    break
            yield turned
        if checksum is not None and not checksum.fits():
            raise InputError(
                f"{path} is damaged: its samples do not fit its checksum",
                "get it again; `flac --decode --decode-through-errors` saves what can be saved",
            )
        self._bits = None

    def _wave_header(self, path: Path) -> WaveHeader:
        """Checked here, because the words below say more than any library's."""
        with path.open("rb") as handle:
            header = read_header(handle)
        self.worth_another_try = False
        if header is None:
            raise InputError("a WAV without format or samples", "the file is damaged; get it again")
        if header.channels == 0:
            raise InputError("the header says 0 channels")
        if header.sample_rate == 0:
            raise InputError("the header says a sample rate of 0 Hz")
        Format(header.sample_rate, header.layout)  # refuses what songkit does not work on
        if header.format_tag == PCM and header.block_align != header.channels * -(-header.bits // 8):
            raise InputError(f"the header is inconsistent: {header.bits} bits in {header.block_align} bytes a frame")
        self.worth_another_try = True
        if header.data_bytes == 0 and path.stat().st_size > header.data_start:
            raise InputError("the header says that there are no samples")  # ffmpeg reads on to the end
        return header

    def _layout(self, path: Path, channels: int, header: WaveHeader | None) -> tuple[str, ...]:
        if header is not None:
            return header.layout
        self.worth_another_try = False  # too many channels are too many for ffmpeg as well
        layout = default_layout(channels)
        self.worth_another_try = True
        if self._kind.container == "flac":
            return _flac_layout(path, channels)
        if self._kind.container in ("ogg", "opus"):
            order = VORBIS_ORDER[channels]
            self._order = [order.index(speaker) for speaker in layout]
        return layout


def _raw_blocks(path: Path, frames: int) -> Iterator[Samples]:
    """Blocks `(frames, channels)` as far as the file can be decoded; `open` has said where that ends."""
    import soundfile

    try:
        with soundfile.SoundFile(os.fsencode(path)) as file:
            while (block := file.read(frames, dtype="float32", always_2d=True)).shape[0]:
                yield block
    except soundfile.LibsndfileError:
        return


def _plain_blocks(path: Path, header: WaveHeader, frames: int) -> Iterator[Samples]:
    """What libsndfile would give, in a third of its time: the bytes of integer PCM need no library."""
    import numpy as np

    from songkit.dsp.pcm import decode

    with path.open("rb") as handle:
        handle.seek(header.data_start)
        while raw := handle.read(frames * header.block_align):
            whole = np.frombuffer(raw, np.uint8)[: len(raw) // header.block_align * header.block_align]
            yield decode(whole, header.channels, header.bits)


def _length(path: Path, file: soundfile.SoundFile, kind: Kind, header: WaveHeader | None) -> tuple[int, int | None]:
    """Frames that can be read, and frames that the header claims where it claims them exactly."""
    import soundfile

    frames = int(file.frames)
    sample_bytes = _SAMPLE_BYTES.get(file.subtype)
    if header is not None and sample_bytes is not None:
        if header.data_bytes is None or not header.block_align:
            return frames, None
        claimed = header.data_bytes // header.block_align
        return min(frames, claimed), claimed
    if kind.container in ("aiff", "au", "w64", "caf") and sample_bytes is not None:
        with path.open("rb") as handle:
            return frames, claimed_frames(handle, kind.container, sample_bytes * file.channels)
    try:
        file.seek(max(frames - 1, 0))
        if header is None and file.read(1, dtype="float32", always_2d=True).shape[0] == min(frames, 1):
            return frames, frames  # the last frame is where it should be
    except soundfile.LibsndfileError:
        pass
    if file.format == "MP3":  # ffmpeg says what is wrong with it
        raise InputError("the stream ends before its info frame says")
    return sum(block.shape[0] for block in _raw_blocks(path, BLOCK_FRAMES)), None if header else frames


def _fine_print(path: Path, kind: Kind, bit_depth: int | str | None, packed: WaveHeader | None) -> tuple[str, ...]:
    """Notes; `packed` is the header of a WAV whose codec is not plain samples."""
    notes = []
    if bit_depth in (32, "float64"):
        name = "64-bit floats" if bit_depth == "float64" else "32-bit integers"
        notes.append(f"{name} are worked on as float32, which keeps 24 bits")
    if kind.demuxer == "ogg":
        notes.extend(faults(path))
    if packed is not None and packed.data_bytes is not None:
        notes.extend(cut_short(path, packed.data_start, packed.data_bytes))
    return tuple(notes)


def _flac_layout(path: Path, channels: int) -> tuple[str, ...]:
    """Speakers of the mask in the comments, where encoders put what FLAC itself cannot say; else FLAC's own."""
    import mutagen
    from mutagen.flac import FLAC

    try:
        tags: Any = FLAC(path).tags or {}
        mask = int(tags["WAVEFORMATEXTENSIBLE_CHANNEL_MASK"][0], 16)
    except (mutagen.MutagenError, KeyError, ValueError, IndexError):
        return default_layout(channels)
    return layout_from_mask(mask & (1 << len(SPEAKERS)) - 1, channels)


def _mpeg_kbps(path: Path, codec: str) -> int | None:
    """The audio's own bit rate: cover art must not count."""
    if not codec.startswith("mp"):
        return None
    import mutagen
    from mutagen.mp3 import MP3

    try:
        info: Any = MP3(path).info
    except mutagen.MutagenError:
        return None
    return round(info.bitrate / 1000) or None
