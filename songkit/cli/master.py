"""`songkit master`: a chain over files, delivered and verified."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import click

from songkit.cli.completion import complete_platforms
from songkit.cli.options import (
    AUDIO_FILE,
    FILE,
    JsonArray,
    chain_option,
    force_option,
    json_option,
    print_json,
    quiet_option,
    show_error,
    skip_existing_option,
    strict_option,
    tags_option,
)
from songkit.cli.say import say


@click.command()
@click.argument("files", nargs=-1, required=True, type=AUDIO_FILE)
@chain_option("streaming")
@click.option("-t", "--target-lufs", "--target-level", type=float, metavar="LUFS", help="Override the loudness target.")
@click.option("--true-peak", "--ceiling", "ceiling_dbtp", type=float, metavar="DBTP", help="Override the ceiling.")
@click.option(
    "--platform",
    "platforms",
    metavar="A,B",
    default="",
    shell_complete=complete_platforms,
    callback=lambda _, __, text: tuple(name for name in map(str.strip, text.split(",")) if name),
    help="One file for each platform, at its loudness and ceiling; `songkit platforms` lists them.",
)
@click.option("-o", "--output", type=FILE, help="One output file, instead of the chain's deliver list.")
@click.option("--output-dir", type=FILE, help="The folder for the outputs; made where missing.")
@click.option("--album", is_flag=True, help="One gain for all FILES: the loudest meets the target, gaps stay gapless.")
@click.option(
    "--jobs", type=click.IntRange(1), default=1, show_default=True, help="Files mastered at once, each in a process."
)
@click.option(
    "--html", type=FILE, help="Also write a page to hear, see and compare source and master (one input file)."
)
@force_option
@skip_existing_option
@tags_option
@click.option("-n", "--dry-run", is_flag=True, help="Make every check that needs no processing, and stop.")
@click.option("--plan", "show_plan", is_flag=True, help="Print passes, latency, memory and settings, and stop.")
@strict_option
@json_option
@quiet_option
def master(
    files: tuple[Path, ...],
    album: bool,
    jobs: int,
    skip_existing: bool,
    provenance: bool,
    html: Path | None,
    dry_run: bool,
    show_plan: bool,
    strict: bool,
    as_json: bool,
    quiet: bool,
    **settings: Any,
) -> int:
    """Master FILES through a chain: `in.wav` becomes `in.master.wav` beside it, measured as delivered.

    Every delivered file is decoded and measured before it gets its name. When the target loudness and the ceiling
    cannot both hold, the ceiling wins and one line says how far the file is short of the target.
    """
    from songkit.atomic import check_output
    from songkit.batch import Tally, master_each, order_each
    from songkit.cli.progress import shown
    from songkit.cli.tally import note_file, tally_lines
    from songkit.deliver import Order

    if settings["output"] is not None and (album or len(files) > 1):
        raise click.UsageError("-o names one file, but there are several inputs: use --output-dir")
    if album and jobs > 1:
        raise click.UsageError(
            "--jobs masters files side by side, but an album is one programme: leave one of them out"
        )
    if html is not None:
        if album or len(files) > 1:
            raise click.UsageError("--html writes the page of one file, but there are several inputs")
        check_output(html, force=settings["force"])
    if album:
        if skip_existing:
            raise click.UsageError("an album is made as a whole: leave out --skip-existing, or --album")
        settings |= {"only_order": dry_run or show_plan, "strict": strict, "provenance": provenance}
        return _album(files, as_json=as_json, quiet=quiet, **settings)
    settings["skip_existing"] = skip_existing
    tally, array = Tally(), JsonArray()
    with shown(quiet=quiet or as_json, many=len(files) > 1) as progress:
        if dry_run or show_plan:
            coming: Any = order_each(files, **settings)
        else:
            settings |= {"strict": strict, "provenance": provenance}
            coming = master_each(files, jobs=jobs, progress=progress, **settings)
        with closing(coming):
            for outcome in coming:
                tally.add(outcome)
                note_file(outcome)
                result = outcome.result or getattr(outcome.error, "result", None)
                if html is not None and result is not None and not isinstance(result, Order):
                    from songkit.report.html import write_master_page

                    write_master_page(html, result, force=settings["force"], progress=progress)
                if not (as_json or quiet) and result is not None:
                    from songkit.report.terminal import master_lines, order_lines

                    lines = order_lines(result) if isinstance(result, Order) else master_lines(result)
                    say("\n".join(lines))
                if outcome.error is not None:
                    show_error(outcome.error, of=outcome.path if len(files) > 1 else None)
                if as_json:
                    array.add(_to_dict(outcome))
    if as_json:
        array.close()
    elif len(files) > 1 and not (quiet or dry_run or show_plan):
        click.echo("\n".join(tally_lines(tally, "mastered")))
    return tally.exit_code


def _album(
    files: tuple[Path, ...],
    *,
    only_order: bool,
    strict: bool,
    as_json: bool,
    quiet: bool,
    provenance: bool,
    output: None,
    **settings: Any,
) -> int:
    from songkit.cli.progress import shown
    from songkit.deliver import AlbumResult, DeliveryError, master_album, order_album
    from songkit.report.terminal import master_lines, order_lines

    error = None
    if only_order:
        orders = order_album(files, **settings)
        told: Any = {"tracks": [asked.to_dict() for asked in orders]}
        lines = [line for asked in orders for line in order_lines(asked)]
    else:
        with shown(quiet=quiet or as_json) as progress:
            try:
                result = master_album(files, strict=strict, provenance=provenance, progress=progress, **settings)
            except DeliveryError as missed:
                if not isinstance(missed.result, AlbumResult):
                    raise
                result, error = missed.result, missed
        told = result.to_dict()
        lines = [line for track in result.tracks for line in master_lines(track)] + [*map(str, result.albums)]
    if as_json:
        print_json(told)
    elif not quiet:
        click.echo("\n".join(lines))
    if error is not None:
        show_error(error)
    return 0 if error is None else error.exit_code


def _to_dict(outcome: Any) -> dict[str, Any]:
    result = outcome.result or getattr(outcome.error, "result", None)
    body = {"source": str(outcome.path)} if result is None else result.to_dict()
    if outcome.error is not None:
        body["error"] = {"message": outcome.error.message, "exit_code": outcome.error.exit_code}
    return body
