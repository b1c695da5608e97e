"""Reference matching: long-term spectrum, loudness and width of a programme brought nearer to those of others."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from songkit.audio import Format, Samples
from songkit.blocks import Meter, SourceInfo, Stage
from songkit.errors import InputError, SignalError
from songkit.master.processor import MeasuredProcessor, ReportingLateStage

if TYPE_CHECKING:
    from songkit.dsp.long_term import Spectrum
    from songkit.dsp.match_curve import Curves, Floats

_SECONDS = 0.2  # the filter's length: a resolution of about 5 Hz
_OVERSAMPLING = 4  # of the response against the filter's length, before it is cut


class ReferenceFile(BaseModel):
    """A recording to come near to, and how much it counts beside the others."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)

    path: str = Field(min_length=1, description="an audio file; a relative path starts at the working directory")
    weight: float = Field(1.0, gt=0.0, le=1000.0, description="its share in the mean of several references")


@dataclass(frozen=True, slots=True)
class Programme:
    """What is compared: the long-term spectrum, and the loudness in LUFS (None: not asked for, or silence)."""

    spectrum: Spectrum
    loudness_lufs: float | None


class MatchMeter:
    """Spectrum of mid and side in constant memory, and the loudness where it is to be matched."""

    def __init__(self, format: Format, *, loudness: bool) -> None:
        from songkit.analysis.loudness import LoudnessMeter
        from songkit.dsp.long_term import LongTermMeter

        self._spectrum = LongTermMeter(format)
        self._loudness = LoudnessMeter(format, series=False) if loudness else None

    def push(self, block: Samples) -> None:
        self._spectrum.push(block)
        if self._loudness is not None:
            self._loudness.push(block)

    def result(self) -> Programme:
        loudness_lufs = self._loudness.result().programme_lufs if self._loudness is not None else None
        return Programme(self._spectrum.result(), loudness_lufs)


class Match(MeasuredProcessor):
    """Equalises mid and side towards the mean of the references; level differences are taken out of the curve.

    Each of `spectrum`, `loudness` and `width` makes up for that share of the difference: 0 leaves it, 1 removes it (the
    spectrum within `limit_db`). Without `loudness` the programme stays as loud as it was. Layouts other than stereo get
    one curve for all channels. `songkit.dsp.match_curve` says how the curve comes about.
    """

    about: ClassVar[str] = "spectrum, loudness and width nearer to those of reference recordings"

    references: tuple[ReferenceFile, ...] = Field(
        min_length=1, max_length=16, description="list of recordings, each with a path and, if wanted, a weight"
    )
    spectrum: float = Field(0.7, ge=0.0, le=1.0, description="share of the spectral difference made up for, 0 to 1")
    loudness: float = Field(0.0, ge=0.0, le=1.0, description="share of the loudness difference made up for, 0 to 1")
    width: float = Field(0.5, ge=0.0, le=1.0, description="share of the difference in stereo width made up for, 0 to 1")
    smoothing_octaves: float = Field(
        0.33, ge=0.1, le=3.0, description="detail of the curve in octaves, 0.1 to 3; wider is more general"
    )
    limit_db: float = Field(
        6.0, ge=0.0, le=24.0, description="largest boost and cut of the full curve, and of the side as a whole, in dB"
    )
    phase: Literal["minimum", "linear"] = Field(
        "minimum", description="minimum (no latency) or linear (no phase shift; rings before what it acts on)"
    )

    @property
    def files(self) -> tuple[str, ...]:
        return tuple(reference.path for reference in self.references)

    def is_identity(self, info: SourceInfo) -> bool:
        return self.spectrum == self.loudness == self.width == 0.0

    def check(self, info: SourceInfo) -> str | None:
        """Opens every reference, so that a missing one is named before any work is done."""
        from songkit.files import open_source

        for index, reference in enumerate(self.references):
            try:
                open_source(Path(reference.path))
            except InputError as error:
                return f"references[{index}]: {error.message}"
        return None

    def meter(self, info: SourceInfo) -> Meter:
        return MatchMeter(info.format, loudness=self.loudness > 0.0)

    def start(self, info: SourceInfo, measured: Programme) -> Stage:
        from songkit.dsp.overlap_save import OverlapSave

        programmes = [_measured(Path(each.path), loudness=self.loudness > 0.0) for each in self.references]
        found = _curves(self, measured, programmes)
        level_db = self.loudness * _loudness_difference_db(self, measured, programmes)
        kernel = _kernel(self, found, level_db, info.format.sample_rate)
        late = kernel.shape[-1] // 2 if self.phase == "linear" else 0
        filtered = OverlapSave(kernel, info.format.channels, late)
        told = _facts(found, level_db, silent=measured.spectrum.empty)
        return ReportingLateStage(info.format, late, filtered.push, filtered.finish, lambda: told)


