"""How much sooner `songkit master *.wav --jobs 2` is done than one job after the other.

    python benchmarks/jobs.py                   # 7 pairs over 6 songs of 254 s
    python benchmarks/jobs.py 3 4               # pairs, songs

Wall clock, so it needs a machine with two cores that nobody else uses: the load before each run is told. The two runs
of a pair follow one another, the first of them taking turns, and the ratio is taken within the pair. A job is a process
of its own with one thread: what two of them share is the disk, the caches and the memory's bandwidth.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from programme import SONG_SECONDS, write_programme

AIM = 1.6


def wall_seconds(songs: list[Path], jobs: int) -> float:
    command = [sys.executable, "-m", "songkit", "master", *map(str, songs), "--chain", "radio"]
    start = time.perf_counter()
    subprocess.run([*command, "--jobs", str(jobs), "-q", "-f"], check=True, capture_output=True)
    return time.perf_counter() - start


def pair(songs: list[Path], number: int) -> tuple[float, float]:
    """Seconds with one job and with two; odd pairs begin with two."""
    load = os.getloadavg()[0]
    order = (1, 2) if number % 2 == 0 else (2, 1)
    taken = {jobs: wall_seconds(songs, jobs) for jobs in order}
    print(f"one {taken[1]:6.2f} s, two {taken[2]:6.2f} s, {taken[1] / taken[2]:.2f} times; load before {load:.1f}")
    return taken[1], taken[2]


def main() -> None:
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 6
    with tempfile.TemporaryDirectory() as folder:
        songs = [Path(folder) / f"song-{number}.wav" for number in range(count)]
        write_programme(songs[0], SONG_SECONDS)
        for song in songs[1:]:
            shutil.copyfile(songs[0], song)
        wall_seconds(songs[:1], 1)  # kernels are compiled, files are in memory
        ratios = [one / two for one, two in (pair(songs, number) for number in range(pairs))]
    ratio = statistics.median(ratios)
    verdict = "met" if ratio >= AIM else "MISSED"
    print(f"median of {pairs}: {ratio:.2f} ({min(ratios):.2f} to {max(ratios):.2f}; aim: at least {AIM}, {verdict})")


if __name__ == "__main__":
    main()
