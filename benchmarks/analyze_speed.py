"""CPU time of the whole `songkit analyze` process, in turn with other meters.

pip install -e '.[peers]'
python benchmarks/analyze_speed.py          # 5 rounds over 254 s of stereo at 44.1 kHz
python benchmarks/analyze_speed.py 9        # more rounds

songkit, levels    loudness, range, true peak (PSR, overs) and levels: `--meters loudness,peaks,levels`
songkit, all       every meter, findings and score
in process         the first without interpreter, imports and decoding
ffmpeg ebur128     loudness, range and true peak
pyloudnorm         integrated loudness and range, no peaks
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from contest import Aim, Contender, missing, run, show
from programme import write_programme

from songkit.ffmpeg import executable

LEVELS = ("loudness", "peaks", "levels")
AIMS = {
    "songkit, levels": [Aim("ffmpeg ebur128", 1.5)],
    "songkit, all": [Aim("ffmpeg ebur128", 4.0)],
    "in process": [Aim("ffmpeg ebur128", 1.0)],
}
PYLOUDNORM = (
    "import sys, soundfile, pyloudnorm; samples, rate = soundfile.read(sys.argv[1]); "
    "meter = pyloudnorm.Meter(rate); meter.integrated_loudness(samples); meter.loudness_range(samples)"
)


def contenders(song: Path) -> list[Contender]:
    python = sys.executable
    songkit = [python, "-m", "songkit", "analyze", str(song), "-q"]
    ebur128 = ["-nostdin", "-i", str(song), "-af", "ebur128=peak=true:framelog=quiet", "-f", "null", "-"]
    everyone = [
        Contender("songkit, levels", [[*songkit, "--meters", ",".join(LEVELS)]]),
        Contender("songkit, all", [songkit]),
        Contender("ffmpeg ebur128", [[executable(), *ebur128]]),
        Contender("pyloudnorm", [[python, "-c", PYLOUDNORM, str(song)]]),
    ]
    absent = missing({"pyloudnorm": "pyloudnorm"})
    return [contender for contender in everyone if contender.name not in absent]


def in_process(song: Path, rounds: int) -> list[float]:
    """CPU seconds of the meters alone, over samples that are decoded already."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line does
    from songkit.analysis import analyze
    from songkit.blocks import AudioSource
    from songkit.files import read_audio

    source = AudioSource(read_audio(song))
    taken = []
    for _ in range(rounds + 1):
        before = time.process_time()
        analyze(source, meters=LEVELS)
        taken.append(time.process_time() - before)
    return taken[1:]


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as folder:
        song = Path(folder) / "song.wav"
        write_programme(song)
        taken = run(contenders(song), rounds)
        taken["in process"] = in_process(song, rounds)
        show(taken, AIMS)
    print(f"real time: {254 / statistics.median(taken['in process']):.0f} times, in process")


if __name__ == "__main__":
    main()
