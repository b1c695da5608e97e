"""`songkit make`: words and a style in, N candidates, the best one mastered."""

from __future__ import annotations

from typing import Any

import click

from songkit.cli.generator import GeneratorCommand
from songkit.cli.options import (
    FILE,
    LYRICS_FILE,
    chain_option,
    force_option,
    json_option,
    print_json,
    quiet_option,
    show_error,
    skip_existing_option,
    strict_option,
    tags_option,
)


@click.command(cls=GeneratorCommand)
@click.option("--lyrics", type=LYRICS_FILE, help="Timed lyrics (LRC). Without them the song is an instrumental.")
@click.option("--style", default="", metavar="WORDS", help='For example "melancholic pop, piano, 92 bpm, A minor".')
@click.option("--seconds", type=float, help="Length, 10 to 285; by default it follows the lyrics, or 60 without.")
@click.option("--seeds", default="5", show_default=True, metavar="N|A,B,C", help="How many takes, or which seeds.")
@click.option("--generator", default="auto", show_default=True, metavar="auto|sketch|diffrhythm")
@chain_option("radio")
@click.option("-o", "--output", "output_dir", type=FILE, help="The run's folder; by default one below runs/.")
@click.option(
    "--jobs",
    type=click.IntRange(1),
    help="Takes made at the same time; by default what the generator says, or one per core.",
)
@click.option("--timeout", type=click.FloatRange(1), metavar="SECONDS", help="End a take that needs longer.")
@click.option("--no-voice", is_flag=True, help="Leave the guide vocal out.")
@click.option("--explain", is_flag=True, help="Show how each score comes about.")
@force_option
@skip_existing_option
@tags_option
@strict_option
@json_option
@quiet_option
def make(no_voice: bool, options: dict[str, Any], explain: bool, as_json: bool, quiet: bool, **settings: Any) -> int:
    """Make a song: N candidates, each validated and scored, the best one mastered and delivered.

    Every take is kept under its seed's name. A failed seed does not stop the others; without one valid take the
    command ends with 4.
    """
    from songkit.cli.progress import shown
    from songkit.make import MakeCheckError, make_song
    from songkit.report.terminal import run_lines

    options |= {"voice": False} if no_voice else {}
    broken: MakeCheckError | None = None
    with shown(quiet=quiet or as_json) as progress:
        try:
            result = make_song(options=options, progress=progress, **settings)
        except MakeCheckError as error:
            broken, result = error, error.result
    if as_json:
        print_json(result.to_dict())
    elif not quiet:
        click.echo("\n".join(run_lines(result, explain=explain)))
    if broken is not None:
        show_error(broken)
        return broken.exit_code
    return result.exit_code
