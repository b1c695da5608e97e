"""What an analysis means for the one who made the file: a code, how bad it is, where, what was measured, what to do.

`RULES` is the table: each rule looks at one analysis and yields what it found. Thresholds stand beside their source.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from songkit.analysis.collapse import late_collapse
from songkit.analysis.events import Span
from songkit.analysis.stereo import INVERTED_CORRELATION, low_correlation
from songkit.analysis.texture import NOISE
from songkit.units import clock

if TYPE_CHECKING:
    from songkit.analysis.result import Analysis

Severity = Literal["info", "warning", "error"]
_ORDER: dict[str, int] = {"error": 0, "warning": 1, "info": 2}

HEAD_SECONDS = 2.0  # dead head: what users report of failed generations
TAIL_SECONDS = 5.0  # ACX allows up to 5 s of room tone at the end
DC_LIMIT = 0.01  # -40 dBFS, the common limit
IMBALANCE_DB = 3.0
LOOP_REPETITION = 0.92  # loops of any length read 0.95 and more, generated dance music up to 0.75
STATIC_CHANGE_DB = 0.3  # a drone; the quietest of music moves by 2 dB
MONO_LOSS_DB = 6.0
CLIPPED_ERROR_SHARE = 1e-3  # of all samples: heard as distortion
RANGE_STABLE_SECONDS = 60.0  # EBU Tech 3342: range is unstable before
LISTED_SPANS = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """`code` is for programs; `measured` names the figures, `advice` what to do; times are None for the whole file."""

    code: str
    severity: Severity
    measured: str
    advice: str
    start_seconds: float | None = None
    end_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing a rule found; `severity` overrides the rule's own."""

    measured: str
    span: Span | None = None
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    code: str
    severity: Severity
    advice: str
    look: Callable[[Analysis], Iterator[Hit]]


def find(analysis: Analysis) -> tuple[Finding, ...]:
    """Every finding of the table, the worst first, then by time."""
    found = [
        Finding(
            rule.code,
            hit.severity or rule.severity,
            hit.measured,
            rule.advice,
            hit.span.start_seconds if hit.span else None,
            hit.span.end_seconds if hit.span else None,
        )
        for rule in RULES
        for hit in rule.look(analysis)
    ]
    return tuple(sorted(found, key=lambda finding: (_ORDER[finding.severity], finding.start_seconds or 0.0)))


def _nonfinite(analysis: Analysis) -> Iterator[Hit]:
    for span in analysis.defects.nonfinite.spans[:LISTED_SPANS]:
        yield Hit(f"{span.count} samples are NaN or infinite, from {clock(span.start_seconds)} on", span)


def _empty(analysis: Analysis) -> Iterator[Hit]:
    if not analysis.format.frames:
        yield Hit("0 frames of audio")


def _silent(analysis: Analysis) -> Iterator[Hit]:
    if _measured(analysis, "levels") and analysis.format.frames and analysis.levels.rms_dbfs is None:
        yield Hit(f"every sample of {analysis.format.seconds:.3f} s is zero")
    elif analysis.defects.silence.whole_file and analysis.format.frames:
        yield Hit(f"nothing above -60 dBFS in {analysis.format.seconds:.3f} s")


def _truncated(analysis: Analysis) -> Iterator[Hit]:
    for note in analysis.format.notes:
        yield Hit(note)


def _noise_only(analysis: Analysis) -> Iterator[Hit]:
    noisiness, seconds = analysis.spectrum.noisiness, analysis.format.seconds
    if noisiness is not None and _all_noise(analysis):
        yield Hit(f"noisiness {noisiness:.2f} (noise of any colour 0.56 and more, music below 0.4)")
        return
    held = analysis.spectrum.held  # a moment over and over rings like noise, but is none
    spans = [span for span in analysis.spectrum.noise if not any(_overlap(span, other) for other in held)]
    for span in spans[:LISTED_SPANS]:
        yield Hit(
            f"nothing but noise for {span.end_seconds - span.start_seconds:.0f} of {seconds:.0f} s", span, "warning"
        )


def _repetition(analysis: Analysis) -> Iterator[Hit]:
    repetition = analysis.spectrum.repetition
    if repetition is not None and repetition > LOOP_REPETITION and not list(_noise_only(analysis)):
        yield Hit(f"the same stretch comes again and again (similarity {repetition:.3f}, playing stays below 0.8)")
        return
    late, seconds = analysis.spectrum.late_repetition, analysis.format.seconds
    if late is not None and late > LOOP_REPETITION and not list(_noise_only(analysis)):
        yield Hit(
            f"the last third is one stretch over and over (similarity {late:.3f})", Span(seconds * 2 / 3, seconds)
        )


def _static(analysis: Analysis) -> Iterator[Hit]:
    change = analysis.spectrum.change_db
    if change is not None and change < STATIC_CHANGE_DB and not list(_noise_only(analysis)):
        yield Hit(f"no octave moves by more than {change:.2f} dB in {analysis.format.seconds:.0f} s")


