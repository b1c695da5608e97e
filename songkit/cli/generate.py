"""`songkit generate`: words and a style in, N takes out, and nothing mastered."""

from __future__ import annotations

from typing import Any

import click

from songkit.cli.generator import GeneratorCommand
from songkit.cli.options import (
    FILE,
    LYRICS_FILE,
    force_option,
    json_option,
    print_json,
    quiet_option,
    strict_option,
    tags_option,
)


@click.command(cls=GeneratorCommand)
@click.option("--lyrics", type=LYRICS_FILE, help="Timed lyrics (LRC). Without them the song is an instrumental.")
@click.option("--style", default="", metavar="WORDS", help='For example "melancholic pop, piano, 92 bpm, A minor".')
@click.option("--seconds", type=float, help="Length, 10 to 285; by default it follows the lyrics, or 60 without.")
@click.option("--seeds", default="5", show_default=True, metavar="N|A,B,C", help="How many takes, or which seeds.")
@click.option("--generator", default="auto", show_default=True, metavar="auto|sketch|diffrhythm")
@click.option("-o", "--output", "output_dir", type=FILE, help="The run's folder; by default one below runs/.")
@click.option(
    "--jobs",
    type=click.IntRange(1),
    help="Takes made at the same time; by default what the generator says, or one per core.",
)
@click.option("--timeout", type=click.FloatRange(1), metavar="SECONDS", help="End a take that needs longer.")
@click.option("--stems", is_flag=True, help="Write drums, bass, harmony, lead and voice, which sum to the take.")
@click.option("--no-voice", is_flag=True, help="Leave the guide vocal out.")
@click.option("--explain", is_flag=True, help="Show how each score comes about.")
@force_option
@tags_option
@strict_option
@json_option
@quiet_option
def generate(
    stems: bool, no_voice: bool, options: dict[str, Any], explain: bool, as_json: bool, quiet: bool, **settings: Any
) -> int:
    """Make takes of a song and stop there: each is validated, scored and kept; `songkit make` finds them again.

    Beside each take lie its MIDI file and its facts (tempo, key, form, chords, syllable times). A failed seed does
    not stop the others; without one valid take the command ends with 4.
    """
    from songkit.cli.progress import shown
    from songkit.make import generate_takes
    from songkit.report.terminal import run_lines

    options |= ({"voice": False} if no_voice else {}) | ({"stems": True} if stems else {})
    with shown(quiet=quiet or as_json) as progress:
        result = generate_takes(options=options, progress=progress, **settings)
    if as_json:
        print_json(result.to_dict())
    elif not quiet:
        click.echo("\n".join(run_lines(result, explain=explain)))
    return result.exit_code
