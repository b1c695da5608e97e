"""CPU time of the whole `songkit master --chain radio` process, in turn with what people use now.

pip install -e '.[peers]'
python benchmarks/master_speed.py           # 5 rounds over 254 s of stereo at 44.1 kHz
python benchmarks/master_speed.py 9         # more rounds

songkit            filters, compressor, loudness, true-peak limiter, dither, 24-bit WAV, decoded again and measured
ffmpeg-normalize   loudnorm in two passes, nothing else
matchering         matched to a reference of 30 s, 24-bit WAV
ffmpeg pair        the leanest way to the same chain: filters, compressor and ebur128 once into a float file, then
                   volume, alimiter at 4x, dither, 24-bit WAV; one filter thread (the default ones make it slower);
                   nothing is read back

Where songkit's time goes, of about 2.1 s on a Xeon of 2023 (cProfile, perf, `python -X importtime`):

imports and start    0.40   numpy, pydantic, the models, llvmlite; no scipy, numba, pedalboard, and no page's code
inter-sample peaks   0.40   the source, cells for the solver, the limiter's input and output, the delivered file
files and memory     0.25   in the kernel: pages, copies to and from the cache of files
K-weighting          0.16   four passes, each as fast as its recursions allow
filters              0.13   one section with the next in registers
checksums            0.11   SHA-256 of source, result and samples, for the record of how the file was made
PCM, dither          0.10   three decodes, one encode
compressor           0.10
gain of the limiter  0.05   and a seventh of that for each look at its model, of which there are five

The first run on a machine compiles ten kernels, about 3 s once (1.1 of them for the inter-sample peaks).
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from contest import Aim, Contender, missing, run, show
from programme import write_programme

from songkit.ffmpeg import executable

AIMS = [
    Aim("ffmpeg-normalize", 1 / 4),
    Aim("matchering", 1 / 3),
    Aim("ffmpeg pair", 1.0),
]
HEAD = (
    "highpass=f=30,bass=f=100:g=1,equalizer=f=320:t=q:w=0.9:g=-1.2,treble=f=3800:g=1.2,"
    "acompressor=threshold=-14dB:ratio=2:knee=8dB:attack=20:release=150,ebur128=framelog=quiet"
)
TAIL = "volume=2dB,aresample=176400,alimiter=limit=-1dB:level=0,aresample=44100:osf=s32:dither_method=triangular"


def contenders(folder: Path) -> list[Contender]:
    song, reference, kept = folder / "song.wav", folder / "reference.wav", folder / "kept.wav"
    write_programme(song)
    write_programme(reference, 30)
    ffmpeg = [executable(), "-nostdin", "-y", "-filter_threads", "1"]
    absent = missing({"ffmpeg_normalize": "ffmpeg-normalize", "matchering": "matchering"})
    python = sys.executable
    matched = (
        f"import matchering; matchering.process({str(song)!r}, {str(reference)!r}, "
        f"[matchering.pcm24({str(folder / 'matched.wav')!r})])"
    )
    normalized = ["-o", str(folder / "n.wav"), "-t", "-14", "-tp", "-1", "-ar", "44100", "-c:a", "pcm_s24le", "-f"]
    everyone = [
        Contender("songkit", [[python, "-m", "songkit", "master", str(song), "--chain", "radio", "-q", "-f"]]),
        Contender(
            "ffmpeg-normalize",
            [[python, "-m", "ffmpeg_normalize", str(song), *normalized]],
            {"FFMPEG_PATH": executable()},
        ),
        Contender("matchering", [[python, "-c", matched]]),
        Contender(
            "ffmpeg pair",
            [
                [*ffmpeg, "-i", str(song), "-af", HEAD, "-c:a", "pcm_f32le", str(kept)],
                [*ffmpeg, "-i", str(kept), "-af", TAIL, "-c:a", "pcm_s24le", str(folder / "pair.wav")],
            ],
        ),
    ]
    return [contender for contender in everyone if contender.name not in absent]


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as folder:
        show(run(contenders(Path(folder)), rounds), {"songkit": AIMS})


if __name__ == "__main__":
    main()
