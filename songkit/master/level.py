"""Level: one gain that brings the programme to a loudness, so that what follows meets the level it was set for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import Field

from songkit.blocks import Meter, SourceInfo, Stage
from songkit.master.processor import MeasuredProcessor, ReportingMapStage
from songkit.units import db_to_gain

if TYPE_CHECKING:
    from songkit.analysis.loudness import Loudness


class Level(MeasuredProcessor):
    """Gain staging: the whole programme by one gain, before steps whose thresholds are levels in dBFS.

    Nothing is limited; samples may pass full scale, which float keeps. Loudness is that of ITU-R BS.1770-5,
    integrated, or over everything where no gated block exists. Silence stays as it is.
    """

    about: ClassVar[str] = "one gain to a loudness, ahead of steps with thresholds; nothing is limited"

    target_lufs: float = Field(-18.0, ge=-60.0, le=0.0, description="loudness that is brought about, -60 to 0 LUFS")
    max_gain_db: float = Field(40.0, ge=0.0, le=80.0, description="most that a programme is lifted by, 0 to 80 dB")

    def meter(self, info: SourceInfo) -> Meter:
        from songkit.analysis.loudness import LoudnessMeter

        return LoudnessMeter(info.format, series=False)

    def start(self, info: SourceInfo, measured: Loudness) -> Stage:
        before = measured.ungated_lufs if measured.integrated_lufs is None else measured.integrated_lufs
        gain_db = 0.0 if before is None else min(self.target_lufs - before, self.max_gain_db)
        factor = np.float32(db_to_gain(gain_db))

        def report() -> Mapping[str, Any]:
            return {"loudness_before_lufs": before, "gain_db": round(gain_db, 2)}

        return ReportingMapStage(info.format, lambda block: block * factor, report)
