"""Twelve short clips of different kinds, made of notes, drums and syllables; every one seeded, nothing downloaded."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

RATE = 44_100
SECONDS = 12.0

Wave = npt.NDArray[np.float64]
"""float64 `(channels, frames)`"""

SCALE_HZ = (220.0, 246.9, 261.6, 293.7, 329.6, 392.0, 440.0, 523.3)
CHORDS = (
    (110.0, 220.0, 261.6, 329.6),
    (87.3, 174.6, 220.0, 261.6),
    (130.8, 261.6, 329.6, 392.0),
    (98.0, 196.0, 246.9, 293.7),
)


def sparse(random: np.random.Generator) -> Wave:
    """Single plucked notes with air between them."""
    out = _empty(SECONDS)
    for start in np.arange(0.2, SECONDS - 1, 0.75):
        _add(
            out,
            start,
            0.4 * _note(random.choice(SCALE_HZ), 2.0, attack=0.003, decay=0.5),
            pan=random.uniform(-0.6, 0.6),
        )
    return out


def dense(random: np.random.Generator) -> Wave:
    """A band in full: bass, chords, a lead, drums and cymbals."""
    out = _chords(SECONDS, level=0.12) + _bass(SECONDS) + 0.7 * _drums(random, SECONDS)
    for start in np.arange(0, SECONDS - 0.5, 0.25):
        _add(out, start, 0.12 * _note(2 * random.choice(SCALE_HZ), 0.4, attack=0.01, decay=0.3), pan=0.3)
    return out


def percussive(random: np.random.Generator) -> Wave:
    """Drums alone."""
    return 0.8 * _drums(random, SECONDS)


def quiet_then_loud(random: np.random.Generator) -> Wave:
    """Chords alone for three quarters, the band at the end, 20 dB louder."""
    out = 0.1 * dense(random)
    loud_from = round(0.75 * out.shape[1])
    out[:, :loud_from] = 0.05 * _chords(SECONDS, level=0.25)[:, :loud_from]
    out[:, loud_from:] *= 10
    return out


def sine_like(random: np.random.Generator) -> Wave:
    """One held tone of a flute, with vibrato and breath: next to no crest."""
    time = _time(SECONDS)
    phase = 2 * np.pi * 440 * time + 0.3 * np.sin(2 * np.pi * 5 * time)
    tone = 0.3 * (np.sin(phase) + 0.1 * np.sin(2 * phase)) + 0.002 * random.standard_normal(time.size)
    return np.stack([tone, tone])


def speech_like(random: np.random.Generator) -> Wave:
    """A voice, mono: glottal pulses and hiss through moving formants, in syllables and pauses of several levels."""
    out = _empty(SECONDS, channels=1)
    at = 0.1
    while at < SECONDS - 0.6:
        length = random.uniform(0.08, 0.3)
        _add(out, at, random.uniform(0.1, 0.6) * _syllable(random, length))
        at += length + (random.uniform(0.3, 0.7) if random.random() < 0.15 else random.uniform(0.0, 0.06))
    return out


def wide(random: np.random.Generator) -> Wave:
    """Another part on either side, and a little out of phase."""
    left, right = dense(random), 0.8 * dense(random)
    return np.stack([left[0] - 0.3 * right[1], right[1] - 0.3 * left[0]])


def clipped(random: np.random.Generator) -> Wave:
    """The band 6 dB into the converter's end."""
    return np.clip(_at_peak(dense(random), 2.0), -1.0, 1.0)


def one_second(random: np.random.Generator) -> Wave:
    """A jingle: as short as a clip can be and still have a few blocks of loudness."""
    return dense(random)[:, :RATE]


def leading_silence(random: np.random.Generator) -> Wave:
    """Four seconds of nothing, then music."""
    return np.pad(_chords(8.0, level=0.15) + 0.6 * _drums(random, 8.0), ((0, 0), (4 * RATE, 0)))


def low_level(random: np.random.Generator) -> Wave:
    """The band, recorded 50 dB too low."""
    return _at_peak(dense(random), 0.003)


def surround(random: np.random.Generator) -> Wave:
    """5.1: the band in front, a voice in the centre, thumps in the LFE, the hall behind."""
    front, hall = 0.6 * dense(random), 0.3 * _chords(SECONDS, level=0.3)
    centre = 0.7 * speech_like(random)[0]
    thumps = 0.5 * np.sin(2 * np.pi * 45 * _time(SECONDS)) * np.exp(-(_time(SECONDS) % 0.5) / 0.1)
    return np.stack([*front, centre, thumps, *np.roll(hall, 700, axis=1)])


