"""Multiband compressor: Linkwitz-Riley crossovers, one compressor per band."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, ClassVar

from pydantic import Field, model_validator

from songkit.audio import Samples
from songkit.blocks import SourceInfo, Stage
from songkit.master.compressor import CompressorSettings
from songkit.master.filters import above_nyquist
from songkit.master.processor import MapStage, ReportingMapStage, StreamProcessor


class Multiband(StreamProcessor):
    """Splits the signal into bands and compresses each; idle, the bands add up to a flat magnitude."""

    about: ClassVar[str] = "a compressor for each band"

    crossovers_hz: tuple[float, ...] = Field(
        (120.0, 2_000.0), min_length=1, max_length=5, description="where bands meet in Hz, rising, 20 to 20000"
    )
    bands: tuple[CompressorSettings, ...] = Field(
        description="one compressor's settings per band from the lowest on: one more than there are crossovers"
    )

    @model_validator(mode="after")
    def _bands_fit_crossovers(self) -> Multiband:
        if not all(20.0 <= frequency_hz <= 20_000.0 for frequency_hz in self.crossovers_hz):
            raise ValueError("crossovers_hz must lie between 20 and 20000")
        if any(lower >= upper for lower, upper in pairwise(self.crossovers_hz)):
            raise ValueError("crossovers_hz must rise")
        if len(self.bands) != len(self.crossovers_hz) + 1:
            raise ValueError(f"{len(self.crossovers_hz)} crossovers make {len(self.crossovers_hz) + 1} bands")
        return self

    def is_identity(self, info: SourceInfo) -> bool:
        return all(band.idle for band in self.bands)

    def check(self, info: SourceInfo) -> str | None:
        return above_nyquist("crossovers_hz", max(self.crossovers_hz), info.format)

    def dry(self, info: SourceInfo) -> Stage:
        from songkit.dsp.biquad import Cascade
        from songkit.dsp.crossover import sum_sections

        sections = sum_sections(self.crossovers_hz, info.format.sample_rate)
        return MapStage(info.format, Cascade(sections, info.format.channels).push)

    def start(self, info: SourceInfo) -> Stage:
        from songkit.dsp.biquad import Cascade
        from songkit.dsp.crossover import band_sections

        splits = [
            Cascade(sections, info.format.channels)
            for sections in band_sections(self.crossovers_hz, info.format.sample_rate)
        ]
        compressions = [band.compression(info.format) for band in self.bands]

        def push(block: Samples) -> Samples:
            bands = [
                compression.push(split.push(block)) for split, compression in zip(splits, compressions, strict=True)
            ]
            out = bands[0]
            for band in bands[1:]:
                out = out + band
            return out

        def report() -> Mapping[str, Any]:
            return {"bands": [compression.facts() for compression in compressions]}

        return ReportingMapStage(info.format, push, report)
