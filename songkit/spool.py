"""A signal kept for the next pass: in memory while it is small, then in a temporary float32 file."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from types import TracebackType
from typing import IO

from songkit.audio import Format, Samples
from songkit.blocks import BLOCK_FRAMES
from songkit.errors import OutputError

MEBIBYTE = 1024 * 1024
MEMORY_LIMIT_BYTES = 96 * MEBIBYTE  # a song of four and a half minutes at 44.1 kHz
BYTES_PER_SAMPLE = 4

# Room on the disk is asked for in steps, and never down to the last byte: other programs share it.
DISK_STEP_BYTES = 64 * MEBIBYTE
DISK_RESERVE_BYTES = 64 * MEBIBYTE

# A signal lies in chunks of that many frames, in each of them one channel after the other, as blocks do.
CHUNK_FRAMES = BLOCK_FRAMES

# In memory chunks are made several at a time: from 4 MiB on numpy asks for large pages, and the system has 500 times
# fewer of them to find and to clear.
SLAB_BYTES = 4 * MEBIBYTE


def spool_bytes(format: Format, frames: int) -> int:
    """What a signal of that length takes as float32."""
    return frames * format.channels * BYTES_PER_SAMPLE


class Spool:
    """Takes blocks with `push`, and is then a `blocks.Source` that can be run through any number of times.

    Up to `limit_bytes` the samples stay in memory; beyond it they move to a file in the folder for temporary files,
    which has no name (it is gone when the process is, however it ends) and is read and written in blocks (no memory
    map), so that resident memory stays constant. Samples are kept bit for bit.

    `expected_frames`, where known, has the disk's room checked before the first block. Raises OutputError when the
    disk cannot take the signal.
    """

    def __init__(
        self, format: Format, limit_bytes: int = MEMORY_LIMIT_BYTES, *, expected_frames: int | None = None
    ) -> None:
        self._format = format
        self._limit_bytes = limit_bytes
        self._frames = 0
        self._granted_bytes = 0
        self._memory: list[Samples] = []
        self._file: IO[bytes] | None = None
        expected_bytes = spool_bytes(format, expected_frames or 0)
        if expected_bytes > limit_bytes:
            self._move_to_disk(expected_bytes)

    @property
    def format(self) -> Format:
        return self._format

    @property
    def frames(self) -> int:
        """Frames pushed so far."""
        return self._frames

    @property
    def on_disk(self) -> bool:
        """Whether the signal has outgrown its place in memory."""
        return self._file is not None

    def push(self, block: Samples) -> None:
        """Keeps a copy of the block, float32 `(channels, frames)`."""
        if block.ndim != 2 or block.shape[0] != self._format.channels or block.dtype != "float32":
            raise ValueError(f"block of {block.shape} {block.dtype} for a spool of {self._format.channels} channels")
        size = spool_bytes(self._format, self._frames + block.shape[1])
        if self._file is not None:
            self._reserve(size)
        elif size > self._limit_bytes:
            self._move_to_disk(size)
        done = 0
        while done < block.shape[1]:
            at = self._frames % CHUNK_FRAMES
            part = block[:, done : done + CHUNK_FRAMES - at]
            self._put(self._frames // CHUNK_FRAMES, at, part)
            self._frames += part.shape[1]
            done += part.shape[1]

    def blocks(self, frames: int = BLOCK_FRAMES) -> Iterator[Samples]:
        """A fresh pass over what has been pushed until now, in blocks of at most `frames`."""
        end = self._frames
        for start in range(0, end, frames):
            yield self.read(start, min(frames, end - start))

    def read(self, start: int, frames: int) -> Samples:
        """The frames from `start` on; they must have been pushed."""
        import numpy as np

        block = np.empty((self._format.channels, frames), np.float32)
        done = 0
        while done < frames:
            chunk, at = divmod(start + done, CHUNK_FRAMES)
            part = block[:, done : done + CHUNK_FRAMES - at]
            self._get(chunk, at, part)
            done += part.shape[1]
        return block

    def close(self) -> None:
        """Gives memory and disk back; the spool cannot be used any more."""
        self._memory.clear()
        if self._file is not None:
            self._file.close()

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _put(self, chunk: int, at: int, part: Samples) -> None:
        import numpy as np

        if self._file is None:
            if chunk == len(self._memory):
                slab_bytes = min(SLAB_BYTES, self._limit_bytes)
                chunks = max(1, slab_bytes // spool_bytes(self._format, CHUNK_FRAMES))
                self._memory.extend(np.empty((chunks, self._format.channels, CHUNK_FRAMES), np.float32))
            self._memory[chunk][:, at : at + part.shape[1]] = part
            return
        for channel, samples in enumerate(part):
            self._write(self._file, np.ascontiguousarray(samples).data.cast("B"), self._place(chunk, channel, at))

    def _get(self, chunk: int, at: int, part: Samples) -> None:
        """Fills `part` from a chunk."""
        import numpy as np

        if self._file is None:
            part[:] = self._memory[chunk][:, at : at + part.shape[1]]
            return
        for channel, samples in enumerate(part):
            samples[:] = np.frombuffer(self._read(self._place(chunk, channel, at), samples.nbytes), np.float32)

    def _place(self, chunk: int, channel: int, at: int) -> int:
        """Offset in the file."""
        return ((chunk * self._format.channels + channel) * CHUNK_FRAMES + at) * BYTES_PER_SAMPLE

    def _read(self, offset: int, size: int) -> bytes:
        # pread leaves the file's position alone: passes may overlap, and pushing may go on
        data = b""
        while self._file is not None and len(data) < size:
            part = os.pread(self._file.fileno(), size - len(data), offset + len(data))
            if not part:
                raise OutputError("the temporary copy of the signal came back shorter than it was written")
            data += part
        return data

    def _move_to_disk(self, size: int) -> None:
        self._reserve(size)
        try:
            # unbuffered: what was refused by a full disk must not come up again when the file is closed
            file = tempfile.TemporaryFile(buffering=0, prefix="songkit-")  # noqa: SIM115 (lives as long as the spool)
        except OSError as error:
            raise self._disk_error(error) from error
        for chunk, samples in enumerate(self._memory[: -(-self._frames // CHUNK_FRAMES)]):
            self._write(file, samples.data.cast("B"), self._place(chunk, 0, 0))
        self._memory.clear()
        self._file = file

    def _reserve(self, size: int) -> None:
        if size <= self._granted_bytes:
            return
        written = spool_bytes(self._format, self._frames) if self._file is not None else 0
        wanted = max(size, written + DISK_STEP_BYTES) - written
        folder = tempfile.gettempdir()
        free = shutil.disk_usage(folder).free
        if free < wanted + DISK_RESERVE_BYTES:
            raise OutputError(
                f"{folder} has {free // MEBIBYTE} MiB free: not enough for the temporary copy of the signal "
                f"({wanted // MEBIBYTE} MiB more)",
                "free some space, or set TMPDIR to a folder on a larger disk",
            )
        self._granted_bytes = written + wanted

    def _write(self, file: IO[bytes], rest: memoryview, offset: int) -> None:
        try:
            while rest:
                written = os.pwrite(file.fileno(), rest, offset)
                rest, offset = rest[written:], offset + written
        except OSError as error:
            raise self._disk_error(error) from error

    def _disk_error(self, error: OSError) -> OutputError:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        reason = "no space left on the disk" if full else error.strerror or str(error)
        return OutputError(
            f"the temporary copy of the signal cannot be written to {tempfile.gettempdir()}: {reason}",
            "free some space, or set TMPDIR to a folder on a larger disk",
        )
