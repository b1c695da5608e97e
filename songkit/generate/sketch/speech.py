"""The voice's source, made once for all seeds: each line spoken, cut into syllables, and analysed by WORLD.

What is kept of a line is what singing needs: the spectral envelope and the band aperiodicity every 5 ms, where it is
voiced, and where each syllable's vowel lies. The stored envelopes are half precision logarithms.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from songkit.errors import MissingError, SongkitError
from songkit.generate.sketch.espeak import SPOKEN_HZ
from songkit.generate.sketch.vocals import HAN
from songkit.progress import Progress, Update

FRAME_MS = 5.0
FRAMES_PER_SECOND = 200
SPEECH_TIMEOUT_SECONDS = 120.0
# Lines are spoken in one child; a line beyond this would not be singable anyway.
LONGEST_LINE_CHARACTERS = 400

# How a voiced sound goes on above 4 kHz at least: a step down from its level around 3.5 kHz, then a slope.
HIGHS_DOWN_DB, HIGHS_DB_PER_OCTAVE = 8.0, 15.0

_VOWEL_LETTERS = frozenset("aAeEiIoOuUyYV@03&")
_VOWEL_EXCEPTIONS = frozenset({"n-", "l-", "m-", "r-"})  # syllabic consonants count as vowels
_PAUSES = ("_", "|")


@dataclass(frozen=True, slots=True)
class Nucleus:
    """A syllable's vowel in the spoken line, in frames of 5 ms, and whether it is stressed."""

    start: int
    end: int
    stressed: bool


@dataclass(frozen=True, slots=True)
class SpokenLine:
    """A line as WORLD sees it: envelope `(frames, bins)` as log power, aperiodicity, voicing; audible begin and end."""

    envelope: npt.NDArray[np.float16]
    aperiodicity: npt.NDArray[np.float32]
    voiced: npt.NDArray[np.bool_]
    nuclei: tuple[Nucleus, ...]
    begin: int
    end: int


def require_voice() -> None:
    """Raises MissingError where espeak-ng or WORLD cannot be loaded."""
    for module, package in (("espeakng_loader", "espeakng-loader"), ("pyworld", "pyworld-prebuilt")):
        if find_spec(module) is None:
            raise MissingError(
                f"the voice needs {package}, which is not installed",
                f"pip install {package}, or make it instrumental (--no-voice)",
            )


def language_of(text: str) -> str:
    """espeak-ng's voice for a line, by script: Mandarin where there are Han characters, else English."""
    return "cmn" if HAN.search(text) else "en-us"


def make_source(lines: list[str], path: Path, progress: Progress) -> None:
    """Speaks and analyses the lines in order and stores them at `path` (npz). Raises MissingError, SongkitError."""
    require_voice()
    progress(Update("voice: speaking", 0.0))
    spoken_path = path.with_suffix(".spoken.npz")
    _speak(lines, spoken_path)
    arrays: dict[str, npt.NDArray[np.generic]] = {}
    facts = []
    with np.load(spoken_path) as spoken:
        sample_rate = int(spoken["sample_rate"])
        for number in range(len(lines)):
            samples = spoken[f"samples_{number}"].astype(np.float64) / 32768.0
            starts, names = spoken[f"starts_{number}"], [str(name) for name in spoken[f"names_{number}"]]
            line = _analyse(samples, sample_rate, starts, names)
            arrays[f"envelope_{number}"] = line.envelope
            arrays[f"aperiodicity_{number}"] = line.aperiodicity
            arrays[f"voiced_{number}"] = line.voiced
            nuclei = [[nucleus.start, nucleus.end, int(nucleus.stressed)] for nucleus in line.nuclei]
            facts.append({"nuclei": nuclei, "begin": line.begin, "end": line.end})
            progress(Update("voice: analysing", (number + 1) / len(lines)))
    spoken_path.unlink()
    arrays["facts"] = np.array(json.dumps({"sample_rate": sample_rate, "lines": facts}))
    with path.open("wb") as handle:
        np.savez(handle, **arrays)  # type: ignore[arg-type]


class VoiceSource:
    """The stored lines; each is read when it is sung."""

    def __init__(self, path: Path) -> None:
        self._file = np.load(path)
        facts = json.loads(str(self._file["facts"]))
        self.sample_rate = int(facts["sample_rate"])
        self._lines = facts["lines"]

    def stresses(self, index: int) -> list[bool]:
        """One entry a syllable of a line, True where stressed."""
        return [bool(stressed) for _, _, stressed in self._lines[index]["nuclei"]]

    def line(self, index: int) -> SpokenLine:
        facts = self._lines[index]
        return SpokenLine(
            self._file[f"envelope_{index}"],
            self._file[f"aperiodicity_{index}"],
            self._file[f"voiced_{index}"],
            tuple(Nucleus(start, end, bool(stressed)) for start, end, stressed in facts["nuclei"]),
            facts["begin"],
            facts["end"],
        )


def _speak(lines: list[str], path: Path) -> None:
    request = [{"text": text[:LONGEST_LINE_CHARACTERS], "language": language_of(text)} for text in lines]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "songkit.generate.sketch.espeak", str(path)],
            input=json.dumps(request),
            capture_output=True,
            text=True,
            timeout=SPEECH_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise SongkitError(f"voice: espeak-ng did not end within {SPEECH_TIMEOUT_SECONDS:.0f} s") from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise MissingError(f"voice: espeak-ng could not speak: {last}", "make it instrumental with --no-voice")


