"""VST3 plugins as steps, by path: each in a process of its own, so that a broken one does not take us with it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from songkit.audio import Format, Samples
from songkit.blocks import SourceInfo, Stage
from songkit.errors import InputError, SignalError
from songkit.master.pedalboard_plugin import FRAMES, PluginStage, Value
from songkit.master.processor import StreamProcessor


class Vst3(StreamProcessor):
    """An effect plugin with its own parameters; rate, layout and length are kept, its latency is lined up.

    A plugin that crashes, hangs, or gives silence where there was sound ends the run with an error that names it.
    """

    about: ClassVar[str] = "a VST3 plugin by path"

    path: str = Field(
        min_length=1, description="the .vst3 file or bundle; a relative path starts at the working directory"
    )
    plugin: str | None = Field(None, description="which one, where the file holds several")
    parameters: Mapping[str, Value] = Field(default_factory=dict, description="the plugin's own parameters by name")

    @property
    def files(self) -> tuple[str, ...]:
        return (self.path,)

    def check(self, info: SourceInfo) -> str | None:
        return None if Path(self.path).exists() else f"the plugin {self.path} does not exist"

    def start(self, info: SourceInfo) -> Stage:
        if wrong := self.check(info):
            raise InputError(wrong)
        return Vst3Stage(self, info.format)


class Vst3Stage(PluginStage):
    """The plugin at work, and whether it has made a sound."""

    def __init__(self, step: Vst3, format: Format) -> None:
        from songkit.master.vst3_process import PluginProcess

        self._label = f"the plugin {Path(step.path).name}"
        asked = {"path": step.path, "plugin": step.plugin, "parameters": dict(step.parameters)}
        self._process = PluginProcess(self._label, format, FRAMES, asked)
        super().__init__(format, self._process)
        self._heard_in = self._heard_out = False

    def push(self, block: Samples) -> Samples:
        self._heard_in = self._heard_in or bool(block.any())
        return self._listened(super().push(block))

    def finish(self) -> Samples:
        """The tail. Raises SignalError for a plugin that has turned sound into digital silence."""
        tail = self._listened(super().finish())
        self.close()
        if self._heard_in and not self._heard_out:
            raise SignalError(
                f"{self._label} gave nothing but silence", "is it authorised, and are its parameters right?"
            )
        return tail

    def facts(self) -> Mapping[str, Any]:
        """What the plugin calls itself."""
        return {"plugin": self._process.name}

    def close(self) -> None:
        """Ends the plugin's process; also for a run that was given up."""
        self._process.close()

    def _listened(self, block: Samples) -> Samples:
        self._heard_out = self._heard_out or bool(block.any())
        return block
