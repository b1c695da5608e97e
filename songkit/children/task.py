"""What a child process is asked to do."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, cast

from songkit.progress import Progress

Work = Callable[[Mapping[str, Any], Progress], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Task:
    """A function by its address, "module:function", the plain JSON values it gets, and whom its updates are about.

    The function takes the values and a Progress, and returns plain JSON values.
    """

    address: str
    values: Mapping[str, Any]
    subject: str

    def to_line(self, *, last: bool) -> str:
        """For the child's stdin; `last` says that there will be no other."""
        return json.dumps({"address": self.address, "values": dict(self.values), "last": last}, allow_nan=False) + "\n"


@dataclass(frozen=True, slots=True)
class Asked:
    """A task as it arrives in the child."""

    address: str
    values: Mapping[str, Any]
    last: bool

    @classmethod
    def from_line(cls, line: str) -> Asked:
        return cls(**json.loads(line))

    def carry_out(self, progress: Progress) -> dict[str, Any]:
        module, _, attribute = self.address.partition(":")
        function = cast(Work, getattr(import_module(module), attribute))
        return dict(function(self.values, progress))
