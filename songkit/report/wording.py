"""Numbers, times and names as a reader sees them, the same on the terminal and in the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from songkit.analysis.result import Signal
from songkit.targets import Target
from songkit.units import clock

# Endings of names that carry a unit, the longer before the shorter.
UNITS = {
    "_db_per_octave": "dB/octave",
    "_percent": "%",
    "_seconds": "s",
    "_frames": "frames",
    "_kbps": "kb/s",
    "_lufs": "LUFS",
    "_dbtp": "dBTP",
    "_dbfs": "dBFS",
    "_lu": "LU",
    "_db": "dB",
    "_hz": "Hz",
    "_ms": "ms",
}
MOST_LISTED = 6
LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}


def visible(text: object) -> str:
    """Text without what a terminal would obey or a file in UTF-8 could not hold: one mark for each such character."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in str(text))


def number(value: float, decimals: int = 1, *, signed: bool = False) -> str:
    """A number with that many decimals; what rounds to zero is plain zero."""
    rounded = round(value, decimals) + 0.0
    return f"{rounded:+.{decimals}f}" if signed and rounded else f"{rounded:.{decimals}f}"


def count(items: int, one: str, many: str = "") -> str:
    """`1 take`, `2 takes`."""
    return f"{items} {one if items == 1 else many or one + 's'}"


def split_unit(name: str) -> tuple[str, str]:
    """`max_reduction_db` as words and unit: ("max reduction", "dB")."""
    for ending, unit in UNITS.items():
        if name.endswith(ending) and name != ending[1:]:
            return name.removesuffix(ending).replace("_", " "), unit
    return name.replace("_", " "), ""


def fact(name: str, value: Any) -> str:
    """One plain value under its name, in words: `max reduction 3.2 dB`."""
    words, unit = split_unit(name)
    return " ".join(part for part in (words, _value(value), unit) if part)


def facts(values: Mapping[str, Any], leave_out: tuple[str, ...] = ()) -> str:
    """Plain values under their names, in words, separated by commas."""
    return ", ".join(fact(name, value) for name, value in values.items() if name not in leave_out)


def describe_signal(signal: Signal) -> str:
    """`MP3, 44.1 kHz, stereo, 128 kb/s, 2:56.982`."""
    channels = LAYOUTS.get(signal.channels, f"{signal.channels} channels")
    depth = f"{signal.bit_depth} bit" if isinstance(signal.bit_depth, int) else signal.bit_depth
    rate = f"{signal.bitrate_kbps} kb/s" if signal.bitrate_kbps else None
    container = signal.container.upper() if signal.container else None
    parts = (container, depth, kilohertz(signal.sample_rate), channels, rate, clock(signal.seconds))
    return ", ".join(visible(part) for part in parts if part)


def describe_target(target: Target) -> str:
    """What was asked of a delivered file: `WAV, 24 bit`; its own loudness and ceiling where it has them."""
    depth = f"{target.bit_depth} bit" if isinstance(target.bit_depth, int) else target.bit_depth
    rate = kilohertz(target.sample_rate) if target.sample_rate else None
    speed = f"{target.bitrate_kbps} kb/s" if target.bitrate_kbps else None
    lufs = None if target.target_lufs is None else f"{target.target_lufs:g} LUFS"
    ceiling = None if target.ceiling_dbtp is None else f"{target.ceiling_dbtp:g} dBTP"
    return ", ".join(str(part) for part in (target.format.upper(), depth, rate, speed, lufs, ceiling) if part)


def kilohertz(hz: float) -> str:
    return f"{hz / 1000:g} kHz"


def _value(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{round(value, 2) + 0.0:g}" if abs(value) < 1e5 else f"{value:.0f}"
    if isinstance(value, Mapping):
        return "{" + facts(value) + "}"
    if isinstance(value, list | tuple):
        if len(value) > MOST_LISTED:
            return f"({len(value)} values)"
        return "[" + "; ".join(facts(each) if isinstance(each, Mapping) else _value(each) for each in value) + "]"
    return visible(value)
