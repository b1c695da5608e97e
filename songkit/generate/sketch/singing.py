"""Sings: lays the spoken frames of a line over its notes, gives them the melody's pitch, and lets WORLD speak again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from songkit.generate.sketch.decide import Decisions
from songkit.generate.sketch.speech import FRAME_MS, FRAMES_PER_SECOND, SpokenLine, VoiceSource
from songkit.generate.sketch.style import Vocals
from songkit.generate.sketch.vocals import Syllable
from songkit.generate.sketch.voices import SAMPLE_RATE

CONSONANT_SHARE = 0.45
"""Consonants keep their spoken length up to this share of the time between two vowels."""
LEVEL_RMS = 0.1
# WORLD needs part of a period until its first pulse is heard.
ONSET_SECONDS = 0.005
FADE_IN_SECONDS = 0.003
EDGE_HZ = 150.0
# A woman's vocal tract is about a seventh shorter: the envelope moves up by as much.
FORMANT_RATIO: dict[Vocals, float] = {"male": 1.0, "female": 1.15}

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Manner:
    """How a voice sings: vocal tract, depth and speed of its vibrato, how much it scoops into phrases (cents)."""

    formant_ratio: float
    vibrato_cents: float
    vibrato_hz: float
    scoop_cents: float


def choose_manner(vocals: Vocals, decisions: Decisions) -> Manner:
    return Manner(
        FORMANT_RATIO[vocals] * decisions.draw("formants", 0.97, 1.03),
        decisions.draw("vibrato depth", 18.0, 30.0),
        decisions.draw("vibrato speed", 5.0, 5.8),
        decisions.draw("scoop", 30.0, 90.0),
    )


def sing(
    syllables: Sequence[Syllable],
    source: VoiceSource,
    manner: Manner,
    frames: int,
    transpose: dict[int, int] | None = None,
) -> npt.NDArray[np.float32]:
    """The dry voice, mono, `frames` long at 44.1 kHz. `transpose` gives, by place in `syllables`, another pitch."""
    out = np.zeros(frames, dtype=np.float32)
    by_line: dict[int, list[Syllable]] = {}
    for place, syllable in enumerate(syllables):
        pitch = syllable.pitch if transpose is None else transpose.get(place, syllable.pitch)
        by_line.setdefault(syllable.line, []).append(
            Syllable(syllable.line, syllable.start_seconds, syllable.seconds, pitch, syllable.stressed)
        )
    for line, notes in by_line.items():
        wave = _sing_line(source.line(line), notes, manner, source.sample_rate)
        start = max(0, round((notes[0].start_seconds - ONSET_SECONDS) * SAMPLE_RATE))
        end = min(frames, start + wave.size)
        out[start:end] += wave[: end - start].astype(np.float32)
    return out


def _sing_line(spoken: SpokenLine, notes: Sequence[Syllable], manner: Manner, sample_rate: int) -> Floats:
    import pyworld

    times, places = _time_map(spoken, notes)
    length = int(np.ceil(times[-1] * FRAMES_PER_SECOND))
    at = np.arange(length) / FRAMES_PER_SECOND
    place = np.clip(np.interp(at, times, places), 0, len(spoken.voiced) - 1)
    low = np.floor(place).astype(np.intp)
    high = np.minimum(low + 1, len(spoken.voiced) - 1)
    share = (place - low)[:, np.newaxis]
    logs = (1.0 - share) * spoken.envelope[low].astype(np.float64) + share * spoken.envelope[high]
    envelope = np.ascontiguousarray(np.exp(_shifted(logs, manner.formant_ratio)))
    voiced = spoken.voiced[np.round(place).astype(np.intp)]
    bands = np.ascontiguousarray(spoken.aperiodicity[low], dtype=np.float64)
    size = 2 * (envelope.shape[1] - 1)
    aperiodicity = pyworld.decode_aperiodicity(bands, sample_rate, size)
    pitch = _pitch(notes, at, manner)
    wave = pyworld.synthesize(np.where(voiced, pitch, 0.0), envelope, aperiodicity, sample_rate, FRAME_MS)
    return _levelled(_doubled(wave), at, notes)


def _time_map(spoken: SpokenLine, notes: Sequence[Syllable]) -> tuple[Floats, Floats]:
    """Points (seconds from the line's start, source frame) between which the source runs evenly."""
    begin = notes[0].start_seconds
    nuclei = spoken.nuclei
    # The first consonant starts with the line; its vowel follows as soon as it is spoken.
    lead = min((nuclei[0].start - spoken.begin) / FRAMES_PER_SECOND, 0.6 * notes[0].seconds, 0.2)
    vowels = [max(0.0, lead), *(note.start_seconds - begin for note in notes[1:])]
    times, places = [0.0, vowels[0]], [float(spoken.begin), float(nuclei[0].start)]
    for index in range(len(nuclei) - 1):
        gap = vowels[index + 1] - vowels[index]
        consonants = (nuclei[index + 1].start - nuclei[index].end) / FRAMES_PER_SECOND
        times += [vowels[index + 1] - min(consonants, CONSONANT_SHARE * gap), vowels[index + 1]]
        places += [float(nuclei[index].end), float(nuclei[index + 1].start)]
    ends = notes[-1].start_seconds + notes[-1].seconds - begin
    coda = min(max(0, spoken.end - nuclei[-1].end) / FRAMES_PER_SECOND, 0.4 * (ends - vowels[-1]))
    times += [ends - coda, ends, ends + 0.02]
    places += [float(nuclei[-1].end), float(spoken.end), float(spoken.end + 4)]
    # Points that fall together (no consonant between two vowels) stay in order.
    return np.maximum.accumulate(np.array(times) + 1e-6 * np.arange(len(times))), np.array(places)


def _shifted(logs: Floats, ratio: float) -> Floats:
    """Log envelopes with their formants moved by `ratio` in frequency."""
    if abs(ratio - 1.0) < 1e-3:
        return logs
    bins = np.arange(logs.shape[1])
    where = np.minimum(bins / ratio, logs.shape[1] - 1.0)
    low = where.astype(np.intp)
    high = np.minimum(low + 1, logs.shape[1] - 1)
    share = where - low
    return np.asarray((1.0 - share) * logs[:, low] + share * logs[:, high])


def _pitch(notes: Sequence[Syllable], at: Floats, manner: Manner) -> Floats:
    """Hertz at each time: notes joined by quick slides, vibrato on held ones, a scoop into the phrase."""
    begin = notes[0].start_seconds
    starts = np.array([note.start_seconds - begin for note in notes])
    index = np.clip(np.searchsorted(starts, at + 0.02, side="right") - 1, 0, len(notes) - 1)
    cents = 100.0 * np.array([note.pitch for note in notes], dtype=float)[index]
    kernel = np.hanning(13)  # 60 ms: as quick as trained singers move
    cents = np.convolve(np.pad(cents, 6, mode="edge"), kernel / kernel.sum(), mode="valid")
    since = np.maximum(0.0, at - starts[index])
    held = np.array([note.seconds for note in notes])[index]
    swell = np.clip((since - 0.22) / 0.25, 0.0, 1.0) * (held > 0.4)
    cents += manner.vibrato_cents * swell * np.sin(2 * np.pi * manner.vibrato_hz * since)
    cents -= manner.scoop_cents * np.exp(-at / 0.035)
    return np.asarray(440.0 * 2.0 ** ((cents - 6900.0) / 1200.0))


def _doubled(wave: Floats) -> Floats:
    """The wave at twice the sample rate (22.05 to 44.1 kHz), exactly, by its spectrum, with air on top.

    The source ends at 11 kHz. What lies between 5.5 and 11 kHz returns an octave's width above, falling on from the
    level at the top: breath and sibilants do not stop at a wall.
    """
    size = wave.size
    padded = 1 << (size + 256 - 1).bit_length()
    spectrum = np.zeros(padded + 1, dtype=complex)
    top = padded // 2
    spectrum[: top + 1] = np.fft.rfft(wave, n=padded)
    # WORLD's noise gathers at the source's highest frequency, where it would whistle.
    edge = max(1, round(EDGE_HZ * padded / (0.5 * SAMPLE_RATE)))
    spectrum[top - edge : top + 1] *= np.linspace(1.0, 0.0, edge + 1)
    low, high = spectrum[top // 2 : top - edge], spectrum[top - top // 16 : top - edge]
    step = np.sqrt(np.mean(np.abs(high) ** 2) / max(1e-20, np.mean(np.abs(low[: top // 16]) ** 2)))
    spectrum[top : top + low.size] = low * min(1.0, step) * np.linspace(1.0, 0.1, low.size)
    return np.asarray(2.0 * np.fft.irfft(spectrum, n=2 * padded)[: 2 * size])


def _levelled(wave: Floats, at: Floats, notes: Sequence[Syllable]) -> Floats:
    """The line with even loudness: each syllable is brought most of the way to the same level."""
    begin = notes[0].start_seconds
    centres, gains = [], []
    for note in notes:
        start = note.start_seconds - begin
        part = wave[round(start * SAMPLE_RATE) : round((start + note.seconds) * SAMPLE_RATE)]
        rms = float(np.sqrt(np.mean(part**2))) if part.size else 0.0
        gain = (LEVEL_RMS / max(rms, 1e-5)) ** 0.75
        centres.append(start + 0.5 * note.seconds)
        gains.append(min(gain, 12.0) * (1.06 if note.stressed else 0.94))
    curve = np.exp(np.interp(at, centres, np.log(gains)))
    time = np.arange(wave.size) / SAMPLE_RATE
    fade = np.clip(time / FADE_IN_SECONDS, 0.0, 1.0) * np.clip((time[-1] - time) / 0.02, 0.0, 1.0)
    return np.asarray(wave * np.interp(time, at, curve) * fade)