def _measured(path: Path, *, loudness: bool) -> Programme:
    """A reference's figures. Raises InputError and SignalError that name the file."""
    try:
        status = path.stat()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    return _measured_once(path, loudness, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=16)
def _measured_once(path: Path, loudness: bool, changed_ns: int, size_bytes: int) -> Programme:
    """Measured anew only when the file has changed: a batch reads its reference once."""
    from songkit.files import open_source

    source = open_source(path)
    meter = MatchMeter(source.format, loudness=loudness)
    for block in source.blocks():
        if not np.isfinite(block).all():
            raise SignalError(f"match: the reference {path} holds samples that are not finite (NaN or Inf)")
        meter.push(block)
    programme = meter.result()
    if programme.spectrum.empty:
        raise SignalError(f"match: the reference {path} is digital silence", "there is nothing to come near to")
    return programme


def _curves(step: Match, measured: Programme, programmes: Sequence[Programme]) -> Curves:
    from songkit.analysis.cutoff import find_cutoff
    from songkit.dsp.kweighting import coefficients
    from songkit.dsp.linear_phase import magnitude
    from songkit.dsp.match_curve import Reference, Strength, curves

    def known(programme: Programme, weight: float) -> Reference:
        spectrum = programme.spectrum
        power = spectrum.mid if spectrum.side is None else spectrum.mid + spectrum.side
        return Reference(spectrum, find_cutoff(spectrum.hz, power).hz, weight)

    own = known(measured, 1.0)
    references = [known(each, file.weight) for each, file in zip(programmes, step.references, strict=True)]
    weighting = magnitude(coefficients(own.spectrum.sample_rate), len(own.spectrum.mid)) ** 2
    return curves(
        own, references, Strength(step.spectrum, step.width, step.smoothing_octaves, step.limit_db), weighting
    )


def _loudness_difference_db(step: Match, measured: Programme, programmes: Sequence[Programme]) -> float:
    """From the programme to the weighted mean of the references; 0 where one of them has no loudness."""
    pairs = [
        (each.loudness_lufs, file.weight)
        for each, file in zip(programmes, step.references, strict=True)
        if each.loudness_lufs is not None
    ]
    if measured.loudness_lufs is None or not pairs:
        return 0.0
    wanted = sum(lufs * weight for lufs, weight in pairs) / sum(weight for _, weight in pairs)
    return wanted - measured.loudness_lufs


def _kernel(step: Match, found: Curves, level_db: float, sample_rate: int) -> Floats:
    """One filter for every channel, or where mid and side differ those from and to left and right."""
    stretch = 1 << math.ceil(math.log2(_SECONDS * sample_rate))

    def filter_of(curve_db: Floats) -> Floats:
        from songkit.dsp.linear_phase import symmetric
        from songkit.dsp.match_curve import response
        from songkit.dsp.minimum_phase import minimum_phase

        shape = symmetric if step.phase == "linear" else minimum_phase
        points = _OVERSAMPLING * stretch // 2 + 1
        return shape(response(found.frequencies_hz, curve_db + level_db, points, sample_rate), stretch - 1)

    mid = filter_of(found.mid_db)
    if found.side_db is None or np.array_equal(found.side_db, found.mid_db):
        return mid
    side = filter_of(found.side_db)
    own, other = (mid + side) / 2.0, (mid - side) / 2.0
    return np.array([[own, other], [other, own]])


def _facts(found: Curves, level_db: float, *, silent: bool) -> Mapping[str, Any]:
    """The curves without `level_db`, which is added to all; `width_db` is part of the side's curve."""
    facts: dict[str, Any] = {
        "frequencies_hz": _rounded(found.frequencies_hz),
        "gain_db": _rounded(found.mid_db),
        "level_db": round(level_db, 3),
        "width_db": round(found.width_db, 3),
    }
    if found.side_db is not None:
        facts["side_gain_db"] = _rounded(found.side_db)
    if silent:
        facts["warnings"] = ["digital silence: there was nothing to match"]
    return facts


def _rounded(values: Floats) -> list[float]:
    return [round(float(value), 3) for value in values]
