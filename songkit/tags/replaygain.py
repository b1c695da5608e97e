"""The gains by which players bring music to one level: ReplayGain 2.0, and its likeness in Opus.

ReplayGain 2.0 refers to -18 LUFS and gives decibels and a linear peak, here the true peak. Opus (RFC 7845, 5.2.1)
refers to -23 LUFS, gives 1/256 dB in whole numbers, and knows no peak.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from songkit.tags.model import Tags
from songkit.units import db_to_gain, gain_to_db

REFERENCE_LUFS = -18.0
OPUS_REFERENCE_LUFS = -23.0

_TRACK, _ALBUM = "track", "album"


@dataclass(frozen=True, slots=True)
class Gains:
    """The loudness and true peak that a gain tag stands for; None for what is not defined, or not told."""

    lufs: float | None
    true_peak_dbtp: float | None = None


def gain_fields(container: str, track: Gains, album: Gains | None = None) -> dict[str, str]:
    """The fields that say these levels in a file of that container; none for what has no loudness."""
    fields: dict[str, str] = {}
    for kind, gains in ((_TRACK, track), (_ALBUM, album)):
        if gains is None or gains.lufs is None:
            continue
        if container == "opus":
            steps = round(256 * (OPUS_REFERENCE_LUFS - gains.lufs))
            fields[f"r128_{kind}_gain"] = str(max(-32_768, min(32_767, steps)))
            continue
        fields[f"replaygain_{kind}_gain"] = f"{REFERENCE_LUFS - gains.lufs:+.2f} dB"
        if gains.true_peak_dbtp is not None:
            fields[f"replaygain_{kind}_peak"] = f"{db_to_gain(gains.true_peak_dbtp):.6f}"
    return fields


def read_gains(tags: Tags, kind: str = _TRACK) -> Gains | None:
    """What the gain tags of a file say, `kind` track or album; None without them or where they are no numbers.

    `tags` are those of `read_tags(path, stale=True)`: gains do not travel to another file.
    """
    opus, usual = tags.get(f"r128_{kind}_gain"), tags.get(f"replaygain_{kind}_gain")
    try:
        if opus:
            return Gains(OPUS_REFERENCE_LUFS - int(opus) / 256)
        lufs = REFERENCE_LUFS - float(usual.lower().removesuffix("db"))
        peak = tags.get(f"replaygain_{kind}_peak")
        peak_dbtp = gain_to_db(float(peak)) if peak and float(peak) > 0.0 else None
    except ValueError:
        return None
    return Gains(lufs, peak_dbtp) if math.isfinite(lufs) else None
