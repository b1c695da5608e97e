"""ffmpeg's audio filters as steps: an allowlist, streamed through pipes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field, field_validator

from songkit.audio import Format, Samples
from songkit.blocks import SourceInfo, Stage
from songkit.errors import ChainError, near_names
from songkit.master.processor import StreamProcessor

Value = bool | int | float | str

# Pure functions of the signal. Left out is what opens a file, a socket or a device, what runs commands or expressions
# (movie, ametadata, azmq, arnndn, sendcmd, aeval, firequalizer, ...), what changes length or rate, what only watches,
# what works in integers and clips (dcshift, earwax), and what was seen to crash (anlmdn).
FILTERS = frozenset(
    {
        "acompressor", "acontrast", "acrusher", "adeclick", "adeclip", "adecorrelate", "adenorm", "adynamicequalizer",
        "adynamicsmooth", "aecho", "aemphasis", "aexciter", "afftdn", "afreqshift", "afwtdn", "agate", "alimiter",
        "allpass", "aphaser", "aphaseshift", "apsyclip", "apulsator", "asoftclip", "asubboost", "asubcut",
        "asupercut", "asuperpass", "asuperstop", "atilt", "bandpass", "bandreject", "bass", "biquad", "chorus",
        "compand", "crossfeed", "crystalizer", "deesser", "dynaudnorm", "equalizer", "extrastereo",
        "flanger", "haas", "highpass", "highshelf", "loudnorm", "lowpass", "lowshelf", "mcompand", "speechnorm",
        "stereotools", "stereowiden", "superequalizer", "tiltshelf", "treble", "tremolo", "vibrato", "virtualbass",
        "volume",
    }
)  # fmt: skip

# These know two channels; ffmpeg would fold anything else to stereo and back without a word.
STEREO_ONLY = frozenset({"apulsator", "crossfeed", "extrastereo", "haas", "stereotools", "stereowiden", "virtualbass"})

_OPTION_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_FILE_OPTION = re.compile(r"file|path|url|model|command|address", re.IGNORECASE)
# Numbers, times, decibels, lists (`-70/-70|-60/-20 1/0`) and words; no quotes, no parentheses: no expressions.
_VALUE = re.compile(r"[A-Za-z0-9_ .,|/:+-]*")


class FfmpegFilter(StreamProcessor):
    """Any filter of the list by ffmpeg's own name and options; rate, layout and length are kept.

    How much a filter delays is not known: a tail beyond the signal's end is cut, and the step has no `mix`.
    """

    about: ClassVar[str] = "an audio filter of ffmpeg by name"
    mixable: ClassVar[bool] = False

    filter: str = Field(description="ffmpeg's name of the filter, for example acompressor")
    options: Mapping[str, Value] = Field(default_factory=dict, description="ffmpeg's options of that filter")

    @field_validator("filter")
    @classmethod
    def _allowed(cls, name: str) -> str:
        if name not in FILTERS:
            raise ValueError(f"{name!r} is not among the ffmpeg filters that songkit runs; {near_names(name, FILTERS)}")
        return name

    @field_validator("options")
    @classmethod
    def _harmless(cls, options: Mapping[str, Value]) -> Mapping[str, Value]:
        for name, value in options.items():
            if not _OPTION_NAME.fullmatch(name) or _FILE_OPTION.search(name):
                raise ValueError(f"option {name!r} is not allowed: letters, digits and _, and none that names a file")
            if not _VALUE.fullmatch(str(value)):
                raise ValueError(f"option {name}: {value!r} has marks that are not allowed")
        return options

    def check(self, info: SourceInfo) -> str | None:
        """Asks ffmpeg whether it takes the options, on a moment of silence."""
        from songkit.ffmpeg import FfmpegError

        if self.filter in STEREO_ONLY and info.format.channels != 2:
            return f"ffmpeg's {self.filter} works on stereo only, this is {info.format.channels} channels"
        try:
            trial = self.start(info)
            trial.push(np.zeros((info.format.channels, 256), np.float32))
            trial.finish()
        except (FfmpegError, ChainError) as error:
            return error.message
        return None

    def start(self, info: SourceInfo) -> Stage:
        return FfmpegStage(info.format, self.filter, {name: _plain(value) for name, value in self.options.items()})


class FfmpegStage:
    """A running filter. Out come as many frames as went in: a longer tail is cut, a missing end filled with silence."""

    latency_frames = None

    def __init__(self, format: Format, name: str, options: Mapping[str, int | float | str]) -> None:
        from songkit.ffmpeg import Filter

        self.format = format
        self._name = name
        self._filter = Filter(format, name, options)
        self._frames_in = 0
        self._frames_out = 0
        self._filled = 0

    def push(self, block: Samples) -> Samples:
        self._frames_in += block.shape[1]
        return self._counted(self._run(lambda: self._filter.push(block)))

    def finish(self) -> Samples:
        tail = self._counted(self._run(self._filter.finish))
        self._filled = self._frames_in - self._frames_out
        return np.ascontiguousarray(np.pad(tail, ((0, 0), (0, self._filled))))

    def facts(self) -> Mapping[str, Any]:
        if not self._filled:
            return {}
        line = f"ffmpeg's {self._name} gave {self._filled} frames less than it got; the end was filled with silence"
        return {"filled_frames": self._filled, "warnings": [line]}

    def close(self) -> None:
        """Ends ffmpeg; for a run that was given up."""
        self._filter.close()

    def _run(self, call: Any) -> Samples:
        from songkit.ffmpeg import FfmpegError

        try:
            out: Samples = call()
        except FfmpegError as error:
            raise ChainError(
                f"ffmpeg's {self._name}: {error.message}", "see `ffmpeg -h filter=" + self._name + "`"
            ) from error
        return out

    def _counted(self, block: Samples) -> Samples:
        """The block, cut where more comes out than went in so far."""
        kept = block[:, : max(0, self._frames_in - self._frames_out)]
        self._frames_out += kept.shape[1]
        return np.ascontiguousarray(kept)


def _plain(value: Value) -> int | float | str:
    return int(value) if isinstance(value, bool) else value
