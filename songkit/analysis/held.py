"""Stuck sound: stretches in which nothing moves, as where a buffer or a generator repeats one moment over and over.

A held note is no such thing: it decays, beats, or something moves beside it. Where an organ stands still, chord after
chord, the stretches are how the music is made: they fill the file, and are left alone.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from songkit.analysis.events import Events, Span

LEAST_SECONDS = 5.0
STEP_SECONDS = 0.25
LOW_OCTAVES = 6  # 31.5 Hz to 1 kHz; further up noise hardly moves, and is not told from what stands still
NOISE_MOVES_DB = 4.6 * 2.0 ** (-np.arange(LOW_OCTAVES) / 2.0)  # in 5 s; twice the bins move by a root of 2 less
MOST_OF_NOISE = 0.68  # of what noise would move: looped moments nearly all, noise in no 5 s (0.73), songs far above
MOST_MOVE_DB = 6.0  # of any octave: the lines of a looped moment beat against the frames in the lowest ones
CALM_DB = 2.5  # mean of the octaves: organs, strings and pads on one chord
CALM_SHARE = 0.5  # of the file in several stretches: held chords
DRONE_SHARE = 0.9  # of the file in one
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
    sounding = np.lib.stride_tricks.sliding_window_view(loud, length).all(axis=1)
    moves_db, counts = _moves_db(10.0 * np.log10(np.maximum(power, 1e-20)), length)
    still = sounding & (moves_db.max(axis=1) < MOST_MOVE_DB)
    calm = _joined(still & (moves_db.sum(axis=1) < CALM_DB * counts.sum(axis=1)), length, step)
    share = sum(span.end_seconds - span.start_seconds for span in calm) / (count * step)
    if share > (CALM_SHARE if len(calm) > 1 else DRONE_SHARE):
        return ()
    low = counts[:, :LOW_OCTAVES]
    limits_db = MOST_OF_NOISE * (low * NOISE_MOVES_DB[: low.shape[1]]).sum(axis=1)
    return _joined(still & (moves_db[:, :LOW_OCTAVES].sum(axis=1) < limits_db), length, step)


def _moves_db(levels: npt.NDArray[np.float64], length: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """How far each octave goes up and down in each window of `length` steps, and whether it counts there."""
    windows = np.lib.stride_tricks.sliding_window_view(levels, length, axis=0)  # (windows, octaves, steps)
    means = windows.mean(axis=2)
    counts = means > means.max(axis=1, keepdims=True) - HEARD_DB
    return np.where(counts, windows.max(axis=2) - windows.min(axis=2), 0.0), counts


def _joined(windows: npt.NDArray[np.bool_], length: int, step_seconds: float) -> tuple[Span, ...]:
    starts = np.flatnonzero(windows).tolist()
    spans = (Span(at * step_seconds, (at + length) * step_seconds) for at in starts)
    return Events.of(spans, join_seconds=0.0).spans
