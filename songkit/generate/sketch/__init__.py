"""The built-in generator: a rule-based composer and synthesiser with a robotic guide vocal; no weights, no network.

    words, style, genres     what a style prompt asks for
    decide                   how a seed decides
    grid, form, harmony      tempo, sections, chords          compose, plan   put together
    melody, vocals, leads    the tune, on syllables and on the lead instrument
    drums, bass, chordplay   the band, by the figures in `patterns`
    tones, voices, drumkit   what it sounds like
    espeak, speech, singing, harmonies    the voice
    buses, finish            the mix        take, facts, midi    what is written

The heavy rooms are imported when work starts.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from songkit.errors import UsageError, near_names
from songkit.generate.contract import MAX_SECONDS, MAX_SEED, MIN_SECONDS, Request, Take
from songkit.progress import Progress, Update

OPTIONS = {
    "voice": "sing the lyrics (true) or play them on the lead instrument (false)",
    "stems": "write drums, bass, harmony, lead and voice as files that sum to the mix",
}


class Sketch:
    """Satisfies `songkit.generate.contract.Generator`."""

    name = "sketch"
    version = "1"
    trained = False
    """It follows rules and has heard no music: so `songkit.provenance` says it of its songs."""
    about = "built-in, rule-based composer and synthesiser with a robotic guide vocal; not the DiffRhythm model"
    option_names = tuple(OPTIONS)

    def prepare(self, request: Request, workdir: Path, progress: Progress) -> Mapping[str, Any]:
        """Speaks and analyses the lyrics once for all seeds.

        Raises UsageError for a length or options that cannot be, MissingError where the voice's libraries are not here.
        """
        from songkit.generate.sketch.compose import sung_lines
        from songkit.generate.sketch.style import parse_style

        check_request(request)
        progress(Update("prepare", 0.0))
        style = parse_style(request.style)
        lines = sung_lines(request)
        voice = ""
        if lines and request.options.get("voice", True) and not style.instrumental:
            from songkit.generate.sketch.speech import make_source

            path = workdir / "voice.npz"
            make_source([line.text for line in lines], path, progress)
            voice = str(path)
        progress(Update("prepare", 1.0))
        return {"voice": voice, "style_words_used": style.used, "style_words_not_used": style.unused}

    def generate(
        self, request: Request, prepared: Mapping[str, Any], seed: int, workdir: Path, progress: Progress
    ) -> Take:
        """The take of a seed: `raw.wav`, `facts.json`, `song.mid` and, where asked, `stems/*.wav` in `workdir`."""
        from songkit.generate.sketch.style import parse_style
        from songkit.generate.sketch.take import make_take

        check_request(request)
        if not 0 <= seed <= MAX_SEED:
            raise UsageError(f"seed {seed}: seeds are 0 to 2^63 - 1")
        voice = Path(prepared["voice"]) if prepared["voice"] else None
        return make_take(request, parse_style(request.style), voice, seed, workdir, progress)


def check_request(request: Request) -> None:
    """Raises UsageError for a length outside 10 to 285 seconds and for options that sketch does not have."""
    if not MIN_SECONDS <= request.seconds <= MAX_SECONDS:
        raise UsageError(
            f"{request.seconds:g} seconds: sketch makes songs of {MIN_SECONDS:g} to {MAX_SECONDS:g} seconds"
        )
    for option, value in request.options.items():
        if option not in OPTIONS:
            raise UsageError(f"sketch has no option {option!r}", near_names(option, OPTIONS))
        if not isinstance(value, bool):
            raise UsageError(f"{option}: {value!r} is neither true nor false")
