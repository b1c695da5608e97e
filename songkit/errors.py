"""Every error that songkit raises on purpose, and the exit code each one ends a command with.

    SongkitError            1
    ├── InputError          1   a file that cannot be read, or whose content cannot be worked on
    │   └── SignalError     1   samples that break a promise (NaN, Inf, silence), with stage and time
    ├── UsageError          2   wrong arguments, configuration or lyrics
    │   ├── ChainError      2   a chain that cannot be understood, with path and line
    │   └── OutputError     2   an output that exists or cannot be written
    ├── QualityError        3   a quality gate or a delivery check failed
    ├── NoValidTakeError    4   no candidate survived validation
    ├── MissingError        5   a library, ffmpeg or weights are not here
    └── StageTimeoutError 124   a stage was ended after its time

Anything else that reaches the user is a bug of ours: it keeps its traceback and ends with 70.
An interrupt (Ctrl-C) ends with 130, SIGTERM with 143.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import ClassVar

EXIT_BUG = 70
EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143


class SongkitError(Exception):
    """What happened (`message`, one line) and what to do about it (`hint`, may be empty)."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class InputError(SongkitError):
    """A file that cannot be read, or whose content cannot be worked on."""


class SignalError(InputError):
    """Samples that break a promise: not finite, silent, too short; the message names stage and time."""


class UsageError(SongkitError):
    """Wrong arguments, configuration or lyrics."""

    exit_code = 2


class ChainError(UsageError):
    """A chain that cannot be understood; the message names file, line and path."""


class OutputError(UsageError):
    """An output that exists already or cannot be written."""


class QualityError(SongkitError):
    """A quality gate or a delivery check failed; the files are there, the message has the figures."""

    exit_code = 3


class NoValidTakeError(SongkitError):
    """No candidate survived validation."""

    exit_code = 4


class MissingError(SongkitError):
    """Something needed is not here: a library, ffmpeg, weights."""

    exit_code = 5


class StageTimeoutError(SongkitError):
    """A stage did not end in its time and was ended."""

    exit_code = 124


def near_names(name: str, known: Iterable[str]) -> str:
    """A hint that lists the known names closest to `name`, or all of them when none is close."""
    names = sorted(known)
    close = get_close_matches(name, names, n=3, cutoff=0.6)
    if close:
        return "did you mean " + " or ".join(close) + "?"
    return "known: " + ", ".join(names)
