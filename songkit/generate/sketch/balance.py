"""The balance of a mix: its long-term spectrum in octave bands, and the bells that bring it where it is wanted.

The bells are found on the power spectrum alone, by the response that they really have, so no pass over the samples is
spent on trying.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from songkit.audio import Samples
from songkit.generate.sketch.plan import Plan
from songkit.generate.sketch.voices import SAMPLE_RATE, Wave

CENTRES_HZ = (63.0, 125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0, 16_000.0)
# Octave bands against the sum of all, in dB: the long-term spectrum of a finished pop song, its dips smoothed.
POP_BANDS_DB = (-8.5, -13.0, -10.5, -8.8, -6.3, -8.3, -13.0, -12.8, -20.0)
MOST_CORRECTION_DB = 12.0
EQ_Q = 1.2
RUMBLE_HZ = 24.0

FFT_FRAMES = 8192
MOST_WINDOWS = 400
ROUNDS = 12
# A bell reaches into its neighbours; small steps let all nine settle together.
STEP = 0.6

Floats = npt.NDArray[np.float64]


def long_term_power(mix: Wave) -> Floats:
    """Mean power spectrum of `(2, frames)` samples over both channels, `(FFT_FRAMES / 2 + 1,)`, up to a factor."""
    starts = range(0, max(1, mix.shape[1] - FFT_FRAMES), max(FFT_FRAMES // 2, mix.shape[1] // MOST_WINDOWS))
    window = np.hanning(FFT_FRAMES)
    power = np.zeros(FFT_FRAMES // 2 + 1)
    for start in starts:
        block = mix[:, start : start + FFT_FRAMES]
        power += np.sum(np.abs(np.fft.rfft(block * window[: block.shape[1]], n=FFT_FRAMES)) ** 2, axis=0)
    return power / len(starts)


def bands_of(power: Floats) -> Floats:
    """Octave bands around CENTRES_HZ of a power spectrum, against the sum of all, in dB."""
    frequency = _frequencies()
    bands = [power[(frequency >= hz / 2**0.5) & (frequency < hz * 2**0.5)].sum() for hz in CENTRES_HZ]
    return np.asarray(10.0 * np.log10((np.array(bands) + 1e-20) / (power.sum() + 1e-20)))


def band_levels(mix: Wave) -> Floats:
    """Octave bands of `(2, frames)` samples against the sum of all, in dB."""
    return bands_of(long_term_power(mix))


def wanted_bands(plan: Plan) -> Floats:
    """The bands of the song's genre and mood, tilted a little by the seed."""
    octaves = np.arange(len(CENTRES_HZ)) - 4.0
    tilt = plan.style.mood.tilt_db + plan.decisions.draw("tilt", -0.35, 0.35)
    wanted = np.array(POP_BANDS_DB) + np.array(plan.genre.bands_db) + tilt * octaves
    return np.asarray(wanted - 10.0 * np.log10(np.sum(10.0 ** (wanted / 10.0))))


def find_bells(power: Floats, wanted_db: Floats) -> Floats:
    """Gains of the nine bells, in dB, that bring a spectrum's bands to what is wanted, as far as they may go."""
    gains = np.zeros(len(CENTRES_HZ))
    for _ in range(ROUNDS):
        gains += STEP * (wanted_db - bands_of(power * _response(gains)))
        gains -= np.mean(gains[2:7])  # the level itself is set later
        gains = np.clip(gains, -MOST_CORRECTION_DB, MOST_CORRECTION_DB)
    return gains


class Equaliser:
    """The bells and a high-pass against rumble over two channels, with their state between blocks."""

    def __init__(self, bells_db: Floats) -> None:
        from songkit.dsp.biquad import Cascade

        self._cascade = Cascade(_sections(bells_db), 2)

    def push(self, block: Samples) -> Wave:
        """The block filtered, `(2, frames)`."""
        return self._cascade.push(block)


def _sections(bells_db: Floats) -> Floats:
    """Second-order sections `(n, 5)`: b0, b1, b2, a1, a2."""
    from songkit.dsp.filter_design import bell, butterworth_highpass

    bells = [bell(hz, float(gain), EQ_Q, SAMPLE_RATE) for hz, gain in zip(CENTRES_HZ, bells_db, strict=True)]
    return np.concatenate([butterworth_highpass(RUMBLE_HZ, 2, SAMPLE_RATE), *bells])


def _response(bells_db: Floats) -> Floats:
    """Power gain of the sections at the frequencies of `long_term_power`."""
    unit = np.exp(-2j * np.pi * _frequencies() / SAMPLE_RATE)
    gain = np.ones(unit.size)
    for b0, b1, b2, a1, a2 in _sections(bells_db):
        gain *= np.abs((b0 + (b1 + b2 * unit) * unit) / (1.0 + (a1 + a2 * unit) * unit)) ** 2
    return gain


@lru_cache(maxsize=1)
def _frequencies() -> Floats:
    return np.asarray(np.fft.rfftfreq(FFT_FRAMES, 1.0 / SAMPLE_RATE), dtype=np.float64)
