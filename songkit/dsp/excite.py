"""Bandwidth extension: second and third harmonics of what lies below a frequency, added above it.

    s = octave below `from_hz`,  n = s / RMS(s),  h = high-pass(RMS(top of s) (n^2 + n^3 / 4)),  y = x + gain h

Divided by its own level, the octave makes harmonics in proportion at any loudness; they get the level of its top, so
that the spectrum goes on where it ended. Powers two and three reach three times `from_hz` and no further, so twice the
rate is enough for no aliasing at all.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from songkit.audio import Samples
from songkit.dsp.biquad import Cascade
from songkit.dsp.filter_design import butterworth_highpass, butterworth_lowpass
from songkit.dsp.oversample import Oversampled
from songkit.units import db_to_gain

Floats = npt.NDArray[np.float64]

FACTOR = 2
BEGINS = 0.42  # of `from_hz`: sums of two such frequencies fall just below it, and leave no hole there
TOP = 0.75  # of `from_hz`: where the top begins, whose level the new highs go on from
THIRD = 0.25
LEVEL_HZ = 30.0  # how fast the band's level is followed
CREST = 3.0  # an onset is let out of its level so far, until the level has followed
SOFTER_ABOVE = 1.5  # times `from_hz`: highs fall in nature too
LEVEL = 2.37  # with which pink noise goes on above `from_hz` at the density it had below
_TINY = 1e-9


class Exciter:
    """Adds highs above `from_hz`, `amount_db` from what lies just below it; the signal itself stays as it is."""

    def __init__(self, sample_rate: int, channels: int, *, from_hz: float, amount_db: float) -> None:
        nyquist_hz = sample_rate / 2
        top_hz = min(from_hz, 0.9 * nyquist_hz)
        band = [butterworth_highpass(BEGINS * from_hz, 4, sample_rate), butterworth_lowpass(top_hz, 4, sample_rate)]
        softer_hz = min(SOFTER_ABOVE * from_hz, 0.9 * nyquist_hz)
        above = [butterworth_highpass(from_hz, 8, sample_rate), butterworth_lowpass(softer_hz, 1, sample_rate)]
        self._band = Cascade(np.concatenate(band), channels)
        self._top = Cascade(butterworth_highpass(TOP * from_hz, 4, sample_rate), channels)
        self._powers = Cascade(butterworth_lowpass(LEVEL_HZ, 1, sample_rate), 2 * channels)
        self._above = Cascade(np.concatenate(above), channels)
        self._gain = np.float32(LEVEL * db_to_gain(amount_db))
        self._channels = channels
        # Rows: the band over its level, which is shaped; the top's level; the signal. They wait for one another.
        self._oversampled = Oversampled(_powers, FACTOR, 3 * channels, rows=channels)

    def push(self, block: Samples) -> Samples:
        """What is ready of the output; float32 `(channels, frames)`."""
        band = self._band.push(block)
        both = np.concatenate([band, self._top.push(band)])
        level, top = np.split(np.sqrt(np.maximum(self._powers.push(both * both), 0.0)), 2)
        unit = band / np.maximum(np.maximum(level, np.abs(band) / CREST), _TINY)
        return self._joined(self._oversampled.push(np.concatenate([unit, top, block])))

    def finish(self) -> Samples:
        """The rest; called once."""
        return self._joined(self._oversampled.finish())

    def _joined(self, hops: list[tuple[Samples, Samples]]) -> Samples:
        parts = [np.zeros((self._channels, 0), np.float32)]
        for rows, powers in hops:
            level, block = rows[self._channels : 2 * self._channels], rows[2 * self._channels :]
            parts.append(block + self._gain * self._above.push(powers * level))
        return np.concatenate(parts, axis=1)


def _powers(unit: Floats) -> Floats:
    return unit * unit * (1.0 + THIRD * unit)
