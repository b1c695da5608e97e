"""The bar of the built-in generator: renders styles x seeds and prints what each song measures against the gates.

    python benchmarks/sketch_bar.py --lyrics sheet.lrc --seconds 95

Each row is one song, with the names of the gates that it misses; the last line counts. Truth comes from each take's
facts; the dry lead is the take's own voice rendered again without the band.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from songkit.analysis.loudness import LoudnessMeter
from songkit.analysis.peaks import PeakMeter
from songkit.blocks import split
from songkit.files import read_audio
from songkit.generate.contract import Request
from songkit.generate.lyrics import load
from songkit.generate.sketch import Sketch
from songkit.generate.sketch.balance import CENTRES_HZ, band_levels
from songkit.generate.sketch.buses import integrated_lufs
from songkit.generate.sketch.compose import make_plan, sung_lines
from songkit.generate.sketch.singing import choose_manner, sing
from songkit.generate.sketch.speech import VoiceSource
from songkit.generate.sketch.style import parse_style
from songkit.generate.sketch.vocals import Syllable
from songkit.progress import silent

RATE = 44_100
# The long-term spectrum of a finished pop song in octaves from 63 Hz, against its sum.
SONG_BANDS_DB = np.array([-8.1, -16.1, -10.4, -9.3, -5.1, -7.7, -14.4, -11.5, -20.9])
MAJOR = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
MINOR = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])
NAMES = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")


# name -> lowest and highest value that pass
GATES: dict[str, tuple[float, float]] = {
    "tempo%": (0.0, 2.0), "grid_ms": (0.0, 15.0), "lufs": (-16.5, -15.5), "dbtp": (-99.0, -0.9), "lra": (4.0, 10.0),
    "c-v": (2.0, 99.0), "s/m": (-14.0, -8.0), "corr": (0.6, 0.95), "gap_s": (0.0, 1.0), "x": (10.0, 999.0),
    "on_med": (0.0, 10.0), "on_p95": (0.0, 60.0), "on_max": (0.0, 100.0), "cents": (0.0, 10.0), "in50%": (85.0, 100.0),
    "estoi": (0.6, 1.0), "inkey%": (97.0, 100.0),
}  # fmt: skip
POP_BAND_GATE_DB = 6.0
EXACT_SHARE = 0.6


@dataclass(frozen=True)
class Row:
    """One take's figures."""

    values: dict[str, Any]

    def misses(self, style: str) -> list[str]:
        """Names of the gates that the take misses; the octave bands are held to the song for pop alone."""
        values = self.values
        missed = [name for name, (low, high) in GATES.items() if name in values and not low <= values[name] <= high]
        if style.startswith("pop") and values["band"] > POP_BAND_GATE_DB:
            missed.append("band")
        if key_distance(values["key"], values["keyfound"]) == "other":
            missed.append("key")
        return missed


def key_distance(true: str, found: str) -> str:
    """`exact`, `relative` or `other`."""
    if true == found:
        return "exact"
    tonic, mode = true.split()
    up = 9 if mode == "major" else 3
    relative = f"{NAMES[(NAMES.index(tonic) + up) % 12]} {'minor' if mode == 'major' else 'major'}"
    return "relative" if found == relative else "other"


def measure(request: Request, prepared: Any, seed: int, folder: Path) -> Row:
    before = time.process_time()
    take = Sketch().generate(request, prepared, seed, folder, silent)
    cpu = time.process_time() - before
    mix = np.array(read_audio(take.audio).samples)
    facts = dict(take.facts)
    plan = make_plan(request, parse_style(request.style), sung_lines(request), seed)
    loud, peak = LoudnessMeter(read_audio(take.audio).format), PeakMeter(read_audio(take.audio).format)
    for block in split(mix):
        loud.push(block)
        peak.push(block)
    loudness = loud.result()
    mid, side = mix[0] + mix[1], mix[0] - mix[1]
    values: dict[str, Any] = {
        "bpm": facts["tempo_bpm"],
        "key": facts["key"],
        "keyfound": detect_key(mix),
        "tempo%": tempo_error_percent(mix, facts["tempo_bpm"]),
        "grid_ms": grid_error_ms(mix, facts),
        "lufs": loudness.integrated_lufs,
        "dbtp": peak.result().true_peak_dbtp,
        "lra": loudness.range_lu,
        "c-v": chorus_minus_verse_lu(mix, plan),
        "band": float(np.max(np.abs(off := band_levels(mix) - SONG_BANDS_DB))),
        "at_hz": int(CENTRES_HZ[np.argmax(np.abs(off))]),
        "s/m": float(10 * np.log10(np.mean(side**2) / np.mean(mid**2))),
        "corr": float(np.corrcoef(mix)[0, 1]),
        "gap_s": longest_silence(mix),
        "inkey%": in_key_percent(facts),
        "x": request.seconds / cpu,
    }
    if prepared["voice"]:
        values |= measure_voice(request, prepared, facts, plan, mix)
    return Row(values)


