"""Signals of the standards with the readings they must give; `python -m tests.conformance` prints the table,
with `beside` the readings of pyloudnorm and ffmpeg as well.

EBU Tech 3341 (1-6, 9-23; 7 and 8 are recordings), EBU Tech 3342 (1-4), and what the texts demand besides: rates,
channel weights, gates, windows, inter-sample peaks. All are synthesised here.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from songkit.analysis import analyze
from songkit.analysis.result import figure
from songkit.analysis.second_opinion import ffmpeg_opinion, pyloudnorm_opinion
from songkit.audio import Audio, default_layout, layout_from_mask
from songkit.blocks import AudioSource
from tests.signals import sine

RATES = (8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000, 176_400, 192_000)
LOUDNESS_LU = 0.02
LENGTH_SECONDS = 20.0


@dataclass(frozen=True)
class Case:
    """What `figure` of the signal must read: `expected` within `+high`/`-low`, or None for an undefined figure."""

    name: str
    figure: str
    expected: float | None
    low: float
    high: float
    make: Callable[[], Audio]

    def measure(self) -> float | None:
        meter = self.figure.partition(".")[0]
        return figure(analyze(AudioSource(self.make()), meters=[meter]), self.figure)

    def passes(self, measured: float | None, rounding: float = 0.0) -> bool:
        if measured is None or self.expected is None:
            return measured is self.expected
        return -self.low - rounding <= measured - self.expected <= self.high + rounding


def tones(parts: Sequence[tuple[float, float | None]], channels: int = 2, hz: float = 1000.0) -> Audio:
    """A tone through parts of (seconds, peak level in dBFS or None for silence) at 48 kHz, its phase unbroken."""
    levels = [np.full(round(seconds * 48_000), 0.0 if dbfs is None else 10 ** (dbfs / 20)) for seconds, dbfs in parts]
    envelope = np.concatenate(levels)
    wave = envelope * np.sin(2 * np.pi * hz / 48_000 * np.arange(len(envelope)))
    return Audio(np.tile(wave, (channels, 1)).astype(np.float32), 48_000)


def placed(levels_dbfs: Sequence[float | None], layout: tuple[str, ...], seconds: float = 2.0) -> Audio:
    """997 Hz at its own level in every channel, None for silence."""
    time = np.arange(round(seconds * 48_000)) / 48_000
    wave = np.sin(2 * np.pi * 997 * time)
    rows = [wave * 0.0 if level is None else wave * 10 ** (level / 20) for level in levels_dbfs]
    return Audio(np.stack(rows).astype(np.float32), 48_000, layout)


def tapered(
    cycles_per_sample: float, amplitude: float, degrees: float, frames: int = 9600, rate: int = 48_000
) -> Audio:
    """A sine that fades in and out, so that its ends do not ring."""
    index = np.arange(frames)
    fade = np.minimum(1, np.minimum(index, index[::-1]) / (frames / 8))
    wave = np.sin(2 * np.pi * cycles_per_sample * index + np.radians(degrees)) * (0.5 - 0.5 * np.cos(np.pi * fade))
    return Audio((amplitude * wave).astype(np.float32), rate)


def burst_between_samples(offset: int) -> Audio:
    """Tests 20-23: at four times the rate fs/6 at 0.5 with one period of fs/4 at 1.0, cut to the band, every fourth."""
    half, period, burst = 9600, 24, 16
    before = 0.5 * np.sin(2 * np.pi * np.arange(half) / period)
    wave = np.concatenate([before, np.sin(2 * np.pi * np.arange(burst) / burst), before])
    fade = np.minimum(1, np.minimum(np.arange(len(wave)), np.arange(len(wave))[::-1]) / 1920)
    spectrum = np.fft.rfft(wave * (0.5 - 0.5 * np.cos(np.pi * fade)))
    spectrum[len(spectrum) // 4 :] = 0
    return Audio(np.fft.irfft(spectrum, n=len(wave))[offset::4].astype(np.float32), 48_000)


def k_weighted_lufs(hz: float, peak_dbfs: float, channels: int) -> float:
    """What a steady sine must read, from the filter tables of BS.1770-5 Annex 1."""
    z = np.exp(-2j * math.pi * hz / 48_000 * np.arange(3))
    gain = 1.0
    for b, a in (
        ((1.53512485958697, -2.69169618940638, 1.19839281085285), (1.0, -1.69065929318241, 0.73248077421585)),
        ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621)),
    ):
        gain *= abs(np.dot(b, z) / np.dot(a, z)) ** 2
    return -0.691 + 10 * math.log10(channels * gain * 10 ** (peak_dbfs / 10) / 2)


def cases() -> Iterator[Case]:
    yield from tech_3341_loudness()
    yield from tech_3341_true_peak()
    yield from tech_3342()
    yield from rates()
    yield from channels()
    yield from gates_and_windows()
    yield from true_peak_extras()


def tech_3341_loudness() -> Iterator[Case]:
    programme = {
        "3341-1": ([(LENGTH_SECONDS, -23)], -23),
        "3341-2": ([(LENGTH_SECONDS, -33)], -33),
        "3341-3": ([(10, -36), (60, -23), (10, -36)], -23),
        "3341-4": ([(10, -72), (10, -36), (60, -23), (10, -36), (10, -72)], -23),
        "3341-5": ([(20, -26), (20.1, -20), (20, -26)], -23),
    }
    for name, (parts, expected) in programme.items():
        yield Case(name, "loudness.integrated_lufs", expected, 0.1, 0.1, lambda parts=parts: tones(parts))
    for name in ("momentary_max_lufs", "short_term_max_lufs"):
        yield Case(f"3341-1 {name[:-9]}", f"loudness.{name}", -23, 0.1, 0.1, lambda: tones([(LENGTH_SECONDS, -23)]))
    five = (-28.0, -28.0, -24.0, -30.0, -30.0)
    with_lfe = (*five[:3], None, *five[3:])
    for label, levels in (("5.0", five), ("5.1", with_lfe)):
        layout = default_layout(len(levels))
        make = lambda levels=levels, layout=layout: placed(levels, layout, LENGTH_SECONDS)  # noqa: E731
        yield Case(f"3341-6 {label}", "loudness.integrated_lufs", -23, 0.1, 0.1, make)
    wave_s, wave_m = [(1.34, -20.0), (1.66, -30.0)] * 5, [(0.18, -20.0), (0.22, -30.0)] * 25
    yield Case("3341-9", "loudness.short_term_max_lufs", -23, 0.1, 0.1, lambda: tones(wave_s))
    yield Case("3341-12", "loudness.momentary_max_lufs", -23, 0.1, 0.1, lambda: tones(wave_m))
    for step in range(20):
        parts = [(step * 0.15, None), (3, -23), (1, None)]
        yield Case(
            f"3341-10-{step + 1}", "loudness.short_term_max_lufs", -23, 0.1, 0.1, lambda parts=parts: tones(parts)
        )
        parts = [(step * 0.02, None), (0.4, -23), (1, None)]
        yield Case(
            f"3341-13-{step + 1}", "loudness.momentary_max_lufs", -23, 0.1, 0.1, lambda parts=parts: tones(parts)
        )
    for step in (1, 7, 20):
        # The maximum so far, after each of the segments that get a decibel louder.
        parts = [(s, d) for i in range(1, step + 1) for s, d in ((i * 0.15, None), (3, i - 39), (3 - i * 0.15, None))]
        yield Case(
            f"3341-11-{step}", "loudness.short_term_max_lufs", step - 39, 0.1, 0.1, lambda parts=parts: tones(parts)
        )
        parts = [
            (s, d) for i in range(1, step + 1) for s, d in ((i * 0.02, None), (0.4, i - 39), (0.4 - i * 0.02, None))
        ]
        yield Case(
            f"3341-14-{step}", "loudness.momentary_max_lufs", step - 39, 0.1, 0.1, lambda parts=parts: tones(parts)
        )


def tech_3341_true_peak() -> Iterator[Case]:
    signals = {15: (4, 0.5, 0.0, -6.0), 16: (4, 0.5, 45.0, -6.0), 17: (6, 0.5, 60.0, -6.0), 18: (8, 0.5, 67.5, -6.0)}
    signals[19] = (4, 1.41, 45.0, 3.0)
    for number, (part, amplitude, degrees, expected) in signals.items():
        make = lambda p=part, a=amplitude, d=degrees: tapered(1 / p, a, d)  # noqa: E731
        yield Case(f"3341-{number}", "peaks.true_peak_dbtp", expected, 0.4, 0.2, make)
    for offset in range(4):
        make = lambda offset=offset: burst_between_samples(offset)  # noqa: E731
        yield Case(f"3341-{20 + offset}", "peaks.true_peak_dbtp", 0.0, 0.4, 0.2, make)


def tech_3342() -> Iterator[Case]:
    for number, (levels, expected) in enumerate(
        [((-20, -30), 10), ((-20, -15), 5), ((-40, -20), 20), ((-50, -35, -20, -35, -50), 15)], start=1
    ):
        parts = [(20.0, float(level)) for level in levels]
        yield Case(f"3342-{number}", "loudness.range_lu", expected, 1.0, 1.0, lambda parts=parts: tones(parts))


def rates() -> Iterator[Case]:
    for rate in RATES:
        for hz in (100.0, 997.0, 2000.0, 5000.0, 10_000.0):
            if hz < 0.42 * rate:
                yield Case(
                    f"{rate} Hz, tone {hz:g}",
                    "loudness.integrated_lufs",
                    k_weighted_lufs(hz, -23.0, 2),
                    LOUDNESS_LU,
                    LOUDNESS_LU,
                    lambda hz=hz, rate=rate: sine(hz, -23.0, 2.0, rate),
                )


def channels() -> Iterator[Case]:
    full = k_weighted_lufs(997.0, -20.0, 1)
    surround = full + 10 * math.log10(1.41)
    layouts = {
        "mono": ("FC",),
        "5.1 back": layout_from_mask(0x3F, 6),
        "5.1 side": layout_from_mask(0x60F, 6),
        "5.0": layout_from_mask(0x37, 5),
        "quad": layout_from_mask(0x33, 4),
        "7.1": layout_from_mask(0x63F, 8),
    }
    for label, layout in layouts.items():
        pair = ("SL", "SR") if "SL" in layout else ("BL", "BR")
        for index, speaker in enumerate(layout):
            expected = None if speaker == "LFE" else surround if speaker in pair else full
            levels = [-20.0 if other == index else None for other in range(len(layout))]
            make = lambda levels=levels, layout=layout: placed(levels, layout)  # noqa: E731
            name = f"{label}, only {speaker}"
            yield Case(name, "loudness.integrated_lufs", expected, LOUDNESS_LU, LOUDNESS_LU, make)


def gates_and_windows() -> Iterator[Case]:
    whole = "loudness.integrated_lufs"
    last_block = [(4.0, -30.0), (0.09, -6.0)]
    yield Case("last block incomplete", whole, -30, LOUDNESS_LU, LOUDNESS_LU, lambda: tones(last_block))
    yield Case("just above -70", whole, -69.9, 0.05, 0.05, lambda: tones([(3.0, -69.9)]))
    yield Case("just below -70", whole, None, 0, 0, lambda: tones([(3.0, -70.1)]))
    yield Case("399 ms", whole, None, 0, 0, lambda: tones([(0.399, -20.0)]))
    yield Case("400 ms", whole, -20, 0.05, 0.05, lambda: tones([(0.4, -20.0)]))
    yield Case("2.99 s", "loudness.short_term_max_lufs", None, 0, 0, lambda: tones([(2.99, -20.0)]))
    yield Case("digital silence", whole, None, 0, 0, lambda: tones([(5.0, None)]))
    between = [(5.0, -20.0), (30.0, None), (5.0, -20.0)]
    yield Case("silence between", whole, -20, 0.15, 0.05, lambda: tones(between))


def true_peak_extras() -> Iterator[Case]:
    peak = "peaks.true_peak_dbtp"
    for rate in (44_100, 48_000, 96_000, 192_000):
        for hz in (997.0, 5000.0, 12_000.0, 17_000.0, 19_200.0, 20_000.0):
            make = lambda hz=hz, rate=rate: tapered(hz / rate, 0.5, 18.0, rate // 5, rate)  # noqa: E731
            yield Case(f"tone {hz:g} at {rate}", peak, -6.0206, 0.1, 0.05, make)
    yield Case("0.4 fs, 18 degrees off", peak, -6.0206, 0.1, 0.05, lambda: tapered(0.4, 0.5, 18.0))
    one = np.zeros(2000, np.float32)
    one[1000] = 0.5
    yield Case("a single sample", peak, -6.0206, 0.01, 0.05, lambda: Audio(one, 48_000))
    pair = np.zeros(2000, np.float32)
    pair[-2:] = 0.5
    # Two equal samples and silence: the peak lies between them, 0.5 * 2 * sinc(1/2) = 0.6366.
    yield Case("the last two samples", peak, 20 * math.log10(2 / math.pi), 0.1, 0.05, lambda: Audio(pair, 48_000))
    yield Case(
        "the first two samples", peak, 20 * math.log10(2 / math.pi), 0.1, 0.05, lambda: Audio(pair[::-1], 48_000)
    )


OTHERS = {
    "loudness.integrated_lufs": "integrated_lufs",
    "loudness.range_lu": "range_lu",
    "peaks.true_peak_dbtp": "true_peak_dbtp",
}

ROUNDING = {"ffmpeg": 0.05}  # it prints one decimal: that is not held against it


def others(case: Case) -> dict[str, float | None]:
    """What pyloudnorm and ffmpeg read of the same samples, where they have that figure at all."""
    if case.figure not in OTHERS:
        return {}
    source = AudioSource(case.make())
    found = (pyloudnorm_opinion(source), ffmpeg_opinion(source))
    return {
        opinion.meter: getattr(opinion, OTHERS[case.figure])
        for opinion in found
        if not (opinion.meter == "pyloudnorm" and case.figure == "peaks.true_peak_dbtp")
    }


def main(arguments: Sequence[str]) -> int:
    """Prints a row per case; with `beside`, the readings of the other meters as well, and how many they pass."""
    failed, asked, passed_by = 0, dict[str, int](), dict[str, int]()
    for case in cases():
        measured = case.measure()
        passed = case.passes(measured)
        failed += not passed
        beside = ""
        for meter, value in (others(case) if "beside" in arguments else {}).items():
            right = case.passes(value, ROUNDING.get(meter, 0.0))
            asked[meter] = asked.get(meter, 0) + 1
            passed_by[meter] = passed_by.get(meter, 0) + right
            beside += f"  {meter} {_told(value):>8} {'' if right else 'FAIL':4}"
        shown = "  ".join(f"{_told(value):>9}" for value in (case.expected, measured))
        print(f"{'pass' if passed else 'FAIL'}  {case.name:28} {case.figure:32} {shown}{beside}")
    for meter, count in asked.items():
        print(f"{meter} passes {passed_by[meter]} of the {count} that ask for a figure it has")
    print(f"{failed} failed" if failed else "all passed")
    return 1 if failed else 0


def _told(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
