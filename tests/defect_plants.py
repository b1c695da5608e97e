"""Defects planted into music: what is spoiled, how, and where; `tests.defect_corpus` counts what is found of them."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from songkit.analysis import Span
from songkit.analysis.events import Events
from songkit.audio import Audio, ContainerName, Encoding
from songkit.files import AudioWriter, read_audio

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
