"""The process in which a VST3 plugin lives: whatever it does to itself, it does not do to us.

    in    one line of JSON (path, plugin, parameters, sample_rate, channels, frames), then blocks of that many frames
    out   one line of JSON ({"name": ...} or {"error": ...}), then for each block its frames (int32, -1: a line with an
          error follows) and its samples

Samples are float32, channel after channel. What the plugin prints goes to stderr: stdout belongs to the blocks.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

import numpy as np

from songkit.errors import near_names

PROBE_DBFS = -40.0
INITIALISE_SECONDS = 30.0
# What pedalboard raises for files that are no plugins, for values out of range and for layouts a plugin does not take.
ERRORS = (ImportError, ValueError, RuntimeError, TypeError, AttributeError, OSError)

Load = Callable[[str, str | None], Any]


class RefusedError(ValueError):
    """What songkit itself has against a plugin or its parameters."""


def serve(load: Load) -> None:
    """Loads the plugin that the first line asks for, tries it, and runs blocks through it until stdin ends."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    asked = json.loads(sys.stdin.buffer.readline())
    try:
        plugin = _ready(load, asked)
    except ERRORS as error:
        _say(answers, {"error": _first_line(error)})
        return
    _say(answers, {"name": str(getattr(plugin, "name", asked["path"]))})
    size = 4 * asked["channels"] * asked["frames"]
    while len(data := sys.stdin.buffer.read(size)) == size:
        block = np.frombuffer(data, np.float32).reshape(asked["channels"], -1)
        try:
            out = _run(plugin, block, asked)
        except ERRORS as error:
            answers.write(np.int32(-1).tobytes())
            _say(answers, {"error": _first_line(error)})
            return
        answers.write(np.int32(out.shape[1]).tobytes() + out.tobytes())
        answers.flush()


def _ready(load: Load, asked: Mapping[str, Any]) -> Any:
    """The plugin with its parameters set, after a moment of noise that shows whether it works at all."""
    plugin = load(asked["path"], asked["plugin"])
    if getattr(plugin, "is_instrument", False):
        raise RefusedError("it is an instrument, not an effect")
    known = getattr(plugin, "parameters", {})
    for name, value in asked["parameters"].items():
        if name not in known:
            raise RefusedError(f"it has no parameter {name!r}; {near_names(name, known)}")
        setattr(plugin, name, value)
    noise = np.random.default_rng(1).standard_normal((asked["channels"], asked["frames"]))
    out = _run(plugin, (noise * 10 ** (PROBE_DBFS / 20)).astype(np.float32), asked)
    if out.ndim != 2 or out.shape[0] != asked["channels"]:
        raise RefusedError(f"it makes {out.shape[0]} channels of {asked['channels']}")
    plugin.reset()
    return plugin


def _run(plugin: Any, block: Any, asked: Mapping[str, Any]) -> Any:
    out = plugin.process(block, asked["sample_rate"], buffer_size=asked["frames"], reset=False)
    return np.ascontiguousarray(out, np.float32)


def _say(answers: BinaryIO, line: Mapping[str, str]) -> None:
    answers.write(json.dumps(line).encode() + b"\n")
    answers.flush()


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "") or type(error).__name__


def _load(path: str, plugin: str | None) -> Any:
    from pedalboard._pedalboard import load_plugin  # where pedalboard defines it: its package does not type it

    return load_plugin(path, plugin_name=plugin, initialization_timeout=INITIALISE_SECONDS)


if __name__ == "__main__":
    serve(_load)
