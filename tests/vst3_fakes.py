"""Runs as the process of a plugin, with plugins that are none: the file's name says how they behave."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

HOST = (sys.executable, __file__)


class FakePlugin:
    """Halves, or does what its name says."""

    is_instrument = False

    def __init__(self, kind: str) -> None:
        self.name = f"Fake {kind}"
        self.kind = kind
        self.parameters = {"gain": None}
        self.gain = 0.5
        self.calls = 0
        self.held: Any = None

    def reset(self) -> None:
        self.held = None

    def close(self) -> None:
        """As its process has it."""

    def process(self, block: Any, sample_rate: float, buffer_size: int, reset: bool) -> Any:
        self.calls += 1
        if self.kind == "chatty":
            print("plugins print where they like", flush=True)
        if self.kind == "crashes_later" and self.calls > 3:
            os.kill(os.getpid(), signal.SIGSEGV)
        if self.kind == "hangs" and self.calls > 1:
            time.sleep(60)
        if self.kind == "refuses" and self.calls > 2:
            raise ValueError("this block is not to its taste")
        if self.kind == "silent":
            return np.zeros_like(block)
        if self.kind == "mono":
            return block[:1]
        out = block * np.float32(self.gain)
        if self.kind == "late":  # what it holds back comes with the next block, as pedalboard does it
            before, self.held = self.held, out[:, -300:]
            return out[:, :-300] if before is None else np.concatenate([before, out[:, :-300]], axis=1)
        return out


def load(path: str, plugin: str | None) -> FakePlugin:
    kind = Path(path).stem
    if kind == "crashes":
        print("something dreadful", file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.SIGSEGV)
    if kind == "unloadable":
        raise ImportError("Unable to scan plugin\nand more")
    made = FakePlugin(kind)
    made.is_instrument = kind == "instrument"
    return made


if __name__ == "__main__":
    from songkit.master.vst3_host import serve

    serve(load)
