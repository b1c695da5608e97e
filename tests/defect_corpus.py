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
import numpy.typing as npt

from songkit.analysis import Analysis, Span, analyze
from songkit.analysis.events import Events
from songkit.audio import Audio, ContainerName, Encoding
from songkit.blocks import AudioSource
from songkit.files import AudioWriter, read_audio
from songkit.generate.contract import Request
from songkit.generate.sketch import Sketch
from tests.signals import song, swells

STYLES = (
    "happy pop", "rock", "electronic", "blues", "r&b", "jazz", "soul", "country", "folk", "dance", "rap", "classical",
    "hip-hop", "chinese", "house", "punk", "metal", "funk", "reggae", "disco",
)  # fmt: skip
SECONDS = 20.0
BAR = 0.95

# What failed generation sounds like, and the finding that must say so, as its place in CODES.
CODES = ("noise-only", "stuck", "repetition", "late-collapse", "static")
FAILURES = {
    "noise throughout": 0.0,
    "noise for a while": 0.0,
    "held": 1.0,
    "stuck in a loop": 2.0,
    "falls to a whisper": 3.0,
}

Wave = npt.NDArray[np.float32]
Random = np.random.Generator


@dataclass(frozen=True)
class Planted:
    """Music with a defect: what kind, and where (for the whole file: one span from 0 to the end)."""

    audio: Audio
    kind: str
    spans: tuple[Span, ...]
    value: float = 0.0
    """The frequency that a whole-file detector must name."""


@dataclass
class Count:
    """What a detector made of what was planted."""

    planted: dict[str, int] = field(default_factory=dict)
    found: dict[str, int] = field(default_factory=dict)
    wrong: int = 0
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
        return right / max(1, right + self.wrong + len(self.clean_hits))


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


def plant_clicks(audio: Audio, rng: Random) -> Planted:
    """Ten clicks of 1 to 14 samples whose height is 10 to 30 dB over the RMS of the 20 ms around."""
    samples, rate = audio.samples.copy(), audio.sample_rate
    kind = ("one sample", "2 to 5 samples", "up and down", "tick")[int(rng.integers(4))]
    near, spans = rate // 100, []
    for at in _places(audio, rng, 10, 0.01):
        pulse = _click(kind, rng)
        rms = float(np.sqrt(np.mean(samples[:, at - near : at + near].astype(np.float64) ** 2)))
        height = rms * 10 ** (rng.uniform(10, 30) / 20) * rng.choice([-1.0, 1.0])
        channels = slice(None) if rng.random() < 0.5 else slice(0, 1)
        samples[channels, at : at + len(pulse)] += (height * pulse).astype(np.float32)
        spans.append(Span(at / rate, (at + len(pulse)) / rate))
    return Planted(Audio(samples, rate), kind, tuple(spans))


def _click(kind: str, rng: Random) -> npt.NDArray[np.float64]:
    if kind == "2 to 5 samples":
        return np.ones(int(rng.integers(2, 6)))
    if kind == "tick":
        return np.exp(-np.arange(14) / 3.0) * np.cos(1.5 * np.arange(14))
    return np.array([1.0]) if kind == "one sample" else np.array([1.0, -1.0])


