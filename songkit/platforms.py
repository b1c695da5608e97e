"""What platforms play back at, as dated data: the table is `platforms.yaml` beside this file."""

from __future__ import annotations

import datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from songkit.errors import UsageError, near_names


class Platform(BaseModel):
    """One line of the table: the loudness a platform plays at, the ceiling it asks for, and who says so."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str = Field(description="what --platform takes")
    about: str = Field(description="what the figures are for")
    lufs: float | None = Field(
        None, ge=-70.0, le=0.0, description="integrated loudness in LUFS; none: measured otherwise"
    )
    ceiling_dbtp: float | None = Field(None, ge=-60.0, le=0.0, description="highest true peak in dBTP; none: not said")
    quieter: Literal["left", "raised to the ceiling", "raised and limited", "not known"] | None = Field(
        None, description="what playback does with quieter music; none: nothing is played back by this figure"
    )
    source: str = Field(description="where the figures stand")
    confidence: Literal["high", "medium-high", "medium", "low"] = Field(description="how far the source can be trusted")
    date: datetime.date = Field(description="the day on which the line was collected")

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return self.model_dump(mode="json")


@cache
def platforms() -> dict[str, Platform]:
    """The table by name, in its own order."""
    import yaml

    lines = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
    known = [Platform.model_validate(line) for line in lines]
    return {platform.name: platform for platform in known}


def platform(name: str) -> Platform:
    """The platform of that name. Raises UsageError, with near names, for one that is not in the table."""
    known = platforms()
    if name not in known:
        raise UsageError(f"there is no platform {name!r}", near_names(name, known))
    return known[name]


def deliverable(name: str) -> Platform:
    """The platform of that name, which a loudness can be delivered for.

    Raises UsageError for an unknown one, and for one that is not measured in LUFS.
    """
    found = platform(name)
    if found.lufs is None:
        raise UsageError(f"{name} sets no loudness in LUFS: {found.about}", "choose a chain and its target yourself")
    return found
