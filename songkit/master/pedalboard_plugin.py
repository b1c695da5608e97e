"""pedalboard's built-in plugins as steps, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from songkit.audio import Format, Samples
from songkit.blocks import SourceInfo, Stage
from songkit.errors import ChainError, near_names
from songkit.master.processor import StreamProcessor

Value = bool | int | float | str

# Containers of other plugins, and what reads a file.
_NOT_STEPS = frozenset(
    {
        "Chain", "Convolution", "ExternalPlugin", "IIRFilter", "Mix", "Pedalboard", "Plugin", "PluginContainer",
        "VST3Plugin", "AudioUnitPlugin",
    }
)  # fmt: skip

# The others work on every channel by itself; with more channels than these, Reverb returns its input untouched.
_MOST_CHANNELS = {"Reverb": 2, "MP3Compressor": 2, "GSMFullRateCompressor": 1}

FRAMES = 8_192
"""Always pushed in blocks of one size, so that plugins that look at block borders do not hear ours."""

_MOST_FLUSHES = 64


class PedalboardPlugin(StreamProcessor):
    """A built-in plugin of pedalboard with its own parameters; rate, layout and length are kept.

    pedalboard's `Limiter` has no ceiling and its `BrickwallLimiter` overshoots: the step `limiter` is songkit's own.
    """

    about: ClassVar[str] = "a built-in plugin of pedalboard by name"

    plugin: str = Field(description="pedalboard's name of the plugin, for example Reverb")
    parameters: Mapping[str, Value] = Field(default_factory=dict, description="pedalboard's parameters of that plugin")

    def check(self, info: SourceInfo) -> str | None:
        try:
            _made(self.plugin, self.parameters)
        except ChainError as error:
            return str(error)
        most = _MOST_CHANNELS.get(self.plugin, info.format.channels)
        if info.format.channels > most:
            return f"pedalboard's {self.plugin} works on at most {most} channels, this is {info.format.channels}"
        return None

    def start(self, info: SourceInfo) -> Stage:
        wrong = self.check(info)
        if wrong:
            raise ChainError(wrong)
        return PluginStage(info.format, _made(self.plugin, self.parameters))


class PluginStage:
    """A plugin that keeps its state between blocks; what it holds back comes out in `finish`."""

    latency_frames = 0

    def __init__(self, format: Format, plugin: Any) -> None:
        self.format = format
        self._plugin = plugin
        self._waiting = np.zeros((format.channels, 0), np.float32)
        self._frames_in = 0
        self._frames_out = 0

    def push(self, block: Samples) -> Samples:
        self._frames_in += block.shape[1]
        joined = np.concatenate([self._waiting, block], axis=1)
        whole = joined.shape[1] // FRAMES * FRAMES
        self._waiting = joined[:, whole:]
        return self._joined([self._run(joined[:, at : at + FRAMES]) for at in range(0, whole, FRAMES)])

    def finish(self) -> Samples:
        missing = self._frames_in - self._frames_out
        out = []
        for _ in range(_MOST_FLUSHES):
            if self._frames_out >= self._frames_in:
                break
            padding = FRAMES - self._waiting.shape[1]
            out.append(self._run(np.pad(self._waiting, ((0, 0), (0, padding)))))
            self._waiting = self._waiting[:, :0]
        tail = self._joined(out)
        return np.ascontiguousarray(np.pad(tail, ((0, 0), (0, max(0, missing - tail.shape[1]))))[:, :missing])

    def _run(self, block: Samples) -> Samples:
        out: Samples = self._plugin.process(
            np.ascontiguousarray(block), self.format.sample_rate, buffer_size=FRAMES, reset=False
        )
        self._frames_out += out.shape[1]
        return out

    def _joined(self, blocks: list[Samples]) -> Samples:
        return np.concatenate([np.zeros((self.format.channels, 0), np.float32), *blocks], axis=1)


def _made(name: str, parameters: Mapping[str, Value]) -> Any:
    """The plugin with its parameters set. Raises ChainError for unknown names and values out of range."""
    plugin = _plugins().get(name)
    if plugin is None:
        raise ChainError(f"pedalboard has no plugin {name!r} for a step", near_names(name, _plugins()))
    made = plugin()
    known = [key for key, kind in vars(plugin).items() if isinstance(kind, property) and kind.fset is not None]
    for key, value in parameters.items():
        if key not in known:
            hint = near_names(key, known) if known else "it has no parameters"
            raise ChainError(f"pedalboard's {name} has no parameter {key!r}", hint)
        try:
            setattr(made, key, _fitting(getattr(made, key), value))
        except (TypeError, ValueError) as error:
            raise ChainError(f"pedalboard's {name}: {key} cannot be {value!r}: {str(error).splitlines()[0]}") from error
    return made


def _fitting(current: Any, value: Value) -> Any:
    """The value, or the member of an enumeration (a filter's mode, say) that it names."""
    members = getattr(type(current), "__members__", None)
    if members is None or not isinstance(value, str):
        return value
    if value not in members:
        raise ValueError(near_names(value, members))
    return members[value]


def _plugins() -> dict[str, Any]:
    import pedalboard

    return {
        name: kind
        for name, kind in vars(pedalboard).items()
        if isinstance(kind, type) and issubclass(kind, pedalboard.Plugin) and name not in _NOT_STEPS and name[0] != "_"
    }
