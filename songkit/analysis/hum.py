"""Mains hum: steady lines at 50 or 60 Hz and their multiples that stand out of the quiet parts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hum:
    """The mains frequency (50 or 60), the level of its lines together, and how far they stand out; None: no hum."""

    frequency_hz: float | None = None
    level_dbfs: float | None = None
    above_db: float | None = None
