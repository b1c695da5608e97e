"""Gain: every sample times one factor."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from songkit.blocks import SourceInfo, Stage
from songkit.master.processor import MapStage, StreamProcessor
from songkit.units import db_to_gain


class Gain(StreamProcessor):
    """Level up or down; 0 dB is the identity. Nothing is limited: samples beyond full scale stay as they are."""

    about: ClassVar[str] = "level up or down"

    gain_db: float = Field(0.0, ge=-120.0, le=60.0, description="level difference in dB, -120 to 60")

    def is_identity(self, info: SourceInfo) -> bool:
        return self.gain_db == 0.0

    def start(self, info: SourceInfo) -> Stage:
        factor = np.float32(db_to_gain(self.gain_db))
        return MapStage(info.format, lambda block: block * factor)
