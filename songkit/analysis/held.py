"""Stuck sound: stretches in which nothing moves, as where a buffer or a generator repeats one moment over and over.

A held note is no such thing: it decays, or something moves beside it, be it 50 dB further down.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from songkit.analysis.events import Events, Span

LEAST_SECONDS = 5.0
STEP_SECONDS = 0.25
MOST_MOVE_DB = 2.5  # clean music (35 programmes): more than 5; noise: from about 3 on, by chance
HEARD_DB = 50.0  # an octave further below the strongest one is not what the stretch is made of; drums are
QUIETEST_DB = 40.0  # below the loudest step of the file: room tone and tape hiss stand still by nature


def held_stretches(octaves: npt.NDArray[np.float32], hop_seconds: float) -> tuple[Span, ...]:
    """Where no octave that counts moves for 5 s and more; `octaves` is power `(frames, octaves)`."""
    group = max(1, round(STEP_SECONDS / hop_seconds))
    step = group * hop_seconds
    length = round(LEAST_SECONDS / step)
    count = len(octaves) // group
    if count < length or not octaves.any():
        return ()
    power = octaves[: count * group].reshape(count, group, -1).mean(axis=1, dtype=np.float64)
    loud = power.sum(axis=1) > 10.0 ** (-QUIETEST_DB / 10.0) * power.sum(axis=1).max()
    levels = 10.0 * np.log10(np.maximum(power, 1e-20))
    windows = np.lib.stride_tricks.sliding_window_view(levels, length, axis=0)  # (windows, octaves, steps)
    means = windows.mean(axis=2)
    counts = means > means.max(axis=1, keepdims=True) - HEARD_DB
    moves = np.where(counts, windows.max(axis=2) - windows.min(axis=2), 0.0).max(axis=1)
    sounding = np.lib.stride_tricks.sliding_window_view(loud, length).all(axis=1)
    still = np.flatnonzero((moves < MOST_MOVE_DB) & sounding)
    return Events.of((Span(at * step, (at + length) * step) for at in still.tolist()), join_seconds=0.0).spans
