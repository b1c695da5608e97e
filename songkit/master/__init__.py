"""The mastering room: what changes the signal. A chain names its steps by the keys of `PROCESSORS`."""

from __future__ import annotations

from songkit.master.compressor import Compressor
from songkit.master.dc import RemoveDC
from songkit.master.eq import Eq
from songkit.master.fade import Fade
from songkit.master.filters import HighPass, LowPass
from songkit.master.gain import Gain
from songkit.master.processor import Processor
from songkit.master.trim import Trim

PROCESSORS: dict[str, type[Processor]] = {
    "gain": Gain,
    "highpass": HighPass,
    "lowpass": LowPass,
    "eq": Eq,
    "compressor": Compressor,
    "dc": RemoveDC,
    "fade": Fade,
    "trim": Trim,
}
"""Every step a chain can name."""

__all__ = ["PROCESSORS", "Processor"]
