"""The mastering room: what changes the signal. A chain names its steps by the keys of `PROCESSORS`."""

from __future__ import annotations

from songkit.master.clipper import Clipper
from songkit.master.compressor import Compressor
from songkit.master.dc import RemoveDC
from songkit.master.declick import Declick
from songkit.master.declip import Declip
from songkit.master.deesser import Deesser
from songkit.master.dehum import Dehum
from songkit.master.downmix import Downmix
from songkit.master.dynamic_eq import DynamicEq
from songkit.master.eq import Eq
from songkit.master.exciter import Exciter
from songkit.master.fade import Fade
from songkit.master.ffmpeg_filter import FfmpegFilter
from songkit.master.filters import HighPass, LowPass
from songkit.master.gain import Gain
from songkit.master.gate import Gate
from songkit.master.level import Level
from songkit.master.leveler import Leveler
from songkit.master.limiter import Limiter
from songkit.master.loudness import Loudness
from songkit.master.match import Match
from songkit.master.multiband import Multiband
from songkit.master.pedalboard_plugin import PedalboardPlugin
from songkit.master.processor import Processor
from songkit.master.resample import Resample
from songkit.master.saturation import Saturation
from songkit.master.sends import Delay, Reverb
from songkit.master.stems import Stems
from songkit.master.transients import Transients
from songkit.master.trim import Trim
from songkit.master.vst3 import Vst3
from songkit.master.width import MidSide, MonoBass, Width

PROCESSORS: dict[str, type[Processor]] = {
    "gain": Gain,
    "highpass": HighPass,
    "lowpass": LowPass,
    "eq": Eq,
    "dynamic_eq": DynamicEq,
    "compressor": Compressor,
    "multiband": Multiband,
    "gate": Gate,
    "deesser": Deesser,
    "transients": Transients,
    "saturation": Saturation,
    "clipper": Clipper,
    "exciter": Exciter,
    "width": Width,
    "mono_bass": MonoBass,
    "midside": MidSide,
    "reverb": Reverb,
    "delay": Delay,
    "match": Match,
    "stems": Stems,
    "level": Level,
    "leveler": Leveler,
    "limiter": Limiter,
    "loudness": Loudness,
    "dc": RemoveDC,
    "declip": Declip,
    "declick": Declick,
    "dehum": Dehum,
    "fade": Fade,
    "trim": Trim,
    "resample": Resample,
    "downmix": Downmix,
    "pedalboard": PedalboardPlugin,
    "vst3": Vst3,
    "ffmpeg": FfmpegFilter,
}
"""Every step a chain can name."""

__all__ = ["PROCESSORS", "Processor"]
