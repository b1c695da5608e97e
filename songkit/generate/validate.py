"""Whether a take is a piece of music at all, before anything else touches it.

These are promises that no setting can waive; how good a take is, is the score's business (`songkit.analysis.score`).
Each complaint names the figure that broke the promise. Real songs lie far from every bound: noisiness below 0.4 (noise
of any colour 0.56 and more), flat-topped samples under 1 % even of loud masters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from songkit.analysis import Analysis, analyze_file
from songkit.analysis.texture import NOISE
from songkit.errors import InputError
from songkit.progress import Progress, silent
from songkit.units import clock

LENGTH_TOLERANCE_SECONDS = 0.5
SILENT_DBFS = -60.0
CONSTANT_SHARE = 0.99
CLIPPED_SHARE = 0.05
DEAD_HEAD_SECONDS = 2.0
SILENT_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Validated:
    """What was found: `complaints` is empty for a valid take; `analysis` is None only where the file does not open."""

    analysis: Analysis | None
    complaints: tuple[str, ...]

    @property
    def valid(self) -> bool:
        return not self.complaints


def validate(audio: Path, seconds: float, progress: Progress = silent) -> Validated:
    """Measures the file of a take once, with every meter, and holds it against what was asked (`seconds`).

    A file that cannot be read is a complaint, too: nothing is raised for what the generator did wrong.
    """
    try:
        analysis = analyze_file(audio, progress)
    except InputError as error:
        return Validated(None, (error.message,))
    return Validated(analysis, tuple(complaints(analysis, seconds)))


def complaints(analysis: Analysis, seconds: float) -> Iterator[str]:
    """What makes this no take of that length, one line each, with its figure."""
    defects, signal = analysis.defects, analysis.format
    if defects.nonfinite_samples:
        first = f", the first at {clock(defects.nonfinite.spans[0].start_seconds)}" if defects.nonfinite.spans else ""
        yield f"{defects.nonfinite_samples} samples are not finite (NaN or infinite){first}"
    if abs(signal.seconds - seconds) > LENGTH_TOLERANCE_SECONDS:
        yield f"{signal.seconds:.2f} s long where {seconds:.2f} s were asked for"
    nothing = _nothing_to_hear(analysis)
    if nothing:
        yield nothing
        return
    clipped = defects.clipping.samples / max(1, signal.frames * signal.channels)
    if clipped > CLIPPED_SHARE:
        yield f"clipped throughout: {clipped:.0%} of the samples lie on flat tops"
    if defects.silence.head_seconds > DEAD_HEAD_SECONDS:
        yield f"{defects.silence.head_seconds:.2f} s of silence before the first sound"
    quiet = defects.silence.head_seconds + defects.silence.inside_seconds + defects.silence.tail_seconds
    if quiet > SILENT_SHARE * signal.seconds:
        yield f"silent for {quiet:.1f} of {signal.seconds:.1f} s"
    noisiness = analysis.spectrum.noisiness
    if noisiness is not None and noisiness > NOISE:
        yield f"noise only: noisiness {noisiness:.2f} (songs stay under 0.4)"


def _nothing_to_hear(analysis: Analysis) -> str | None:
    rms = analysis.levels.rms_dbfs
    if rms is None or analysis.defects.silence.whole_file:
        return "digital silence" if rms is None else f"silent: RMS {rms:.1f} dBFS and no sample above {SILENT_DBFS:g}"
    power = 10.0 ** (rms / 10.0)
    offsets = analysis.levels.dc_offset
    constant = sum(offset**2 for offset in offsets) / len(offsets) / power
    if constant > CONSTANT_SHARE:
        return f"constant: {constant:.1%} of the power is DC (offset {max(offsets, key=abs):.3f} of full scale)"
    return f"silent: RMS {rms:.1f} dBFS" if rms < SILENT_DBFS else None
