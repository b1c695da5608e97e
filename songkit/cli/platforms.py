"""`songkit platforms`: what platforms play back at, with source and date."""

from __future__ import annotations

import click

from songkit.cli.options import json_option, print_json


@click.command()
@json_option
def platforms(as_json: bool) -> None:
    """List what --platform takes: loudness and ceiling of each, who says so, and when it was collected."""
    from songkit.platforms import platforms as known

    if as_json:
        print_json([platform.to_dict() for platform in known().values()])
        return
    width = max(map(len, known()))
    for name, platform in known().items():
        lufs = "-" if platform.lufs is None else f"{platform.lufs:g} LUFS"
        ceiling = "-" if platform.ceiling_dbtp is None else f"{platform.ceiling_dbtp:g} dBTP"
        click.echo(f"{name:<{width}}  {lufs:>8}  {ceiling:>7}  {platform.about}")
        click.echo(f"{'':<{width}}  {platform.date}, {platform.confidence}: {platform.source}")
