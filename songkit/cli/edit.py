"""`songkit edit`: parts of a recording made anew, or the recording continued."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from songkit.cli.generator import GeneratorCommand
from songkit.cli.options import FILE, force_option, json_option, print_json, quiet_option


@click.command(cls=GeneratorCommand)
@click.argument("recording", type=FILE)
@click.option("--segments", default="", metavar="FROM-TO", help='Seconds to make anew: "25-50" or "0-8,80-end".')
@click.option("--lyrics", type=FILE, help="Timed lyrics (LRC) of the whole song.")
@click.option("--style", default="", metavar="WORDS", help="By default that of the recording itself.")
@click.option("--seconds", type=float, help="Length of the song; more than the recording has continues it.")
@click.option("--seeds", default="1", show_default=True, metavar="N|A,B,C", help="How many takes, or which seeds.")
@click.option("-o", "--output", "output_dir", type=FILE, help="The run's folder; by default one below runs/.")
@click.option("--timeout", type=click.FloatRange(1), metavar="SECONDS", help="End a take that needs longer.")
@force_option
@json_option
@quiet_option
def edit(recording: Path, segments: str, as_json: bool, quiet: bool, **settings: Any) -> int:
    """Make parts of RECORDING anew with DiffRhythm, or go on from its end.

    Outside the segments the recording stays as it is. Takes are validated, scored and kept, none is mastered.
    """
    from songkit.cli.progress import shown
    from songkit.make import edit_song, parse_segments
    from songkit.report.terminal import run_lines

    asked = parse_segments(segments) if segments else ()
    with shown(quiet=quiet or as_json) as progress:
        result = edit_song(recording, segments=asked, progress=progress, **settings)
    if as_json:
        print_json(result.to_dict())
    elif not quiet:
        click.echo("\n".join(run_lines(result)))
    return result.exit_code
