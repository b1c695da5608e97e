"""`songkit show`: where a file comes from, by its own word."""

from __future__ import annotations

from pathlib import Path

import click

from songkit.cli.options import FILE, json_option, print_json


@click.command()
@click.argument("file", type=FILE)
@json_option
def show(file: Path, as_json: bool) -> int:
    """Print how FILE was made, as its tags say it; of a run's folder, of each file that was delivered.

    Generator and seed, style, hashes of lyrics, source and chain, versions, figures, and whether it discloses that a
    machine made it. Exit 1 for a file that says nothing of the kind.
    """
    from songkit.provenance import read_provenance
    from songkit.report.provenance import provenance_lines, provenance_values
    from songkit.runs import delivered_files

    if not file.exists():
        raise click.UsageError(f"{file} does not exist")
    if not file.is_dir() and not file.is_file():
        raise click.UsageError(f"{file} is not a regular file")
    paths = delivered_files(file) if file.is_dir() else [file]
    if not paths:
        raise click.UsageError(f"{file} holds no delivered files of a run")
    found = [(path, read_provenance(path)) for path in paths]
    if as_json:
        print_json([provenance_values(path, each) for path, each in found])
    else:
        click.echo("\n".join(line for path, each in found for line in provenance_lines(path, each)))
    return 0 if all(each.record is not None or each.disclosure is not None for _, each in found) else 1
