"""`songkit models`: the published files of DiffRhythm, listed, fetched, verified, found."""

from __future__ import annotations

from pathlib import Path

import click

from songkit.cli.options import FILE, json_option, print_json, quiet_option

folder_option = click.option(
    "--models",
    "folder",
    type=FILE,
    help="The folder of models; by default songkit's own and the cache of Hugging Face.",
)


@click.group()
def models() -> None:
    """The published files of DiffRhythm: list, fetch, verify, where."""


@models.command("list")
@folder_option
@json_option
def list_(folder: Path | None, as_json: bool) -> None:
    """Every part: what it is for, its licence, and whether it is here."""
    from songkit.generate.diffrhythm import library
    from songkit.generate.diffrhythm.models.fetch import described

    rows = [described(part, folder) for part in library.LIBRARY.values()]
    if as_json:
        print_json(rows)
        return
    width = max(len(row["name"]) for row in rows)
    for row in rows:
        here = row["resolved"] or ("not here" + (" (not needed)" if row["optional"] else ""))
        click.echo(f"{row['name']:<{width}}  {row['about']}")
        click.echo(f"{'':<{width}}  {row['repository']}, {row['licence']}")
        click.echo(f"{'':<{width}}  {here}")


@models.command("fetch")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@folder_option
@click.option("--seconds", type=float, default=95.0, show_default=True, help="Without names: all for songs that long.")
@click.option("-y", "--yes", is_flag=True, help="Agree to the licences that are shown, without being asked.")
@click.option("--offline", is_flag=True, help="Do not use the network: say what is missing.")
@json_option
@quiet_option
def fetch_(
    names: tuple[str, ...], folder: Path | None, seconds: float, yes: bool, offline: bool, as_json: bool, quiet: bool
) -> None:
    """Fetch the parts NAMES, or all that a song needs; licences and sizes are shown first.

    A download that was cut goes on where it stood when the command is given again. Sizes and SHA-256 are checked where
    they are published, and kept where they are not.
    """
    from songkit.cli.progress import shown
    from songkit.generate.diffrhythm import library
    from songkit.generate.diffrhythm.models import fetch, plan

    planned = plan(names or library.needed(seconds), folder, offline=offline)
    if planned.parts:
        click.echo("\n".join(planned.report()), err=True)
        _agree(yes=yes)
    with shown(quiet=quiet or as_json) as progress:
        came = fetch(planned, progress)
    if as_json:
        print_json({"here": list(planned.here), "fetched": came})
    elif not quiet:
        click.echo(f"{len(came)} files fetched, {len(planned.here)} parts were here already")


@models.command("verify")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@folder_option
@json_option
@quiet_option
def verify_(names: tuple[str, ...], folder: Path | None, as_json: bool, quiet: bool) -> int:
    """Read the parts NAMES, or all that are here, and hold them against their checksums.

    Exit 1 where one is damaged, 5 where a named one is missing.
    """
    from songkit.cli.progress import shown
    from songkit.errors import MissingError
    from songkit.generate.diffrhythm import library
    from songkit.generate.diffrhythm.models import verify

    asked = names or tuple(name for name in library.LIBRARY if library.find(name, folder) is not None)
    with shown(quiet=quiet or as_json) as progress:
        verdicts = [verdict for name in asked for verdict in verify(name, folder, progress)]
    if as_json:
        print_json([verdict.to_dict() for verdict in verdicts])
    elif not quiet:
        click.echo("\n".join(map(str, verdicts)) or "no part is here")
    states = {verdict.state for verdict in verdicts}
    return 1 if "damaged" in states else MissingError.exit_code if "missing" in states else 0


@models.command()
@click.argument("name", required=False)
@folder_option
def where(name: str | None, folder: Path | None) -> None:
    """Print where models are looked for; with NAME, where that part lies, links resolved (exit 5 where nowhere)."""
    from songkit.generate.diffrhythm import library

    found = library.roots(folder) if name is None else (library.locate(name, folder).resolve(),)
    click.echo("\n".join(map(str, found)))


def _agree(*, yes: bool) -> None:
    """Raises UsageError where nobody can be asked, Abort where the answer is no."""
    import sys

    from songkit.errors import UsageError

    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("nobody is here to agree to these licences", "read them, then give --yes")
    click.confirm("Fetch them under these licences?", abort=True, err=True)
