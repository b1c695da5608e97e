"""A second opinion on files: ffmpeg's own ebur128 meter."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from songkit.ffmpeg import executable


@dataclass(frozen=True)
class Reading:
    integrated_lufs: float
    range_lu: float
    true_peak_dbtp: float


def ebur128(path: Path) -> Reading:
    """What ffmpeg reads: rounded to 0.1, with 4x oversampling (up to 0.6 dB under the true peak near Nyquist)."""
    command = [executable(), "-nostdin", "-hide_banner", "-i", str(path), "-af", "ebur128=peak=true", "-f", "null", "-"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    summary = text[text.rindex("Summary:") :]

    def figure(name: str) -> float:
        found = re.search(rf"{name}:\s+(-?[\d.]+|-inf)", summary)
        assert found is not None, summary
        return float(found[1])

    return Reading(figure("I"), figure("LRA"), figure("Peak"))
