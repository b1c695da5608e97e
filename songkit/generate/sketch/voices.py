"""Renders notes of a patch: groups of harmonics from wavetables, each with its own envelope, in stereo.

A note is the sum of a few fixed single-cycle tables, read by an exact 32-bit phase counter and faded against each
other: filter sweeps, plucked decays and brassy attacks all come from the groups' envelopes, without aliasing.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from songkit.generate.sketch.score import Note, Part
from songkit.generate.sketch.tones import PATCHES, Patch, harmonic_amplitudes

SAMPLE_RATE = 44_100
TABLE_BITS = 12
TABLE = 1 << TABLE_BITS
# Harmonics 1 | 2 | 3-4 | 5-9 | 10-20 | the rest
GROUP_ENDS = (1, 2, 4, 9, 20, 10_000)
LONGEST_SECONDS = 12.0
SLOW_ATTACK_MS = 20.0
EARLY_SHARE = 0.45
KEPT_BYTES = 48 << 20
"""How much of a part's rendered notes is kept for the next equal one."""

Wave = npt.NDArray[np.float32]


def render_part(part: Part, out: Wave) -> None:
    """Adds the notes of a part to `out`, `(2, frames)`; equal notes are computed once."""
    patch = PATCHES[part.patch]
    level = 10.0 ** (part.level_db / 20.0)
    # Equal-power pan of a stereo note: one side is turned down, nothing is moved across.
    sides = np.array([[min(1.0, 1.0 - part.pan)], [min(1.0, 1.0 + part.pan)]], dtype=np.float32)
    # Players of slow instruments begin early, so that they are heard in time.
    early = EARLY_SHARE * 0.001 * patch.attack_ms if patch.attack_ms > SLOW_ATTACK_MS else 0.0
    known = _KeptNotes()
    previous: Note | None = None
    for note in part.notes:
        slide = 0
        if patch.glide_ms and previous is not None and note.start_seconds - previous.end_seconds < 0.06:
            slide = max(-12, min(12, previous.pitch - note.pitch))
        wave = known.note(part.patch, note.pitch, _rounded(note.seconds + early), round(note.velocity * 16), slide)
        add_at(out, round((note.start_seconds - early) * SAMPLE_RATE), wave, (level * note.velocity**1.3) * sides)
        previous = note


def add_at(out: Wave, start: int, wave: Wave, gain: npt.NDArray[np.float32] | float) -> None:
    """Adds `wave` at a frame of `out`; what lies outside is cut."""
    skip = max(0, -start)
    end = min(out.shape[1], start + wave.shape[1])
    if end > start + skip:
        out[:, start + skip : end] += gain * wave[:, skip : end - start]


def _rounded(seconds: float) -> int:
    """Length in units of 10 ms, so that humanised notes share a rendering."""
    return max(3, round(min(seconds, LONGEST_SECONDS) * 100))


class _KeptNotes:
    """The notes that were rendered last, as many as fit into KEPT_BYTES."""

    def __init__(self) -> None:
        self._waves: OrderedDict[tuple[str, int, int, int, int], Wave] = OrderedDict()
        self._bytes = 0

    def note(self, *what: *tuple[str, int, int, int, int]) -> Wave:
        """`render_note(*what)`, or the same from before."""
        wave = self._waves.get(what)
        if wave is not None:
            self._waves.move_to_end(what)
            return wave
        wave = self._waves[what] = render_note(*what)
        self._bytes += wave.nbytes
        while self._bytes > KEPT_BYTES:
            self._bytes -= self._waves.popitem(last=False)[1].nbytes
        return wave


def render_note(name: str, pitch: int, hundredths: int, force: int, slide: int = 0) -> Wave:
    """One note, `(2, frames)`, RMS of its begin near 0.2; `force` is the velocity in sixteenths."""
    patch = PATCHES[name]
    pitch = pitch + 12 * patch.octave
    held = round(hundredths * 0.01 * SAMPLE_RATE)
    frames = held + round(patch.release_ms * 0.001 * SAMPLE_RATE)
    seed = int.from_bytes(hashlib.blake2b(f"{name} {pitch}".encode(), digest_size=8).digest(), "big")
    rng = np.random.Generator(np.random.PCG64(seed))
    tables = _tables(name, pitch)
    envelopes = [_envelope(patch, group, held, frames, force / 16.0) for group in range(len(tables))]
    out = np.zeros((2, frames), dtype=np.float32)
    bend = _bend(patch, frames, slide)
    for side, cents in enumerate((-patch.detune_cents, patch.detune_cents)):
        hertz = 440.0 * 2.0 ** ((pitch - 69) / 12.0 + cents / 1200.0)
        index = _phase(hertz, bend, frames, int(rng.integers(1 << 32)) if patch.detune_cents else 0)
        for table, envelope in zip(tables, envelopes, strict=True):
            out[side] += envelope * table[index]
        if not patch.detune_cents:
            out[1] = out[0]
            break
    if patch.breath or patch.click:
        out += _noise(patch, held, frames, rng)
    out *= np.float32(0.28)
    return out


