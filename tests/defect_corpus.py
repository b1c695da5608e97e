"""Defects planted into music, and how many of them are found; `python -m tests.defect_corpus` prints the table.

The music is that of `tests.signals` and takes of the built-in generator in many styles. Each detector gets at least 200
positives; what it reports where nothing was planted (in the same files, and in the clean ones) counts against it.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

from songkit.analysis import Analysis, Span, analyze
from songkit.audio import Audio
from songkit.blocks import AudioSource
from songkit.generate.contract import Request
from songkit.generate.sketch import Sketch
from tests.defect_plants import (
    CODES,
    Planted,
    Random,
    plant_clicks,
    plant_clipping,
    plant_cutoff,
    plant_dropouts,
    plant_failure,
    plant_hum,
    plant_rounded,
)
from tests.signals import held_chords, song, swells

STYLES = (
    "happy pop", "rock", "electronic", "blues", "r&b", "jazz", "soul", "country", "folk", "dance", "rap", "classical",
    "hip-hop", "chinese", "house", "punk", "metal", "funk", "reggae", "disco",
)  # fmt: skip
SECONDS = 20.0
BAR = 0.95


@dataclass
class Count:
    """What a detector made of what was planted."""

    planted: dict[str, int] = field(default_factory=dict)
    found: dict[str, int] = field(default_factory=dict)
    wrong: dict[str, int] = field(default_factory=dict)
    missed: list[str] = field(default_factory=list)
    clean_files: int = 0
    clean_hits: list[str] = field(default_factory=list)

    @property
    def positives(self) -> int:
        return sum(self.planted.values())

    @property
    def recall(self) -> float:
        return sum(self.found.values()) / max(1, self.positives)

    @property
    def precision(self) -> float:
        right = sum(self.found.values())
        return right / max(1, right + sum(self.wrong.values()) + len(self.clean_hits))

    def of(self, kind: str) -> tuple[float, float]:
        """Precision and recall of one kind."""
        right = self.found[kind]
        return right / max(1, right + self.wrong[kind]), right / self.planted[kind]


@cache
def take(style: str, seed: int = 1) -> Audio:
    """A take of the built-in generator, rendered once in a session."""
    import soundfile

    with tempfile.TemporaryDirectory() as folder:
        generator, request, work = Sketch(), Request(SECONDS, style), Path(folder)
        prepared = generator.prepare(request, work, lambda update: None)
        made = generator.generate(request, prepared, seed, work, lambda update: None)
        samples, rate = soundfile.read(made.audio, dtype="float32", always_2d=True)
    return Audio(samples.T, rate)


def music(styles: Sequence[str] = STYLES) -> Iterator[tuple[str, Audio]]:
    """Clean programmes by name: generated takes, and the songs of `tests.signals`."""
    for style in styles:
        yield style, take(style)
    for seed in (1, 2, 3):
        yield f"song {seed}", song(SECONDS, (44_100, 48_000, 44_100)[seed - 1], seed)
    yield "swells", swells(SECONDS)


def _whole(analysis: Analysis, value: float | None) -> list[tuple[Span, float]]:
    return [] if value is None else [(Span(0.0, analysis.format.seconds), value)]


@dataclass(frozen=True)
class Detector:
    """A meter (or several, with commas), how its defect is planted, and how what it reports is read.

    What is read are spans with a value each; `leave_out` names programmes that have the defect by nature.
    """

    meter: str
    plant: Callable[[Audio, Random], Planted]
    read: Callable[[Analysis], list[tuple[Span, float]]]
    tolerance: float
    rounds: int
    """How often every programme is planted."""
    within_seconds: float = 0.003
    leave_out: tuple[str, ...] = ()
    clean: tuple[str, ...] = ()
    """Kinds of `held_chords`, which stand still by nature: nothing is planted there, and nothing may be found."""

    def measure(self, audio: Audio) -> list[tuple[Span, float]]:
        return self.read(analyze(AudioSource(audio), meters=self.meter.split(",")))


def _failures(analysis: Analysis) -> list[tuple[Span, float]]:
    whole = analysis.format.seconds
    return [
        (Span(found.start_seconds or 0.0, whole if found.end_seconds is None else found.end_seconds), float(index))
        for found in analysis.findings
        for index, code in enumerate(CODES)
        if found.code == code
    ]


def _timed(name: str) -> Callable[[Analysis], list[tuple[Span, float]]]:
    return lambda analysis: [(span, 0.0) for span in getattr(analysis.defects, name).spans]


DETECTORS = {
    "clicks": Detector("clicks", plant_clicks, _timed("clicks"), 1.0, 2),
    "dropouts": Detector("dropouts", plant_dropouts, _timed("dropouts"), 1.0, 2),
    "clipping": Detector("clipping", plant_clipping, _timed("clipping"), 1.0, 2),
    "clipped earlier": Detector(
        "clipping", plant_rounded, lambda a: _whole(a, 0.0 if a.defects.clipping.rounded_tops else None), 1.0, 9
    ),
    "hum": Detector("hum", plant_hum, lambda a: _whole(a, a.defects.hum.frequency_hz), 0.5, 9),
    "failed generation": Detector(
        "spectrum,loudness",
        plant_failure,
        _failures,
        0.1,
        10,
        leave_out=("swells",),
        clean=("organ", "pad", "strings", "drone"),
    ),
    "cutoff": Detector("spectrum", plant_cutoff, lambda a: _whole(a, a.spectrum.cutoff_hz), 500.0, 9),
}


def evaluate(detector: Detector, programmes: Sequence[tuple[str, Audio]], rounds: int | None = None) -> Count:
    """Plant into every programme, measure, and count what was found, what was missed and what was made up."""
    count = Count()
    for kind in detector.clean:
        count.clean_files += 1
        count.clean_hits += [f"{kind}: {_told(span, value)}" for span, value in detector.measure(held_chords(kind))]
    for index, (name, audio) in enumerate(programmes):
        if name in detector.leave_out:
            continue
        count.clean_files += 1
        count.clean_hits += [f"{name}: {_told(span, value)}" for span, value in detector.measure(audio)]
        for turn in range(detector.rounds if rounds is None else rounds):
            planted = detector.plant(audio, np.random.default_rng([index, turn, len(detector.meter)]))
            found = detector.measure(planted.audio)
            matched: set[int] = set()
            for span in planted.spans:
                hits = {i for i, (other, value) in enumerate(found) if _meets(detector, planted, span, other, value)}
                matched |= hits
                count.planted[planted.kind] = count.planted.get(planted.kind, 0) + 1
                count.found[planted.kind] = count.found.get(planted.kind, 0) + bool(hits)
                if not hits:
                    count.missed.append(f"{name}, {planted.kind}: missed {_told(span, planted.value)}")
            wrong = [_told(span, value) for i, (span, value) in enumerate(found) if i not in matched]
            count.wrong[planted.kind] = count.wrong.get(planted.kind, 0) + len(wrong)
            count.missed += [f"{name}, {planted.kind}: false at {told}" for told in wrong]
    return count


def _meets(detector: Detector, planted: Planted, span: Span, other: Span, value: float) -> bool:
    near = detector.within_seconds
    in_time = other.start_seconds <= span.end_seconds + near and span.start_seconds <= other.end_seconds + near
    return in_time and abs(value - planted.value) <= detector.tolerance


def _told(span: Span, value: float) -> str:
    return f"{value:.0f} Hz" if value > len(CODES) else f"{span.start_seconds:.3f} s"


def main(names: Sequence[str]) -> int:
    programmes = list(music())
    failed = 0
    print("detector           planted  precision  recall  clean files  false in clean files")
    for name, detector in DETECTORS.items():
        if names and name not in names:
            continue
        count = evaluate(detector, programmes)
        passed = count.precision >= BAR and count.recall >= BAR and not count.clean_hits and count.positives >= 200
        failed += not passed
        print(
            f"{name:17}  {count.positives:7}  {count.precision:9.3f}  {count.recall:6.3f}  {count.clean_files:11}  "
            f"{len(count.clean_hits)}{'' if passed else '   SHORT OF THE BAR'}"
        )
        for kind in sorted(count.planted):
            precision, recall = count.of(kind)
            print(f"    {kind:22} {count.planted[kind]:5}      {precision:.3f}   {recall:.3f}")
        for line in (*(f"false in {hit}" for hit in count.clean_hits), *count.missed[:9]):
            print(f"      {line}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
