"""A Standard MIDI File of what was played (format 1, 480 ticks a quarter), by hand: a few bytes a note."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from songkit.generate.sketch.score import Hit, Part

TICKS = 480
DRUM_CHANNEL = 9
# General MIDI percussion keys and nearest programs (0-based).
DRUM_KEYS: dict[str, int] = {
    "kick": 36, "snare": 38, "clap": 39, "rim": 37, "hat": 42, "open": 46, "pedal": 44, "ride": 51, "crash": 49,
    "shaker": 70, "tambourine": 54, "tom high": 50, "tom mid": 47, "tom low": 45, "conga high": 63, "conga low": 64,
}  # fmt: skip
PROGRAMS: dict[str, int] = {
    "piano": 0, "electric piano": 4, "organ": 16, "soft organ": 16, "clavinet": 7, "bell": 14, "acoustic guitar": 25,
    "nylon guitar": 24, "clean guitar": 27, "electric guitar": 27, "overdriven guitar": 29, "distorted guitar": 30,
    "lead guitar": 29, "banjo": 105, "harp": 46, "guzheng": 107, "warm pad": 89, "super pad": 90, "dark pad": 95,
    "strings": 48, "soft lead": 82, "saw lead": 81, "square lead": 80, "saxophone": 65, "trumpet": 56, "violin": 40,
    "erhu": 110, "cello": 42, "flute": 73, "harmonica": 22, "vocal": 53, "synth bass": 38, "saw bass": 39,
    "sub bass": 38,
    "finger bass": 33, "picked bass": 34, "slap bass": 36, "upright bass": 32, "cello section": 48, "pluck synth": 87,
    "pulse synth": 80, "voice": 52, "short strings": 48, "low strings": 45, "timpani": 47,
}  # fmt: skip


def midi_file(parts: Sequence[Part], hits: Sequence[Hit], tempo_bpm: float) -> bytes:
    """The bytes of the file; second 0 is tick 0, and the tempo is constant."""
    per_second = TICKS * tempo_bpm / 60.0
    tempo = b"\x00\xff\x51\x03" + round(60_000_000 / tempo_bpm).to_bytes(3, "big")
    tracks = [_track(tempo)]
    channels = [channel for channel in range(16) if channel != DRUM_CHANNEL]
    for index, part in enumerate(parts):
        channel = channels[index % len(channels)]
        notes = [(note.start_seconds, note.end_seconds, note.pitch, note.velocity) for note in part.notes]
        program = bytes([0, 0xC0 | channel, PROGRAMS.get(part.patch, 0)])
        tracks.append(_track(_name(part.name) + program + _events(notes, channel, per_second)))
    strokes = [
        (hit.start_seconds, hit.start_seconds + 0.1, DRUM_KEYS[hit.drum], hit.velocity)
        for hit in hits
        if hit.drum in DRUM_KEYS
    ]
    tracks.append(_track(_name("drums") + _events(strokes, DRUM_CHANNEL, per_second)))
    return b"MThd" + struct.pack(">IHHH", 6, 1, len(tracks), TICKS) + b"".join(tracks)


def _track(body: bytes) -> bytes:
    body += b"\x00\xff\x2f\x00"
    return b"MTrk" + struct.pack(">I", len(body)) + body


def _name(text: str) -> bytes:
    return b"\x00\xff\x03" + _length(len(text.encode())) + text.encode()


def _events(notes: Sequence[tuple[float, float, int, float]], channel: int, per_second: float) -> bytes:
    events: list[tuple[int, int, int, int]] = []
    for start, end, pitch, velocity in notes:
        first = round(start * per_second)
        events.append((first, 1, pitch, max(1, min(127, round(127 * velocity)))))
        events.append((max(first + 1, round(end * per_second)), 0, pitch, 0))
    body = bytearray()
    now = 0
    for tick, on, pitch, velocity in sorted(events):
        body += _length(tick - now) + bytes([(0x90 if on else 0x80) | channel, pitch & 0x7F, velocity])
        now = tick
    return bytes(body)


def _length(value: int) -> bytes:
    """A number in MIDI's variable length: seven bits a byte, high bit set on all but the last."""
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(0x80 | value & 0x7F)
    return bytes(digits[::-1])
