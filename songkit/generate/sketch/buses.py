"""The buses of the mix: which effects they run through, how loud they stand, and how they make room for the voice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from songkit.analysis.loudness import LoudnessMeter
from songkit.audio import Format
from songkit.blocks import BLOCK_FRAMES, split
from songkit.generate.sketch.plan import Plan
from songkit.generate.sketch.score import Hit, Part
from songkit.generate.sketch.vocals import Syllable
from songkit.generate.sketch.voices import SAMPLE_RATE, Wave, render_part
from songkit.units import db_to_gain

BUSES = ("drums", "bass", "harmony", "lead", "voice")

# Integrated loudness of each bus before the mix is made loud; only the differences count.
LEVELS_LUFS: dict[str, float] = {"drums": -20.0, "bass": -22.0, "harmony": -21.5, "lead": -22.0, "voice": -13.2}
# How far a bus steps back while somebody sings.
DUCK_DB: dict[str, float] = {"drums": 2.0, "bass": 1.0, "harmony": 6.5, "lead": 6.5}
# Pumping on the kick, where the genre dances.
PUMP_DB: dict[str, float] = {"bass": 3.5, "harmony": 4.5, "lead": 2.0}

CONTROL_HZ = 200
STEREO = Format(SAMPLE_RATE)

_AMPLIFIED = {"overdriven guitar": 16.0, "distorted guitar": 26.0, "lead guitar": 14.0}


def render_bus(parts: Sequence[Part], out: Wave) -> None:
    """Adds the dry parts of a bus to `out`, `(2, frames)`; amplified guitars go through their amplifier here."""
    for part in parts:
        drive_db = _AMPLIFIED.get(part.patch)
        if drive_db is None:
            render_part(part, out)
        else:
            dry = np.zeros_like(out)
            render_part(part, dry)
            run_through(_amplifier(drive_db), dry)
            out += dry


def run_through(plugin: Any, samples: Wave) -> None:
    """Sends `(2, frames)` through a pedalboard plugin without latency, in place, a block at a time."""
    for start in range(0, samples.shape[1], BLOCK_FRAMES):
        block = samples[:, start : start + BLOCK_FRAMES]
        block[:] = plugin(np.ascontiguousarray(block), SAMPLE_RATE, reset=False)


def _amplifier(drive_db: float) -> Any:
    """Distortion and a loudspeaker that ends near 5 kHz."""
    import pedalboard as pb

    low = [pb.LowpassFilter(4800.0), pb.LowpassFilter(5200.0)]
    return pb.Chain(
        [
            pb.HighpassFilter(110.0),
            pb.Distortion(drive_db),
            *low,
            pb.PeakFilter(2200.0, 2.5, 0.8),
            pb.Gain(-drive_db * 0.45),
        ]
    )


def effects(bus: str, plan: Plan) -> Any:
    """The effects of a bus, as one plugin."""
    import pedalboard as pb

    room = plan.decisions.draw("room size", 0.45, 0.75)
    wet = plan.decisions.draw("room level", 0.8, 1.25)
    beat = plan.grid.beat_seconds

    def reverb(share: float, size: float = room, width: float = 1.0) -> Any:
        return pb.Reverb(room_size=size, damping=0.55, wet_level=share * wet, dry_level=1.0, width=width)

    if bus == "drums":
        return pb.Chain([pb.Compressor(-16.0, 2.5, 12.0, 110.0), reverb(0.05, 0.35)])
    if bus == "bass":
        return pb.Chain([pb.HighpassFilter(30.0), pb.Compressor(-20.0, 3.5, 15.0, 140.0)])
    if bus == "harmony":
        chorus = pb.Chorus(rate_hz=0.55, depth=0.16, centre_delay_ms=9.0, feedback=0.0, mix=0.28)
        # A dip where words are understood leaves room for the voice.
        return pb.Chain([pb.HighpassFilter(130.0), pb.PeakFilter(2400.0, -4.0, 0.6), chorus, reverb(0.12)])
    if bus == "lead":
        return pb.Chain([pb.HighpassFilter(150.0), pb.Delay(0.75 * beat, 0.25, 0.16), reverb(0.14)])
    clear = [pb.HighpassFilter(120.0), pb.HighpassFilter(90.0), pb.PeakFilter(350.0, -2.0, 0.9)]
    present = [pb.PeakFilter(3000.0, 3.0, 0.7), pb.HighShelfFilter(6500.0, 4.0, 0.7)]
    return pb.Chain([*clear, *present, pb.Compressor(-20.0, 3.0, 6.0, 90.0), pb.Delay(beat, 0.2, 0.035), reverb(0.07)])


def integrated_lufs(samples: Wave, format: Format = STEREO) -> float | None:
    """Gated loudness of whole samples (ungated where they are too short); None for silence."""
    meter = LoudnessMeter(format, series=False)
    for block in split(samples):
        meter.push(block)
    return meter.result().programme_lufs


def set_level(samples: Wave, bus: str, trim_db: float) -> None:
    """Brings a bus to its place in the mix, in place."""
    loudness = integrated_lufs(samples)
    if loudness is not None:
        samples *= np.float32(db_to_gain(LEVELS_LUFS[bus] + trim_db - loudness))


def duck(samples: Wave, bus: str, sung: Sequence[Syllable], more_db: float) -> None:
    """Turns a bus down while somebody sings, in place; 60 ms there, 250 ms back."""
    depth_db = DUCK_DB.get(bus, 0.0) + (more_db if bus in ("harmony", "lead") else 0.0)
    if depth_db > 0.0 and sung:
        singing = np.zeros(samples.shape[1] * CONTROL_HZ // SAMPLE_RATE + 2)
        for syllable in sung:
            start, end = syllable.start_seconds - 0.05, syllable.start_seconds + syllable.seconds + 0.1
            singing[max(0, round(start * CONTROL_HZ)) : round(end * CONTROL_HZ)] = 1.0
        kernel = np.hanning(0.24 * CONTROL_HZ)
        smooth = np.convolve(singing, kernel / kernel.sum(), mode="same")
        apply_curve(samples, 10.0 ** (-depth_db * smooth / 20.0))


def pump(samples: Wave, bus: str, hits: Sequence[Hit]) -> None:
    """Turns a bus down under each kick and lets it swell back, in place."""
    if bus not in PUMP_DB:
        return
    control = np.zeros(samples.shape[1] * CONTROL_HZ // SAMPLE_RATE + 2)
    shape = np.concatenate([np.linspace(0.3, 1.0, 4), np.cos(np.linspace(0.0, np.pi / 2, 44)) ** 2])
    for hit in hits:
        if hit.drum == "kick":
            start = max(0, round(hit.start_seconds * CONTROL_HZ) - 3)
            end = min(control.size, start + shape.size)
            control[start:end] = np.maximum(control[start:end], shape[: end - start])
    apply_curve(samples, 10.0 ** (-PUMP_DB[bus] * control / 20.0))


def apply_curve(samples: Wave, gains: npt.NDArray[np.float64]) -> None:
    """Multiplies by a gain curve of CONTROL_HZ points a second, in place, a block at a time."""
    for start in range(0, samples.shape[1], BLOCK_FRAMES):
        block = samples[:, start : start + BLOCK_FRAMES]
        block *= curve_at(gains, CONTROL_HZ, start, block.shape[1])


def curve_at(gains: npt.NDArray[np.float64], control_hz: float, start: int, frames: int) -> npt.NDArray[np.float32]:
    """A gain curve of `control_hz` points a second at each frame from `start` on, float32 `(frames,)`."""
    points = np.arange(start, start + frames) * (control_hz / SAMPLE_RATE)
    return np.asarray(np.interp(points, np.arange(gains.size), gains), dtype=np.float32)
