"""`songkit processors`: what a chain may name, from the models themselves."""

from __future__ import annotations

import click

from songkit.cli.options import json_option, print_json


@click.command()
@click.argument("name", required=False)
@json_option
def processors(name: str | None, as_json: bool) -> None:
    """List the steps a chain may name, or every key of the step NAME with its unit, range and default."""
    from songkit.errors import UsageError, near_names
    from songkit.master import PROCESSORS
    from songkit.report.catalogue import describe, parameter_rows

    if name is not None and name not in PROCESSORS:
        raise UsageError(f"no processor {name!r}", near_names(name, PROCESSORS))
    chosen = PROCESSORS if name is None else {name: PROCESSORS[name]}
    if as_json:
        print_json({key: describe(model) for key, model in chosen.items()})
    elif name is None:
        width = max(map(len, PROCESSORS))
        for key, model in PROCESSORS.items():
            click.echo(f"{key:<{width}}  {model.about}")
    else:
        click.echo(chosen[name].about)
        for row in parameter_rows(chosen[name]):
            click.echo(f"  {row.name:<24} {row.type:<20} default {row.default:<10} {row.range:<20} {row.description}")
