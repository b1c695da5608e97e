"""The long-term spectrum of a programme and of its mid and side, summed up in constant memory.

Frames of about 0.37 s (16384 at 44.1 and 48 kHz: 3 Hz apart), Hann window, half overlapped; mean power per bin.
Stereo gives M = (L + R) / 2 and S = (L - R) / 2. Other layouts have no side: their "mid" is the mean power of the
channels, the LFE left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from songkit.audio import Format, Samples
from songkit.dsp.framing import Frames

Floats = npt.NDArray[np.float64]

FRAME_SECONDS = 0.37


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """Mean square per bin from 0 to half the sample rate; `side` is None where the layout has none."""

    sample_rate: int
    mid: Floats
    side: Floats | None

    @property
    def hz(self) -> Floats:
        return np.linspace(0.0, self.sample_rate / 2, len(self.mid))

    @property
    def empty(self) -> bool:
        """Whether nothing but digital silence went by."""
        return not self.mid.any() and (self.side is None or not self.side.any())


class LongTermMeter:
    """Watches a stream; `result` may be asked once it is over."""

    def __init__(self, format: Format) -> None:
        length = 2 ** round(np.log2(FRAME_SECONDS * format.sample_rate))
        self._rate = format.sample_rate
        self._stereo = format.layout == ("FL", "FR")
        self._kept = [index for index, name in enumerate(format.layout) if name != "LFE"]
        self._frames = Frames(length, format.channels, length // 2)
        self._window = np.sin(np.pi * np.arange(length) / length).astype(np.float32) ** 2
        self._power = np.zeros((2 if self._stereo else 1, length // 2 + 1))
        self._count = 0

    def push(self, block: Samples) -> None:
        self._add(self._frames.push(block))

    def result(self) -> Spectrum:
        """Everything that was pushed; a programme shorter than a frame counts as one frame with silence behind it."""
        if not self._count:
            rest = self._frames.rest()
            self._add(np.pad(rest, ((0, 0), (0, self._frames.length - rest.shape[1])))[np.newaxis])
        # a full-scale square wave has a mean square of 1 over all bins
        scale = 2.0 / (self._count * self._frames.length * float(np.sum(self._window.astype(np.float64) ** 2)))
        power = self._power * scale
        return Spectrum(self._rate, power[0], power[1] if self._stereo else None)

    def _add(self, frames: Samples) -> None:
        from scipy import fft

        for frame in frames:  # one at a time: a block may be the whole programme
            parts = _mid_and_side(frame) if self._stereo else frame[self._kept]
            spectrum = fft.rfft(parts * self._window)
            power = (spectrum.real**2 + spectrum.imag**2).astype(np.float64)
            self._power += power if self._stereo else power.mean(axis=0, keepdims=True)
            self._count += 1


def band_powers(power: Floats, sample_rate: int, low_hz: Floats, high_hz: Floats) -> Floats:
    """Mean square between each pair of frequencies, parts of bins included; nothing lies above half the rate."""
    step = sample_rate / 2 / (len(power) - 1)
    edges = (np.arange(len(power) + 1) - 0.5) * step
    running = np.concatenate([[0.0], np.cumsum(power)])
    return np.asarray(np.interp(high_hz, edges, running) - np.interp(low_hz, edges, running))


def _mid_and_side(frame: Samples) -> Samples:
    left, right = frame
    return np.stack([left + right, left - right]) * np.float32(0.5)
