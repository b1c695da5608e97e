"""`songkit reproduce`: the same file once more, and whether it is the same."""

from __future__ import annotations

from pathlib import Path

import click

from songkit.cli.options import FILE, json_option, print_json, quiet_option


@click.command()
@click.argument("file", type=FILE)
@click.option(
    "--source",
    "sources",
    multiple=True,
    type=FILE,
    metavar="FILE",
    help="A file that went into it and lies elsewhere now; a plugin that its chain loads. May be repeated.",
)
@json_option
@quiet_option
def reproduce(file: Path, sources: tuple[Path, ...], as_json: bool, quiet: bool) -> int:
    """Make FILE (a master, a take, or a run's folder) again in a temporary place, and say whether the bytes agree.

    Exit 0 when every byte does; 3 when it does not, with what differs: the samples or only the tags, and which
    versions are others now; 5 when a source, a reference, a generator or weights are not here, with their hash; 1 when
    FILE does not say how it was made.
    """
    from songkit.cli.progress import shown
    from songkit.errors import QualityError
    from songkit.report.provenance import reproduction_lines
    from songkit.reproduce import reproduce as make_again

    with shown(quiet=quiet or as_json) as progress:
        found = make_again(file, sources=sources, progress=progress)
    if as_json:
        print_json(found.to_dict())
    elif not quiet:
        click.echo("\n".join(line for each in found.files for line in reproduction_lines(each)))
    return 0 if found.agrees else QualityError.exit_code