def _stuck(analysis: Analysis) -> Iterator[Hit]:
    if _all_noise(analysis) or list(_static(analysis)):
        return
    for span in analysis.spectrum.held[:LISTED_SPANS]:
        yield Hit(f"nothing moves for {span.end_seconds - span.start_seconds:.0f} s: one moment, held", span)


def _out_of_phase(analysis: Analysis) -> Iterator[Hit]:
    if not list(_inverted(analysis)):
        for span in low_correlation(analysis.stereo.correlation_series):
            yield Hit(f"correlation below {INVERTED_CORRELATION:g} from {clock(span.start_seconds)} on", span)


def _clipped(analysis: Analysis) -> Iterator[Hit]:
    clipping = analysis.defects.clipping
    if clipping.runs and clipping.level_dbfs is not None:
        share = clipping.samples / max(1, analysis.format.frames * analysis.format.channels)
        for span in clipping.spans[:LISTED_SPANS]:
            measured = f"{span.count} flat tops at {clipping.level_dbfs:.2f} dBFS ({clipping.runs} in the file)"
            yield Hit(measured, span, "error" if share > CLIPPED_ERROR_SHARE else None)


def _clipped_earlier(analysis: Analysis) -> Iterator[Hit]:
    clipping = analysis.defects.clipping
    if clipping.rounded_tops and clipping.rounded_level_dbfs is not None:
        yield Hit(f"{clipping.rounded_tops} tops at about {clipping.rounded_level_dbfs:.1f} dBFS, as wide as cut ones")


def _true_peak_over(analysis: Analysis) -> Iterator[Hit]:
    peak, seconds = analysis.peaks.true_peak_dbtp, analysis.peaks.true_peak_seconds
    if peak is not None and seconds is not None and peak > 0.0:
        overs = analysis.peaks.overs
        times = f", {overs.count} overs in the file" if overs.count > 1 else ""
        yield Hit(f"true peak {peak:+.2f} dBTP at {clock(seconds)}{times}", Span(seconds, seconds))


def _clicks(analysis: Analysis) -> Iterator[Hit]:
    for span in analysis.defects.clicks.spans[:LISTED_SPANS]:
        yield Hit(f"an impulse at {clock(span.start_seconds)} ({analysis.defects.clicks.count} in the file)", span)


def _dropouts(analysis: Analysis) -> Iterator[Hit]:
    for span in analysis.defects.dropouts.spans[:LISTED_SPANS]:
        milliseconds = 1000.0 * (span.end_seconds - span.start_seconds)
        yield Hit(f"{milliseconds:.0f} ms of digital zero inside the signal at {clock(span.start_seconds)}", span)


def _hum(analysis: Analysis) -> Iterator[Hit]:
    hum = analysis.defects.hum
    if hum.frequency_hz is not None:
        yield Hit(
            f"lines of {hum.frequency_hz:g} Hz at {hum.level_dbfs:.1f} dBFS, {hum.above_db:.0f} dB above neighbours"
        )


def _dead_head(analysis: Analysis) -> Iterator[Hit]:
    silence = analysis.defects.silence
    if silence.head_seconds >= HEAD_SECONDS and not silence.whole_file:
        yield Hit(
            f"{silence.head_seconds:.2f} s below -60 dBFS before the first sound", Span(0.0, silence.head_seconds)
        )


def _long_tail(analysis: Analysis) -> Iterator[Hit]:
    silence, end = analysis.defects.silence, analysis.format.seconds
    if silence.tail_seconds > TAIL_SECONDS and not silence.whole_file:
        yield Hit(
            f"{silence.tail_seconds:.2f} s below -60 dBFS after the last sound", Span(end - silence.tail_seconds, end)
        )


def _gap(analysis: Analysis) -> Iterator[Hit]:
    for span in analysis.defects.silence.inside[:LISTED_SPANS]:
        yield Hit(f"{span.end_seconds - span.start_seconds:.2f} s below -60 dBFS inside the programme", span)


def _collapse(analysis: Analysis) -> Iterator[Hit]:
    span = late_collapse(analysis.loudness.short_term_lufs, analysis.format.seconds)
    if span is not None:
        yield Hit(f"15 LU quieter than before from {clock(span.start_seconds)} to the end", span)


def _dc(analysis: Analysis) -> Iterator[Hit]:
    for speaker, offset in zip(analysis.format.layout, analysis.levels.dc_offset, strict=False):
        if abs(offset) > DC_LIMIT:
            yield Hit(f"mean of {offset:+.4f} in channel {speaker} (full scale 1)")


def _dual_mono(analysis: Analysis) -> Iterator[Hit]:
    if analysis.undefined.get("stereo.width_db") == "both channels are the same":
        yield Hit("left and right are the same, sample by sample")


