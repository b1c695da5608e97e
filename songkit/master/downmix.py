"""Downmix: surround folded to the speakers that are there, and speakers renamed."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field, field_validator

from songkit.audio import SPEAKERS, Format
from songkit.blocks import SourceInfo, Stage
from songkit.master.processor import MapStage, StreamProcessor

_HALF_POWER = 0.5**0.5

# ITU-R BS.775-4, table 2 (3/2 to 2/0): what each speaker gives to left and right. The LFE has no part in it. Speakers
# beyond 3/2 go the way of their neighbours; a single rear speaker is split over both sides like the centre.
_TO_STEREO: dict[str, tuple[float, float]] = {
    "FL": (1.0, 0.0),
    "FR": (0.0, 1.0),
    "FC": (_HALF_POWER, _HALF_POWER),
    "LFE": (0.0, 0.0),
    "BL": (_HALF_POWER, 0.0),
    "BR": (0.0, _HALF_POWER),
    "SL": (_HALF_POWER, 0.0),
    "SR": (0.0, _HALF_POWER),
    "FLC": (1.0, 0.0),
    "FRC": (0.0, 1.0),
    "BC": (0.5, 0.5),
    "TC": (0.5, 0.5),
    "TFL": (_HALF_POWER, 0.0),
    "TFC": (0.5, 0.5),
    "TFR": (0.0, _HALF_POWER),
    "TBL": (_HALF_POWER, 0.0),
    "TBC": (0.5, 0.5),
    "TBR": (0.0, _HALF_POWER),
}


class Downmix(StreamProcessor):
    """Folds to stereo by ITU-R BS.775; a layout with the same number of speakers is only renamed, bit for bit.

    Nothing is turned down: a sum of loud channels may pass full scale, as a limiter behind it expects.
    """

    about: ClassVar[str] = "surround folded to stereo"
    mixable: ClassVar[bool] = False

    layout: tuple[str, ...] = Field(
        default=("FL", "FR"), description="speakers that come out: stereo, or as many as go in"
    )

    @field_validator("layout")
    @classmethod
    def _known(cls, layout: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [speaker for speaker in layout if speaker not in SPEAKERS]
        if unknown or not layout:
            raise ValueError(f"unknown speakers {' '.join(unknown) or '(none)'}; known: {' '.join(SPEAKERS)}")
        return layout

    def is_identity(self, info: SourceInfo) -> bool:
        return info.format.layout == self.layout

    def check(self, info: SourceInfo) -> str | None:
        if len(self.layout) in (2, info.format.channels):
            return None
        return f"{info.format.channels} channels can be folded to stereo only, not to {' '.join(self.layout)}"

    def format_out(self, format: Format) -> Format:
        return Format(format.sample_rate, self.layout)

    def start(self, info: SourceInfo) -> Stage:
        out = self.format_out(info.format)
        if len(self.layout) == info.format.channels:
            return MapStage(out, lambda block: block)
        matrix = stereo_matrix(info.format.layout)
        return MapStage(out, lambda block: np.ascontiguousarray(matrix @ block))


def stereo_matrix(layout: tuple[str, ...]) -> npt.NDArray[np.float32]:
    """Gains `(2, channels)` from these speakers to left and right. Mono goes to both at half power each."""
    return np.array([_TO_STEREO[speaker] for speaker in layout], np.float32).T.copy()
