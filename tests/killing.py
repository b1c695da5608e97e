"""Tiny work that ends itself by SIGKILL at a chosen point: `python -m tests.killing FOLDER KIND NUMBER [SOURCE]`.

Without a source a run is made in the folder, with one it is mastered into it.

stage N   when the Nth named stage begins, counted from 0
step N    before the Nth step on the disk (a file opened for writing, renamed, linked, removed, a folder made)
none 0    not at all: prints how many stages and steps there are
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from songkit.chains import Chain
from songkit.deliver import master_file
from songkit.generate import GENERATORS
from songkit.make import make_song
from songkit.progress import Update

CHAIN = """
name: tiny
steps:
  - highpass: {cutoff_hz: 30}
  - loudness: {target_lufs: -16, ceiling_dbtp: -1}
deliver: [{format: wav, bit_depth: 16}, {format: opus}]
"""
STEPS = ("os.rename", "os.link", "os.mkdir", "os.remove", "os.rmdir")


class Counter:
    """Counts what happens, and ends the process at the chosen number of the chosen kind."""

    def __init__(self, folder: Path, kind: str, number: int) -> None:
        self._folder, self._kind, self._number = str(folder), kind, number
        self.counts = {"stage": 0, "step": 0}
        self._running: dict[str, str] = {}

    def progress(self, update: Update) -> None:
        if self._running.get(update.subject) != update.stage:
            self._running[update.subject] = update.stage
            self._count("stage")

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        writes = event == "open" and bool((arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR))
        paths = [str(each) for each in arguments if isinstance(each, str | os.PathLike)]
        if (writes or event in STEPS) and any(path.startswith(self._folder) for path in paths):
            self._count("step")

    def _count(self, kind: str) -> None:
        if kind == self._kind and self.counts[kind] == self._number:
            os.kill(os.getpid(), signal.SIGKILL)
        self.counts[kind] += 1


def main() -> None:
    folder, kind, number = Path(sys.argv[1]).absolute(), sys.argv[2], int(sys.argv[3])
    GENERATORS["fake"] = "tests.generators:Fake"
    counter = Counter(folder, kind, number)
    sys.addaudithook(counter.audit)
    chain = Chain.parse(CHAIN)
    if len(sys.argv) > 4:
        master_file(sys.argv[4], chain, output_dir=folder, skip_existing=True, progress=counter.progress)
    else:
        make_song(
            seconds=10.0, seeds="2", style="slow", generator="fake", chain=chain, output_dir=folder, jobs=1,
            progress=counter.progress,
        )  # fmt: skip
    print(json.dumps(counter.counts))


if __name__ == "__main__":
    main()
