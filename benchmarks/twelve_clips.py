"""Twelve clips of different kinds to -14 and -9 LUFS below -1 dBTP: who meets both, read from the written file.

    pip install -e '.[peers]'
    python benchmarks/twelve_clips.py           # a table per target, and how many of twelve each one meets
    python benchmarks/twelve_clips.py -12       # other targets

    songkit            the step `loudness` alone, max_reduction_db lifted to 60, 24-bit WAV
    ffmpeg-normalize   loudnorm in two passes, 24-bit WAV
    gain + alimiter    the gain that the clip is short of, then ffmpeg's alimiter at 4x, 24-bit WAV
    matchering         matched to a reference: the band of `clips.py`, brought to the target by songkit; 24-bit WAV

"Met" is within 0.1 LU of the target and at most at the ceiling, by songkit's meter and by ffmpeg's ebur128; what is met
by ffmpeg's alone (it rounds to 0.1 and looks at 4x) is told as well. A peer that fails on a clip has not met it.

Where songkit's limiter must go: at -14 LUFS it stays at its clean 60 ms for all but the drums alone (10 ms); at -9 LUFS
it is as fast as 5 to 20 ms for music, and 2 ms for the drums and the voice, with 4 to 8 dB of reduction (after 50 ms
smoothing), 13 for the voice and 18 for the drums.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from clips import CLIPS, RATE, clip
from contest import missing

from songkit.analysis import analyze_file
from songkit.chains import Chain
from songkit.deliver import master_file
from songkit.errors import SongkitError
from songkit.ffmpeg import executable

CEILING_DBTP = -1.0
CLOSE_LU = 0.1
FFMPEG_ROUNDING = 0.051
TARGETS_LUFS = (-14.0, -9.0)

Work = Callable[[Path, Path, float], None]


@dataclass(frozen=True)
class Reading:
    """Loudness and true peak of a file, by songkit and by ffmpeg."""

    lufs: float
    dbtp: float
    foreign_lufs: float
    foreign_dbtp: float

    def meets(self, target_lufs: float) -> bool:
        own = abs(self.lufs - target_lufs) <= CLOSE_LU and self.dbtp <= CEILING_DBTP
        return own and self.meets_by_ffmpeg(target_lufs)

    def meets_by_ffmpeg(self, target_lufs: float) -> bool:
        return (
            abs(self.foreign_lufs - target_lufs) <= CLOSE_LU + FFMPEG_ROUNDING
            and self.foreign_dbtp <= CEILING_DBTP + FFMPEG_ROUNDING
        )


def read(path: Path) -> Reading:
    analysis = analyze_file(path, meters=["loudness", "peaks"])
    command = [executable(), "-nostdin", "-i", str(path), "-af", "ebur128=peak=true", "-f", "null", "-"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stderr.splitlines()
    summary = [line.split() for line in lines[lines.index(next(line for line in lines if "Summary:" in line)) :]]
    foreign = {words[0]: float(words[1]) for words in summary if words and words[0] in ("I:", "Peak:")}
    lufs, dbtp = analysis.loudness.integrated_lufs, analysis.peaks.true_peak_dbtp
    return Reading(lufs or -np.inf, dbtp or -np.inf, foreign["I:"], foreign["Peak:"])


def by_songkit(source: Path, output: Path, target_lufs: float) -> None:
    steps = f"{{target_lufs: {target_lufs}, ceiling_dbtp: {CEILING_DBTP}, max_reduction_db: 60}}"
    master_file(source, Chain.parse(f"name: clips\nsteps:\n  - loudness: {steps}\n"), output=output)


def by_ffmpeg_normalize(source: Path, output: Path, target_lufs: float) -> None:
    wanted = ["-t", f"{target_lufs}", "-tp", f"{CEILING_DBTP}", "-ar", f"{RATE}", "-c:a", "pcm_s24le", "-f"]
    run([sys.executable, "-m", "ffmpeg_normalize", str(source), "-o", str(output), *wanted])


def by_alimiter(source: Path, output: Path, target_lufs: float) -> None:
    gain_db = target_lufs - (analyze_file(source, meters=["loudness"]).loudness.integrated_lufs or 0.0)
    chain = (
        f"volume={gain_db:.3f}dB,aresample={4 * RATE},alimiter=limit={CEILING_DBTP}dB:level=0,"
        f"aresample={RATE}:osf=s32:dither_method=triangular"
    )
    run([executable(), "-nostdin", "-y", "-i", str(source), "-af", chain, "-c:a", "pcm_s24le", str(output)])


def by_matchering(source: Path, output: Path, target_lufs: float) -> None:
    reference = source.with_name(f"reference{target_lufs:g}.wav")
    if not reference.exists():
        by_songkit(source.with_name("dense.wav"), reference, target_lufs)
    code = (
        f"import matchering; matchering.process({str(source)!r}, {str(reference)!r}, "
        f"[matchering.pcm24({str(output)!r})])"
    )
    run([sys.executable, "-c", code])


def run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "FFMPEG_PATH": executable()})


def contest(folder: Path, target_lufs: float, workers: dict[str, Work]) -> dict[str, tuple[int, int]]:
    """One table; how many clips each one met by both meters, and by ffmpeg's alone."""
    met = dict.fromkeys(workers, (0, 0))
    print(f"\n{target_lufs:g} LUFS, {CEILING_DBTP:g} dBTP: songkit's meter (ffmpeg's)")
    print(f"{'':18}" + "".join(f"{name:>32}" for name in workers))
    for name in CLIPS:
        cells = []
        for who, work in workers.items():
            output = folder / "out.wav"
            output.unlink(missing_ok=True)
            try:
                work(folder / f"{name}.wav", output, target_lufs)
                reading = read(output)
            except (SongkitError, subprocess.CalledProcessError, FileNotFoundError):
                cells.append("failed")
                continue
            meets, by_ffmpeg = reading.meets(target_lufs), reading.meets_by_ffmpeg(target_lufs)
            met[who] = (met[who][0] + meets, met[who][1] + by_ffmpeg)
            loudness, peak = f"{reading.lufs:.2f} ({reading.foreign_lufs:.1f})", f"{reading.dbtp:.2f}"
            cells.append(f"{loudness} {peak} ({reading.foreign_dbtp:.1f}){'' if meets else ' x':2}")
        print(f"{name:18}" + "".join(f"{cell:>32}" for cell in cells), flush=True)
    return met


def main() -> None:
    targets = [float(argument) for argument in sys.argv[1:]] or TARGETS_LUFS
    absent = missing({"ffmpeg_normalize": "ffmpeg-normalize", "matchering": "matchering"})
    everyone: dict[str, Work] = {
        "songkit": by_songkit,
        "ffmpeg-normalize": by_ffmpeg_normalize,
        "gain + alimiter": by_alimiter,
        "matchering": by_matchering,
    }
    workers = {name: work for name, work in everyone.items() if name not in absent}
    with tempfile.TemporaryDirectory() as folder:
        for name in CLIPS:
            soundfile.write(Path(folder) / f"{name}.wav", clip(name).T, RATE, "PCM_24")
        met = {target_lufs: contest(Path(folder), target_lufs, workers) for target_lufs in targets}
    print(f"\nmet, of {len(CLIPS)}, by both meters (by ffmpeg's alone)")
    print(f"{'':18}" + "".join(f"{target_lufs:>10g}" for target_lufs in targets))
    for who in workers:
        counts = [met[target_lufs][who] for target_lufs in targets]
        print(f"{who:18}" + "".join(f"{f'{both} ({alone})':>10}" for both, alone in counts))


if __name__ == "__main__":
    main()
