"""Blocks into a file that appears whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

from songkit.atomic import PendingFile, output_error
from songkit.audio import DEFAULT_LAYOUTS, Encoding, Format, Samples, mask_from_layout
from songkit.containers import CONTAINERS, default_kbps, fitting_kbps, why_not
from songkit.errors import OutputError, SignalError
from songkit.ffmpeg import Encoder, FfmpegError
from songkit.pcm import to_bytes, to_integers
from songkit.units import clock
from songkit.wave import RIFF_LIMIT_BYTES, WaveWriter

if TYPE_CHECKING:
    import soundfile


class AudioWriter:
    """Writes one file: `push` blocks, `close` the encoder, then `commit` to give the file its name.

        with AudioWriter(path, format, encoding, frames=source.frames) as writer:
            for block in source.blocks():
                writer.push(block)
            writer.close()      # writer.temporary is complete now: tag it, decode it, measure it
            writer.commit()     # synced and renamed; leaving without it discards everything

    `frames` decides beforehand between RIFF and RF64; without it there is room for both. Integers are rounded, never
    dithered. Raises OutputError when the target exists, the codec cannot carry the format, or the system refuses a
    write; SignalError for NaN and Inf where the file has no place for them (everything but float WAV and AIFF).
    """

    def __init__(
        self, path: Path, format: Format, encoding: Encoding, *, frames: int | None = None, force: bool = False
    ) -> None:
        self.path = Path(path)
        self.format = format
        self.encoding = encoding
        self.frames = 0
        _refuse(self.path, format, encoding)
        suffix = "." + CONTAINERS[encoding.container].suffix
        self._pending = PendingFile(self.path, force=force, suffix=suffix)
        self._closed = False
        try:
            self._sink = _open_sink(self._pending.temporary, format, encoding, frames)
        except BaseException as error:
            self._pending.discard()
            raise self._translated(error) from error

    @property
    def temporary(self) -> Path:
        """Where the bytes are until `commit`; complete after `close`."""
        return self._pending.temporary

    @property
    def clipped_samples(self) -> int:
        """Samples beyond full scale that became full scale; always 0 for float and for lossy codecs."""
        return self._sink.clipped

    @property
    def notes(self) -> tuple[str, ...]:
        """What the listener should know of this file, one line each."""
        notes = list(self._sink.notes)
        if self.clipped_samples:
            notes.append(f"{self.clipped_samples} samples beyond full scale were clipped")
        return tuple(notes)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._sink.abandon()
        self._pending.discard()

    def push(self, block: Samples) -> None:
        """Float32 `(channels, frames)`."""
        if block.shape[0] != self.format.channels:
            raise OutputError(f"{self.path}: a block of {block.shape[0]} channels for {self.format.channels}")
        if not self._sink.keeps_nonfinite:
            self._check_finite(block)
        try:
            self._sink.push(block)
        except (OSError, RuntimeError, FfmpegError, OutputError) as error:
            raise self._translated(error) from error
        self.frames += block.shape[1]

    def close(self) -> None:
        """The end of the signal; the temporary file is complete. Harmless when called again."""
        if self._closed:
            return
        try:
            self._sink.close()
        except (OSError, RuntimeError, FfmpegError, OutputError) as error:
            raise self._translated(error) from error
        self._closed = True

    def commit(self) -> Path:
        """Synced to the disk and renamed; returns the path."""
        self.close()
        self._pending.publish()
        return self.path

    def _check_finite(self, block: Samples) -> None:
        import numpy as np

        finite = np.isfinite(block).all(axis=0)
        if not finite.all():
            at = self.frames + int(np.argmin(finite))
            raise SignalError(
                f"{self.path}: NaN or Inf at {clock(at / self.format.sample_rate)} cannot be written as "
                f"{self.encoding.container}",
                "float32 WAV would carry it",
            )

    def _translated(self, error: BaseException) -> BaseException:
        if isinstance(error, OSError):
            return output_error(self.path, error)
        if isinstance(error, FfmpegError) and "No space left" in error.message:
            return OutputError(f"{self.path}: no space left on the disk", "nothing was written; free some space")
        if isinstance(error, FfmpegError | OutputError):
            return OutputError(f"{self.path} cannot be written: {error.message}", error.hint)
        if isinstance(error, RuntimeError):  # soundfile's own: libsndfile tells no more than that it failed
            return OutputError(f"{self.path} cannot be written: {error}", "is the disk full?")
        return error


class _Sink(Protocol):
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
        else:
            self._wave.write(to_bytes(self.integers(block), self.depth))

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
        if self._encoding.container == "flac" and self._format.layout != DEFAULT_LAYOUTS[self._format.channels]:
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


def _open_sink(path: Path, format: Format, encoding: Encoding, frames: int | None) -> _Sink:
    if encoding.container == "wav":
        return _WaveSink(path, format, encoding, frames)
    if encoding.lossy:
        return _EncoderSink(path, format, encoding)
    return _SoundFileSink(path, format, encoding)


def _refuse(path: Path, format: Format, encoding: Encoding) -> None:
    container = CONTAINERS[encoding.container]
    reason = why_not(encoding.container, format)
    if reason:
        raise OutputError(f"{path}: {reason}", "Target.format_for names a format that it can")
    if container.depths and encoding.bit_depth not in container.depths:
        known = ", ".join(str(depth) for depth in container.depths)
        raise OutputError(f"{path}: {encoding.container} has no bit depth {encoding.bit_depth}", f"it has {known}")
