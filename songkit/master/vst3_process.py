"""Talks to the process in which a VST3 plugin lives; its crashes, its silence and its hanging end here as errors."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from typing import IO, Any

import numpy as np

from songkit.audio import Format, Samples
from songkit.errors import InputError, StageTimeoutError

HOST = (sys.executable, "-m", "songkit.master.vst3_host")
"""The command that becomes the plugin's process."""

START_SECONDS = 60.0
BLOCK_SECONDS = 30.0
_LINE_BYTES = 65_536


class PluginProcess:
    """A plugin at work in a process of its own, with the `process` of pedalboard's plugins.

    Raises InputError, with the plugin named, where it cannot be loaded, refuses a parameter or crashes;
    StageTimeoutError where it hangs.
    """

    def __init__(self, label: str, format: Format, frames: int, asked: Mapping[str, Any]) -> None:
        self._label = label
        self._format = format
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as the process)
        self._process = subprocess.Popen(
            HOST, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, start_new_session=True, bufsize=0
        )
        for pipe in (self._stdin, self._stdout):
            os.set_blocking(pipe, False)
        try:
            wanted = {**asked, "sample_rate": format.sample_rate, "channels": format.channels, "frames": frames}
            deadline = time.monotonic() + START_SECONDS
            self._write(json.dumps(wanted).encode() + b"\n", deadline)
            self.name: str = self._line(deadline)["name"]
        except BaseException:
            self.close()
            raise

    @property
    def _stdin(self) -> int:
        pipe = self._process.stdin
        return -1 if pipe is None else pipe.fileno()

    @property
    def _stdout(self) -> int:
        pipe = self._process.stdout
        return -1 if pipe is None else pipe.fileno()

    def process(self, block: Samples, sample_rate: int, *, buffer_size: int, reset: bool) -> Samples:
        """One block of exactly the announced frames; fewer may come back at first."""
        deadline = time.monotonic() + BLOCK_SECONDS
        self._write(block.tobytes(), deadline)
        frames = int(np.frombuffer(self._read(4, deadline), np.int32)[0])
        if frames < 0:
            self._line(deadline)
        data = self._read(4 * self._format.channels * frames, deadline)
        return np.frombuffer(data, np.float32).reshape(self._format.channels, frames)

    def close(self) -> None:
        """Ends the process, whatever it does; harmless when called again."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        try:
            self._process.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._log.close()

    def _write(self, data: bytes, deadline: float) -> None:
        rest = memoryview(data)
        while rest:
            self._wait(deadline, writing=True)
            try:
                rest = rest[os.write(self._stdin, rest) :]
            except BlockingIOError:
                continue
            except BrokenPipeError:
                # it may have said why before it went
                self._line(deadline)
                raise self._ended() from None

    def _read(self, size: int, deadline: float) -> bytes:
        data = b""
        while len(data) < size:
            self._wait(deadline, writing=False)
            part = os.read(self._stdout, size - len(data))
            if not part:
                raise self._ended()
            data += part
        return data

    def _line(self, deadline: float) -> Mapping[str, Any]:
        """The next line of JSON. Raises InputError for an error in it."""
        line = b""
        while not line.endswith(b"\n") and len(line) < _LINE_BYTES:
            line += self._read(1, deadline)
        told: Mapping[str, Any] = json.loads(line)
        if "error" in told:
            raise InputError(f"{self._label}: {told['error']}")
        return told

    def _wait(self, deadline: float, *, writing: bool) -> None:
        reads, writes = ([], [self._stdin]) if writing else ([self._stdout], [])
        if not any(select.select(reads, writes, [], max(0.0, deadline - time.monotonic()))):
            raise StageTimeoutError(f"{self._label} hangs: no answer in time", "it was ended; leave the plugin out")

    def _ended(self) -> InputError:
        """What became of a process that is gone, and the last thing it printed."""
        try:
            code = self._process.wait(timeout=5.0)
        except subprocess.TimeoutExpired:
            return InputError(f"{self._label} closed its output and went on", "leave the plugin out")
        how = f"crashed ({signal.Signals(-code).name})" if code < 0 else f"ended by itself (exit code {code})"
        self._log.seek(max(0, self._log.seek(0, os.SEEK_END) - 2000))
        printed = self._log.read().decode(errors="replace").strip().splitlines()
        return InputError(f"{self._label} {how}", f"it said: {printed[-1][:200]}" if printed else "")
