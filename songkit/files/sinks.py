"""One file being written, by the library that writes its kind: WAV by ourselves, FLAC and AIFF by libsndfile, the rest
by ffmpeg.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from songkit.audio import Encoding, Format, Samples, default_layout, mask_from_layout
from songkit.ffmpeg import Encoder
from songkit.files.containers import default_kbps, fitting_kbps
from songkit.files.pcm import to_integers
from songkit.wave import RIFF_LIMIT_BYTES, WaveWriter

if TYPE_CHECKING:
    import soundfile


class Sink(Protocol):
    """A file being written by one library."""

    keeps_nonfinite: bool
    clipped: int
    notes: list[str]

    def push(self, block: Samples) -> None: ...
    def close(self) -> None: ...
    def abandon(self) -> None:
        """Lets go of the file whatever state it is in; harmless after `close`."""
        ...


class _Integers:
    """Base of the PCM sinks: integers rounded here, because libraries differ in how they scale."""

    keeps_nonfinite = False

    def __init__(self, depth: Any) -> None:
        self.depth = depth
        self.keeps_nonfinite = depth == "float32"
        self.clipped = 0
        self.notes: list[str] = []

    def integers(self, block: Samples) -> Any:
        integers, clipped = to_integers(block, self.depth)
        self.clipped += clipped
        return integers


class _WaveSink(_Integers):
    def __init__(self, path: Path, format: Format, encoding: Encoding, frames: int | None) -> None:
        super().__init__(encoding.bit_depth)
        size = 4 if self.depth == "float32" else self.depth // 8
        self._handle = path.open("wb")
        announced = None if frames is None else frames * size * format.channels
        self._wave = WaveWriter(self._handle, format, self.depth, announced, RIFF_LIMIT_BYTES)

    def push(self, block: Samples) -> None:
        if self.depth == "float32":
            self._wave.write(block.T.astype("<f4", order="C").tobytes())
            return
        from songkit.dsp.pcm import encode

        raw, clipped = encode(block, self.depth)
        self._wave.write(raw.data)
        self.clipped += clipped

    def close(self) -> None:
        self._wave.close()
        self._handle.close()

    def abandon(self) -> None:
        try:
            self._handle.close()
        except OSError:
            self._handle.close()  # the second close lets go of what the full disk did not take


class _SoundFileSink(_Integers):
    """FLAC and AIFF through libsndfile."""

    subtypes: ClassVar = {16: "PCM_16", 24: "PCM_24", 32: "PCM_32", "float32": "FLOAT"}

    def __init__(self, path: Path, format: Format, encoding: Encoding) -> None:
        import soundfile

        super().__init__(encoding.bit_depth)
        self._path = path
        self._format = format
        self._encoding = encoding
        self._file: soundfile.SoundFile = soundfile.SoundFile(
            path,
            "w",
            format.sample_rate,
            format.channels,
            self.subtypes[self.depth],
            format=encoding.container.upper(),
        )

    def push(self, block: Samples) -> None:
        import numpy as np

        if self.depth == "float32":
            self._file.write(np.ascontiguousarray(block.T))
        elif self.depth == 16:
            self._file.write(np.ascontiguousarray(self.integers(block).T, dtype=np.int16))
        else:  # libsndfile takes the upper bits of an int32
            self._file.write(np.ascontiguousarray(self.integers(block).T << (32 - self.depth)))

    def close(self) -> None:
        self._file.close()
        plain = self._format.channels <= 2 and self._format.layout == default_layout(self._format.channels)
        if self._encoding.container == "flac" and not plain:
            _mark_flac_layout(self._path, self._format)

    def abandon(self) -> None:
        self._file.close()


class _EncoderSink:
    """Ogg Vorbis, Opus, MP3 and M4A through ffmpeg."""

    keeps_nonfinite = False

    def __init__(self, path: Path, format: Format, encoding: Encoding) -> None:
        name = encoding.container
        wanted = encoding.bitrate_kbps or default_kbps(name, format)
        kbps = fitting_kbps(name, wanted, format)
        self.clipped = 0
        self.notes: list[str] = []
        if kbps != wanted:
            self.notes.append(f"{name} at {format.sample_rate} Hz has no {wanted} kb/s: written with {kbps} kb/s")
        self._encoder = Encoder(path, format, _encoder_options(name, kbps, format))

    def push(self, block: Samples) -> None:
        self._encoder.push(block)

    def close(self) -> None:
        self._encoder.close()

    def abandon(self) -> None:
        self._encoder.__exit__()


def _encoder_options(name: str, kbps: int, format: Format) -> dict[str, Any]:
    rate = {"audio_bitrate": f"{kbps}k"}
    if name == "ogg":
        return {"format": "ogg", "acodec": "libvorbis", "q:a": f"{vorbis_quality(kbps, format.channels):.2f}"}
    if name == "opus":
        # Family 1 is the Vorbis order (RFC 7845); left to itself, ffmpeg 9 swaps channels of 5.0 and 6.1.
        return {"format": "opus", "acodec": "libopus", "mapping_family": 0 if format.channels <= 2 else 1, **rate}
    if name == "mp3":
        return {"format": "mp3", "acodec": "libmp3lame", "id3v2_version": 0, **rate}
    return {"format": "ipod", "acodec": "aac", "movflags": "+faststart", **rate}


# Nominal kb/s of a stereo pair at 44.1 kHz for libvorbis' qualities 0 to 10 (its documentation).
_VORBIS_KBPS = (64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 500)


def vorbis_quality(kbps: int, channels: int) -> float:
    """libvorbis' quality for a bit rate. Its own bit rate mode knows few rates and layouts; quality knows them all."""
    import numpy as np

    pair = kbps * 2 / max(channels, 2)
    return float(np.interp(pair, (32, *_VORBIS_KBPS), range(-1, 11)))


def _mark_flac_layout(path: Path, format: Format) -> None:
    from mutagen.flac import FLAC

    tagged: Any = FLAC(path)
    if tagged.tags is None:
        tagged.add_tags()
    tagged["WAVEFORMATEXTENSIBLE_CHANNEL_MASK"] = hex(mask_from_layout(format.layout))
    tagged.save()


def open_sink(path: Path, format: Format, encoding: Encoding, frames: int | None) -> Sink:
    if encoding.container == "wav":
        return _WaveSink(path, format, encoding, frames)
    if encoding.lossy:
        return _EncoderSink(path, format, encoding)
    return _SoundFileSink(path, format, encoding)
