"""Peak to short-term loudness ratio (PSR): true peak over short-term loudness, both of the same 3 s.

Shepherd, Grimm, Tapper, Kahsnitz, Kerr: "An analysis of the peak to short-term loudness ratio", AES eBrief 2017. What
is told is the lowest, where the sound is densest. Windows more than 20 LU under the programme do not count: a fade-out
says nothing about density.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WINDOW_PIECES = 30  # of 100 ms
QUIETEST_LU = -20.0


@dataclass(frozen=True, slots=True)
class LowestRatio:
    """The lowest ratio in LU, and where its window ends."""

    lu: float
    seconds: float


def lowest_ratio(
    short_term_lufs: Sequence[float | None], true_peaks_dbtp: Sequence[float | None], programme_lufs: float
) -> LowestRatio | None:
    """The minimum over time; both series have a value per 100 ms, the first short-term window ends after 3 s.

    None for what is shorter than 3 s.
    """
    lowest: LowestRatio | None = None
    for index, loudness in enumerate(short_term_lufs):
        peaks = [peak for peak in true_peaks_dbtp[index : index + WINDOW_PIECES] if peak is not None]
        if loudness is None or not peaks or loudness < programme_lufs + QUIETEST_LU:
            continue
        ratio = max(peaks) - loudness
        if lowest is None or ratio < lowest.lu:
            lowest = LowestRatio(ratio, 3.0 + index / 10.0)
    return lowest