CLIPS: dict[str, Callable[[np.random.Generator], Wave]] = {
    "sparse": sparse,
    "dense": dense,
    "percussive": percussive,
    "quiet, then loud": quiet_then_loud,
    "sine-like": sine_like,
    "speech-like, mono": speech_like,
    "wide": wide,
    "clipped": clipped,
    "one second": one_second,
    "leading silence": leading_silence,
    "low level": low_level,
    "5.1": surround,
}


def clip(name: str) -> Wave:
    """The clip of that name, the same every time, at most full scale."""
    wave = CLIPS[name](np.random.default_rng(list(CLIPS).index(name)))
    return wave if np.abs(wave).max() <= 1.0 else _at_peak(wave, 0.99)


def _time(seconds: float) -> Wave:
    return np.arange(round(seconds * RATE)) / RATE


def _empty(seconds: float, channels: int = 2) -> Wave:
    return np.zeros((channels, round(seconds * RATE)))


def _at_peak(wave: Wave, peak: float) -> Wave:
    return wave * (peak / np.abs(wave).max())


def _add(out: Wave, start: float, sound: Wave, pan: float = 0.0) -> None:
    """Adds a mono sound from `start` seconds on; `pan` from -1 (left) to 1."""
    at = round(start * RATE)
    sound = sound[: out.shape[1] - at]
    gains = np.array([1 - max(0.0, pan), 1 + min(0.0, pan)])[: out.shape[0]]
    out[:, at : at + sound.size] += gains[:, np.newaxis] * sound


def _note(frequency_hz: float, seconds: float, *, attack: float, decay: float) -> Wave:
    time = _time(seconds)
    partials = sum(np.sin(2 * np.pi * frequency_hz * n * time) * np.exp(-time * n / decay) / n for n in range(1, 7))
    return partials * np.minimum(1.0, time / attack) * np.minimum(1.0, (seconds - time) / 0.05)


def _chords(seconds: float, level: float) -> Wave:
    out = _empty(seconds)
    for number, start in enumerate(np.arange(0, seconds, 2.0)):
        for voice, frequency_hz in enumerate(CHORDS[number % len(CHORDS)]):
            _add(out, start, level * _note(frequency_hz, 2.1, attack=0.05, decay=3.0), pan=0.5 * (voice % 2) - 0.25)
    return out


def _bass(seconds: float) -> Wave:
    out = _empty(seconds)
    for number, start in enumerate(np.arange(0, seconds, 0.5)):
        _add(out, start, 0.3 * _note(CHORDS[number // 4 % len(CHORDS)][0] / 2, 0.45, attack=0.01, decay=0.6))
    return out


def _drums(random: np.random.Generator, seconds: float) -> Wave:
    out = _empty(seconds)
    time = _time(0.4)
    kick = 0.9 * np.sin(2 * np.pi * 50 * time + 5 * (1 - np.exp(-time / 0.02))) * np.exp(-time / 0.1)
    for beat, start in enumerate(np.arange(0, seconds, 0.25)):
        hat = 0.12 * np.diff(random.standard_normal(time.size + 1)) * np.exp(-time / 0.03)
        _add(out, start, hat, pan=0.4)
        if beat % 4 == 0:
            _add(out, start, kick)
        if beat % 4 == 2:
            snare = random.standard_normal(time.size) * np.exp(-time / 0.07) + np.sin(2 * np.pi * 190 * time) * np.exp(
                -time / 0.05
            )
            _add(out, start, 0.35 * snare)
    return out


def _syllable(random: np.random.Generator, seconds: float) -> Wave:
    from scipy.signal import lfilter

    time = _time(seconds)
    if random.random() < 0.25:
        source = 0.3 * np.diff(random.standard_normal(time.size + 1))
        formants: tuple[float, ...] = (4_500.0, 6_500.0)
    else:
        pitch_hz = 110 * 2 ** random.uniform(-0.3, 0.4) * (1 - 0.1 * time / seconds)
        phase = np.cumsum(pitch_hz) / RATE
        source = np.diff(np.floor(phase), prepend=0.0) + 0.01 * random.standard_normal(time.size)
        formants = (random.uniform(300, 800), random.uniform(900, 2_200), 2_700.0)
    voice = np.zeros_like(time)
    for number, formant_hz in enumerate(formants, start=1):
        radius = np.exp(-np.pi * 90 / RATE)
        poles = [1.0, -2 * radius * np.cos(2 * np.pi * formant_hz / RATE), radius**2]
        voice += lfilter([1 - radius], poles, source) / number
    return voice / np.abs(voice).max() * np.sin(np.pi * time / seconds) ** 0.5
