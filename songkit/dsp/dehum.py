"""Mains hum out: its exact frequency from how its phase moves on, and one narrow notch for each harmonic."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from songkit.audio import Samples
from songkit.dsp.biquad import Cascade
from songkit.dsp.decimate import Decimator
from songkit.dsp.filter_design import Sections, notch
from songkit.dsp.framing import Frames

WINDOW_SECONDS, HOP_SECONDS = 4.0, 2.0
LEAST_RATE = 2_000
HARMONICS_TRACKED = 8
WANDER_HZ = 0.24  # further off, the phase of the fundamental turns half a round between windows, and is ambiguous
STEP_HZ = 0.0005

HEAD = 4.0  # in units of one over the bandwidth: by then a notch has settled twice and more


class MainsFrequency:
    """Follows the lines near each nominal frequency: their phase turns by the deviation, times the hop, from window
    to window; music turns at random and averages out."""

    def __init__(self, sample_rate: int, nominal_hz: Sequence[float]) -> None:
        factor = max(1, sample_rate // LEAST_RATE)
        rate = sample_rate / factor
        length, hop = round(WINDOW_SECONDS * rate), round(HOP_SECONDS * rate)
        self._decimator, self._frames = Decimator(factor), Frames(length, 1, hop)
        self._nominal_hz = nominal_hz
        self._hop_seconds = hop / rate
        time = np.arange(length) / rate
        self._lines_hz = np.outer(nominal_hz, np.arange(1, HARMONICS_TRACKED + 1))
        self._probes = np.hanning(length) * np.exp(-2j * np.pi * self._lines_hz[..., np.newaxis] * time)
        self._turns = np.exp(-2j * np.pi * self._lines_hz * self._hop_seconds)
        self._before = np.zeros(self._lines_hz.shape, np.complex128)
        self._steps = np.zeros(self._lines_hz.shape, np.complex128)

    def push(self, block: Samples) -> None:
        """Takes float32 `(channels, frames)`."""
        mono = block.mean(axis=0)
        for frame in self._frames.push(self._decimator.push(mono)[np.newaxis])[:, 0]:
            lines = self._probes @ frame
            size = np.abs(lines) * np.abs(self._before)
            step = lines * np.conj(self._before) * self._turns
            self._steps += np.where(size > 0.0, step / np.where(size > 0.0, size, 1.0), 0.0)
            self._before = lines

    def near(self, nominal_hz: float) -> float:
        """The exact frequency near one of the nominal ones, to some 0.002 Hz."""
        steps = self._steps[list(self._nominal_hz).index(nominal_hz)]
        off_hz = np.arange(-WANDER_HZ, WANDER_HZ, STEP_HZ)
        turns = 2 * np.pi * self._hop_seconds * np.outer(off_hz, np.arange(1, HARMONICS_TRACKED + 1))
        return nominal_hz + float(off_hz[np.argmax((steps * np.exp(-1j * turns)).real.sum(axis=1))])


class HumNotches:
    """Notches at a frequency and its harmonics; the first seconds are filtered backwards, because a narrow notch
    needs a second to settle and the hum is there from the first sample on."""

    def __init__(
        self, sample_rate: int, channels: int, frequency_hz: float, harmonics: int, bandwidth_hz: float
    ) -> None:
        self._channels = channels
        self._sections = notches(sample_rate, frequency_hz, harmonics, bandwidth_hz)
        self._cascade = Cascade(self._sections, channels)
        self._head: Samples | None = np.zeros((channels, 0), np.float32)
        self._head_frames = round(HEAD / bandwidth_hz * sample_rate)

    def push(self, block: Samples) -> Samples:
        """What is ready of the output; float32 `(channels, frames)`."""
        if self._head is None:
            return self._cascade.push(block)
        joined = np.concatenate([self._head, block], axis=1)
        if joined.shape[1] < self._head_frames:
            self._head = joined
            return joined[:, :0]
        self._head = None
        head, rest = joined[:, : self._head_frames], joined[:, self._head_frames :]
        return np.concatenate([self._both_ways(head), self._cascade.push(rest)], axis=1)

    def finish(self) -> Samples:
        """The rest of a programme shorter than the head; called once."""
        return self._both_ways(np.zeros((self._channels, 0), np.float32) if self._head is None else self._head)

    def _both_ways(self, head: Samples) -> Samples:
        """Filtered backwards at first, forwards behind: each where it has settled."""
        backwards = Cascade(self._sections, len(head)).push(np.ascontiguousarray(head[:, ::-1]))[:, ::-1]
        place = np.arange(head.shape[1]) / max(1, head.shape[1])
        forwards_share = np.clip((place - 0.375) / 0.125, 0.0, 1.0)
        forwards = self._cascade.push(np.ascontiguousarray(head))
        out: Samples = (backwards + (forwards - backwards) * forwards_share).astype(np.float32)
        return out


def notches(sample_rate: int, frequency_hz: float, harmonics: int, bandwidth_hz: float) -> Sections:
    """One notch per harmonic below half the rate, all of one bandwidth in Hz."""
    lines_hz = [frequency_hz * number for number in range(1, harmonics + 1)]
    rows = [notch(hz, hz / bandwidth_hz, sample_rate) for hz in lines_hz if hz < 0.49 * sample_rate]
    return np.concatenate([np.zeros((0, 5)), *rows])
