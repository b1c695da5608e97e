"""What a comparison says: figures before and after, and what lies between them once both are lined up."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from songkit.analysis import Analysis
from songkit.analysis.result import figure

FIGURES = (
    "loudness.integrated_lufs",
    "loudness.short_term_max_lufs",
    "loudness.range_lu",
    "loudness.plr_lu",
    "peaks.true_peak_dbtp",
    "peaks.sample_peak_dbfs",
    "stereo.width_db",
    "stereo.correlation",
)


@dataclass(frozen=True, slots=True)
class Alignment:
    """How the second signal lies on the first: `delay_frames` at the first one's rate, positive where it is late.

    `correlation` (0 to 1) is that of the aligned samples; `inverted` names the channels whose polarity is turned.
    """

    delay_frames: float
    delay_seconds: float
    correlation: float
    inverted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Curve:
    """Level differences in third octaves beyond the common gain; None where one of both has nothing."""

    frequencies_hz: tuple[float, ...]
    gain_db: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed from `before` to `after`.

    `gain_db` is the gain that most third octaves share, `curve` what each of them adds to it. `residual_db` is what is
    left of the second signal once the first, aligned and under its best single gain, is taken off, against the whole:
    very low where nothing but gain and time changed. None where there is no value; `notes` say why.
    """

    before: Analysis
    after: Analysis
    identical: bool
    alignment: Alignment | None
    gain_db: float | None
    curve: Curve | None
    residual_db: float | None
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain values for strict JSON."""
        return {
            "before": _signal(self.before),
            "after": _signal(self.after),
            "identical": self.identical,
            "figures": {path.partition(".")[2]: self._figure(path) for path in FIGURES},
            "length_seconds": self.after.format.seconds - self.before.format.seconds,
            "alignment": None if self.alignment is None else asdict(self.alignment),
            "gain_db": self.gain_db,
            "curve": None if self.curve is None else asdict(self.curve),
            "residual_db": self.residual_db,
            "notes": list(self.notes),
        }

    def _figure(self, path: str) -> dict[str, float | None]:
        before, after = figure(self.before, path), figure(self.after, path)
        change = None if before is None or after is None else after - before
        return {"before": before, "after": after, "change": change}


def _signal(analysis: Analysis) -> dict[str, Any]:
    return asdict(analysis.format)
