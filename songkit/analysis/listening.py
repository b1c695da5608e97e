"""What listeners hear: the gain that a platform's playback applies to a file, and its loudness and peak after it.

Louder than the platform's figure is turned down by all of them; what happens to quieter music differs, and stands in
the platform table. A gain upward ends where the true peak would pass the ceiling, unless the platform limits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from songkit.platforms import Platform, platforms

if TYPE_CHECKING:
    from songkit.analysis.result import Analysis

Change = Literal["turned down", "turned up", "left as it is"]
AS_IT_IS_DB = 0.05
DEFAULT_CEILING_DBTP = 0.0


@dataclass(frozen=True, slots=True)
class Heard:
    """One platform's playback: gain in dB, then integrated loudness and true peak behind it."""

    platform: str
    gain_db: float
    integrated_lufs: float
    true_peak_dbtp: float
    change: Change
    note: str = ""
    """What holds the gain back, or what happens beside it."""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


def listen(analysis: Analysis) -> tuple[Heard, ...]:
    """Every platform of the table that plays back by loudness; empty for a file without loudness or true peak."""
    loudness, peak = analysis.loudness.programme_lufs, analysis.peaks.true_peak_dbtp
    if loudness is None or peak is None:
        return ()
    return tuple(_all(loudness, peak))


def _all(loudness: float, peak: float) -> Iterator[Heard]:
    for platform in platforms().values():
        if platform.quieter is not None and platform.lufs is not None:
            yield _played(platform, platform.lufs, loudness, peak)


def _played(platform: Platform, target_lufs: float, loudness: float, peak: float) -> Heard:
    wanted = target_lufs - loudness
    gain, note = wanted, ""
    ceiling = DEFAULT_CEILING_DBTP if platform.ceiling_dbtp is None else platform.ceiling_dbtp
    if wanted > 0.0:
        headroom = max(0.0, ceiling - peak)
        if platform.quieter == "left":
            gain, note = 0.0, f"{wanted:.1f} dB under its level; not turned up"
        elif platform.quieter == "not known":
            gain, note = 0.0, f"{wanted:.1f} dB under its level; not known whether it turns up"
        elif platform.quieter == "raised and limited":
            note = f"its limiter takes {wanted - headroom:.1f} dB off the peaks" if wanted > headroom else ""
        elif wanted > headroom:
            gain, note = headroom, f"{wanted - headroom:.1f} dB short: peaks reach {ceiling:g} dBTP"
    after = peak + gain
    if platform.quieter == "raised and limited" and wanted > 0.0:
        after = min(after, max(ceiling, peak))
    change: Change = "left as it is" if abs(gain) < AS_IT_IS_DB else "turned down" if gain < 0.0 else "turned up"
    return Heard(platform.name, gain, loudness + gain, after, change, note)
