"""Conversions between the units that names carry: decibels, gains, frames, seconds, note times."""

from __future__ import annotations

import math


def db_to_gain(db: float) -> float:
    """Amplitude factor of a level difference in dB."""
    return float(10.0 ** (db / 20.0))


def gain_to_db(gain: float) -> float:
    """Level of an amplitude in dB; -inf for zero. `gain` must not be negative."""
    return 20.0 * math.log10(gain) if gain > 0.0 else -math.inf


def power_to_db(power: float) -> float:
    """Level of a mean square in dB; -inf for zero. `power` must not be negative."""
    return 10.0 * math.log10(power) if power > 0.0 else -math.inf


def db_to_power(db: float) -> float:
    """Mean square of a level in dB."""
    return float(10.0 ** (db / 10.0))


def seconds_to_frames(seconds: float, sample_rate: int) -> int:
    """Nearest whole number of frames."""
    return round(seconds * sample_rate)


def frames_to_seconds(frames: int, sample_rate: int) -> float:
    """Time of a frame in seconds."""
    return frames / sample_rate


def clock(seconds: float) -> str:
    """A time as people write it: `1:02.345`, or `2:01:02.345` from an hour on."""
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    milliseconds = round(seconds * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    rest = f"{milliseconds // 1000:02d}.{milliseconds % 1000:03d}"
    if minutes < 60:
        return f"{sign}{minutes}:{rest}"
    return f"{sign}{minutes // 60}:{minutes % 60:02d}:{rest}"