def measure_voice(request: Request, prepared: Any, facts: Any, plan: Any, mix: Any) -> dict[str, Any]:
    from pystoi import stoi

    source = VoiceSource(Path(prepared["voice"]))
    syllables = [Syllable(s["line"], s["start_seconds"], s["seconds"], s["pitch"], True) for s in facts["syllables"]]
    vocals = "female" if "female" in facts["voice"] else "male"
    dry = sing(syllables, source, choose_manner(vocals, plan.decisions), mix.shape[1])
    errors = []
    for line in facts["lines"]:
        start = round((line["start_seconds"] - 0.15) * RATE)
        part = np.abs(dry[max(0, start) : start + round(0.6 * RATE)])
        loud = np.flatnonzero(part > 0.05 * np.max(np.abs(dry)))
        errors.append(abs(loud[0] / RATE - 0.15) * 1000 if loud.size else 600.0)
    sung = np.zeros(mix.shape[1], dtype=bool)
    for s in facts["syllables"]:
        sung[round(s["start_seconds"] * RATE) : round((s["start_seconds"] + s["seconds"]) * RATE)] = True
    step = RATE // 100
    clear = stoi(dry[sung], mix.mean(axis=0)[sung], RATE, extended=True)
    cents = pitch_errors(dry, facts, step)
    return {
        "on_med": float(np.median(errors)),
        "on_p95": float(np.percentile(errors, 95)),
        "on_max": max(errors),
        "cents": float(np.median(cents)),
        "in50%": float(100 * np.mean(cents < 50)),
        "estoi": float(clear),
    }


def chorus_minus_verse_lu(samples: Any, plan: Any) -> float | None:
    """Mean loudness of the choruses less that of the verses; None where one is missing."""
    means = []
    for kind in ("chorus", "verse"):
        parts = [
            samples[
                :,
                max(0, round(plan.grid.time(s.first_bar) * RATE)) : round(plan.grid.time(s.last_bar + 1) * RATE),
            ]
            for s in plan.sections
            if s.kind == kind
        ]
        loud = [level for part in parts if (level := integrated_lufs(np.ascontiguousarray(part))) is not None]
        if not loud:
            return None
        means.append(float(np.mean(loud)))
    return means[0] - means[1]


