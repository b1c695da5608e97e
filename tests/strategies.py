"""Hypothesis strategies: random short signals, and random steps built from the models' own ranges.

Steps are drawn from the JSON schema of every model in PROCESSORS, so that a new line in the table is covered as it
stands. What a schema cannot say (settings that must fit one another, names, files) is in SPECIAL.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from songkit.audio import Audio, Format, Samples
from songkit.blocks import BLOCK_FRAMES, AudioSource
from songkit.files import AudioWriter
from songkit.master import PROCESSORS
from songkit.master.processor import Processor
from songkit.targets import Target
from tests import signals

RATES = (8_000, 11_025, 22_050, 44_100, 48_000, 96_000)
CHANNELS = (1, 2, 6)
KINDS = ("noise", "tone", "impulses", "silence", "dc", "square")
LEFT_OUT = {
    "stems": "needs the weights of a network",
    "vst3": "needs a plugin of the machine's",
}
NAMES = sorted(PROCESSORS.keys() - LEFT_OUT)
"""Steps that are drawn."""

LAYOUTS = (("FL", "FR"), ("FC",), ("FL", "FR", "FC", "LFE", "BL", "BR"), ("FL", "FR", "FC", "LFE", "SL", "SR"))

MAX_ITEMS = 3
"""Of a list of bands: more of the same says nothing new."""

TOP_OF_BAND = 0.45
"""Frequencies are drawn up to this share of the sample rate, and sometimes beyond, which must be refused."""


# -- signals


@st.composite
def audio(draw: st.DrawFn, most_frames: int = 30_000) -> Audio:
    """One to three stretches of different kinds and levels, 1 to `most_frames` frames in all."""
    rate, channels = draw(st.sampled_from(RATES)), draw(st.sampled_from(CHANNELS))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    frames = draw(st.sampled_from((1, 50, 3_000, most_frames)).flatmap(lambda most: st.integers(most // 2, most)))
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=3))
    parts = [
        stretch(rng, kind, channels, len(part), rate) * 10 ** (draw(st.sampled_from((-80, -30, -12, 0, 6))) / 20)
        for kind, part in zip(kinds, np.array_split(np.arange(frames), len(kinds)), strict=True)
    ]
    return Audio(np.concatenate(parts, axis=1).astype(np.float32), rate)


def stretch(rng: np.random.Generator, kind: str, channels: int, frames: int, rate: int) -> np.ndarray:
    """One kind of signal, float64 `(channels, frames)`, peaks at or near full scale."""
    shape = (channels, frames)
    if kind == "noise":
        return 0.3 * rng.standard_normal(shape)
    if kind == "tone":
        turns = rng.uniform(20, 0.49 * rate) * np.arange(frames) / rate + rng.random((channels, 1))
        return np.asarray(np.sin(2 * np.pi * turns))
    if kind == "impulses":
        return (rng.random(shape) > 0.999) * rng.choice([-1.0, 1.0], shape)
    if kind == "dc":
        return np.full(shape, rng.choice([-0.9, 0.5, 1.0]))
    if kind == "square":
        half_period = int(rng.integers(1, 300))
        return np.tile(np.where(np.arange(frames) // half_period % 2, 1.0, -1.0), (channels, 1))
    return np.zeros(shape)


@dataclass(frozen=True, slots=True)
class Pieces(AudioSource):
    """A signal in blocks of these sizes in turn, empty ones among them; for each pass the same."""

    sizes: tuple[int, ...] = (1, 7, 0, 4_096)

    def blocks(self, frames: int = BLOCK_FRAMES) -> Iterator[Samples]:
        at = turn = 0
        while at < self.audio.frames:
            size = self.sizes[turn % len(self.sizes)]
            yield np.ascontiguousarray(self.audio.samples[:, at : at + size])
            at, turn = at + size, turn + 1


def sizes() -> st.SearchStrategy[tuple[int, ...]]:
    """Block sizes, at least one of them large enough for the passes to end soon."""
    small = st.lists(st.integers(0, 3_000), max_size=4)
    return st.builds(lambda some, last: (*some, last), small, st.integers(500, 20_000))


# -- steps


@st.composite
def chain_steps(draw: st.DrawFn, format: Format, most: int = 4) -> tuple[Processor, ...]:
    """One to `most` steps with random settings; half of them close with what holds a level."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=most))
    if draw(st.booleans()):
        names[-1] = draw(st.sampled_from(("limiter", "loudness")))
    return tuple(draw(step(name, format)) for name in names)


@st.composite
def step(draw: st.DrawFn, name: str, format: Format) -> Processor:
    """A step of that name whose settings are valid; whether it fits the format is for `check` to say."""
    model = PROCESSORS[name]
    schema = model.model_json_schema()
    special = SPECIAL.get(name, {})
    values: dict[str, Any] = draw(TOGETHER[name]()) if name in TOGETHER else {}
    for field, rules in schema["properties"].items():
        if field in values:
            continue
        if field in special:
            values[field] = draw(special[field]())
        elif field in schema.get("required", ()) or draw(st.booleans()):
            values[field] = draw(value(rules, schema.get("$defs", {}), field, format.sample_rate))
    if not model.mixable:
        values.pop("mix", None)
    return model.model_validate(values)


