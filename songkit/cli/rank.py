"""`songkit rank`: the takes of a run in another order, without generating."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from songkit.cli.options import FILE, json_option, print_json, quiet_option


@click.command()
@click.argument("run", type=FILE)
@click.option("--weights", type=FILE, metavar="FILE", help="A YAML file of gates and terms.")
@click.option("--explain", is_flag=True, help="Show how each score comes about.")
@json_option
@quiet_option
def rank(run: Path, weights: Path | None, explain: bool, as_json: bool, quiet: bool) -> int:
    """Rank the takes of RUN (a run's folder) again, by other weights; nothing is generated, and the run stays as it is.

    Takes that the run keeps no figures of are measured again. Exit 4 where none can win.
    """
    from songkit.cli.progress import shown
    from songkit.errors import NoValidTakeError
    from songkit.make import rank_run
    from songkit.report.ranking import ranking_lines
    from songkit.report.style import style_for

    with shown(quiet=quiet or as_json) as progress:
        ranking = rank_run(run, weights, progress=progress)
    if as_json:
        print_json(ranking.to_dict())
    elif not quiet:
        click.echo("\n".join(ranking_lines(ranking, explain=explain, style=style_for(sys.stdout))))
    return 0 if ranking.winner is not None else NoValidTakeError.exit_code