def pitch_errors(dry: Any, facts: Any, step: int) -> Any:
    """Median distance in cents of each sung note of 150 ms or more from its pitch, by WORLD's harvest."""
    import pyworld

    errors = []
    for s in facts["syllables"]:
        if s["seconds"] < 0.15:
            continue
        start, end = s["start_seconds"] + 0.06, s["start_seconds"] + s["seconds"] - 0.02
        part = dry[round((start - 0.1) * RATE) : round((end + 0.1) * RATE) : 2].astype(np.float64)
        f0, at = pyworld.dio(part, RATE // 2, f0_floor=80, f0_ceil=900, frame_period=5.0)
        f0 = pyworld.stonemask(part, f0, at, RATE // 2)
        inside = (at > 0.1) & (at < at[-1] - 0.1) & (f0 > 0)
        if np.count_nonzero(inside) > 4:
            errors.append(abs(1200 * np.log2(np.median(f0[inside]) / (440 * 2 ** ((s["pitch"] - 69) / 12)))))
    return np.array(errors or [0.0])


def in_key_percent(facts: Any) -> float:
    """Share of the sung time on the key's notes; the band's is tested note by note in tests/test_sketch_rules.py."""
    tonic = NAMES.index(facts["key"].split()[0])
    steps = (0, 2, 4, 5, 7, 9, 11) if facts["mode"] == "major" else (0, 2, 3, 5, 7, 8, 10)
    inside = [(s["pitch"] - tonic) % 12 in steps for s in facts["syllables"]]
    seconds = [s["seconds"] for s in facts["syllables"]]
    return float(100 * np.average(inside, weights=seconds)) if seconds else 100.0


def spectra(mono: Any, size: int, hop: int) -> Any:
    count = (mono.size - size) // hop
    window = np.hanning(size).astype(np.float32)
    return np.stack([np.abs(np.fft.rfft(mono[i * hop : i * hop + size] * window)) for i in range(count)])


def detect_key(mix: Any) -> str:
    """Krumhansl's profiles against the chroma of the power between 60 Hz and 1 kHz (above, harmonics mislead)."""
    power = spectra(mix.mean(axis=0), 16384, 8192) ** 2
    frequency = np.fft.rfftfreq(16384, 1 / RATE)
    use = (frequency > 60) & (frequency < 1000)
    classes = np.round(69 + 12 * np.log2(frequency[use] / 440)).astype(int) % 12
    weight = power[:, use].sum(axis=0)
    chroma = np.array([weight[classes == pitch].sum() for pitch in range(12)])
    fits = {
        f"{NAMES[tonic]} {mode}": np.corrcoef(np.roll(profile, tonic), chroma)[0, 1]
        for tonic in range(12)
        for mode, profile in (("major", MAJOR), ("minor", MINOR))
    }
    return max(fits, key=lambda name: fits[name])


def onset_curve(mix: Any, hop: int = 220) -> Any:
    logs = np.log1p(100 * spectra(mix.mean(axis=0), 1024, hop))
    return np.maximum(0, np.diff(logs, axis=0)).sum(axis=1)


def tempo_error_percent(mix: Any, tempo_bpm: float) -> float:
    """Distance of the strongest tempo of the onset curve from the truth, octaves and triplets of it allowed."""
    flux = onset_curve(mix)
    flux = flux - np.mean(flux)
    spectrum = np.abs(np.fft.rfft(flux, n=1 << 18))
    bpm = np.fft.rfftfreq(1 << 18, 220 / RATE) * 60
    use = (bpm > 50) & (bpm < 260)
    found = bpm[use][np.argmax(spectrum[use])]
    return float(min(abs(found / (tempo_bpm * factor) - 1) * 100 for factor in (0.5, 1.0, 2.0, 1.5, 3.0)))


def grid_error_ms(mix: Any, facts: Any) -> float:
    flux = onset_curve(mix)
    local = flux > 2.0 * np.convolve(flux, np.ones(101) / 101, mode="same")
    peaks = np.flatnonzero((flux[1:-1] > flux[:-2]) & (flux[1:-1] >= flux[2:]) & local[1:-1]) + 1
    # The window of 1024 frames sees an onset when it enters its steep half.
    times = (peaks * 220 + 760) / RATE
    step = 15.0 / facts["tempo_bpm"]
    phase = (times - facts["first_downbeat_seconds"]) / step
    return float(1000 * step * np.median(np.abs(phase - np.round(phase))))


def longest_silence(mix: Any) -> float:
    block = RATE // 20
    level = np.abs(mix).max(axis=0)[: mix.shape[1] // block * block].reshape(-1, block).max(axis=1)
    inner = level[20:-20]
    longest = run = 0
    for quiet in inner < 1e-3:
        run = run + 1 if quiet else 0
        longest = max(longest, run)
    return longest * 0.05


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lyrics", type=Path)
    parser.add_argument("--seconds", type=float, default=95.0)
    parser.add_argument("--styles", nargs="+", default=["pop", "rock", "jazz", "electronic", "folk", "classical"])
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--keep", type=Path)
    arguments = parser.parse_args()
    lyrics = load(arguments.lyrics) if arguments.lyrics else None
    songs = missed = exact = 0
    with tempfile.TemporaryDirectory() as scratch:
        root = arguments.keep or Path(scratch)
        for style in arguments.styles:
            request = Request(arguments.seconds, style, lyrics)
            folder = root / style.replace(" ", "_").replace(",", "")
            folder.mkdir(parents=True, exist_ok=True)
            prepared = Sketch().prepare(request, folder, silent)
            for seed in range(arguments.seeds):
                out = folder / str(seed)
                out.mkdir(exist_ok=True)
                row = measure(request, prepared, seed, out)
                cells = [
                    f"{name} {value:.2f}" if isinstance(value, float) else f"{name} {value}"
                    for name, value in row.values.items()
                ]
                misses = row.misses(style)
                songs, missed = songs + 1, missed + bool(misses)
                exact += key_distance(row.values["key"], row.values["keyfound"]) == "exact"
                told = " | MISSES " + ", ".join(misses) if misses else ""
                print(f"{style[:18]:18} {seed} | " + " | ".join(cells) + told, flush=True)
    enough = "enough" if exact >= EXACT_SHARE * songs else "too few"
    print(f"{songs} songs, {songs - missed} pass every gate; key exact in {exact} ({enough})")


if __name__ == "__main__":
    main()
