"""Saturation: soft curves that bend peaks and add harmonics, level kept."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import numpy.typing as npt

from songkit.audio import Samples
from songkit.dsp.biquad import Cascade
from songkit.dsp.filter_design import Sections, butterworth_highpass, high_shelf
from songkit.dsp.oversample import Oversampled, factor_for
from songkit.units import db_to_gain

Floats = npt.NDArray[np.float64]
Character = Literal["soft", "tube", "tape"]

FACTOR, FACTOR_WHEN_HARD = 4, 8
HARD_DB = 15.0  # from this drive on harmonics reach so far up that 4 times the rate folds them back above -80 dB
REFERENCE_DBFS = -12.0  # a sine of this peak comes out with the RMS it had

BIAS = 0.35  # of the tube's curve: the second harmonic then stands about 6 dB over the third
DC_HZ = 5.0  # what a one-sided curve adds below is no sound

TAPE_HZ, TAPE_DB = 3_500.0, 6.0  # tape is pushed harder by highs, and gives them back as much softer


class Saturation:
    """tanh, straight (soft), off centre (tube), or between a treble boost and the cut that undoes it (tape).

    What is quiet against the drive keeps its shape; only what the curve changes is oversampled and filtered.
    """

    def __init__(self, sample_rate: int, channels: int, *, drive_db: float, character: Character) -> None:
        self._bias = BIAS if character == "tube" else 0.0
        self._drive = db_to_gain(drive_db)
        self._makeup = 1.0
        self._makeup = _makeup(self)
        self._slope = self._makeup * self._drive
        factor = factor_for(sample_rate, FACTOR if drive_db < HARD_DB else FACTOR_WHEN_HARD)
        self._oversampled = Oversampled(self._change, factor, channels)
        self._before = Cascade(emphasis(character, sample_rate, TAPE_DB), channels)
        self._after = Cascade(
            np.concatenate([emphasis(character, sample_rate, -TAPE_DB), blocker(character, sample_rate)]), channels
        )
        self._channels = channels

    def push(self, block: Samples) -> Samples:
        """What is ready of the output; float32 `(channels, frames)`."""
        return self._joined(self._oversampled.push(self._before.push(block)))

    def finish(self) -> Samples:
        """The rest; called once."""
        return self._joined(self._oversampled.finish())

    def curve(self, samples: Floats) -> Floats:
        """Amplitude out for amplitude in."""
        shifted = np.tanh((self._drive * samples + self._bias).astype(np.float32)).astype(np.float64)
        flattest = math.tanh(self._bias)
        return self._makeup * (shifted - np.float32(flattest)) / (1.0 - flattest * flattest)

    def _change(self, samples: Floats) -> Floats:
        return np.where(samples == 0.0, 0.0, self.curve(samples) - self._slope * samples)

    def _joined(self, hops: list[tuple[Samples, Samples]]) -> Samples:
        slope = np.float32(self._slope)
        parts = [np.zeros((self._channels, 0), np.float32)]
        parts += [slope * samples + change for samples, change in hops]
        return self._after.push(np.concatenate(parts, axis=1))


def emphasis(character: Character, sample_rate: int, gain_db: float) -> Sections:
    """The shelf in front of the curve, and, with the opposite gain, its inverse behind it; nothing but for tape."""
    if character != "tape" or sample_rate < 2.25 * TAPE_HZ:
        return np.zeros((0, 5))
    return high_shelf(TAPE_HZ, gain_db, 0.7071, sample_rate)


def blocker(character: Character, sample_rate: int) -> Sections:
    """The high-pass that takes the offset of a one-sided curve away; nothing but for tube."""
    return butterworth_highpass(DC_HZ, 1, sample_rate) if character == "tube" else np.zeros((0, 5))


def _makeup(saturation: Saturation) -> float:
    """The gain that gives a sine at the reference level its RMS back."""
    sine = db_to_gain(REFERENCE_DBFS) * np.sin(2.0 * np.pi * np.arange(1_024) / 1_024)
    return float(np.std(sine) / np.std(saturation.curve(sine)))
