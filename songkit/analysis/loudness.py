"""Programme loudness: ITU-R BS.1770-5 gating, EBU Tech 3341 windows, EBU Tech 3342 range.

    integrated   400 ms blocks every 100 ms, absolute gate -70 LUFS, relative gate 10 LU under the mean of what is left
    ungated      the energy of the whole file, its last incomplete block too
    momentary    400 ms window, every 10 ms
    short-term   3 s window, every 10 ms (series and range: every 100 ms)
    range        95th minus 10th percentile of the short-term loudness above -70 LUFS and 20 LU under its mean

No window is padded: what a file is too short for is None, with the reason in `undefined`.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from songkit.audio import Format, Samples

Energies = npt.NDArray[np.float64]

OFFSET_LU = -0.691
ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = 10.0
RANGE_GATE_LU = 20.0
RANGE_PERCENTILES = (10.0, 95.0)
SURROUND_WEIGHT = 1.41  # exactly, not +1.5 dB (BS.1770-5 Table 4)

_MOMENTARY, _SHORT_TERM, _HOP = 40, 300, 10  # in sub-blocks of 10 ms
_AT_ONCE = 6000 * _HOP


@dataclass(frozen=True, slots=True)
class Loudness:
    """Loudness figures in LUFS and LU; the series have one value per 100 ms, None where there is silence: the first is
    that of the first full window (3 s, 400 ms)."""

    integrated_lufs: float | None = None
    ungated_lufs: float | None = None
    short_term_max_lufs: float | None = None
    momentary_max_lufs: float | None = None
    range_lu: float | None = None
    plr_lu: float | None = None
    """True peak over integrated loudness: filled in where both were measured."""
    psr_min_lu: float | None = None
    """Lowest true peak over short-term loudness, where the sound is densest; see `songkit.analysis.psr`."""
    short_term_max_seconds: float | None = None
    momentary_max_seconds: float | None = None
    psr_min_seconds: float | None = None
    histogram: Mapping[str, float] = field(default_factory=dict)
    """Share of the time at each short-term loudness: the lower edge of a step of 1 LU, what lies below -70 left out."""
    short_term_lufs: tuple[float | None, ...] = field(default=(), repr=False, metadata={"series": True})
    momentary_lufs: tuple[float | None, ...] = field(default=(), repr=False, metadata={"series": True})
    undefined: Mapping[str, str] = field(default_factory=dict)

    @property
    def programme_lufs(self) -> float | None:
        """The integrated loudness, or the ungated one of a file that is too short or too quiet for the gate."""
        return self.ungated_lufs if self.integrated_lufs is None else self.integrated_lufs


def channel_weights(layout: tuple[str, ...]) -> list[float]:
    """G of each channel (BS.1770-5 Annex 3): 1.41 between 60 and 120 degrees to the side, LFE left out, else 1.

    Without side speakers the back pair is the surround pair of 5.x; beside them (7.1) it stands behind 120 degrees.
    """
    sides = {"SL", "SR"} if "SL" in layout or "SR" in layout else {"BL", "BR"}
    return [0.0 if name == "LFE" else SURROUND_WEIGHT if name in sides else 1.0 for name in layout]


def to_lufs(power: float) -> float:
    """Loudness of a weighted mean square (BS.1770-5 equation 2); -inf for zero."""
    return OFFSET_LU + 10.0 * math.log10(power) if power > 0.0 else -math.inf


def from_lufs(lufs: float) -> float:
    """Weighted mean square of a loudness."""
    return float(10.0 ** ((lufs - OFFSET_LU) / 10.0))


def integrated_lufs(blocks: Energies) -> float | None:
    """Gated loudness of the mean squares of 400 ms blocks (BS.1770-5 equations 4 to 7); None when none passes."""
    absolute = from_lufs(ABSOLUTE_GATE_LUFS)
    kept = blocks[blocks > absolute]
    if not len(kept):
        return None
    relative = float(kept.mean()) * 10.0 ** (-RELATIVE_GATE_LU / 10.0)
    return to_lufs(float(kept[kept > relative].mean()))


def range_lu(windows: Energies) -> float | None:
    """Loudness range of the mean squares of 3 s windows (EBU Tech 3342, nearest rank); None when none passes."""
    kept = windows[windows >= from_lufs(ABSOLUTE_GATE_LUFS)]
    if not len(kept):
        return None
    kept = np.sort(kept[kept >= float(kept.mean()) * 10.0 ** (-RANGE_GATE_LU / 10.0)])
    low, high = (kept[math.floor((len(kept) - 1) * percent / 100.0 + 0.5)] for percent in RANGE_PERCENTILES)
    return to_lufs(float(high)) - to_lufs(float(low))


def histogram(windows: Energies) -> dict[str, float]:
    """Share of the windows in each step of 1 LU, from the quietest to the loudest that occurs; shares sum to 1."""
    kept = windows[windows >= from_lufs(ABSOLUTE_GATE_LUFS)]
    if not len(kept):
        return {}
    # A steady tone stands on the edge of a step: 0.01 LU of grace keeps it in one.
    steps = np.floor(OFFSET_LU + 10.0 * np.log10(kept) + 0.01).astype(int)
    lowest = int(steps.min())
    counts = np.bincount(steps - lowest)
    return {str(lowest + index): float(count) / len(kept) for index, count in enumerate(counts)}


def windows(sub_blocks: Energies, length: int) -> Energies:
    """Sums over every full window of `length` sub-blocks, one per sub-block; sums of squares stay positive this way."""
    return np.convolve(sub_blocks, np.ones(length), "valid") if len(sub_blocks) >= length else np.zeros(0)


class LoudnessMeter:
    """Loudness of a stream. `dual_mono` counts a single channel for two loudspeakers (+3 dB)."""

    def __init__(self, format: Format, *, dual_mono: bool = False, series: bool = True) -> None:
        from songkit.dsp.kweighting import KWeightedEnergy

        weights = channel_weights(format.layout)
        if dual_mono and format.channels == 1:
            weights = [2.0]
        self._energy = KWeightedEnergy(format.sample_rate, weights)
        self._sub_blocks = array("d")  # grows in place: two hours are not copied at their end
        self._series = series

    def push(self, block: Samples) -> None:
        self._sub_blocks.frombytes(self._energy.push(block).tobytes())

    def result(self) -> Loudness:
        self._sub_blocks.frombytes(self._energy.finish().tobytes())
        # Mean squares per 10 ms, so that window means are sums over `length`.
        sub_blocks = np.frombuffer(self._sub_blocks)
        self._sub_blocks = array("d")
        sub_blocks *= 100.0 / self._energy.rate
        momentary, short_term = _Window.of(sub_blocks, _MOMENTARY), _Window.of(sub_blocks, _SHORT_TERM)
        values = {
            "integrated_lufs": integrated_lufs(momentary.powers),
            "ungated_lufs": _finite(to_lufs(self._energy.total / max(1, self._energy.frames))),
            "short_term_max_lufs": short_term.maximum_lufs,
            "momentary_max_lufs": momentary.maximum_lufs,
            "range_lu": range_lu(short_term.powers),
        }
        return Loudness(
            **values,
            short_term_max_seconds=short_term.maximum_seconds,
            momentary_max_seconds=momentary.maximum_seconds,
            short_term_lufs=short_term.series_lufs() if self._series else (),
            momentary_lufs=momentary.series_lufs() if self._series else (),
            histogram=histogram(short_term.powers),
            undefined={name: self._reason(name) for name, value in values.items() if value is None},
        )

    def _reason(self, name: str) -> str:
        seconds = self._energy.frames / self._energy.rate
        needed = {"short_term_max_lufs": 3.0, "range_lu": 3.0, "ungated_lufs": 0.0}.get(name, 0.4)
        if not self._energy.frames or seconds < needed:
            return f"{seconds:.3f} s of audio, needs {needed:g} s" if needed else "no audio"
        return "digital silence" if self._energy.total == 0.0 else "nothing above the gate of -70 LUFS"


def _finite(lufs: float) -> float | None:
    return lufs if math.isfinite(lufs) else None


@dataclass(frozen=True, slots=True)
class _Window:
    """One sliding window: its maximum over every 10 ms, and mean squares every 100 ms (two hours have many)."""

    powers: Energies
    maximum_lufs: float | None
    maximum_seconds: float | None
    """Where the loudest window ends."""

    @classmethod
    def of(cls, sub_blocks: Energies, length: int) -> _Window:
        kept, highest, at = [np.zeros(0)], 0.0, 0
        for start in range(0, len(sub_blocks) - length + 1, _AT_ONCE):
            powers = windows(sub_blocks[start : start + _AT_ONCE + length - 1], length)
            powers /= length
            kept.append(powers[::_HOP].copy())
            if (loudest := float(powers.max())) > highest:
                highest, at = loudest, start + int(powers.argmax())
        if highest == 0.0:
            return cls(np.concatenate(kept), None, None)
        return cls(np.concatenate(kept), _finite(to_lufs(highest)), (at + length) / 100.0)

    def series_lufs(self) -> tuple[float | None, ...]:
        return tuple(_finite(to_lufs(value)) for value in self.powers)
