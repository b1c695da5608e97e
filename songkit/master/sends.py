"""Reverb and delay as sends: pedalboard makes the effect, which is added to a signal that itself stays as it is."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from songkit.audio import Format, Samples
from songkit.blocks import SourceInfo, Stage
from songkit.master.filters import above_nyquist
from songkit.master.pedalboard_plugin import PluginStage
from songkit.master.processor import StreamProcessor
from songkit.units import db_to_gain

_RESPONSE_SECONDS = 6.0
_SETTLED_SECONDS = 0.1
"""The plugin's own gains glide to their values for a moment after it was made."""


class Reverb(StreamProcessor):
    """Adds a room (pedalboard's Reverb, a Freeverb) to the signal, which itself stays as it is and in time.

    Of surround only the front pair is sent and returned. What rings on after the last sample is cut off with it: the
    length stays.
    """

    about: ClassVar[str] = "a room added as a send (of surround to the front pair only)"

    send_db: float = Field(
        -18.0, ge=-60.0, le=6.0, description="level of the room against what is sent (white noise) in dB, -60 to 6"
    )
    room_size: float = Field(
        0.5, ge=0.0, le=1.0, description="0 (0.6 s to -60 dB) over 0.5 (1.2 s) to 1 (endless hall)"
    )
    damping: float = Field(0.5, ge=0.0, le=1.0, description="how soon the highs die away, 0 (late) to 1 (soon)")
    width: float = Field(1.0, ge=0.0, le=1.0, description="how much left and right of the room differ, 0 to 1")
    predelay_ms: float = Field(15.0, ge=0.0, le=500.0, description="time before the room answers, 0 to 500 ms")
    highpass_hz: float = Field(
        200.0, ge=10.0, le=4_000.0, description="what lies below is not sent (12 dB per octave), 10 to 4000 Hz"
    )

    def check(self, info: SourceInfo) -> str | None:
        if not _pair(info.format):
            return f"reverb needs mono, two channels or a front pair, not {' '.join(info.format.layout)}"
        return above_nyquist("highpass_hz", self.highpass_hz, info.format)

    def start(self, info: SourceInfo) -> Stage:
        import pedalboard

        pair, rate = _pair(info.format), info.format.sample_rate
        room = Format.of(rate, len(pair))

        def made() -> Any:
            return pedalboard.Reverb(
                room_size=self.room_size, damping=self.damping, width=self.width, wet_level=1.0, dry_level=0.0
            )

        gain = db_to_gain(self.send_db) / _loudness(PluginStage(room, made()))
        late = PluginStage(room, made())
        return Send(info.format, pair, late, gain, delay_ms=self.predelay_ms, highpass_hz=self.highpass_hz)


class Delay(StreamProcessor):
    """Adds echoes (pedalboard's Delay) to the signal, which itself stays as it is and in time.

    Every channel echoes in its own place. Echoes after the last sample are cut off with it: the length stays.
    """

    about: ClassVar[str] = "echoes added as a send"

    send_db: float = Field(-15.0, ge=-60.0, le=0.0, description="level of the first echo in dB, -60 to 0")
    time_ms: float = Field(350.0, ge=1.0, le=5_000.0, description="time from one echo to the next, 1 to 5000 ms")
    feedback: float = Field(
        0.3, ge=0.0, le=0.95, description="level of each echo over that of the one before, 0 (one echo) to 0.95"
    )
    highpass_hz: float = Field(
        150.0, ge=10.0, le=4_000.0, description="what lies below is not sent (12 dB per octave), 10 to 4000 Hz"
    )

    def check(self, info: SourceInfo) -> str | None:
        return above_nyquist("highpass_hz", self.highpass_hz, info.format)

    def start(self, info: SourceInfo) -> Stage:
        import pedalboard

        rate = info.format.sample_rate
        # pedalboard rounds down to whole frames
        seconds = (max(1, round(self.time_ms / 1000.0 * rate)) + 0.5) / rate
        echoes = PluginStage(info.format, pedalboard.Delay(delay_seconds=seconds, feedback=self.feedback, mix=1.0))
        everything = list(range(info.format.channels))
        return Send(
            info.format, everything, echoes, db_to_gain(self.send_db), delay_ms=0.0, highpass_hz=self.highpass_hz
        )


class Send:
    """A stage that sends some channels, late and without lows, through another one and adds what comes back."""

    latency_frames = 0

    def __init__(
        self, format: Format, sent: list[int], effect: PluginStage, gain: float, *, delay_ms: float, highpass_hz: float
    ) -> None:
        from songkit.dsp.biquad import Cascade
        from songkit.dsp.filter_design import butterworth_highpass

        self.format = format
        self._sent = sent
        self._effect = effect
        self._gain = np.float32(gain)
        self._highpass = Cascade(butterworth_highpass(highpass_hz, 2, format.sample_rate), len(sent))
        self._on_its_way = np.zeros((len(sent), round(delay_ms / 1000.0 * format.sample_rate)), np.float32)
        self._waiting = np.zeros((format.channels, 0), np.float32)

    def push(self, block: Samples) -> Samples:
        self._waiting = np.concatenate([self._waiting, block], axis=1)
        sent = np.concatenate([self._on_its_way, self._highpass.push(block[self._sent])], axis=1)
        frames = block.shape[1]
        self._on_its_way = sent[:, frames:]
        return self._added(self._effect.push(np.ascontiguousarray(sent[:, :frames])))

    def finish(self) -> Samples:
        return self._added(self._effect.finish())

    def _added(self, effect: Samples) -> Samples:
        """As much of the signal as the effect has answered, with that answer."""
        frames = effect.shape[1]
        out = self._waiting[:, :frames].copy()
        self._waiting = self._waiting[:, frames:]
        out[self._sent] += self._gain * effect
        return out


def _pair(format: Format) -> list[int]:
    """The channels that stand in the room: all of mono and stereo, the front pair of more; none where there is none."""
    if format.channels <= 2:
        return list(range(format.channels))
    return [format.layout.index(speaker) for speaker in ("FL", "FR") if speaker in format.layout]


def _loudness(effect: PluginStage) -> float:
    """Gain of the effect for white noise in every channel at once: the root of its impulse response's energy."""
    sent = effect.format
    impulse = np.zeros((sent.channels, round(_RESPONSE_SECONDS * sent.sample_rate)), np.float32)
    impulse[:, round(_SETTLED_SECONDS * sent.sample_rate)] = 1.0
    response = np.concatenate([effect.push(impulse), effect.finish()], axis=1)
    return math.sqrt(float(np.sum(np.square(response, dtype=np.float64))) / sent.channels)
