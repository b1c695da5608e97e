"""How fast the limiter of the loudness step may become: as clean as can be, faster only as far as the target asks.

A limiter that holds and releases slowly is clean, but what is loud for a moment takes its surroundings down with it:
dense music stops near -9.6 LUFS below -1 dBTP, drums alone near -13, however hard they are driven. A faster gain
bends the waves instead, as mastering engineers do with a clipper, and more of the programme stands near the ceiling.
"""

from __future__ import annotations

from songkit.dsp.gain_follower import Pace

PACES = (
    Pace(),
    Pace(lookahead_ms=2.0, hold_ms=3.0, release_ms=20.0),
    Pace(lookahead_ms=1.0, hold_ms=1.0, release_ms=10.0),
    Pace(lookahead_ms=1.0, hold_ms=0.0, release_ms=5.0),
    Pace(lookahead_ms=0.5, hold_ms=0.0, release_ms=2.0),
)
"""From clean to fast."""

EASY_REDUCTION_DB = 10.0
"""A slower pace that needs more than this (after 50 ms smoothing) pumps more than a faster one distorts."""


def allowed(fastest_release_ms: float) -> tuple[Pace, ...]:
    """The paces whose release is that long or longer, the cleanest first."""
    return tuple(pace for pace in PACES if pace.release_ms >= fastest_release_ms)
