"""`songkit analyze`: what a file is, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import click

from songkit.cli.options import FILE, json_option, print_json, quiet_option, show_error


@click.command()
@click.argument("files", nargs=-1, type=FILE)
@click.option("--profile", metavar="PROFILE", help="Hold the figures against a QA profile (a name or a YAML file).")
@click.option(
    "--explain", is_flag=True, help="Show how the score comes about: raw value, target, weight, contribution."
)
@click.option("--html", "html", type=FILE, help="Also write a self-contained HTML report (one input file).")
@json_option
@quiet_option
def analyze(
    files: tuple[Path, ...], profile: str | None, explain: bool, html: Path | None, as_json: bool, quiet: bool
) -> int:
    """Measure FILES and say what was found; without a file, report on the newest run.

    Exit 3 when a limit of the profile is broken.
    """
    ...