def plant_dropouts(audio: Audio, rng: Random) -> Planted:
    """Eight gaps of 5 to 100 ms: zero, zero under 16-bit dither, in one channel alone, or cut in half a millisecond."""
    samples, rate = audio.samples.copy(), audio.sample_rate
    kind = ("zero", "dithered", "one channel", "cut in 0.5 ms")[int(rng.integers(4))]
    spans = []
    for at in _places(audio, rng, 8, 0.02, least_rms=0.01):
        length = round(rng.uniform(0.005, 0.1) * rate)
        gain = np.zeros(length, np.float32)
        if kind == "cut in 0.5 ms":
            edge = np.linspace(1, 0, rate // 2000, dtype=np.float32)
            gain[: len(edge)], gain[-len(edge) :] = edge, edge[::-1]
        samples[slice(None) if kind != "one channel" else slice(1, 2), at : at + length] *= gain
        spans.append(Span(at / rate, (at + length) / rate))
    if kind == "dithered":
        noise = rng.random(samples.shape) - rng.random(samples.shape)
        samples = (np.round(samples * 2.0**15 + noise) * 2.0**-15).astype(np.float32)
    return Planted(Audio(samples, rate), kind, tuple(spans))


def plant_clipping(audio: Audio, rng: Random) -> Planted:
    """Tops cut off over runs of 3 samples and more, 1 to 200 runs at full scale, 6 to 200 where turned down afterwards.

    A file that was resampled or coded after clipping has no flat tops any more: `plant_rounded` does that.
    """
    kind = ("full scale", "full scale, 16 bit", "turned down", "turned down, 16 bit")[int(rng.integers(4))]
    wave, rate = audio.samples.astype(np.float64), audio.sample_rate
    drive = _drive_for(wave, int(rng.integers(1 if kind.startswith("full") else 6, 200)))
    clipped = np.clip(wave * drive, -1.0, 1.0)
    starts, ends = _runs(np.abs(clipped) >= 1.0)
    spans = Events.of(Span(start / rate, end / rate) for start, end in zip(starts, ends, strict=True)).spans
    if kind.startswith("turned"):
        clipped *= rng.uniform(0.3, 0.98)
    if kind.endswith("16 bit"):
        clipped = np.clip(np.round(clipped * 2.0**15), -(2**15), 2**15 - 1) * 2.0**-15
    return Planted(Audio(clipped.astype(np.float32), rate), kind, spans)


def _drive_for(wave: npt.NDArray[np.float64], runs: int) -> float:
    """The gain at which about so many runs of 3 samples and more reach full scale."""
    low, high = 0.5 / np.max(np.abs(wave)), 20.0 / np.max(np.abs(wave))
    for _ in range(12):
        middle = float(np.sqrt(low * high))
        if len(_runs(np.abs(wave * middle) >= 1.0)[0]) >= runs:
            high = middle
        else:
            low = middle
    return high


def _runs(at_top: npt.NDArray[np.bool_]) -> tuple[list[int], list[int]]:
    """First sample, and the one after the last, of every run of 3 and more, channel by channel."""
    padded = np.pad(at_top, ((0, 0), (1, 1))).astype(np.int8)
    edges = np.diff(padded, axis=1)
    starts, ends = np.nonzero(edges == 1)[1], np.nonzero(edges == -1)[1]
    long = ends - starts >= 3
    return starts[long].tolist(), ends[long].tolist()


def plant_rounded(audio: Audio, rng: Random) -> Planted:
    """1 to 5 % of the samples clipped, by 3 dB and more; then resampled, or coded at 192 to 320 kb/s; 0.3 to 0.98 high.

    Through AAC half of them stay unseen, which is not asked for here.
    """
    kind = ("resampled", "MP3", "Vorbis")[int(rng.integers(3))]
    magnitude = np.abs(audio.samples)
    share = float(np.exp(rng.uniform(np.log(0.01), np.log(0.05))))
    drive = max(1.0 / float(np.quantile(magnitude, 1.0 - share)), 10 ** (3 / 20) / float(magnitude.max()))
    clipped = Audio(np.clip(audio.samples * drive, -1.0, 1.0), audio.sample_rate)
    if kind == "resampled":
        rate = 48_000 if audio.sample_rate == 44_100 else 44_100
        rounded = resampled(clipped, rate)
    else:
        rounded = coded(clipped, kind, int(rng.choice([192, 256, 320])))
    samples = rounded.samples * np.float32(rng.uniform(0.3, 0.98) / np.max(np.abs(rounded.samples)))
    return Planted(Audio(samples, rounded.sample_rate), kind, (Span(0.0, rounded.seconds),))


def resampled(audio: Audio, rate: int) -> Audio:
    import soxr

    return Audio(soxr.resample(audio.samples.T, audio.sample_rate, rate).T.astype(np.float32), rate)


def coded(audio: Audio, kind: str, kbps: int) -> Audio:
    """There and back through a lossy codec."""
    container: ContainerName = "mp3" if kind == "MP3" else "ogg"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"song.{container}"
        with AudioWriter(path, audio.format, Encoding(container, bitrate_kbps=kbps), frames=audio.frames) as writer:
            writer.push(audio.samples)
            writer.commit()
        return read_audio(path)


def plant_hum(audio: Audio, rng: Random) -> Planted:
    """Mains hum of -50 to -30 dBFS (RMS of its lines together) for the whole file; a lone line of -40 to -30."""
    kind = ("falling harmonics", "odd harmonics", "twice the mains", "one line")[int(rng.integers(4))]
    mains_hz = float(rng.choice([50.0, 60.0])) + rng.uniform(-0.03, 0.03)
    orders = {"falling harmonics": (1, 2, 3, 4), "odd harmonics": (1, 3, 5), "twice the mains": (2, 4, 6)}.get(
        kind, (1,)
    )
    time = np.arange(audio.frames) / audio.sample_rate
    hum = sum(
        np.sin(2 * np.pi * mains_hz * k * time + rng.uniform(0, 6)) / (k if kind != "odd harmonics" else 1)
        for k in orders
    )
    hum *= 10 ** (rng.uniform(-40 if len(orders) == 1 else -50, -30) / 20) / np.sqrt(np.mean(hum**2))
    whole = (Span(0.0, audio.seconds),)
    return Planted(Audio(audio.samples + hum.astype(np.float32), audio.sample_rate), kind, whole, round(mains_hz))


def plant_cutoff(audio: Audio, rng: Random) -> Planted:
    """Everything above 11 to 19 kHz gone, over 50 to 400 Hz, down by 60 dB and more; sometimes under 16-bit dither."""
    kind = ("60 dB down", "nothing left", "under dither")[int(rng.integers(3))]
    cutoff_hz, width_hz = float(rng.uniform(11_000, 19_000)), float(rng.uniform(50, 400))
    hz = np.fft.rfftfreq(audio.frames, 1 / audio.sample_rate)
    depth_db = 60.0 if kind == "60 dB down" else 160.0
    gain = 10 ** (-depth_db / 20 * np.clip((hz - cutoff_hz) / width_hz, 0, 1))
    samples = np.fft.irfft(np.fft.rfft(audio.samples) * gain, n=audio.frames)
    if kind == "under dither":
        samples = np.round(samples * 2.0**15 + rng.random(samples.shape) - rng.random(samples.shape)) * 2.0**-15
    whole = (Span(0.0, audio.seconds),)
    return Planted(Audio(samples.astype(np.float32), audio.sample_rate), kind, whole, cutoff_hz)


def plant_failure(audio: Audio, rng: Random) -> Planted:
    """What failed generation sounds like, in 40 s of music: one of FAILURES.

    Noise of any colour, throughout or for 4 to 8 s; a moment held for 7 to 12 s; a stretch of 1 to 2 s over and over
    from the middle on; nothing but a whisper from 20 to 24 s on.
    """
    kind = tuple(FAILURES)[int(rng.integers(len(FAILURES)))]
    samples = np.concatenate([audio.samples, audio.samples[:, ::-1]], axis=1)  # backwards it is another song
    rate, frames = audio.sample_rate, samples.shape[1]
    level = float(np.sqrt(np.mean(samples**2)))
    start, end = 0, frames
    if kind == "noise throughout":
        samples = coloured_noise(samples.shape, rng) * level
    elif kind == "noise for a while":
        start = int(rng.integers(2 * rate, 26 * rate))
        end = start + round(rng.uniform(4.0, 8.0) * rate)
        samples[:, start:end] = coloured_noise((samples.shape[0], end - start), rng) * level
    elif kind == "held":
        start = int(rng.integers(2 * rate, 26 * rate))
        end = start + round(rng.uniform(7.0, 12.0) * rate)
        samples[:, start:end] = _over_and_over(samples, start, end, round(rng.uniform(0.03, 0.09) * rate), rate, level)
    elif kind == "stuck in a loop":
        start = frames // 2
        samples[:, start:] = _over_and_over(samples, start, end, round(rng.uniform(1.0, 2.0) * rate), rate, level)
    else:
        start = int(rng.integers(20 * rate, 24 * rate))
        samples[:, start:] *= 10 ** (-rng.uniform(25.0, 60.0) / 20)
    span = Span(start / rate, end / rate)
    return Planted(Audio(samples.astype(np.float32), rate), kind, (span,), FAILURES[kind])


def _over_and_over(samples: Wave, start: int, end: int, length: int, rate: int, level: float) -> Wave:
    """The loudest of some moments before `start`, repeated; brought to the music's level."""
    places = np.linspace(0, max(1, start - length), 50).astype(int)
    loudest = max(places, key=lambda at: float(np.mean(samples[:, at : at + length] ** 2)))
    moment = samples[:, loudest : loudest + length]
    moment = moment * (level / float(np.sqrt(np.mean(moment**2))))
    return np.tile(moment, (end - start) // length + 1)[:, : end - start]


def coloured_noise(shape: tuple[int, ...], rng: Random) -> Wave:
    """White, pink or brown, RMS 1."""
    slope = float(rng.choice([0.0, 0.5, 1.0]))
    spectrum = np.fft.rfft(rng.standard_normal(shape))
    spectrum[:, 1:] /= np.maximum(np.arange(1, spectrum.shape[1]), 20) ** slope
    noise = np.fft.irfft(spectrum, n=shape[1])
    return (noise / np.sqrt(np.mean(noise**2))).astype(np.float32)


def _places(audio: Audio, rng: Random, count: int, apart: float, least_rms: float = 1e-3) -> list[int]:
    """Frames spread over the file, where there is sound on both sides."""
    places: list[int] = []
    near = round(max(apart, 0.02) * audio.sample_rate)
    step = (audio.frames - 8 * near) // count
    power = np.convolve(np.mean(audio.samples.astype(np.float64) ** 2, axis=0), np.ones(near) / near, "same")
    quietest = np.minimum(np.roll(power, near), np.roll(power, -near - audio.sample_rate // 10))
    for index in range(count):
        for _ in range(20):
            at = 4 * near + index * step + int(rng.integers(max(1, step - 6 * near)))
            if min(power[at], quietest[at]) > least_rms**2:
                places.append(at)
                break
    return places


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
    "failed generation": Detector("spectrum,loudness", plant_failure, _failures, 0.1, 10, leave_out=("swells",)),
    "cutoff": Detector("spectrum", plant_cutoff, lambda a: _whole(a, a.spectrum.cutoff_hz), 500.0, 9),
}


def evaluate(detector: Detector, programmes: Sequence[tuple[str, Audio]], rounds: int | None = None) -> Count:
    """Plant into every programme, measure, and count what was found, what was missed and what was made up."""
    count = Count()
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
                    count.missed.append(f"{name}, {planted.kind}: {_told(span, planted.value)}")
            count.wrong += len(found) - len(matched)
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
            print(f"    {kind:24} {count.found[kind]} of {count.planted[kind]}")
        if not passed:
            for line in (*(f"false in {hit}" for hit in count.clean_hits), *(f"missed in {m}" for m in count.missed)):
                print(f"      {line}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
