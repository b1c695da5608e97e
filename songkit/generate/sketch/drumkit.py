"""Drums by synthesis: swept sines for skins, shaped noise for wires, inharmonic partials for cymbals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from songkit.generate.sketch.score import Hit
from songkit.generate.sketch.voices import SAMPLE_RATE, Wave, add_at

# A stick is on the skin for about half a millisecond; a step in noise would be a fault in the sound.
ATTACK_SECONDS, RELEASE_SECONDS = 0.0005, 0.02

TAKES = 4
"""Strokes of a drum differ a little; a hit takes one of these in turn."""


@dataclass(frozen=True, slots=True)
class Kit:
    """How a kit is tuned: skins in Hz and seconds, noise corners in Hz, and how dry it is."""

    kick_hz: float = 50.0
    kick_sweep: float = 4.0
    kick_seconds: float = 0.16
    kick_click: float = 0.25
    snare_hz: float = 190.0
    snare_tone: float = 0.45
    snare_seconds: float = 0.13
    snare_bright_hz: float = 3800.0
    hat_seconds: float = 0.045
    cymbal_hz: float = 5200.0
    levels_db: tuple[tuple[str, float], ...] = ()


KITS: dict[str, Kit] = {
    "pop": Kit(),
    "rock": Kit(56, 3.2, 0.15, 0.4, 205, 0.6, 0.17, 3200, 0.06, 4600, (("snare", 1.5), ("hat", -1.0))),
    "electronic": Kit(47, 6.0, 0.22, 0.3, 180, 0.25, 0.12, 4800, 0.035, 6500, (("kick", 1.5),)),
    "hip-hop": Kit(43, 3.5, 0.34, 0.15, 175, 0.5, 0.12, 3000, 0.03, 6000, (("kick", 1.5), ("snare", 1.0), ("hat",
    -1.5))),
    "brush": Kit(60, 2.2, 0.12, 0.12, 210, 0.15, 0.16, 4200, 0.05, 4200, (("kick", -3.0), ("snare", -3.0), ("ride",
    2.0))),
}  # fmt: skip

# Level in dB and place from -1 (left) to 1 (right).
SEATS: dict[str, tuple[float, float]] = {
    "kick": (0.0, 0.0), "snare": (-2.0, 0.0), "clap": (-4.5, 0.0), "rim": (-8.0, 0.1), "hat": (-14.0, 0.35),
    "open": (-15.0, 0.35), "pedal": (-16.0, 0.3), "ride": (-13.5, -0.4), "crash": (-14.0, -0.3), "shaker": (-19.0,
    -0.45),
    "tambourine": (-16.0, 0.5), "tom high": (-6.0, 0.4), "tom mid": (-6.0, 0.0), "tom low": (-5.0, -0.4),
    "conga high": (-10.0, -0.5), "conga low": (-10.0, -0.35), "riser": (-13.0, 0.0),
}  # fmt: skip


def render_drums(hits: Sequence[Hit], kit: str, out: Wave) -> None:
    """Adds the hits to `out`, `(2, frames)`."""
    turns: dict[str, int] = {}
    trims = dict(KITS[kit].levels_db)
    for hit in hits:
        turn = turns.get(hit.drum, 0)
        turns[hit.drum] = turn + 1
        level_db, pan = SEATS[hit.drum]
        gain = 10.0 ** ((level_db + trims.get(hit.drum, 0.0)) / 20.0) * hit.velocity**1.4
        sides = np.array([[np.cos((pan + 1) * np.pi / 4)], [np.sin((pan + 1) * np.pi / 4)]], dtype=np.float32)
        wave = stroke(kit, hit.drum, turn % TAKES)
        add_at(out, round(hit.start_seconds * SAMPLE_RATE), wave, np.float32(gain * 1.2) * sides)


@lru_cache(maxsize=256)
def stroke(kit: str, drum: str, take: int) -> Wave:
    """One stroke, `(1, frames)`, or `(2, frames)` where it is wide; peak 1, without a step at either end."""
    wave = _struck(kit, drum, take)
    time = np.arange(wave.shape[1]) / SAMPLE_RATE
    wave = wave * np.clip(time / ATTACK_SECONDS, 0.0, 1.0) * np.clip((time[-1] - time) / RELEASE_SECONDS, 0.0, 1.0)
    return np.asarray(wave / np.max(np.abs(wave)), dtype=np.float32)


def _struck(kit: str, drum: str, take: int) -> npt.NDArray[Any]:
    rng = np.random.Generator(np.random.PCG64([take, sum(drum.encode())]))
    row = KITS[kit]
    turned = 1.0 + 0.012 * rng.standard_normal()
    if drum == "kick":
        wave = _kick(row, rng)
    elif drum == "snare":
        wave = _snare(row, rng, turned)
    elif drum == "clap":
        wave = _clap(rng)
    elif drum.startswith("tom"):
        wave = _skin({"high": 190.0, "mid": 140.0, "low": 98.0}[drum[4:]] * turned, 0.22, 0.6, rng, 0.12)
    elif drum.startswith("conga"):
        wave = _skin({"high": 330.0, "low": 235.0}[drum[6:]] * turned, 0.09, 0.15, rng, 0.18)
    elif drum == "rim":
        wave = _skin(1650.0 * turned, 0.012, 0.0, rng, 0.5)
    elif drum == "riser":
        return _riser(rng)
    elif drum in ("shaker", "tambourine"):
        wave = _rattle(rng, drum == "tambourine")
    else:
        return _cymbal(row, drum, rng)
    return wave[np.newaxis]


def _time(seconds: float) -> npt.NDArray[np.float64]:
    return np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE


def _shaped(noise: npt.NDArray[np.float64], low_hz: float, high_hz: float) -> npt.NDArray[np.float64]:
    """Noise between two corners (12 dB per octave), RMS 1 over its length."""
    frequency = np.fft.rfftfreq(noise.size, 1.0 / SAMPLE_RATE)
    shape = 1.0 / np.sqrt((1.0 + (low_hz / np.maximum(frequency, 1.0)) ** 4) * (1.0 + (frequency / high_hz) ** 4))
    shaped = np.fft.irfft(np.fft.rfft(noise) * shape, n=noise.size)
    return np.asarray(shaped / np.sqrt(np.mean(shaped**2)))


def _kick(row: Kit, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    time = _time(3.2 * row.kick_seconds)
    hertz = row.kick_hz * (1.0 + row.kick_sweep * np.exp(-time / 0.018))
    body = np.sin(2 * np.pi * np.cumsum(hertz) / SAMPLE_RATE) * np.exp(-time / row.kick_seconds)
    click = _shaped(rng.standard_normal(time.size), 1500, 6000) * np.exp(-time / 0.004)
    fade = np.minimum(1.0, (time[-1] - time) / 0.03)
    return np.asarray((np.tanh(1.6 * body) + row.kick_click * 0.4 * click) * fade)


def _snare(row: Kit, rng: np.random.Generator, turned: float) -> npt.NDArray[np.float64]:
    time = _time(4.0 * row.snare_seconds)
    hertz = row.snare_hz * turned * (1.0 + 0.5 * np.exp(-time / 0.01))
    phase = 2 * np.pi * np.cumsum(hertz) / SAMPLE_RATE
    skin = (np.sin(phase) + 0.5 * np.sin(1.78 * phase)) * np.exp(-time / 0.06)
    wires = _shaped(rng.standard_normal(time.size), 900, 2.2 * row.snare_bright_hz) * np.exp(-time / row.snare_seconds)
    crack = _shaped(rng.standard_normal(time.size), row.snare_bright_hz, 12_000) * np.exp(-time / 0.012)
    return row.snare_tone * 1.2 * skin + 0.32 * wires + 0.25 * crack


def _clap(rng: np.random.Generator) -> npt.NDArray[np.float64]:
    time = _time(0.34)
    noise = _shaped(rng.standard_normal(time.size), 900, 3800)
    level = 0.7 * np.exp(-np.maximum(0.0, time - 0.03) / 0.075) * (time >= 0.03)
    for start in (0.0, 0.011, 0.021):
        level += np.exp(-np.maximum(0.0, time - start) / 0.004) * (time >= start) * (time < 0.03)
    return np.asarray(noise * level)


def _skin(hertz: float, seconds: float, sweep: float, rng: np.random.Generator, slap: float) -> npt.NDArray[np.float64]:
    time = _time(5.0 * seconds)
    track = hertz * (1.0 + sweep * np.exp(-time / 0.03))
    phase = 2 * np.pi * np.cumsum(track) / SAMPLE_RATE
    body = (np.sin(phase) + 0.3 * np.sin(1.6 * phase)) * np.exp(-time / seconds)
    noise = _shaped(rng.standard_normal(time.size), hertz, 6000) * np.exp(-time / 0.008)
    return np.asarray(body + slap * noise)


def _rattle(rng: np.random.Generator, jingles: bool) -> npt.NDArray[np.float64]:
    time = _time(0.22 if jingles else 0.11)
    noise = _shaped(rng.standard_normal(time.size), 6500 if jingles else 4500, 13_000)
    level = np.minimum(1.0, time / (0.004 if jingles else 0.018)) * np.exp(-time / (0.06 if jingles else 0.022))
    return np.asarray(noise * level)


def _cymbal(row: Kit, drum: str, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Hats, ride and crash: dense high noise, a little different on each side, struck with a short metallic cluster.

    The cluster dies within a tenth of a second: partials that ring on would stand out as whistles.
    """
    seconds = {"hat": row.hat_seconds, "pedal": 0.03, "open": 0.22, "ride": 0.4, "crash": 0.8}[drum]
    time = _time(min(2.6, 5.0 * seconds))
    cluster = np.zeros(time.size)
    for hertz in (2490, 3170, 3710, 4530, 5470, 6130):
        cluster += np.sign(np.sin(2 * np.pi * hertz * time + rng.random() * 6.28)) * np.exp(-time / 0.035)
    sides = [_shaped(0.3 * cluster + rng.standard_normal(time.size), row.cymbal_hz, 14_000) for _ in (0, 1)]
    wave = np.stack(sides) * (0.6 * np.exp(-time / seconds) + 0.4 * np.exp(-time / (0.3 * seconds)))
    if drum == "ride":
        wave += 0.6 * np.sin(2 * np.pi * 3350 * time) * np.exp(-time / 0.04)
    if drum == "crash":
        wave *= np.minimum(1.0, time / 0.004)
    return np.asarray(wave)


def _riser(rng: np.random.Generator) -> Wave:
    """Two seconds of noise that opens and swells towards a downbeat, and stops there."""
    time = _time(2.0)
    dark = np.stack([_shaped(rng.standard_normal(time.size), 400, 1500) for _ in (0, 1)])
    bright = np.stack([_shaped(rng.standard_normal(time.size), 2500, 9000) for _ in (0, 1)])
    swell = (time / 2.0) ** 2.2
    wave = swell * ((1.0 - time / 2.0) * dark + time / 2.0 * bright)
    wave *= np.minimum(1.0, (time[-1] - time) / 0.01)
    return np.asarray(wave / np.max(np.abs(wave)), dtype=np.float32)
