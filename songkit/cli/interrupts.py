"""Ctrl-C and SIGTERM: the first one ends the command, and what follows does not disturb the clearing up."""

from __future__ import annotations

import signal
import time
from types import FrameType

PATIENCE_SECONDS = 10.0
"""How long the clearing up is left alone; whoever still asks after that is heard again."""


class TerminatedError(KeyboardInterrupt):
    """SIGTERM, which ends a command the way Ctrl-C does."""


class Interrupts:
    """The handler of both signals."""

    def __init__(self) -> None:
        self._heard = float("-inf")

    def install(self) -> None:
        """From now on both signals are ours; an ignored one (`nohup`, a background job) stays so."""
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self)

    @staticmethod
    def rest() -> None:
        """The work is over: nothing is left that could be ended, and Python's own last steps would fall to a signal."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)

    def __call__(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if now - self._heard < PATIENCE_SECONDS:
            return
        self._heard = now
        raise TerminatedError if number == signal.SIGTERM else KeyboardInterrupt
