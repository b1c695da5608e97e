"""Signals whose answer is known, seeded; float32 `(channels, frames)`."""

from __future__ import annotations

import numpy as np

from songkit.audio import Audio


def sine(
    frequency_hz: float,
    level_dbfs: float = -6.0,
    seconds: float = 1.0,
    sample_rate: int = 48_000,
    channels: int = 2,
    phase_degrees: float = 0.0,
) -> Audio:
    """A sine whose peak is `level_dbfs`, the same in every channel."""
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    wave = 10 ** (level_dbfs / 20) * np.sin(2 * np.pi * frequency_hz * time + np.radians(phase_degrees))
    return Audio(np.tile(wave, (channels, 1)).astype(np.float32), sample_rate)


def noise(
    level_dbfs: float = -20.0, seconds: float = 1.0, sample_rate: int = 48_000, channels: int = 2, seed: int = 1
) -> Audio:
    """White Gaussian noise of that RMS, independent in every channel."""
    rng = np.random.default_rng(seed)
    samples = rng.standard_normal((channels, round(seconds * sample_rate))) * 10 ** (level_dbfs / 20)
    return Audio(samples.astype(np.float32), sample_rate)


def pink(
    level_dbfs: float = -20.0, seconds: float = 1.0, sample_rate: int = 48_000, channels: int = 2, seed: int = 1
) -> Audio:
    """Pink noise (-3.01 dB per octave) of that RMS, independent in every channel."""
    rng = np.random.default_rng(seed)
    frames = round(seconds * sample_rate)
    spectrum = np.fft.rfft(rng.standard_normal((channels, frames)))
    spectrum[:, 1:] /= np.sqrt(np.arange(1, spectrum.shape[1]))
    spectrum[:, 0] = 0
    samples = np.fft.irfft(spectrum, n=frames)
    samples *= 10 ** (level_dbfs / 20) / np.sqrt(np.mean(samples**2))
    return Audio(samples.astype(np.float32), sample_rate)


def silence(seconds: float = 1.0, sample_rate: int = 48_000, channels: int = 2) -> Audio:
    return Audio(np.zeros((channels, round(seconds * sample_rate)), np.float32), sample_rate)


def song(seconds: float = 12.0, sample_rate: int = 44_100, seed: int = 1, level: float = 0.5) -> Audio:
    """Something with a song's shape: chords, a bass, drum hits, a quiet and a loud half, some width; peak `level`."""
    rng = np.random.default_rng(seed)
    frames = round(seconds * sample_rate)
    time = np.arange(frames) / sample_rate
    out = np.zeros((2, frames))
    beat = 0.5
    for index, start in enumerate(np.arange(0, seconds, 2.0)):
        root = 110.0 * 2 ** (rng.choice([0, 5, 7, 9]) / 12)
        window = (time >= start) & (time < start + 2.0)
        local = time[window] - start
        envelope = np.minimum(1, local / 0.02) * np.minimum(1, (2.0 - local) / 0.05)
        for ratio in (1.0, 1.26, 1.498, 2.0):
            for side in (0, 1):
                detune = 1 + (side - 0.5) * 0.002
                out[side, window] += 0.06 * envelope * np.sin(2 * np.pi * root * ratio * 2 * detune * local + index)
        out[:, window] += 0.2 * envelope * np.sin(2 * np.pi * root / 2 * local)
    for start in np.arange(0, seconds - 0.3, beat):
        at = round(start * sample_rate)
        length = round(0.25 * sample_rate)
        hit = rng.standard_normal(length) * np.exp(-np.arange(length) / (0.03 * sample_rate))
        out[:, at : at + length] += 0.25 * hit
    out[:, : frames // 2] *= 0.5
    out *= level / np.max(np.abs(out))
    return Audio(out.astype(np.float32), sample_rate)


def multichannel(seconds: float = 2.0, channels: int = 6, sample_rate: int = 48_000, seed: int = 3) -> Audio:
    """Independent pink noise per channel in the default layout (6: 5.1, 8: 7.1)."""
    return pink(-23.0, seconds, sample_rate, channels, seed)


def swells(seconds: float = 20.0, sample_rate: int = 44_100) -> Audio:
    """Chords that fade in and out over a soft pink bed: music without noise bursts."""
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    swell = 0.15 + 0.85 * np.sin(np.pi * (time % 2.0) / 2.0) ** 2
    roots = 110.0 * 2 ** (np.floor(time / 2.0) % 4 * 2 / 12)
    phase = 2 * np.pi * np.cumsum(roots) / sample_rate
    wave = sum(np.sin(ratio * phase) / ratio for ratio in (1, 2, 3, 4, 5))
    bed = pink(-45.0, seconds, sample_rate).samples
    return Audio((0.2 * swell * wave + bed).astype(np.float32), sample_rate)


def held_chords(kind: str, seconds: float = 24.0, sample_rate: int = 44_100) -> Audio:
    """Held chords: "organ" with soft tremolo, "pad" of detuned saws, "strings" with vibrato, "drone"."""
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    steps = np.zeros(len(time)) if kind == "drone" else np.array([0, 5, -4, 3, 7])[(time // 8).astype(int) % 5]
    wave = np.zeros(len(time))
    for number, ratio in enumerate((1.0, 1.498, 2.0, 2.52)):
        cycles = np.cumsum(110.0 * ratio * 2 ** (steps / 12)) / sample_rate
        slow = np.sin(2 * np.pi * (0.03 + 0.01 * number) * time + number)
        if kind == "pad":
            for detune in (0.9974, 1.0, 1.0026):
                wave += sum(np.sin(2 * np.pi * k * (cycles * detune + number * detune)) / k for k in range(1, 16))
        elif kind == "strings":
            vibrato = 0.07 * np.sin(2 * np.pi * (5 + 0.3 * number) * time + number)
            wave += sum(np.sin(2 * np.pi * k * (cycles + vibrato)) / k for k in range(1, 16))
        else:
            swell = 1 + 0.05 * np.sin(2 * np.pi * 0.7 * time) if kind == "organ" else 1 + 0.6 * slow
            wave += swell * sum(np.sin(2 * np.pi * k * cycles) / k for k in (1, 2, 3, 4, 6, 8))
    wave *= 0.1 / np.sqrt(np.mean(wave**2))
    return Audio((wave + pink(-60.0, seconds, sample_rate).samples).astype(np.float32), sample_rate)