def _inverted(analysis: Analysis) -> Iterator[Hit]:
    stereo = analysis.stereo
    if stereo.correlation is not None and stereo.correlation < INVERTED_CORRELATION:
        loss = "everything" if stereo.mono_loss_db is None else f"{stereo.mono_loss_db:.1f} dB"
        yield Hit(f"correlation {stereo.correlation:+.2f}; mono playback loses {loss}")


def _mono_loss(analysis: Analysis) -> Iterator[Hit]:
    stereo = analysis.stereo
    if stereo.mono_loss_db is not None and stereo.mono_loss_db > MONO_LOSS_DB and not list(_inverted(analysis)):
        yield Hit(f"{stereo.mono_loss_db:.1f} dB weaker in mono (3 dB for unrelated channels)")


def _imbalance(analysis: Analysis) -> Iterator[Hit]:
    balance_db = analysis.stereo.balance_db
    if balance_db is not None and abs(balance_db) > IMBALANCE_DB:
        yield Hit(f"the {'left' if balance_db > 0 else 'right'} channel is {abs(balance_db):.1f} dB louder")
    elif analysis.undefined.get("stereo.correlation") == "one channel is silent":
        yield Hit("one channel of the front pair is digital silence", severity="error")


def _cutoff(analysis: Analysis) -> Iterator[Hit]:
    spectrum = analysis.spectrum
    if spectrum.cutoff_hz is not None:
        yield Hit(f"the spectrum ends at {spectrum.cutoff_hz:.0f} Hz (confidence {spectrum.cutoff_confidence:.2f})")


def _short_for_range(analysis: Analysis) -> Iterator[Hit]:
    if analysis.loudness.range_lu is not None and analysis.format.seconds < RANGE_STABLE_SECONDS:
        yield Hit(f"range of {analysis.loudness.range_lu:.1f} LU from {analysis.format.seconds:.0f} s")


def _overlap(one: Span, other: Span) -> bool:
    return one.start_seconds < other.end_seconds and other.start_seconds < one.end_seconds


def _all_noise(analysis: Analysis) -> bool:
    return (analysis.spectrum.noisiness or 0.0) > NOISE


def _measured(analysis: Analysis, group: str) -> bool:
    return group not in analysis.undefined


RULES: tuple[Rule, ...] = (
    Rule("nonfinite", "error", "measured as zero; find the stage that made it, and render again", _nonfinite),
    Rule("empty", "error", "the file holds no audio; render again", _empty),
    Rule("silent", "error", "nothing can be mastered from this; render again", _silent),
    Rule("truncated", "warning", "the file is not what its header claims; fetch or render it again", _truncated),
    Rule("noise-only", "error", "this is noise, not music; generate again with another seed", _noise_only),
    Rule("repetition", "warning", "a loop, or a generator that got stuck: listen, or generate again", _repetition),
    Rule("static", "warning", "a drone or a test tone: if it should be music, generate again", _static),
    Rule("stuck", "warning", "the generator or a buffer hung there: cut it out, or generate again", _stuck),
    Rule("clipped", "warning", "the tops are lost; go back to a version before clipping, or declip", _clipped),
    Rule(
        "clipped-earlier",
        "warning",
        "it was clipped before it was resampled or coded: look for an earlier version, or declip",
        _clipped_earlier,
    ),
    Rule(
        "true-peak-over", "warning", "players and codecs will clip; master with a ceiling of -1 dBTP", _true_peak_over
    ),
    Rule("click", "warning", "listen there; repair with a declicker or cut", _clicks),
    Rule("dropout", "error", "samples are missing; render or transfer again", _dropouts),
    Rule("hum", "warning", "notch the mains frequency and its multiples, or record without it", _hum),
    Rule("dead-head", "warning", "trim the head", _dead_head),
    Rule("long-tail", "info", "trim the tail", _long_tail),
    Rule("gap", "warning", "is the pause meant? otherwise the take broke off", _gap),
    Rule("late-collapse", "error", "the take fell apart before its end; cut there or generate again", _collapse),
    Rule("dc-offset", "warning", "add the step `dc` or a high-pass; it costs headroom", _dc),
    Rule("dual-mono", "info", "a mono file would sound the same at half the size", _dual_mono),
    Rule("inverted-channel", "error", "invert one channel: in mono this disappears", _inverted),
    Rule("out-of-phase", "warning", "listen in mono there; narrow the width or invert one source", _out_of_phase),
    Rule("mono-loss", "warning", "narrow the width, or check in mono", _mono_loss),
    Rule("imbalance", "warning", "check the panning, or balance the channels", _imbalance),
    Rule("cutoff", "info", "a lossy codec or a resampler cut there; use the original if there is one", _cutoff),
    Rule("range-unstable", "info", "loudness range settles after 60 s only (EBU Tech 3342)", _short_for_range),
)
