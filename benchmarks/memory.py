"""Resident memory of `songkit master` against the length of the file: it should not grow.

    python benchmarks/memory.py                 # 1, 10 and 60 minutes of stereo at 44.1 kHz
    python benchmarks/memory.py 10 120          # other lengths, in minutes

Makes its own programme, loud enough that the limiter has work, masters it through `radio` in a child process, and
prints the child's peak resident set, its CPU time, and the delivered figures read by ffmpeg.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from programme import write_programme

from songkit.ffmpeg import executable


def master(path: Path) -> tuple[int, float]:
    """Peak resident set in bytes and CPU seconds of the child."""
    command = [sys.executable, "-m", "songkit", "master", str(path), "--chain", "radio", "-q", "-f"]
    child = os.posix_spawn(sys.executable, command, os.environ)
    _, status, usage = os.wait4(child, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"master ended with {os.waitstatus_to_exitcode(status)}")
    return usage.ru_maxrss * 1024, usage.ru_utime + usage.ru_stime


def ebur128(path: Path) -> str:
    command = [executable(), "-nostdin", "-i", str(path), "-af", "ebur128=peak=true", "-f", "null", "-"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    summary = text[text.rindex("Summary:") :]
    figures = dict(re.findall(r"(I|Peak):\s+(-?[\d.]+) (?:LUFS|dBFS)", summary))
    return f"{figures['I']} LUFS, {figures['Peak']} dBTP"


def main() -> None:
    lengths = [float(argument) for argument in sys.argv[1:]] or [1, 10, 60]
    print(f"{'minutes':>8} {'peak MB':>8} {'CPU s':>8} {'x real time':>12}  ffmpeg reads")
    for minutes in lengths:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "in.wav"
            write_programme(path, round(minutes * 60))
            peak, cpu = master(path)
            figures = ebur128(path.with_name("in.master.wav"))
            print(f"{minutes:8g} {peak / 1e6:8.0f} {cpu:8.1f} {minutes * 60 / cpu:12.0f}  {figures}")


if __name__ == "__main__":
    main()
