"""Why a child process gave no result: what it said, how it ended, and in which stage."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from songkit import errors
from songkit.errors import SongkitError, StageTimeoutError

Kind = Literal["refused", "timeout", "memory", "crash", "bug"]


class ChildBugError(RuntimeError):
    """A bug of ours in a child process; its text is the traceback there."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What happened in one child.

    `refused`: the work raised a SongkitError, whose class is `error`; `timeout`: it was ended after its time;
    `memory`: out of memory, or killed for it as far as is known; `crash`: a signal, or an end without a result;
    `bug`: an exception of another kind, with its traceback in `log`.
    """

    kind: Kind
    stage: str
    message: str
    hint: str = ""
    error: str = "SongkitError"
    log: str = ""
    """The end of what the child printed."""

    def __str__(self) -> str:
        return f"in stage {self.stage!r}: {self.message}"

    def to_dict(self) -> dict[str, str]:
        """Plain JSON values."""
        return {name: getattr(self, name) for name in ("kind", "stage", "message", "hint", "error", "log")}

    def exception(self) -> Exception:
        """The error to raise where this failure ends the command."""
        if self.kind == "bug":
            return ChildBugError(f"{self}\n{self.log}")
        if self.kind == "refused":
            return _CLASSES.get(self.error, SongkitError)(self.message, self.hint)
        return (StageTimeoutError if self.kind == "timeout" else SongkitError)(str(self), self.hint)


def refused(last: Mapping[str, Any], stage: str, log: str) -> Failure:
    """The failure that a child reported itself."""
    if last["error"] == MemoryError.__name__:
        return Failure("memory", stage, last["message"], _LESS_MEMORY, log=log)
    return Failure("refused", stage, last["message"], last["hint"], last["error"], log)


def timed_out(stage: str, fraction: float | None, seconds: float, log: str) -> Failure:
    """The failure of a child that was ended after `seconds`."""
    done = "" if fraction is None else f", {fraction:.0%} done"
    return Failure(
        "timeout",
        stage,
        f"not finished after {seconds:.1f} s{done}; it was ended",
        "allow more with --timeout SECONDS, or give it less to do",
        StageTimeoutError.__name__,
        log,
    )


def ended(code: int, stage: str, log: str, *, system_short_of_memory: bool | None) -> Failure:
    """The failure of a child that ended without a last word; a negative `code` is the signal that ended it.

    `system_short_of_memory`: whether the system has killed for memory since the task began; None: nobody knows.
    """
    if code == -signal.SIGKILL:
        return _killed(stage, log, system_short_of_memory)
    if code < 0:
        return Failure("crash", stage, f"crashed ({_signal_name(-code)})", "its log says more", log=log)
    if code == 1 and "Traceback (most recent call last)" in log:
        return Failure("bug", stage, log.rstrip().rpartition("\n")[2][:300], "this is a bug; please report it", log=log)
    return Failure("crash", stage, f"ended with code {code} and no result", "its log says more", log=log)


def _killed(stage: str, log: str, system_short_of_memory: bool | None) -> Failure:
    if system_short_of_memory is None:
        return Failure("memory", stage, "killed from outside (SIGKILL), perhaps for memory", _LESS_MEMORY, log=log)
    if system_short_of_memory:
        return Failure("memory", stage, "killed (SIGKILL) while the system was out of memory", _LESS_MEMORY, log=log)
    message = "killed from outside (SIGKILL), and not by the system for memory"
    return Failure("crash", stage, message, f"if it was a guard such as earlyoom: {_LESS_MEMORY}", log=log)


_LESS_MEMORY = "run fewer at once (--jobs 1), or give it less to do"


def _signal_name(number: int) -> str:
    known = {item.value: item.name for item in signal.Signals}
    return known.get(number, f"signal {number}")


def _tree(root: type[SongkitError]) -> Iterator[type[SongkitError]]:
    yield root
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from _tree(child)


_CLASSES = {error.__name__: error for error in _tree(SongkitError)}