def value(rules: Mapping[str, Any], parts: Mapping[str, Any], name: str, rate: int) -> st.SearchStrategy[Any]:
    """What a JSON schema allows; numbers favour their bounds."""
    if "$ref" in rules:
        return value(parts[rules["$ref"].rpartition("/")[2]], parts, name, rate)
    if "const" in rules:
        return st.just(rules["const"])
    if "enum" in rules:
        return st.sampled_from(rules["enum"])
    if options := rules.get("anyOf") or rules.get("oneOf"):
        return st.one_of([value(option, parts, name, rate) for option in options])
    kinds: dict[str, Callable[[], st.SearchStrategy[Any]]] = {
        "number": lambda: number(rules, name, rate),
        "integer": lambda: st.integers(rules["minimum"], rules["maximum"]),
        "boolean": st.booleans,
        "null": st.none,
        "array": lambda: st.lists(
            value(rules["items"], parts, name, rate), min_size=rules.get("minItems", 0), max_size=MAX_ITEMS
        ),
        "object": lambda: st.fixed_dictionaries(
            {key: value(rule, parts, key, rate) for key, rule in rules["properties"].items()}
        ),
    }
    return kinds[rules["type"]]()


def number(rules: Mapping[str, Any], name: str, rate: int) -> st.SearchStrategy[float]:
    """Between the bounds. Raises KeyError for a setting without: every number that a user may give has its range."""
    low = rules["minimum"] if "minimum" in rules else rules["exclusiveMinimum"]
    high = rules["maximum"] if "maximum" in rules else rules["exclusiveMaximum"]
    open_ends = {"exclude_min": "minimum" not in rules, "exclude_max": "maximum" not in rules}
    anywhere = st.floats(low, high, **open_ends)
    if name.endswith("_hz") and low < TOP_OF_BAND * rate < high:
        return st.one_of(st.floats(low, TOP_OF_BAND * rate), st.floats(low, TOP_OF_BAND * rate), anywhere)
    return anywhere


@cache
def reference() -> str:
    """A recording for `match` to come near to, kept for as long as the tests run."""
    folder = tempfile.TemporaryDirectory()
    _KEPT.append(folder)
    path, recording = Path(folder.name) / "reference.wav", signals.song(2.0)
    with AudioWriter(path, recording.format, Target().encoding(16), frames=recording.frames) as writer:
        writer.push(recording.samples)
        writer.close()
        writer.commit()
    return str(path)


_KEPT: list[tempfile.TemporaryDirectory[str]] = []

SPECIAL: dict[str, dict[str, Callable[[], st.SearchStrategy[Any]]]] = {
    # up to 600 s would fit into none of these signals
    "fade": {
        "in_seconds": lambda: st.one_of(st.floats(0, 0.1), st.floats(0, 600)),
        "out_seconds": lambda: st.floats(0, 0.1),
    },
    "downmix": {"layout": lambda: st.sampled_from(LAYOUTS)},
    "match": {"references": lambda: st.just([{"path": reference()}])},
}
"""Settings whose schema says less than what makes sense."""


def crossovers(most: int) -> st.SearchStrategy[list[float]]:
    frequencies = st.lists(st.floats(20.0, 3_500.0), min_size=1, max_size=most, unique=True)
    return frequencies.map(sorted)


@st.composite
def multiband(draw: st.DrawFn) -> dict[str, Any]:
    crossovers_hz = draw(crossovers(3))
    parts = PROCESSORS["multiband"].model_json_schema()["$defs"]
    band = value(parts["CompressorSettings"], parts, "bands", 48_000)
    size = len(crossovers_hz) + 1
    return {"crossovers_hz": crossovers_hz, "bands": draw(st.lists(band, min_size=size, max_size=size))}


@st.composite
def width(draw: st.DrawFn) -> dict[str, Any]:
    crossovers_hz = draw(crossovers(3))
    size = len(crossovers_hz) + 1
    return {"crossovers_hz": crossovers_hz, "widths": draw(st.lists(st.floats(0, 2), min_size=size, max_size=size))}


TOGETHER: dict[str, Callable[[], st.SearchStrategy[dict[str, Any]]]] = {
    "multiband": multiband,
    "width": width,
    "pedalboard": lambda: st.sampled_from(
        [
            {"plugin": "Compressor", "parameters": {"threshold_db": -30, "ratio": 4}},
            {"plugin": "Distortion", "parameters": {"drive_db": 20}},
            {"plugin": "Reverb", "parameters": {"room_size": 0.9}},
            {"plugin": "Phaser", "parameters": {}},
        ]
    ),
    "ffmpeg": lambda: st.sampled_from(
        [
            {"filter": "acompressor", "options": {"threshold": "-30dB", "ratio": 4}},
            {"filter": "treble", "options": {"g": 6, "f": 3000}},
            {"filter": "afftdn", "options": {}},
            {"filter": "tremolo", "options": {}},
        ]
    ),
}
"""Settings that only make sense together."""
