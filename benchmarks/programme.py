"""A song-like programme of any length: bass, chords, drums and a noisy lead, in sections of different loudness.

Nothing is downloaded, every second is seeded by its number, and the file is written second by second, so that the
benchmark itself stays small.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

RATE = 44_100
SONG_SECONDS = 254

BASS_HZ = (55.0, 41.2, 65.4, 49.0)
SECTION_GAINS = (0.6, 0.8, 1.1, 0.9)  # of 16 s each: verse, bridge, chorus, solo


def write_programme(path: Path, seconds: int = SONG_SECONDS) -> None:
    """Stereo, 44.1 kHz, 16 bit."""
    with soundfile.SoundFile(path, "w", RATE, 2, "PCM_16") as file:
        for second in range(seconds):
            file.write(one_second(second))


def one_second(second: int) -> npt.NDArray[np.float64]:
    """Two beats, float64 `(frames, 2)`."""
    random = np.random.default_rng(second)
    time = np.arange(RATE) / RATE
    beat = time % 0.5
    root_hz = BASS_HZ[second // 2 % 4]
    bass = 0.22 * np.sin(2 * np.pi * root_hz * time) * np.exp(-beat / 0.4)
    kick = 0.5 * np.sin(2 * np.pi * 50 * beat + 4 * (1 - np.exp(-beat / 0.02))) * np.exp(-beat / 0.08)
    chord = sum(0.05 * np.sin(2 * np.pi * root_hz * ratio * time) for ratio in (4, 5, 6, 8.01, 10.02, 12.03))
    hat = 0.12 * random.standard_normal((RATE, 2)) * np.exp(-(time % 0.25) / 0.03)[:, None]
    snare = 0.3 * random.standard_normal((RATE, 1)) * (np.exp(-np.abs(time - 0.5) / 0.06) * (time >= 0.5))[:, None]
    lead = 0.1 * np.sin(2 * np.pi * root_hz * 8 * time + 3 * np.sin(2 * np.pi * 5 * time))
    mono = (bass + kick + chord)[:, None] + snare
    sides = np.stack([lead + 0.5 * chord, 0.6 * lead - 0.2 * chord], axis=1)
    song: npt.NDArray[np.float64] = SECTION_GAINS[second // 16 % 4] * (mono + hat + sides)
    return np.tanh(song)  # as a mixer's bus does it: peaks 13 dB over the loudness
