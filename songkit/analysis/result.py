"""What an analysis says: one frozen value whose groups are the meters' results, plain numbers with units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from songkit.analysis.clipping import Clipping
from songkit.analysis.dynamics import Dynamics
from songkit.analysis.events import Events
from songkit.analysis.findings import Finding
from songkit.analysis.hum import Hum
from songkit.analysis.levels import Levels
from songkit.analysis.loudness import Loudness
from songkit.analysis.peaks import Peaks
from songkit.analysis.score import Score
from songkit.analysis.silence import Silence
from songkit.analysis.spectrum import Spectrum
from songkit.analysis.stereo import Stereo
from songkit.analysis.waveform import Waveform

if TYPE_CHECKING:
    from songkit.audio import Format
    from songkit.files import FileInfo

Group = TypeVar("Group")


@dataclass(frozen=True, slots=True)
class Signal:
    """What was measured: the format of the samples, their length, and the file they came from (None: from memory)."""

    sample_rate: int
    channels: int
    layout: tuple[str, ...]
    frames: int
    seconds: float
    path: str | None = None
    container: str | None = None
    codec: str | None = None
    bit_depth: int | str | None = None
    bitrate_kbps: int | None = None
    bytes: int | None = None
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, format: Format, frames: int, info: FileInfo | None = None) -> Signal:
        shape = (format.sample_rate, format.channels, format.layout, frames, frames / format.sample_rate)
        if info is None:
            return cls(*shape)
        return cls(
            *shape,
            path=str(info.path),
            container=info.container,
            codec=info.codec,
            bit_depth=info.bit_depth,
            bitrate_kbps=info.bitrate_kbps,
            bytes=info.bytes,
            notes=info.notes,
        )


@dataclass(frozen=True, slots=True)
class Defects:
    """What is broken, counted and with times. Samples that are not finite were taken for zero by every meter."""

    nonfinite_samples: int = 0
    nonfinite: Events = field(default_factory=Events)
    clipping: Clipping = field(default_factory=Clipping)
    silence: Silence = field(default_factory=Silence)
    clicks: Events = field(default_factory=Events)
    dropouts: Events = field(default_factory=Events)
    hum: Hum = field(default_factory=Hum)


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything that was measured on one signal.

    A quantity without a value is None, and `undefined` says why under its dotted path ("loudness.integrated_lufs");
    a whole group that was not asked for stands there by its own name ("spectrum": "not measured").
    """

    format: Signal
    levels: Levels = field(default_factory=Levels)
    peaks: Peaks = field(default_factory=Peaks)
    loudness: Loudness = field(default_factory=Loudness)
    dynamics: Dynamics = field(default_factory=Dynamics)
    spectrum: Spectrum = field(default_factory=Spectrum)
    stereo: Stereo = field(default_factory=Stereo)
    defects: Defects = field(default_factory=Defects)
    findings: tuple[Finding, ...] = ()
    score: Score | None = None
    waveform: Waveform = field(default_factory=Waveform, metadata={"series": True})
    undefined: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self, *, series: bool = False) -> dict[str, Any]:
        """Plain values for strict JSON; `series` adds the curves for plots (seconds per value stand in their names)."""
        values: dict[str, Any] = _plain(self, series)
        for path in self.undefined:
            group, _, name = path.partition(".")
            if name:
                values[group][name] = None
            elif group in values:
                values[group] = None
        return values

    def without_curves(self) -> Analysis:
        """The same figures without what grows with length: the curves over time."""
        return _without_curves(self)


def figure(analysis: Analysis, path: str) -> float | None:
    """The number at a dotted path ("peaks.true_peak_dbtp"); lists count their entries. KeyError where none is."""
    value: Any = analysis
    for name in path.split("."):
        if isinstance(value, Mapping):
            value = value[name]
        elif is_dataclass(value) and name in {item.name for item in fields(value)}:
            value = getattr(value, name)
        elif value is not None:
            raise KeyError(path)
    if isinstance(value, tuple):
        return float(len(value))
    if value is None or isinstance(value, bool | int | float):
        return None if value is None else float(value)
    raise KeyError(path)


def _without_curves(value: Group) -> Group:
    """A dataclass whose curves, and those of its groups, are what they are by default: empty."""
    changes: dict[str, Any] = {}
    for item in fields(value):  # type: ignore[arg-type]
        held = getattr(value, item.name)
        if item.metadata.get("series"):
            changes[item.name] = type(held)()
        elif is_dataclass(held) and not isinstance(held, type):
            changes[item.name] = _without_curves(held)
    return replace(value, **changes) if changes else value  # type: ignore[type-var]


def _plain(value: Any, series: bool) -> Any:
    """Dataclasses as dicts, tuples as lists; each meter's own `undefined` stands on top, under `Analysis.undefined`."""
    if is_dataclass(value) and not isinstance(value, type):
        return {
            item.name: _plain(getattr(value, item.name), series)
            for item in fields(value)
            if (series or not item.metadata.get("series"))
            and not item.metadata.get("hidden")
            and (item.name != "undefined" or isinstance(value, Analysis))
        }
    if isinstance(value, Mapping):
        return {str(key): _plain(entry, series) for key, entry in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(entry, series) for entry in value]
    return value
