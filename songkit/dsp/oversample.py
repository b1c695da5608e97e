"""A curve without aliasing: what it adds to the signal is made at a multiple of the rate, and band-limited coming back.

    y = x + D(c(U x)),    U up by a whole factor, c what the curve changes, D down again

Only the change goes through the filters: where the curve changes nothing, every sample stays as it is, and the top of
the band is not dulled. Both filters are one Kaiser-windowed sinc (120 dB, flat to 0.459 of the rate), applied to the
spectrum of windows at fixed places of the programme, so that blocks of any size give the same samples.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from songkit.audio import Samples

Floats = npt.NDArray[np.float64]
Curve = Callable[[Floats], Floats]

WINDOW = 4_096
HALF_TAPS = 96  # of each filter, in samples of the programme
EDGE = 2 * HALF_TAPS  # what the two filters make of a window's borders
HOP = WINDOW - 2 * EDGE
KAISER_BETA = 12.27
# The transition ends at half the rate and is 0.0406 of the rate wide (A = 2.285 width taps + 8, in radians).
CUTOFF = 0.5 - 0.0406 / 2


def factor_for(sample_rate: int, factor_at_48k: int) -> int:
    """How far to go up: `factor_at_48k` to 48 kHz, half of it to 96 kHz, and so on, never below 2."""
    while sample_rate > 48_000 and factor_at_48k > 2:
        sample_rate //= 2
        factor_at_48k //= 2
    return factor_at_48k


class Oversampled:
    """Gives the signal back together with what a curve would add to it; both late by nothing, in whole hops.

    `change` gets rows of samples at `factor` times the rate and returns what is to be added to each of them; it knows
    no past, and gives zero for zero. With `rows` it gets only the first so many channels of what is pushed.

    A curve with corners makes harmonics without end. With `averaged`, `change` is expected to return means over the
    time from the sample before to this one (antiderivative antialiasing: J. D. Parker, V. Zavalishin, E. Le Bivic,
    "Reducing the aliasing of nonlinear waveshaping", DAFx 2016); their delay and droop are taken out again.
    """

    def __init__(
        self, change: Curve, factor: int, channels: int, *, rows: int | None = None, averaged: bool = False
    ) -> None:
        self._change = change
        self._factor = factor
        self._rows = channels if rows is None else rows
        self._up = factor * _response(factor)
        self._down = _response(factor) / factor * (_unaveraged(factor) if averaged else 1.0)
        self._window = np.zeros((channels, WINDOW), np.float32)
        self._filled = EDGE
        self._owed = 0

    def push(self, block: Samples) -> list[tuple[Samples, Samples]]:
        """Hops that are complete: the samples `(channels, frames)`, and the change of their first rows."""
        self._owed += block.shape[1]
        hops = self._taken(block)
        self._owed -= sum(samples.shape[1] for samples, _ in hops)
        return hops

    def finish(self) -> list[tuple[Samples, Samples]]:
        """The rest; called once."""
        owed = self._owed
        silence = np.zeros((len(self._window), WINDOW), np.float32)
        hops = self._taken(silence[:, : WINDOW - self._filled] if owed else silence[:, :0])
        return [(samples[:, :owed], change[:, :owed]) for samples, change in hops]

    def _taken(self, block: Samples) -> list[tuple[Samples, Samples]]:
        hops, done = [], 0
        while done < block.shape[1]:
            take = min(block.shape[1] - done, WINDOW - self._filled)
            self._window[:, self._filled : self._filled + take] = block[:, done : done + take]
            self._filled += take
            done += take
            if self._filled == WINDOW:
                hops.append((self._window[:, EDGE : EDGE + HOP].copy(), self._changed()))
                self._window[:, : WINDOW - HOP] = self._window[:, HOP:].copy()
                self._filled = WINDOW - HOP
        return hops

    def _changed(self) -> Samples:
        rows = self._window[: self._rows]
        none = np.zeros((self._rows, HOP), np.float32)
        if not rows.any():
            return none
        raised = np.fft.irfft(np.fft.rfft(rows) * self._up, self._factor * WINDOW)
        # At the window's borders the filter has met its own other end: what lies there is no signal.
        border = HALF_TAPS * self._factor
        change = np.zeros(raised.shape)
        change[:, border:-border] = self._change(raised[:, border:-border])
        if not change.any():
            return none
        spectrum = np.fft.rfft(change)[:, : WINDOW // 2 + 1] * self._down
        return np.fft.irfft(spectrum)[:, EDGE : EDGE + HOP].astype(np.float32)


def _response(factor: int) -> Floats:
    """Real response of the filter in the bins of a window, from 0 to half the programme's rate."""
    half = HALF_TAPS * factor
    distance = np.arange(-half, half + 1) / factor
    taps = 2 * CUTOFF / factor * np.sinc(2 * CUTOFF * distance) * np.kaiser(2 * half + 1, KAISER_BETA)
    circle = np.zeros(factor * WINDOW)
    circle[: half + 1] = taps[half:]
    circle[-half:] = taps[:half]
    response = np.fft.rfft(circle).real[: WINDOW // 2 + 1] / taps.sum()
    response[-1] = 0.0
    return np.asarray(response)


def _unaveraged(factor: int) -> npt.NDArray[np.complex128]:
    """What undoes a mean over one sample of the raised rate that lies half of it late."""
    cycles = np.arange(WINDOW // 2 + 1) / (factor * WINDOW)
    return np.asarray(np.exp(1j * np.pi * cycles) / np.sinc(cycles))