def _analyse(
    samples: npt.NDArray[np.float64], sample_rate: int, starts: npt.NDArray[np.int64], names: list[str]
) -> SpokenLine:
    import pyworld

    samples = np.pad(samples, (0, max(0, sample_rate // 10 - samples.size)))
    rough, time = pyworld.dio(samples, sample_rate, f0_floor=140.0, f0_ceil=230.0, frame_period=FRAME_MS)
    voiced = rough > 0.0
    pitch = np.where(voiced, float(SPOKEN_HZ), 0.0)
    envelope = pyworld.cheaptrick(samples, pitch, time, sample_rate)
    aperiodicity = pyworld.d4c(samples, pitch, time, sample_rate)
    bands = pyworld.code_aperiodicity(aperiodicity, sample_rate)
    log_envelope = _without_hole(np.clip(np.log(envelope + 1e-12), -27.0, 12.0), voiced, sample_rate)
    keep = _without_pauses(starts, names, samples.size, sample_rate, len(time))
    nuclei = _nuclei(starts, names, samples.size, sample_rate, keep)
    begin, end = _audible(samples, sample_rate, keep)
    if not nuclei:  # an utterance without a vowel ("Shh"): one syllable from begin to end
        nuclei = (Nucleus(begin, max(begin + 1, end), True),)
    return SpokenLine(
        log_envelope[keep].astype(np.float16), bands[keep].astype(np.float32), voiced[keep], nuclei, begin, end
    )


def _without_hole(
    logs: npt.NDArray[np.float64], voiced: npt.NDArray[np.bool_], sample_rate: int
) -> npt.NDArray[np.float64]:
    """Voiced envelopes without espeak's hole between 5 and 7 kHz and its lone formant at 8 kHz.

    Above 4.5 kHz the envelope is averaged over 3 kHz, and it never falls faster from its level around 3.5 kHz than a
    voice does: espeak's vowels end at a wall near 4.4 kHz. Sibilants are not voiced and stay.
    """
    first = round(4500.0 / (sample_rate / 2) * (logs.shape[1] - 1))
    reach = round(1500.0 / (sample_rate / 2) * (logs.shape[1] - 1))
    padded = np.pad(logs[voiced], ((0, 0), (reach + 1, reach)), mode="edge")
    sums = np.cumsum(padded, axis=1)
    smooth = (sums[:, 2 * reach + 1 :] - sums[:, : -2 * reach - 1]) / (2 * reach + 1)
    share = np.clip((np.arange(logs.shape[1]) - first) / reach, 0.0, 1.0)
    filled = logs.copy()
    hertz = np.linspace(0.0, sample_rate / 2, logs.shape[1])
    around = (hertz > 3000.0) & (hertz < 4000.0)
    level = np.log(np.mean(np.exp(logs[voiced][:, around]), axis=1, keepdims=True) + 1e-12)
    fall_db = HIGHS_DOWN_DB + HIGHS_DB_PER_OCTAVE * np.log2(np.maximum(hertz, 4000.0) / 4000.0)
    floor = np.where(hertz > 4000.0, level - fall_db * np.log(10.0) / 10.0, -np.inf)
    filled[voiced] = np.maximum((1.0 - share) * logs[voiced] + share * smooth, floor)
    return filled


def _is_vowel(name: str) -> bool:
    plain = name.lstrip("',%=")
    return bool(plain) and (plain[0] in _VOWEL_LETTERS or plain in _VOWEL_EXCEPTIONS)


def _phoneme_frames(starts: npt.NDArray[np.int64], samples: int, sample_rate: int) -> list[tuple[int, int]]:
    """First and end frame of each phoneme."""
    bounds = [*(int(start) for start in starts), samples]
    frames = [round(bound / sample_rate * FRAMES_PER_SECOND) for bound in bounds]
    return list(pairwise(frames))


def _without_pauses(
    starts: npt.NDArray[np.int64], names: list[str], samples: int, sample_rate: int, frames: int
) -> npt.NDArray[np.intp]:
    """Indices of the frames that are not espeak's own pauses: the melody decides where the singer rests."""
    kept = np.ones(frames, dtype=bool)
    for name, (first, end) in zip(names, _phoneme_frames(starts, samples, sample_rate), strict=True):
        if name.startswith(_PAUSES) and name != "_|":
            kept[first + 4 : end] = False  # what rings on for 20 ms belongs to the sound before
    return np.flatnonzero(kept)


def _nuclei(
    starts: npt.NDArray[np.int64], names: list[str], samples: int, sample_rate: int, keep: npt.NDArray[np.intp]
) -> tuple[Nucleus, ...]:
    nuclei = []
    for name, (first, end) in zip(names, _phoneme_frames(starts, samples, sample_rate), strict=True):
        if _is_vowel(name):
            start, stop = (int(np.searchsorted(keep, frame)) for frame in (first, end))
            if stop > start:
                nuclei.append(Nucleus(start, stop, name.startswith("'")))
    return tuple(nuclei)


def _audible(samples: npt.NDArray[np.float64], sample_rate: int, keep: npt.NDArray[np.intp]) -> tuple[int, int]:
    """First and end frame above -28 dB of the line's loudest 5 ms."""
    size = round(sample_rate / FRAMES_PER_SECOND)
    whole = samples[: samples.size // size * size].reshape(-1, size)
    level = np.sqrt(np.mean(whole**2, axis=1))
    loud = np.flatnonzero(level > max(1e-9, 10 ** (-28 / 20) * float(level.max(initial=0.0))))
    if not loud.size:
        return 0, len(keep)
    return int(np.searchsorted(keep, loud[0])), int(np.searchsorted(keep, loud[-1] + 1))
