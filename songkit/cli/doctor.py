"""`songkit doctor`: what is here, what is missing, how fast it will be."""

from __future__ import annotations

from pathlib import Path

import click

from songkit.cli.options import FILE, json_option, print_json, quiet_option


@click.command()
@click.option("--models", type=FILE, help="The folder with the published files of DiffRhythm.")
@click.option("--bench", is_flag=True, help="Time one forward with random weights and predict songs (a minute or so).")
@click.option("--device", type=click.Choice(("auto", "cpu", "cuda", "mps")), default="auto", help="Where to time it.")
@json_option
@quiet_option
def doctor(models: Path | None, bench: bool, device: str, as_json: bool, quiet: bool) -> int:
    """Look at Python, packages, GPU, memory, disk, ffmpeg, espeak-ng and weights, and say what to do about each.

    Exit 0 where songkit works, whatever DiffRhythm lacks; 5 where something is missing without which nothing works.
    """
    from songkit.cli.progress import shown
    from songkit.doctor import examine, report
    from songkit.errors import MissingError

    with shown(quiet=quiet or as_json) as progress:
        findings = examine(models, measured=bench, device=device, progress=progress)
    if as_json:
        print_json([finding.to_dict() for finding in findings])
    elif not quiet:
        click.echo("\n".join(report(findings)))
    broken = any(finding.state == "problem" for finding in findings)
    return MissingError.exit_code if broken else 0
