"""What an instrument's sound is made of, as figures: the row of a patch and how it becomes harmonics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Wave = Literal["saw", "square", "pulse", "triangle", "sine", "drawbars", "fm", "string", "kettle"]

HIGHEST_HZ = 16_000.0
MAX_HARMONICS = 96


@dataclass(frozen=True, slots=True)
class Patch:
    """A synthesised instrument.

    Harmonics of `wave` go through a low-pass with its corner at `corner_hz` (following the pitch by `tracking`) of
    `slope_db` per octave, and through resonances (hz, db,
    octaves wide). Groups of harmonics decay at their own rates:
    the fundamental in `decay_seconds`, higher groups faster by `damping`; `sustain` is the level that stays (1 organ,
    0 plucked). `bite` lifts the high groups at the attack. `breath` and `click` are noise, held and at the attack.
    """

    wave: Wave
    corner_hz: float
    slope_db: float = 12.0
    tracking: float = 0.5
    resonances: tuple[tuple[float, float, float], ...] = ()
    attack_ms: float = 5.0
    decay_seconds: float = 1.0
    damping: float = 0.5
    sustain: float = 1.0
    release_ms: float = 80.0
    bite: float = 0.0
    detune_cents: float = 0.0
    vibrato_cents: float = 0.0
    vibrato_hz: float = 5.2
    vibrato_delay_seconds: float = 0.25
    breath: float = 0.0
    click: float = 0.0
    noise_hz: float = 3000.0
    octave: int = 0
    glide_ms: float = 0.0
    strum_ms: float = 0.0


def harmonic_amplitudes(patch: Patch, fundamental_hz: float) -> npt.NDArray[np.float64]:
    """Amplitudes of harmonics 1, 2, ... below 16 kHz (at most 96), signed."""
    count = int(max(1, min(MAX_HARMONICS, HIGHEST_HZ / fundamental_hz)))
    number = np.arange(1, count + 1, dtype=float)
    amplitude = _wave(patch.wave, number)
    corner = patch.corner_hz * (fundamental_hz / 220.0) ** patch.tracking
    frequency = number * fundamental_hz
    order = patch.slope_db / 6.0
    amplitude = amplitude / np.sqrt(1.0 + (frequency / corner) ** (2.0 * order))
    for centre_hz, gain_db, octaves in patch.resonances:
        bump = np.exp(-((np.log2(frequency / centre_hz) / octaves) ** 2))
        amplitude = amplitude * 10.0 ** (gain_db * bump / 20.0)
    return np.asarray(amplitude / np.sqrt(np.sum(amplitude**2)), dtype=float)


def _wave(wave: Wave, number: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    odd = number % 2
    shapes: dict[Wave, npt.NDArray[np.float64]] = {
        "saw": 1.0 / number,
        "square": odd / number,
        "pulse": np.sin(np.pi * number * 0.27) / number,  # a quarter of the period wide
        "triangle": odd / number**2 * np.where(number % 4 == 1, 1.0, -1.0),
        "sine": (number == 1).astype(float),
        "drawbars": np.interp(number, range(1, 10), [1.0, 0.8, 0.65, 0.3, 0.06, 0.18, 0.0, 0.16, 0.0]),
        # fundamental, a few low harmonics, and the tine at the fourteenth
        "fm": np.interp(
            number, [1, 2, 3, 4, 5, 6, 13, 14, 15, 16], [1, 0.35, 0.12, 0.1, 0.02, 0.01, 0.02, 0.12, 0.02, 0]
        ),
        # A kettledrum's modes stand nearly as 2 to 3 to 4 to 5 over a fundamental that nobody hears.
        "kettle": np.interp(number, range(1, 7), [0.0, 1.0, 0.7, 0.35, 0.06, 0.0]),
        "string": np.sin(np.pi * number / 7.3) / number**1.15,  # plucked at about a seventh of its length
    }
    return shapes[wave]


PATCHES: dict[str, Patch] = {
    # keys
    "piano": Patch("string", 1900, 9, 0.45, ((250, 2, 1.0),), 2, 2.6, 0.55, 0.0, 140, 0.5, 1.3, click=0.05,
    noise_hz=1200),
    "electric piano": Patch("fm", 6000, 12, 0.2, (), 3, 2.2, 0.9, 0.05, 120, 0.9, 1.0, click=0.02, noise_hz=2500),
    "organ": Patch("drawbars", 5000, 6, 0.3, (), 12, 1.0, 0.0, 1.0, 60, 0.0, 2.0, 7, 6.2, 0.0, click=0.02),
    "soft organ": Patch("drawbars", 1500, 9, 0.3, (), 25, 1.0, 0.0, 1.0, 120, 0.0, 2.0, 5, 5.6, 0.0),
    "clavinet": Patch("pulse", 2600, 9, 0.3, ((1800, 4, 0.6),), 2, 0.9, 0.5, 0.0, 50, 0.8, click=0.08, noise_hz=2500),
    "pluck synth": Patch("saw", 2400, 12, 0.4, (), 3, 0.55, 0.7, 0.05, 160, 1.0, 7),
    "pulse synth": Patch("pulse", 2600, 12, 0.4, ((1400, 3, 0.7),), 4, 0.9, 0.45, 0.35, 120, 0.7, 9),
    "bell": Patch("fm", 9000, 9, 0.1, ((4200, 3, 0.8),), 2, 1.6, 0.35, 0.0, 500, 0.4, 3, octave=1),
    # plucked strings, and bowed ones that let go at once
    "short strings": Patch("saw", 2600, 7, 0.3, ((400, 2, 0.8), (2900, 3, 0.8)), 5, 0.16, 0.3, 0.0, 90, 0.6, 5,
                           click=0.28, noise_hz=6500),
    "acoustic guitar": Patch("string", 3000, 7, 0.3, ((210, 3, 0.8), (3200, 3, 1.0)), 2, 1.7, 0.75, 0.0, 110, 0.8,
    1.5,
                             click=0.10, noise_hz=4500, strum_ms=13),
    "nylon guitar": Patch("string", 1600, 9, 0.4, ((230, 3, 0.8),), 3, 1.4, 0.8, 0.0, 120, 0.5, 1.0, click=0.05,
                          noise_hz=1800, strum_ms=12),
    "clean guitar": Patch("string", 2800, 9, 0.3, ((900, 2, 1.0), (2600, 3, 0.8)), 2, 1.6, 0.6, 0.0, 70, 0.7, 3,
    click=0.04,
                          noise_hz=3500, strum_ms=9),
    "electric guitar": Patch("string", 2600, 9, 0.3, ((700, 3, 1.0), (2400, 4, 0.8)), 2, 2.4, 0.4, 0.1, 80, 0.5, 4,
    6, 5.4,
                             click=0.04, strum_ms=9),
    "overdriven guitar": Patch("saw", 2300, 12, 0.15, ((650, 3, 1.0), (2300, 4, 0.7)), 3, 3.0, 0.25, 0.45, 70, 0.3,
    9, 8, 5.6,
                               click=0.03, strum_ms=6),
    "distorted guitar": Patch("saw", 2900, 15, 0.1, ((500, 3, 1.2), (2800, 5, 0.7)), 2, 4.0, 0.2, 0.6, 60, 0.3, 11,
    click=0.04,
                              strum_ms=4),
    "banjo": Patch("string", 4200, 7, 0.3, ((900, 5, 0.8), (3000, 3, 0.8)), 1, 0.6, 0.5, 0.0, 90, 0.6, 1, click=0.12,
                   noise_hz=3500, strum_ms=8),
    "harp": Patch("string", 2000, 9, 0.4, ((350, 2, 1.0),), 2, 1.9, 0.7, 0.0, 600, 0.4, 1.5, click=0.03, strum_ms=22),
    "guzheng": Patch("string", 3600, 8, 0.3, ((1200, 3, 1.0),), 1, 1.8, 0.6, 0.0, 400, 0.7, 1.5, 10, 5.0, 0.3,
    click=0.08,
                     noise_hz=4000, strum_ms=18),
    # pads
    "warm pad": Patch("saw", 900, 12, 0.5, (), 350, 3.0, 0.2, 0.85, 700, 0.0, 9),
    "super pad": Patch("saw", 2600, 12, 0.4, (), 120, 2.0, 0.3, 0.8, 500, 0.2, 14),
    "dark pad": Patch("triangle", 700, 12, 0.4, ((400, 3, 1.0),), 400, 3.0, 0.2, 0.9, 800, 0.0, 8, breath=0.02,
    noise_hz=900),
    "strings": Patch("saw", 2000, 9, 0.35, ((400, 2, 0.8), (1100, 2, 0.7), (2900, 2, 0.7)), 160, 3.0, 0.1, 0.9, 350,
    0.0, 8,
                     9, 5.3, 0.2, breath=0.012, noise_hz=5000),
    # leads
    "soft lead": Patch("triangle", 2400, 9, 0.5, (), 25, 1.5, 0.3, 0.75, 140, 0.2, 5, 14, 5.4, 0.22, glide_ms=35),
    "saw lead": Patch("saw", 3600, 12, 0.4, (), 8, 1.0, 0.4, 0.7, 140, 0.5, 10, 10, 5.6, 0.25, glide_ms=25),
    "square lead": Patch("square", 3000, 12, 0.4, (), 6, 0.9, 0.4, 0.65, 120, 0.5, 7, 12, 5.8, 0.25, glide_ms=20),
    "lead guitar": Patch("saw", 2500, 12, 0.15, ((800, 3, 0.9), (2500, 4, 0.7)), 6, 3.0, 0.2, 0.6, 90, 0.4, 4, 22,
    5.6, 0.2,
                         click=0.03, glide_ms=40),
    "saxophone": Patch("saw", 1500, 9, 0.3, ((650, 5, 0.6), (1500, 4, 0.5), (2900, 3, 0.5)), 35, 1.0, 0.1, 0.9, 90,
    0.3, 0,
                       18, 5.0, 0.25, breath=0.05, noise_hz=2500, glide_ms=35),
    "trumpet": Patch("saw", 2200, 9, 0.3, ((1200, 6, 0.7), (2600, 4, 0.7)), 28, 0.6, 0.15, 0.85, 70, 0.7, 0, 12, 5.4,
    0.3,
                     breath=0.02, noise_hz=3500, glide_ms=15),
    "violin": Patch("saw", 3200, 7, 0.2, ((460, 3, 0.5), (1000, 2, 0.5), (2800, 5, 0.7)), 70, 1.0, 0.05, 0.95, 120,
    0.0, 2,
                    20, 5.8, 0.18, breath=0.03, noise_hz=5500, glide_ms=45),
    "erhu": Patch("saw", 2000, 7, 0.2, ((700, 6, 0.5), (1700, 4, 0.5)), 60, 1.0, 0.05, 0.95, 110, 0.0, 0, 28, 5.6,
    0.15,
                  breath=0.03, noise_hz=3500, glide_ms=80),
    "cello": Patch("saw", 1300, 8, 0.2, ((250, 3, 0.6), (600, 3, 0.6), (1500, 3, 0.6)), 80, 1.0, 0.05, 0.95, 160,
    0.0, 2,
                   18, 5.2, 0.2, breath=0.02, noise_hz=2500, octave=-1, glide_ms=50),
    "flute": Patch("triangle", 1700, 9, 0.7, ((900, 3, 1.0),), 55, 1.0, 0.1, 0.95, 110, 0.0, 0, 14, 5.0, 0.25,
    breath=0.12,
                   noise_hz=3500, octave=1, glide_ms=25),
    "harmonica": Patch("pulse", 2600, 8, 0.2, ((1800, 5, 0.7),), 30, 1.0, 0.1, 0.95, 80, 0.2, 7, 25, 5.6, 0.1,
    breath=0.05,
                       noise_hz=3000, glide_ms=40),
    "vocal": Patch("saw", 1500, 9, 0.0, ((720, 12, 0.35), (1150, 9, 0.3), (2700, 8, 0.3)), 40, 1.0, 0.1, 0.9, 160,
    0.0, 6, 25,
                   5.4, 0.15, breath=0.04, noise_hz=2800, glide_ms=45),
    # basses
    "synth bass": Patch("saw", 420, 12, 0.3, (), 4, 0.8, 0.5, 0.6, 60, 0.9),
    "saw bass": Patch("saw", 700, 15, 0.3, ((500, 4, 0.8),), 3, 0.5, 0.5, 0.6, 50, 1.0, 4),
    "sub bass": Patch("sine", 4000, 6, 0.0, (), 6, 1.6, 0.2, 0.7, 70, click=0.03, noise_hz=700),
    "finger bass": Patch("string", 500, 9, 0.3, ((90, 3, 0.8), (800, 2, 0.7)), 4, 1.3, 0.6, 0.15, 70, 0.6, click=0.03,
                         noise_hz=1200),
    "picked bass": Patch("string", 1100, 9, 0.3, ((100, 3, 0.8), (1400, 3, 0.8)), 2, 1.4, 0.5, 0.2, 60, 0.7,
    click=0.06,
                         noise_hz=2500),
    "slap bass": Patch("string", 1800, 8, 0.3, ((90, 4, 0.8), (2600, 5, 0.8)), 2, 0.9, 0.7, 0.1, 50, 1.0, click=0.14,
                       noise_hz=3200),
    "upright bass": Patch("string", 380, 8, 0.3, ((110, 4, 0.8), (700, 3, 0.7)), 6, 0.8, 0.6, 0.05, 90, 0.6,
    click=0.05,
                          noise_hz=800),
    "low strings": Patch("string", 340, 9, 0.3, ((110, 3, 0.8),), 4, 1.1, 0.4, 0.25, 180, 0.8, click=0.08,
                         noise_hz=1500),
    "timpani": Patch("kettle", 500, 9, 0.3, (), 2, 0.9, 0.6, 0.0, 300, 0.8, click=0.2, noise_hz=500, octave=-1),
    "cello section": Patch("saw", 600, 9, 0.3, ((250, 3, 0.7), (550, 2, 0.6)), 60, 1.0, 0.1, 0.9, 220, 0.0, 6, 12,
    5.0, 0.2),
}  # fmt: skip
