"""The only place that starts ffmpeg: decode, encode and filter through pipes, in blocks of float32.

Every process has its stderr read by a thread (a full pipe would stop ffmpeg), is waited for at the end and killed on
the way out of an exception, so that neither a zombie nor an open pipe is left.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from io import BufferedReader
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import IO, Any, Self, cast

from songkit.audio import Format, Samples, mask_from_layout
from songkit.blocks import BLOCK_FRAMES
from songkit.errors import MissingError, SongkitError
from songkit.wave import WaveHeader, read_header

_GLOBAL = ("-nostdin", "-hide_banner", "-nostats", "-loglevel", "level+info")
_KEPT_LINES = 200
_END_SECONDS = 30.0
"""How long ffmpeg may take to leave once its pipes are closed."""


class FfmpegError(SongkitError):
    """ffmpeg ended with an error; the message is its own last complaint."""


def executable() -> str:
    """Path of ffmpeg: `$SONGKIT_FFMPEG`, then the one that imageio-ffmpeg brings, then PATH. MissingError else."""
    named = os.environ.get("SONGKIT_FFMPEG")
    if named:
        found = shutil.which(named)
        if found is None:
            raise MissingError(f"SONGKIT_FFMPEG names {named}, which is no program", "correct or unset it")
        return found
    return _bundled() or shutil.which("ffmpeg") or _missing()


@cache
def version() -> str:
    """ffmpeg's version as it names it, for example `7.1`; `unknown` where it does not say."""
    result = subprocess.run(
        [executable(), "-version"], capture_output=True, text=True, timeout=_END_SECONDS, check=False
    )
    words = result.stdout.split()
    return words[2] if words[:2] == ["ffmpeg", "version"] else "unknown"


class Decoder:
    """The first audio stream of a file as float32 blocks, in ffmpeg's (WAVE) channel order.

    `header` is known once entered. After the last block `log` has what ffmpeg said. Raises FfmpegError when ffmpeg
    cannot open the file, and at the end of `blocks` when it failed on the way.
    """

    def __init__(self, path: Path, *, demuxer: str | None = None) -> None:
        import ffmpeg

        # `file:` keeps names such as `-x` or `concat:a|b` from being read as options or protocols.
        known = {"format": demuxer} if demuxer else {}
        source = ffmpeg.input(f"file:{path}", protocol_whitelist="file", **known)
        # WAVE on the pipe, not raw samples: its header says rate, channels and mask as they were decoded.
        output = source["a:0"].output("pipe:1", format="wav", acodec="pcm_f32le", fflags="+bitexact", vn=None)
        self._process = _Process(_compile(output), reads=True)

    def __enter__(self) -> Self:
        with self._process.killed_on_error():
            header = read_header(self._process.output)
            if header is None:
                self._process.finish()
                raise FfmpegError("ffmpeg gave no audio")
            self.header: WaveHeader = header
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.kill()

    @property
    def log(self) -> tuple[str, ...]:
        return tuple(self._process.lines)

    def blocks(self, frames: int = BLOCK_FRAMES) -> Iterator[Samples]:
        channels = self.header.channels
        while data := self._process.output.read(frames * channels * 4):
            yield _from_bytes(data, channels)
        self._process.finish()


