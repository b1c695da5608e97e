"""`songkit runs`: what was made, and what went wrong."""

from __future__ import annotations

from pathlib import Path

import click

from songkit.cli.options import FILE, json_option, print_json


@click.command()
@click.argument("folder", type=FILE, default="runs")
@json_option
def runs(folder: Path, as_json: bool) -> None:
    """List the runs in FOLDER: date (UTC), generator, how each take ended, the winner, time and peak memory."""
    from songkit.make.history import lines, past_runs, totals

    found = past_runs(folder)
    if as_json:
        print_json({"runs": [run.to_dict() for run in found], "takes": totals(found)})
    else:
        click.echo("\n".join(lines(found)))
