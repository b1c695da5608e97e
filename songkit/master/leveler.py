"""Leveler: a slow hand on the fader that brings a wide programme to a loudness range."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import Field

from songkit.audio import Format, Samples
from songkit.blocks import Meter, SourceInfo, Stage
from songkit.master.processor import MeasuredProcessor, ReportingMapStage

if TYPE_CHECKING:
    from songkit.analysis.loudness import Energies
    from songkit.master.leveling import Leveling

TOLD_LU = 0.1


class Leveler(MeasuredProcessor):
    """Rides the gain by the loudness around each moment, which was measured first, so that it is never late.

    It does as little as brings the range of the whole to `max_range_lu`, and nothing where that is kept already or
    the programme is shorter than the window. Silence and what is 20 LU under the mean are not lifted.
    """

    about: ClassVar[str] = "slow gain riding to a loudness range (LRA)"

    max_range_lu: float = Field(
        11.0, ge=1.0, le=40.0, description="loudness range that is brought about where it is wider, 1 to 40 LU"
    )
    max_boost_db: float = Field(9.0, ge=0.0, le=30.0, description="most that quiet parts are lifted by, 0 to 30 dB")
    max_cut_db: float = Field(9.0, ge=0.0, le=30.0, description="most that loud parts are lowered by, 0 to 30 dB")
    window_seconds: float = Field(
        3.0, ge=0.4, le=30.0, description="what loudness is taken from, 0.4 to 30 s; with 3 s the range is the LRA"
    )

    def meter(self, info: SourceInfo) -> Meter:
        return BlockEnergies(info.format)

    def start(self, info: SourceInfo, measured: Energies) -> Stage:
        from songkit.master.leveling import BLOCKS_PER_SECOND, level

        window_blocks = round(self.window_seconds * BLOCKS_PER_SECOND)
        found = level(measured, window_blocks, self.max_range_lu, self.max_boost_db, self.max_cut_db)

        def report() -> Mapping[str, Any]:
            return self._facts(found)

        if not found.gains_db.any():
            return ReportingMapStage(info.format, lambda block: block, report)
        return ReportingMapStage(info.format, Fader(found.gains_db, info.format.sample_rate).push, report)

    def _facts(self, found: Leveling) -> dict[str, Any]:
        facts: dict[str, Any] = {
            "range_before_lu": _rounded(found.before_lu),
            "range_after_lu": _rounded(found.after_lu),
            "max_boost_db": round(max(0.0, float(found.gains_db.max(initial=0.0))), 2),
            "max_cut_db": round(max(0.0, -float(found.gains_db.min(initial=0.0))), 2),
        }
        if found.after_lu is not None and found.after_lu > self.max_range_lu + TOLD_LU:
            facts["warnings"] = [
                f"the loudness range is {found.after_lu:.1f} LU, wider than the {self.max_range_lu:g} that were asked: "
                f"more would take more than {self.max_boost_db:g} dB of boost or {self.max_cut_db:g} dB of cut"
            ]
        return facts


class BlockEnergies:
    """K-weighted mean squares of 100 ms each; the last one may be shorter."""

    def __init__(self, format: Format) -> None:
        from songkit.analysis.loudness import channel_weights
        from songkit.dsp.kweighting import KWeightedEnergy
        from songkit.master.leveling import BLOCKS_PER_SECOND

        self._per_second = BLOCKS_PER_SECOND
        self._energy = KWeightedEnergy(format.sample_rate, channel_weights(format.layout), BLOCKS_PER_SECOND)
        self._parts: list[Energies] = []

    def push(self, block: Samples) -> None:
        self._parts.append(self._energy.push(block))

    def result(self) -> Energies:
        self._parts.append(self._energy.finish())
        return np.concatenate(self._parts) * self._per_second / self._energy.rate


class Fader:
    """Gains in dB for the middles of blocks of 100 ms, joined by lines."""

    def __init__(self, gains_db: Energies, sample_rate: int) -> None:
        from songkit.master.leveling import BLOCKS_PER_SECOND

        self._at = (np.arange(len(gains_db)) + 0.5) * sample_rate / BLOCKS_PER_SECOND
        self._gains = 10.0 ** (gains_db / 20)
        self._position = 0

    def push(self, block: Samples) -> Samples:
        frames = np.arange(self._position, self._position + block.shape[1])
        self._position += block.shape[1]
        gains: Samples = np.interp(frames, self._at, self._gains).astype(np.float32)
        return block * gains


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