class Encoder:
    """Blocks into a file that ffmpeg writes; `options` are ffmpeg's output options.

    Leaving without `close` kills ffmpeg. Raises FfmpegError when ffmpeg refuses or fails.
    """

    def __init__(self, path: Path, format: Format, options: Mapping[str, Any]) -> None:

        # bitexact: no random stream serials, no version stamps; the same samples give the same bytes.
        fixed = {"fflags": "+bitexact", "flags:a": "+bitexact", "threads": 1}
        output = _raw_input(format).output(f"file:{path}", **{**fixed, **options})
        self._process = _Process(_compile(output.overwrite_output()), writes=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.kill()

    def push(self, block: Samples) -> None:
        self._process.feed(_to_bytes(block))

    def close(self) -> None:
        """The end of the signal: waits until the file is complete."""
        self._process.finish()


class LoudnessListener:
    """Blocks into ffmpeg's own loudness meter (`ebur128=peak=true`): a second opinion on the same samples."""

    def __init__(self, format: Format) -> None:
        stream = _raw_input(format).audio.filter("ebur128", peak="true", framelog="quiet")
        output = stream.output("-", format="null")
        self._process = _Process(_compile(output), writes=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.kill()

    def push(self, block: Samples) -> None:
        self._process.feed(_to_bytes(block))

    def close(self) -> tuple[str, ...]:
        """The end of the signal; the last lines that ffmpeg said, its summary among them."""
        self._process.finish()
        return tuple(self._process.lines)


class Filter:
    """A chain of ffmpeg's audio filters as something that blocks run through, rate and layout kept.

    `name` and `options` go to ffmpeg escaped; who calls decides what is allowed. A thread reads what ffmpeg gives, so
    that neither side waits for the other; `push` returns what has come out so far. Raises FfmpegError.
    """

    def __init__(self, format: Format, name: str, options: Mapping[str, Any]) -> None:
        layout = hex(mask_from_layout(format.layout))
        stream = _raw_input(format).audio.filter(name, **options)
        stream = stream.filter("aresample", format.sample_rate)
        stream = stream.filter("aformat", sample_fmts="flt", channel_layouts=layout)
        output = stream.output("pipe:1", format="f32le", acodec="pcm_f32le")
        self._channels = format.channels
        self._process = _Process(_compile(output, "-filter_threads", "1"), reads=True, writes=True)
        self._given: SimpleQueue[bytes] = SimpleQueue()
        self._rest = b""
        # a thread that knew `self` would keep a dropped filter alive
        self._reader = threading.Thread(target=_drain, args=(self._process.output, self._given), daemon=True)
        self._reader.start()

    def push(self, block: Samples) -> Samples:
        with self._process.killed_on_error():
            self._process.feed(_to_bytes(block))
            return self._take()

    def finish(self) -> Samples:
        with self._process.killed_on_error():
            self._process.close_input()
            self._reader.join()
            self._process.finish()
            self._process.kill()  # only its pipes are left to close
            return self._take()

    def close(self) -> None:
        """Ends ffmpeg whatever it is doing."""
        self._process.kill()
        self._reader.join()

    def __del__(self) -> None:
        if hasattr(self, "_reader"):
            self.close()

    def _take(self) -> Samples:
        parts = [self._rest]
        while not self._given.empty():
            parts.append(self._given.get())
        data = b"".join(parts)
        whole = len(data) // (4 * self._channels) * (4 * self._channels)
        self._rest = data[whole:]
        return _from_bytes(data, self._channels)


class _Process:
    """A running ffmpeg and its pipes."""

    def __init__(self, arguments: list[str], *, reads: bool = False, writes: bool = False) -> None:
        self.lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._process = subprocess.Popen(
            arguments,
            stdin=subprocess.PIPE if writes else subprocess.DEVNULL,
            stdout=subprocess.PIPE if reads else subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    @property
    def output(self) -> IO[bytes]:
        return cast("IO[bytes]", self._process.stdout)

    def feed(self, data: bytes) -> None:
        try:
            cast("IO[bytes]", self._process.stdin).write(data)
        except BrokenPipeError:  # ffmpeg left: its own words say more than the pipe's
            self.finish()
            raise FfmpegError("ffmpeg ended before the signal did") from None

    def close_input(self) -> None:
        if self._process.stdin is not None and not self._process.stdin.closed:
            with suppress(BrokenPipeError):  # the exit code tells
                self._process.stdin.close()

    def finish(self) -> None:
        """Waits for a clean end. Raises FfmpegError with ffmpeg's complaint on any other."""
        self.close_input()
        try:
            code = self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise FfmpegError(f"ffmpeg did not end within {_END_SECONDS:.0f} s") from None
        self._listener.join()
        if code != 0:
            raise FfmpegError(complaint(self.lines) or f"ffmpeg ended with code {code}")

    def kill(self) -> None:
        """Ends the process if it still runs and closes every pipe; harmless when called again."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._listener.join()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                with suppress(BrokenPipeError):  # bytes that a killed ffmpeg never took
                    pipe.close()

    def killed_on_error(self) -> _KilledOnError:
        return _KilledOnError(self)

    def _listen(self) -> None:
        for line in cast("IO[bytes]", self._process.stderr):
            self.lines.append(line.decode("utf-8", "replace").rstrip())


class _KilledOnError:
    def __init__(self, process: _Process) -> None:
        self._process = process

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._process.kill()


def complaint(lines: Iterator[str] | deque[str] | tuple[str, ...]) -> str:
    """The first error line of ffmpeg's log without its prefixes, or nothing."""
    for line in lines:
        for mark in ("[error] ", "[fatal] "):
            if mark in line:
                return line.partition(mark)[2].strip()
    return ""


def _compile(output: Any, *options: str) -> list[str]:
    import ffmpeg

    command = cast("list[str]", ffmpeg.compile(output, cmd=executable()))
    return [command[0], *_GLOBAL, *options, *command[1:]]


def _raw_input(format: Format) -> Any:
    import ffmpeg

    return ffmpeg.input("pipe:0", format="f32le", ar=format.sample_rate, ch_layout=hex(mask_from_layout(format.layout)))


def _drain(pipe: IO[bytes], given: SimpleQueue[bytes]) -> None:
    while data := cast("BufferedReader", pipe).read1(1 << 16):
        given.put(data)


def _to_bytes(block: Samples) -> bytes:
    return block.T.astype("<f4", order="C").tobytes()


def _from_bytes(data: bytes, channels: int) -> Samples:
    import numpy as np

    whole = len(data) // (4 * channels) * (4 * channels)
    return np.ascontiguousarray(np.frombuffer(data[:whole], dtype="<f4").reshape(-1, channels).T, dtype=np.float32)


@cache
def _bundled() -> str | None:
    try:
        import imageio_ffmpeg
    except ModuleNotFoundError:
        return None
    try:
        return cast("str", imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError:  # a wheel without the program
        return None


def _missing() -> str:
    raise MissingError("ffmpeg is not here", "pip install imageio-ffmpeg, or name it in SONGKIT_FFMPEG")
