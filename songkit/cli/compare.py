"""`songkit compare`: what changed between two versions of a recording."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from songkit.cli.options import AUDIO_FILE, json_option, print_json, quiet_option


@click.command()
@click.argument("before", type=AUDIO_FILE)
@click.argument("after", type=AUDIO_FILE)
@json_option
@quiet_option
def compare(before: Path, after: Path, as_json: bool, quiet: bool) -> None:
    """Say what changed from BEFORE to AFTER: gain, tone, loudness, width, delay, and what that leaves unexplained.

    The two are lined up first (delays to 10 s, of parts of a frame too). Of another rate, AFTER is brought to that of
    BEFORE to be lined up; the figures of both are those of the files as they are.
    """
    from songkit.cli.progress import shown
    from songkit.compare import compare_files
    from songkit.report.comparison import comparison_lines
    from songkit.report.style import style_for

    with shown(quiet=quiet or as_json) as progress:
        found = compare_files(before, after, progress)
    if as_json:
        print_json(found.to_dict())
    elif not quiet:
        click.echo("\n".join(comparison_lines(found, style_for(sys.stdout))))
