"""One pass over a signal that feeds every meter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from songkit.analysis.clicks import ClickMeter
from songkit.analysis.clipping import ClippingMeter
from songkit.analysis.dropouts import DropoutMeter
from songkit.analysis.dynamics import DynamicsMeter
from songkit.analysis.hum import HumMeter
from songkit.analysis.levels import LevelMeter
from songkit.analysis.loudness import Loudness, LoudnessMeter
from songkit.analysis.nonfinite import NonfiniteMeter
from songkit.analysis.peaks import PeakMeter, Peaks
from songkit.analysis.psr import lowest_ratio
from songkit.analysis.result import Analysis, Defects, Signal
from songkit.analysis.silence import SilenceMeter
from songkit.analysis.spectrum import SpectrumMeter
from songkit.analysis.stereo import StereoMeter
from songkit.analysis.waveform import WaveformMeter
from songkit.audio import Format
from songkit.blocks import Meter, Source
from songkit.errors import UsageError, near_names
from songkit.progress import Progress, silent, watched

if TYPE_CHECKING:
    from songkit.files import FileInfo

METERS: dict[str, Callable[[Format], Meter]] = {
    "levels": LevelMeter,
    "peaks": PeakMeter,
    "loudness": LoudnessMeter,
    "dynamics": DynamicsMeter,
    "spectrum": SpectrumMeter,
    "stereo": StereoMeter,
    "clipping": ClippingMeter,
    "silence": SilenceMeter,
    "clicks": ClickMeter,
    "dropouts": DropoutMeter,
    "hum": HumMeter,
    "waveform": WaveformMeter,
}

# Meters whose result is one entry of the group "defects".
DEFECTS = ("clipping", "silence", "clicks", "dropouts", "hum")


def analyze(
    source: Source,
    *,
    progress: Progress = silent,
    info: FileInfo | None = None,
    meters: Iterable[str] | None = None,
    dual_mono: bool = False,
) -> Analysis:
    """Measure a source in one pass, with every meter or those named.

    Samples that are not finite are counted and located, and every meter gets zeros in their place. `info` adds what
    the file says of itself; `dual_mono` counts a single channel for the two loudspeakers that will play it (+3 LU).
    Raises UsageError for a meter that is not in METERS.
    """
    running = {name: METERS[name](source.format) for name in _known(meters)}
    if dual_mono and "loudness" in running:
        running["loudness"] = LoudnessMeter(source.format, dual_mono=True)
    nonfinite = NonfiniteMeter(source.format)
    frames = 0
    for block in watched(source, progress, "analyze"):
        frames += block.shape[1]
        clean = nonfinite.clean(block)
        for meter in running.values():
            meter.push(clean)
    results = {name: meter.result() for name, meter in running.items()}
    return _assemble(Signal.of(source.format, frames, info), results, nonfinite)


def analyze_file(
    path: Path | str,
    progress: Progress = silent,
    *,
    meters: Iterable[str] | None = None,
    dual_mono: bool = False,
    curves: bool = True,
) -> Analysis:
    """Measure a file of any format that songkit reads; without `curves` only what stays small is kept.

    Raises InputError when it cannot be read.
    """
    from songkit.files import open_source

    source = open_source(Path(path))
    analysis = analyze(source, progress=progress, info=source.info, meters=meters, dual_mono=dual_mono)
    return analysis if curves else analysis.without_curves()


def _known(meters: Iterable[str] | None) -> Iterator[str]:
    for name in METERS if meters is None else dict.fromkeys(meters):
        if name not in METERS:
            raise UsageError(f"no meter {name!r}", near_names(name, METERS))
        yield name


def _assemble(signal: Signal, results: Mapping[str, Any], nonfinite: NonfiniteMeter) -> Analysis:
    from songkit.analysis.findings import find
    from songkit.analysis.score import score

    groups = {name: result for name, result in results.items() if name not in DEFECTS}
    if "loudness" in groups and "peaks" in groups:
        groups["loudness"] = _with_ratios(groups["loudness"], groups["peaks"])
    defects = Defects(
        nonfinite_samples=nonfinite.count,
        nonfinite=nonfinite.result(),
        **{name: results[name] for name in DEFECTS if name in results},
    )
    undefined = {
        f"{group}.{name}": reason
        for group, result in groups.items()
        for name, reason in getattr(result, "undefined", {}).items()
    }
    for name in METERS:
        if name not in results:
            undefined[f"defects.{name}" if name in DEFECTS else name] = "not measured"
    if defects.hum.reason:
        undefined["defects.hum"] = defects.hum.reason
    analysis = Analysis(format=signal, defects=defects, undefined=undefined, **groups)
    analysis = replace(analysis, findings=find(analysis))
    if any(name not in results for name in METERS if name != "waveform"):
        return replace(analysis, undefined={**undefined, "score": "needs every meter"})
    return replace(analysis, score=score(analysis))


def _with_ratios(loudness: Loudness, peaks: Peaks) -> Loudness:
    """The loudness group with what sets peaks against it: PLR over the whole, PSR where it is lowest."""
    undefined = dict(loudness.undefined)
    plr, lowest = None, None
    if loudness.integrated_lufs is None or peaks.true_peak_dbtp is None:
        undefined["plr_lu"] = undefined["psr_min_lu"] = undefined.get("integrated_lufs", "no true peak")
    else:
        plr = peaks.true_peak_dbtp - loudness.integrated_lufs
        lowest = lowest_ratio(loudness.short_term_lufs, peaks.true_peak_series_dbtp, loudness.integrated_lufs)
        if lowest is None:
            undefined["psr_min_lu"] = undefined.get("short_term_max_lufs", "nothing near the programme's loudness")
    return replace(
        loudness,
        plr_lu=plr,
        psr_min_lu=lowest.lu if lowest else None,
        psr_min_seconds=lowest.seconds if lowest else None,
        undefined=undefined,
    )
