"""`songkit style`: what a style prompt names, and what a reference recording is worth as one."""

from __future__ import annotations

from pathlib import Path

import click

from songkit.cli.options import FILE, json_option, print_json


@click.command()
@click.argument("words", required=False, default="")
@click.option("--style-audio", "recordings", type=FILE, multiple=True, help="A recording whose style is to be taken.")
@json_option
def style(words: str, recordings: tuple[Path, ...], as_json: bool) -> int:
    """Say what the style prompt WORDS names, and what a richer one would: genre, mood, instruments, tempo, voice.

    With --style-audio: which ten seconds of the recording are heard, and what makes them a poor reference. No model is
    loaded.
    """
    from songkit.generate.diffrhythm.style import Recording, Style, heard, parse
    from songkit.generate.diffrhythm.style.advice import advise

    asked: Style = parse(words, recordings)
    advice = advise(words) if words else None
    clips = [heard(part) for part in asked.parts if isinstance(part, Recording)]
    if as_json:
        print_json({"words": advice and advice.to_dict(), "recordings": [clip.to_dict() for clip in clips]})
        return 0
    lines = advice.report() if advice else []
    click.echo("\n".join([*lines, *(line for clip in clips for line in clip.report())]))
    return 0
