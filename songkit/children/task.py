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

    def to_line(self) -> str:
        return json.dumps({"address": self.address, "values": dict(self.values)}, allow_nan=False) + "\n"


def work_of(line: str, progress: Progress) -> dict[str, Any]:
    """Does, in the child, what `Task.to_line` asks for."""
    asked = json.loads(line)
    module, _, attribute = asked["address"].partition(":")
    function = cast(Work, getattr(import_module(module), attribute))
    return dict(function(asked["values"], progress))
