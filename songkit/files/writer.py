"""Blocks into a file that appears whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from songkit.atomic import PendingFile, output_error
from songkit.audio import Encoding, Format, Samples
from songkit.errors import OutputError, SignalError
from songkit.ffmpeg import FfmpegError
from songkit.files.containers import CONTAINERS, why_not
from songkit.files.sinks import open_sink
from songkit.units import clock

# soundfile's errors are RuntimeErrors
_WRITE_ERRORS = (OSError, RuntimeError, FfmpegError, OutputError)


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
            self._sink = open_sink(self._pending.temporary, format, encoding, frames)
        except _WRITE_ERRORS as error:
            self._pending.discard()
            raise self._translated(error) from error
        except BaseException:
            self._pending.discard()
            raise

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
            count = "1 sample" if self.clipped_samples == 1 else f"{self.clipped_samples} samples"
            notes.append(f"{count} beyond full scale clipped")
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
        except _WRITE_ERRORS as error:
            raise self._translated(error) from error
        self.frames += block.shape[1]

    def close(self) -> None:
        """The end of the signal; the temporary file is complete. Harmless when called again."""
        if self._closed:
            return
        try:
            self._sink.close()
        except _WRITE_ERRORS as error:
            raise self._translated(error) from error
        self._closed = True

    def commit(self) -> Path:
        """Synced to the disk and renamed; returns the path."""
        self.close()
        self._pending.publish()
        return self.path

    def _check_finite(self, block: Samples) -> None:
        import numpy as np

        finite = np.isfinite(block)
        if not finite.all():
            at = self.frames + int(np.argmin(finite.all(axis=0)))
            raise SignalError(
                f"{self.path}: NaN or Inf at {clock(at / self.format.sample_rate)} cannot be written as "
                f"{self.encoding.container}",
                "float32 WAV would carry it",
            )

    def _translated(self, error: Exception) -> OutputError:
        if isinstance(error, OSError):
            return output_error(self.path, error)
        if isinstance(error, FfmpegError) and "No space left" in error.message:
            return OutputError(f"{self.path}: no space left on the disk", "nothing was written; free some space")
        if isinstance(error, FfmpegError | OutputError):
            return OutputError(f"{self.path} cannot be written: {error.message}", error.hint)
        # soundfile's own: libsndfile tells no more than that it failed
        return OutputError(f"{self.path} cannot be written: {error}", "is the disk full?")


def _refuse(path: Path, format: Format, encoding: Encoding) -> None:
    container = CONTAINERS[encoding.container]
    reason = why_not(encoding.container, format)
    if reason:
        raise OutputError(f"{path}: {reason}", "Target.format_for names a format that it can")
    if container.depths and encoding.bit_depth not in container.depths:
        known = ", ".join(str(depth) for depth in container.depths)
        raise OutputError(f"{path}: {encoding.container} has no bit depth {encoding.bit_depth}", f"it has {known}")
