"""`songkit chains`: the recipes, listed, shown, checked, and described for editors."""

from __future__ import annotations

from pathlib import Path

import click

from songkit.cli.options import CHAIN, FILE, json_option, print_json, quiet_option


@click.group()
def chains() -> None:
    """The recipes: list, show, lint, test, schema."""


@chains.command("list")
@json_option
def list_(as_json: bool) -> None:
    """The stock chains."""
    from songkit.chains import Chain, stock_names

    known = {name: Chain.load(name) for name in stock_names()}
    if as_json:
        print_json({name: {"about": chain.about, "hash": chain.hash} for name, chain in known.items()})
    else:
        width = max(map(len, known))
        for name, chain in known.items():
            click.echo(f"{name:<{width}}  {chain.about}")


@chains.command()
@click.argument("chain", type=CHAIN)
def show(chain: str) -> None:
    """Print CHAIN (a file or a stock chain) as YAML, every value resolved; redirect it to start your own."""
    from songkit.chains import Chain

    click.echo(Chain.load(chain).dump(), nl=False)


@chains.command("lint")
@click.argument("files", nargs=-1, required=True, type=CHAIN)
@click.option("--sample-rate", type=int, help="Also check every band against this rate in Hz.")
@json_option
def lint_(files: tuple[str, ...], sample_rate: int | None, as_json: bool) -> int:
    """Check chains for mistakes (exit 2) and for order and sense (warnings)."""
    from songkit.audio import Format
    from songkit.chains import Chain, lint
    from songkit.errors import ChainError

    wanted = None if sample_rate is None else Format.of(sample_rate, channels=2)
    rows = []
    for file in files:
        try:
            rows += [(file, row.severity, row.path, row.message) for row in lint(Chain.load(file), wanted)]
        except ChainError as error:
            rows.append((file, "error", "", str(error)))
    broken = sum(severity == "error" for _, severity, _, _ in rows)
    if as_json:
        print_json([dict(zip(("chain", "severity", "path", "message"), row, strict=True)) for row in rows])
    else:
        for file, severity, path, message in rows:
            where = f"{file}: {path}: " if path else ""
            click.echo(f"{severity}: {where}{message}")
        click.echo(f"{len(files)} checked, {broken} errors, {len(rows) - broken} warnings")
    return 2 if broken else 0


@chains.command("test")
@click.argument("chain", type=CHAIN)
@click.option("--corpus", type=FILE, required=True, help="A folder of audio files.")
@click.option(
    "--baseline", type=FILE, help="The figures to compare with; by default in the corpus, by the chain's name."
)
@click.option("--update", is_flag=True, help="Measure anew and write the baseline.")
@click.option("--junit", type=FILE, metavar="FILE", help="Also write the result as JUnit XML.")
@json_option
@quiet_option
def test_(
    chain: str, corpus: Path, baseline: Path | None, update: bool, junit: Path | None, as_json: bool, quiet: bool
) -> int:
    """Master a corpus through CHAIN in memory and fail (exit 3) where a figure drifted from the baseline.

    Loudness, true peak, range, octaves, width and limiter reduction of every file, each with its tolerance. Of another
    version of the chain or of songkit the figures decide, not the hash.
    """
    from songkit.atomic import write_text
    from songkit.cli.progress import shown
    from songkit.drift import check_chain, junit_xml
    from songkit.errors import QualityError

    with shown(quiet=quiet or as_json) as progress:
        result = check_chain(chain, corpus, baseline=baseline, update=update, progress=progress)
    if junit is not None:
        write_text(junit, junit_xml(result), force=True)
    if as_json:
        print_json(result.to_dict())
    elif not (quiet and result.passed):
        click.echo("\n".join(result.lines()))
    return 0 if result.passed else QualityError.exit_code


@chains.command()
def schema() -> None:
    """Print the JSON Schema of a chain, for editors that complete YAML."""
    from songkit.chains import schema

    print_json(schema())