@lru_cache(maxsize=512)
def _tables(name: str, pitch: int) -> tuple[Wave, ...]:
    """One single-cycle table a group of harmonics."""
    amplitudes = harmonic_amplitudes(PATCHES[name], 440.0 * 2.0 ** ((pitch - 69) / 12.0))
    rng = np.random.Generator(np.random.PCG64(pitch))
    # Spread phases keep the crest low; they are the same for both sides, so that mono keeps the tone.
    phases = np.exp(2j * np.pi * rng.random(amplitudes.size)) if amplitudes.size > 1 else np.array([-1j])
    tables = []
    first = 0
    for end in GROUP_ENDS:
        last = min(end, amplitudes.size)
        if last > first:
            spectrum = np.zeros(TABLE // 2 + 1, dtype=complex)
            spectrum[first + 1 : last + 1] = (amplitudes * phases)[first:last]
            tables.append((np.fft.irfft(spectrum, n=TABLE) * (TABLE / 2) * np.sqrt(2.0)).astype(np.float32))
        first = end
    return tuple(tables)


def _phase(hertz: float, bend: npt.NDArray[np.float64] | None, frames: int, start: int) -> npt.NDArray[np.intp]:
    """Table index of each frame; `bend` multiplies the frequency."""
    step = hertz / SAMPLE_RATE * 2.0**32
    if bend is None:
        counter = np.arange(frames, dtype=np.uint64) * np.uint64(round(step * 256))
        counter = (counter >> np.uint64(8)) + np.uint64(start)
    else:
        counter = np.cumsum(bend * step).astype(np.uint64) + np.uint64(start)
    return ((counter & np.uint64(0xFFFFFFFF)) >> np.uint64(32 - TABLE_BITS)).astype(np.intp)


def _bend(patch: Patch, frames: int, slide: int) -> npt.NDArray[np.float64] | None:
    """Frequency factor of each frame from vibrato and from the slide out of the note before; None without both."""
    vibrato = patch.vibrato_cents and frames > 0.35 * SAMPLE_RATE
    if not vibrato and not slide:
        return None
    time = np.arange(frames) / SAMPLE_RATE
    cents = np.zeros(frames)
    if vibrato:
        depth = np.clip((time - patch.vibrato_delay_seconds) / 0.3, 0.0, 1.0)
        cents += patch.vibrato_cents * depth * np.sin(2 * np.pi * patch.vibrato_hz * time)
    if slide:
        cents += 100.0 * slide * np.exp(-time / (patch.glide_ms * 0.0004))
    return np.asarray(2.0 ** (cents / 1200.0))


def _envelope(patch: Patch, group: int, held: int, frames: int, force: float) -> Wave:
    """Level of a group of harmonics over a note: attack, decay to the sustained level, release."""
    time = np.arange(frames, dtype=np.float32) / np.float32(SAMPLE_RATE)
    decay = patch.decay_seconds / (1.0 + patch.damping * group)
    fading = np.exp(-time / np.float32(decay))
    sustain = patch.sustain * (1.0 if group < 2 else 0.85)
    level = sustain + (1.0 - sustain) * fading
    if patch.bite and group >= 2:
        level *= 1.0 + patch.bite * np.exp(-time / np.float32(0.06))
    # Harder strokes are brighter.
    level *= (0.55 + 0.45 * force) ** (0.5 * group)
    # Brass and bows open from below: higher groups take longer to come in.
    attack = patch.attack_ms * 0.001 * (1.0 + (0.25 * group if patch.attack_ms > 20 else 0.0))
    level *= np.minimum(np.float32(1.0), time / np.float32(attack)) ** np.float32(0.7)
    if frames > held:
        level[held:] *= (0.5 + 0.5 * np.cos(np.linspace(0.0, np.pi, frames - held))).astype(np.float32)
    return np.asarray(level, dtype=np.float32)


def _noise(patch: Patch, held: int, frames: int, rng: np.random.Generator) -> Wave:
    """Breath while the note is held, and the click of its attack."""
    time = np.arange(frames, dtype=np.float32) / np.float32(SAMPLE_RATE)
    level = patch.breath * np.minimum(1.0, time / (patch.attack_ms * 0.001)) * (0.7 + 0.3 * np.exp(-time / 0.1))
    # The click has an attack of its own: a step in noise would be a fault, not a hammer.
    level = level + patch.click * np.exp(-time / 0.012) * np.minimum(1.0, time / 0.0015)
    level[held:] *= np.linspace(1.0, 0.0, frames - held)
    colour = _coloured_noise(round(patch.noise_hz))
    start = int(rng.integers(colour.size // 2))
    picked = np.stack(
        [np.take(colour, np.arange(start + shift, start + shift + frames), mode="wrap") for shift in (0, 977)]
    )
    return np.asarray(picked * level, dtype=np.float32)


@lru_cache(maxsize=32)
def _coloured_noise(centre_hz: int) -> Wave:
    """Two seconds of noise, an octave and a half wide around a frequency, RMS 1."""
    size = 1 << 17
    rng = np.random.Generator(np.random.PCG64(centre_hz))
    frequency = np.fft.rfftfreq(size, 1.0 / SAMPLE_RATE)
    shape = np.exp(-((np.log2(np.maximum(frequency, 1.0) / centre_hz) / 1.1) ** 2))
    noise = np.fft.irfft(np.fft.rfft(rng.standard_normal(size)) * shape, n=size)
    return np.asarray(noise / np.sqrt(np.mean(noise**2)), dtype=np.float32)
