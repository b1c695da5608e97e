"""The long-term spectrum: where its weight lies, how it falls, and where it ends.

Frames of about 90 ms (4096 at 44.1 and 48 kHz), Hann window, half overlapped; the power of all channels is added.

    centroid, roll-off    of the magnitudes, per frame; the mean over the frames that are not silent (roll-off at 85 %)
    flatness              geometric over arithmetic mean of the power, per frame; 0.56 for white noise, 0 for a tone
    bands                 power per octave, in dB below the sum of the bands' powers... as dBFS of the whole file
    tilt                  straight line through third-octave levels (dB per band) from 50 Hz to 16 kHz over log2 f
    cut-off               see `songkit.analysis.cutoff`
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

ROLLOFF_SHARE = 0.85
OCTAVES_HZ = (31.5, 63.0, 125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0, 16000.0)
TILT_RANGE_HZ = (50.0, 16_000.0)
_NAMES = ("centroid_hz", "rolloff_hz", "flatness", "tilt_db_per_octave", "cutoff_hz", "bands_db")


@dataclass(frozen=True, slots=True)
class Spectrum:
    """`bands_db`: level of each octave in dBFS (RMS over the file), named by its centre in Hz; a pink signal has all
    equal and tilt 0. `cutoff_hz` is where a lossy codec or a resampler cut, None without evidence of one."""

    centroid_hz: float | None = None
    rolloff_hz: float | None = None
    flatness: float | None = None
    tilt_db_per_octave: float | None = None
    cutoff_hz: float | None = None
    cutoff_confidence: float | None = None
    bands_db: Mapping[str, float | None] | None = None
    undefined: Mapping[str, str] = field(default_factory=dict)
